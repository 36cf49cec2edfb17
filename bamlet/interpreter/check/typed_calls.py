"""Calls whose result has a type that stands in the call: `Read$parse(text)`, `baml.json.from_string<T>(text)`,
`baml.fetch_as<T>(url)`."""

from __future__ import annotations

from collections.abc import Mapping

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...types.show import show
from ...types.ty import ERROR, STRING, UNKNOWN, ClassTy, InterfaceTy, Ty, bare, union
from ...types.variables import parameters_in, parts_of
from ..facts.code_names import arguments_name
from ..facts.symbols import FunctionSymbol
from ..facts.typing_tables import CompanionCall, TypedCall
from .arguments import check_arguments, refuse_names
from .state import Checker
from .throws import may_throw

PARSE = "baml.llm.parse_as"
STREAM = "baml.llm.Stream"

# It only looks at a value that is there, so the type may be any.
IS_TYPE = "assert.is_type"

# What a name with a type behind it calls, and what that takes.
OF_A_TYPE: Mapping[str, tuple[str, Ty]] = {
    "baml.json.from_string": ("baml.json.decode", STRING),
    "baml.json.from_json": ("baml.json.decode_json", UNKNOWN),
    IS_TYPE: ("assert.of_type", UNKNOWN),
    "baml.fetch_as": ("baml.http.fetch_as", union((STRING, ClassTy("baml.http.Request")))),
}


def companion(name: str) -> tuple[str, str] | None:
    """The function and what is asked of it, in `Read$parse` and `Read@parse`."""
    for sign in "$@":
        function, found, word = name.rpartition(sign)
        if found and function:
            return function, word
    return None


def companion_call(c: Checker, node: n.Call, path: n.Path, function: FunctionSymbol | None, word: str) -> Ty:
    if function is None or function.kind != "llm":
        message = f"`{path.name}` belongs to no function of a model"
        return _wrong(c, node, path, message, "only functions with a client and a prompt have companions")
    if word == "stream" and function.llm is not None and function.llm.tools:
        message = f"`{function.name}` has tools, and how it goes on is heard by the host alone"
        return _wrong(c, node, path, message, "call it, or step with `baml.agent.advance`")
    if word in _OF_A_CALL:
        return _of_a_call(c, node, function, word)
    if word != "parse":
        there_are = "there are `$parse`, `$stream`, `$render_prompt` and `$build_request`"
        hint = did_you_mean(f"${word}", [f"${known}" for known in ("parse", *_OF_A_CALL)]) or there_are
        return _wrong(c, node, path, f"a function of a model has no `${word}`", hint)
    return _typed(c, node, PARSE, STRING, function.name, function.result)


# What is made of a call, and what the library is told beside the function and its arguments.
_OF_A_CALL: Mapping[str, tuple[str, tuple[bool, ...]]] = {
    "stream": ("baml.llm.watch", ()),
    "render_prompt": ("baml.llm.first_prompt", ()),
    "build_request": ("baml.llm.first_request", (False,)),
}


def _of_a_call(c: Checker, node: n.Call, function: FunctionSymbol, word: str) -> Ty:
    name, more = _OF_A_CALL[word]
    symbol = c.names.functions[name]
    types, slots = check_arguments(c, node, f"`{function.name}${word}`", function.params)
    completed = c.names.functions.get(arguments_name(function.name))
    if types or slots is not None or not function.params:
        order = tuple(range(len(types))) if slots is None else slots
        by_argument = {at: param.name for param, at in zip(function.params, order, strict=True) if at is not None}
        names = tuple(by_argument[at] for at in range(len(types)))
        c.tables.calls[id(node)] = CompanionCall(symbol, function.name, names, more, completed, slots)
        c.tables.reaches.add(symbol.name)
        if completed is not None:
            c.tables.reaches.add(completed.name)
            may_throw(c, completed.thrown, node)
    may_throw(c, symbol.thrown, node)
    return ClassTy(STREAM, (bare(function.result),)) if word == "stream" else symbol.result


def call_of_a_type(c: Checker, node: n.Call, name: str) -> Ty:
    only_looks = name == IS_TYPE
    if len(node.type_arguments) != 1:
        of = "what the value must be" if only_looks else "what the text is to become"
        message = f"`{name.rpartition('.')[2]}` is told by a type {of}"
        return _wrong(c, node, node.callee, message, f"write `{name}<T>(…)`")
    ty = c.resolve(node.type_arguments[0])
    if _holds_interface(ty) and not only_looks:
        message = f"`{show(ty)}` has an interface in it, of which no text can be one"
        c.wrong(node.type_arguments[0], catalogue.INTERFACE_IN_SCHEMA, message, hint="name the classes: `A | B`")
    inside = parameters_in(ty)
    is_open = any(isinstance(part, ClassTy) and parameters_in(part) for part in (ty, *parts_of(ty)))
    if is_open and not only_looks:
        message = f"`{show(ty)}` is another class for each call"
        return _wrong(c, node, node.type_arguments[0], message, "let the caller name the whole type: `<T>`")
    for param in sorted(inside, key=lambda one: one.name):
        if param.name not in c.runtime_types:
            message = f"what `{show(param)}` is here cannot be found out at run time"
            hint = "only a function's own type parameters can be looked at"
            return _wrong(c, node, node.type_arguments[0], message, hint)
        c.tables.wants_types.add(param.name)
    if not inside and not only_looks:
        c.names.decoded[show(ty)] = ty
    function, taken = OF_A_TYPE[name]
    return _typed(c, node, function, taken, show(ty), ty, bool(inside) or only_looks)


def _holds_interface(ty: Ty) -> bool:
    return isinstance(ty, InterfaceTy) or any(map(_holds_interface, parts_of(ty)))


def _typed(
    c: Checker,
    node: n.Call,
    function: str,
    taken: Ty,
    word: str,
    result: Ty,
    speaks_of_parameters: bool = False,
) -> Ty:
    if refuse_names(c, node, "this function"):
        return result
    if len(node.arguments) != 1:
        for argument in node.arguments:
            c.look(argument)
        c.wrong(node, catalogue.ARGUMENT_COUNT, f"this function takes 1 argument, found {len(node.arguments)}")
        return result
    c.require(node.arguments[0], taken)
    told = result if speaks_of_parameters else None
    c.tables.calls[id(node)] = TypedCall(c.names.functions[function], word, told)
    c.tables.reaches.add(function)
    return result


def _wrong(c: Checker, node: n.Call, place: n.Node, message: str, hint: str) -> Ty:
    for argument in node.arguments:
        c.look(argument)
    c.wrong(place, catalogue.UNSUPPORTED, message, hint=hint)
    return ERROR
