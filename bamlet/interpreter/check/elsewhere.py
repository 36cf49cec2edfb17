"""What people write out of the habit of other languages, and what to write in its place."""

from __future__ import annotations

from collections.abc import Mapping

FUNCTIONS_ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(("len", "size", "count"), "write `value.length()`"),
    **dict.fromkeys(("str", "repr", "String"), "write `baml.unstable.string(…)`"),
    **dict.fromkeys(("parseInt", "int"), "write `text.to_int()`, which is null if the text is no number"),
    **dict.fromkeys(("parseFloat", "float"), "write `text.to_float()`, which is null if the text is no number"),
    **dict.fromkeys(("env", "getenv", "os.getenv", "os.environ.get"), "write `env.NAME`, or `env.get(…)`"),
    **dict.fromkeys(("println", "printf", "console.log"), "write `print(…)`"),
    **dict.fromkeys(("json.dumps", "JSON.stringify"), "write `baml.json.stringify(…)`"),
    **dict.fromkeys(("json.loads", "JSON.parse"), "write `baml.json.parse(…)`"),
    "switch": "write `match (…) { … }`",
    "range": "count with `for (let i = 0; i < n; i += 1)`",
    "sorted": "write `list.sort()`, which gives a new list",
}

# The same in the second edition, where it says it otherwise.
FUNCTIONS_LATER: dict[str, str] = {
    **FUNCTIONS_ELSEWHERE,
    **dict.fromkeys(("str", "repr", "String"), "write `string.from(…)`"),
    **dict.fromkeys(("parseInt", "int"), "write `int.parse(…)`, which throws if the text is no number"),
    **dict.fromkeys(("parseFloat", "float"), "write `float.parse(…)`, which throws if the text is no number"),
    "range": "count with `for (let i = 0; i < n; i += 1)`, or write `baml.iter.Range.new(0, n)`",
    "sorted": "write `list.sort()`, which puts the list itself in order",
}

# Only where the type has the method that is named.
METHODS_ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(("append", "add", "push_back"), "push"),
    **dict.fromkeys(("len", "size", "count"), "length"),
    **dict.fromkeys(("extend", "addAll"), "concat"),
    **dict.fromkeys(("contains", "__contains__"), "includes"),
    **dict.fromkeys(("containsKey", "has_key"), "has"),
    **dict.fromkeys(("upper", "to_upper"), "toUpperCase"),
    **dict.fromkeys(("lower", "to_lower"), "toLowerCase"),
    "strip": "trim",
    "startswith": "startsWith",
    "endswith": "endsWith",
    "find": "index_of",
    "indexOf": "index_of",
    "replaceAll": "replace_all",
    "sortBy": "sort_by",
}

# What the second edition calls otherwise, and still reads.
OUTDATED_METHODS: Mapping[str, str] = {
    "toLowerCase": "to_lower_case",
    "toUpperCase": "to_upper_case",
    "startsWith": "starts_with",
    "endsWith": "ends_with",
}
OUTDATED_CONVERSIONS: Mapping[str, str] = {
    "to_int": "write `int.parse(…)`, which throws if the text is no number",
    "to_float": "write `float.parse(…)`, which throws if the text is no number",
}
OUTDATED_FUNCTIONS: Mapping[str, str] = {"baml.unstable.string": "string.from"}

# Namespaces of BAML that no program can use here.
NOT_YET = frozenset({"csv", "glob", "archive", "crypto", "regex", "mock", "events", "reflect"})
