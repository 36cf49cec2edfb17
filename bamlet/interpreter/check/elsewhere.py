"""What people write out of the habit of other languages, and what to write in its place."""

from __future__ import annotations

FUNCTIONS_ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(("len", "size", "count"), "write `value.length()`"),
    **dict.fromkeys(("str", "repr", "String"), "write `baml.unstable.string(…)`"),
    **dict.fromkeys(("parseInt", "int"), "write `text.to_int()`, which is null if the text is no number"),
    **dict.fromkeys(("parseFloat", "float"), "write `text.to_float()`, which is null if the text is no number"),
    **dict.fromkeys(("env", "getenv", "os.getenv", "os.environ.get"), "write `env.NAME`, or `env.get(…)`"),
    **dict.fromkeys(("println", "printf", "console.log"), "write `print(…)`"),
    **dict.fromkeys(("json.dumps", "JSON.stringify"), "write `baml.json.stringify(…)`"),
    **dict.fromkeys(("json.loads", "JSON.parse"), "write `baml.json.parse(…)`"),
    "range": "count with `for (let i = 0; i < n; i += 1)`",
    "sorted": "write `list.sort()`, which gives a new list",
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
