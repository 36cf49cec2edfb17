"""The public names of a package in; their signatures, attributes and methods out, as the text of a golden.

Names of types stand as they are written in the source, so that the text is the same on every Python.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from types import FunctionType, ModuleType

from bamlet.embed.given import NotAwaited, NotEntered

WIDTH = 110
STARS: dict[int, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}

# The methods with names of Python's that say what a value can be used for.
PROTOCOLS = frozenset(
    f"__{name}__"
    for name in "aenter aexit aiter anext bool call contains enter exit getitem init iter len next str".split()
)


def described(module: ModuleType) -> str:
    public = {name: getattr(module, name) for name in sorted(module.__all__)}
    return "\n".join(line for name, value in public.items() for line in (*_described(name, value, public), ""))


def _described(name: str, value: object, public: dict[str, object]) -> Iterator[str]:
    if isinstance(value, type):
        yield from _class(name, value, public)
    elif isinstance(value, FunctionType):
        yield from _function(name, value)
    else:
        yield f"{name}: {type(value).__name__}"


# What is entered the wrong way tells so, and is none of what a class offers.
_MISTAKEN = (NotEntered, NotAwaited)


def _class(name: str, cls: type, public: dict[str, object]) -> Iterator[str]:
    """What a base has that is public itself stands there."""
    bases = ", ".join(base.__name__ for base in cls.__bases__ if base not in (object, *_MISTAKEN))
    yield f"class {name}({bases})" if bases else f"class {name}"
    attributes: dict[str, str] = {}
    methods: dict[str, object] = {}
    for part in reversed(cls.__mro__):
        if part in _MISTAKEN:
            continue
        if part is cls or (part.__module__.startswith("bamlet.") and part not in public.values()):
            attributes |= _attributes(part)
            methods |= {key: value for key, value in _written(part).items() if _is_shown(key, value)}
    for key, line in sorted(attributes.items()):
        if not key.startswith("_") and key not in methods:
            yield f"    {line}"
    for key, value in sorted(methods.items()):
        yield from (f"    {line}" for line in _member(key, value))


def _written(cls: type) -> dict[str, object]:
    """What stands in the class; the `__init__` of a data class of ours does, once somebody asks for it."""
    return {**vars(cls), "__init__": cls.__init__} if "__init__" in vars(cls) else dict(vars(cls))  # type: ignore[misc]


def _attributes(cls: type) -> dict[str, str]:
    """What the class declares, and what its `__init__` sets. A dataclass has its defaults in `__init__`."""
    declared = inspect.get_annotations(cls)
    defaults = {} if is_dataclass(cls) else {key: f" = {vars(cls)[key]!r}" for key in declared if key in vars(cls)}
    return {key: key for key in _set_on_start(cls)} | {
        key: f"{key}: {ty}{defaults.get(key, '')}" for key, ty in declared.items()
    }


def _set_on_start(cls: type) -> Iterator[str]:
    if not isinstance(start := vars(cls).get("__init__"), FunctionType) or is_dataclass(cls):
        return
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(start)))):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                yield name


def _is_shown(name: str, value: object) -> bool:
    is_member = isinstance(value, (FunctionType, property, classmethod, staticmethod))
    return is_member and (name in PROTOCOLS or not name.startswith("_"))


def _member(name: str, value: object) -> Iterator[str]:
    match value:
        case property(fget=FunctionType() as getter):
            yield f"{name}: {getter.__annotations__['return']}  (read only)"
        case classmethod() | staticmethod():
            yield f"@{type(value).__name__}"
            yield from _function(name, value.__func__)
        case FunctionType():
            yield from _function(name, value)


def _function(name: str, function: Callable[..., object]) -> Iterator[str]:
    signature = inspect.signature(function)
    word = "async def" if inspect.iscoroutinefunction(function) else "def"
    parts = list(_parameters(signature))
    result = f" -> {signature.return_annotation}" if signature.return_annotation is not signature.empty else ""
    line = f"{word} {name}({', '.join(parts)}){result}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{word} {name}("
    yield from (f"    {part}," for part in parts)
    yield f"){result}"


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    """As they are written, with the bare `/` and `*` between them."""
    before: int = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for parameter in signature.parameters.values():
        if before == parameter.POSITIONAL_ONLY != parameter.kind:
            yield "/"
        if parameter.kind is parameter.KEYWORD_ONLY and before < parameter.VAR_POSITIONAL:
            yield "*"
        before = parameter.kind
        star = STARS.get(parameter.kind, "")
        ty = f": {parameter.annotation}" if parameter.annotation is not parameter.empty else ""
        default = f" = {_shown(parameter.default)}" if parameter.default is not parameter.empty else ""
        yield f"{star}{parameter.name}{ty}{default}"
    if before == inspect.Parameter.POSITIONAL_ONLY:
        yield "/"


def _shown(default: object) -> str:
    """A value that shows its place in memory is told by its type alone."""
    text = repr(default)
    return f"<{type(default).__name__}>" if " object at 0x" in text else text
