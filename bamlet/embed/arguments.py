"""Arguments of the host to values of the language, by the declared types; all that is wrong is said at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from math import isfinite
from types import NoneType
from typing import Any

from ..diagnostics import did_you_mean
from ..interpreter.facts.code_names import BYTES
from ..interpreter.facts.interface import FunctionInfo, Param, in_call_order
from ..interpreter.runtime.calling import OMITTED
from ..interpreter.runtime.media import MediaValue
from ..interpreter.runtime.space import ValueSpace
from ..interpreter.runtime.values import EnumValue, Instance
from ..sysops.asserted import broken_assertion
from ..sysops.host_function import HostFunction
from ..sysops.host_functions import function_value
from ..types.nothing import NOTHING
from ..types.partials import PARTIAL
from ..types.show import show
from ..types.ty import (
    JSON,
    AliasTy,
    ClassTy,
    EnumTy,
    ErrorTy,
    FunctionTy,
    FutureTy,
    ListTy,
    LiteralTy,
    MapTy,
    MediaTy,
    NeverTy,
    PrimitiveTy,
    Ty,
    UnionTy,
    UnknownTy,
    VariableTy,
    VariantTy,
    bare,
    is_optional,
)
from .errors import ArgumentProblem, BamlInvalidArgumentError
from .media import media_value

MAX_SHOWN = 60  # characters of a value that does not fit
MAX_PROBLEMS = 100  # of one call that are told; those of a long list may be as many as its items


def bind_arguments(function: FunctionInfo, given: Mapping[str, Any], space: ValueSpace) -> list[Any]:
    """The values in the order in which compiled code takes them. Raises `BamlInvalidArgumentError`."""
    return Parameters(function, space).bind(given)


class Parameters:
    """Those of a function, laid out once for who binds many rows."""

    def __init__(self, function: FunctionInfo, space: ValueSpace) -> None:
        self._function = function
        self._space = space
        self._names = {param.name: None for param in function.params}
        ordered = [function.params[at] for at in in_call_order(function.params)]
        self._ordered = [(param, _exact(param.ty)) for param in ordered]

    def bind(self, given: Mapping[str, Any]) -> list[Any]:
        """As `bind_arguments`."""
        binder = _Binder(self._space)
        for name in given:
            if name not in self._names:
                binder.no_parameter(name, self._names)
        values: list[Any] = []
        others: list[tuple[str, Ty, Any]] = []
        for param, exact in self._ordered:
            value = given.get(param.name)
            if type(value) is not exact:
                value = binder.bind(param, given)
                if value is not OMITTED:
                    others.append((param.name, param.ty, value))
            values.append(value)
        if binder.problems:
            kept, told = _told(binder.problems)
            error = BamlInvalidArgumentError(f"Invalid argument: {self._function.name}: {told}")
            error.problems = kept
            raise error
        if others and (broken := broken_assertion(others, self._space.schemas)):
            raise BamlInvalidArgumentError(f"Invalid argument: {self._function.name}: {broken}")
        return values


def _exact(ty: Ty) -> type | None:
    """The Python type of which every value is one of the type as it is."""
    return _EXACT.get(ty.name) if isinstance(ty, PrimitiveTy) else None


def by_name(function: FunctionInfo, values: Iterable[Any]) -> dict[str, Any]:
    """What `bind_arguments` has given, as the library takes the arguments of an LLM function."""
    ordered = (function.params[at] for at in in_call_order(function.params))
    return {param.name: value for param, value in zip(ordered, values, strict=True)}


def as_value(value: Any, ty: Ty, space: ValueSpace) -> Any:
    """Plain data as a value of a type. Raises `BamlInvalidArgumentError`."""
    binder = _Binder(space)
    converted = binder.convert(value, ty)
    if binder.problems:
        raise BamlInvalidArgumentError(f"no {show(ty)}: {_told(binder.problems)[1]}")
    return converted


class _Binder:
    """What all conversions of one call share: what is wrong so far, and the way to the value that is looked at.

    A value that does not fit becomes `NOTHING`, and why is one of the `problems`.
    """

    __slots__ = ("_space", "_way", "problems")

    def __init__(self, space: ValueSpace) -> None:
        self._space = space
        # From the parameter down, as forms and what they hold: most values fit, and then no text is made of it.
        self._way: list[tuple[str, object]] = []
        self.problems: list[ArgumentProblem] = []

    def bind(self, param: Param, given: Mapping[str, Any]) -> Any:
        if param.name not in given and param.has_default:
            return OMITTED
        if param.name not in given:
            if not is_optional(param.ty):
                told = f"the argument `{param.name}` of type `{show(param.ty)}` is missing"
                self.problems.append(ArgumentProblem(_pointer([param.name]), told))
            return None
        self._way = [("{}", param.name)]
        try:
            converted = self.convert(given[param.name], param.ty)
        except RecursionError:
            told = f"`{param.name}` contains itself, or is nested too deeply"
            self.problems.append(ArgumentProblem(_pointer([param.name]), told))
            return None
        return None if converted is NOTHING else converted

    def no_parameter(self, name: str, names: Iterable[str]) -> None:
        if self._is_enough():
            return
        hint = did_you_mean(name, names)
        told = f"there is no parameter `{name}`" + (f"; {hint}" if hint else "")
        self.problems.append(ArgumentProblem(_pointer([name]), told))

    def _is_enough(self) -> bool:
        """Whether so many are known that one more is only counted: a hint for each of a million takes minutes."""
        if len(self.problems) < MAX_PROBLEMS:
            return False
        self.problems.append(_ONE_MORE)
        return True

    def convert(self, value: Any, ty: Ty) -> Any:
        """Containers and instances are made anew: the program may change them, the caller's stay as they are."""
        plain = bare(ty)
        if plain is not ty:
            value = _unchecked(value)
        known = len(self.problems)
        converted = _INTO[type(plain)](self, value, plain)
        if converted is NOTHING and len(self.problems) == known:
            self._problem(f" should be `{show(ty)}`, not {_describe(value)}")
        return converted

    def _within(self, form: str, step: object, value: Any, ty: Ty) -> Any:
        """What lies one step further on the way: an item, an entry, a field."""
        # Not in a `finally`: what is raised here ends the parameter, and its way with it.
        self._way.append((form, step))
        converted = self.convert(value, ty)
        self._way.pop()
        return converted

    def _problem(self, words: str) -> None:
        if self._is_enough():
            return
        place = "".join(form.format(step) for form, step in self._way)
        pointer = _pointer(step for _, step in self._way if step is not None)
        told = f"`{place}`{words}" if place else words.removeprefix(":").strip()
        self.problems.append(ArgumentProblem(pointer, told))

    # --- one for each type; `NOTHING` without a problem of its own is a value of the wrong kind

    def _primitive(self, value: Any, ty: PrimitiveTy) -> Any:
        if type(value) is _SAME_TYPE[ty.name]:
            return value
        fits = isinstance(value, _PYTHON_TYPES[ty.name]) and (ty.name == "bool") == isinstance(value, bool)
        # A member of an enum of texts: is its name meant, or its alias?
        if not fits or isinstance(value, Enum):
            return NOTHING
        return float(value) if ty.name == "float" else value

    def _literal(self, value: Any, ty: LiteralTy) -> Any:
        return value if type(value) is type(ty.value) and value == ty.value else NOTHING

    def _enum(self, value: Any, ty: EnumTy) -> Any:
        # Or the name itself. Other objects may have a field that is called `value`.
        member = value.value if isinstance(value, EnumValue | Enum) else value
        enum = self._space.schemas.enums[ty.name]
        names = [m.name for m in enum.members]
        if isinstance(member, str) and (member in names or enum.dynamic):
            return self._space.enum_value(ty.name, member)
        self._problem(f" should be one of {', '.join(names)} (enum `{ty.name}`), not {_describe(value)}")
        return NOTHING

    def _variant(self, value: Any, ty: VariantTy) -> Any:
        if value == ty.name or (isinstance(value, EnumValue) and value.name == ty.name):
            return self._space.enum_value(ty.enum, ty.name)
        return NOTHING

    def _instance(self, value: Any, ty: ClassTy) -> Any:
        if ty.name == PARTIAL:
            return self._never(value, ty)
        if ty.name == BYTES:
            return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else NOTHING
        schema = self._space.schemas.classes[ty.name]
        names = [field.name for field in schema.fields]
        if schema.constraints:
            value = _unchecked(value)
        given = _fields_of(value, names, schema.dynamic)
        if given is None:
            self._problem(f" should be a `{ty.name}`, not {_describe(value)}")
            return NOTHING
        more = [name for name in given if name not in names]
        for extra in [name for name in more if not (schema.dynamic and _may_be_added(name))]:
            hint = did_you_mean(str(extra), names) if len(self.problems) < MAX_PROBLEMS else None
            self._problem(f": class `{ty.name}` has no field `{extra}`" + (f"; {hint}" if hint else ""))
        fields: dict[str, Any] = {}
        for field in schema.fields:
            if field.name in given:
                fields[field.name] = self._within(".{}", field.name, given[field.name], field.ty)
            elif not is_optional(field.ty):
                self._problem(f": class `{ty.name}` needs the field `{field.name}`")
        if more and schema.dynamic:
            fields |= {
                name: self._within(".{}", name, given[name], UnknownTy()) for name in more if _may_be_added(name)
            }
            made = self._space.extended(ty.name, fields)
        else:
            made = self._space.instance(ty.name, fields)
        if omitted := frozenset(names) - fields.keys():
            made.__omitted__ = omitted
        return made

    def _list(self, value: Any, ty: ListTy) -> Any:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            return NOTHING
        return [self._within("[{}]", at, item, ty.item) for at, item in enumerate(value)]

    def _map(self, value: Any, ty: MapTy) -> Any:
        if not isinstance(value, Mapping):
            return NOTHING
        return {self._key(key, ty.key): self._within("[{!r}]", key, item, ty.value) for key, item in value.items()}

    def _key(self, key: Any, ty: Ty) -> Any:
        converted = self._within(" (a key)", None, key, ty)
        return converted if isinstance(converted, str | EnumValue) else str(key)

    def _media(self, value: Any, ty: MediaTy) -> Any:
        try:
            return media_value(ty.kind, value)
        except ValueError as failure:
            self._problem(f": {failure}")
            return NOTHING

    def _union(self, value: Any, ty: UnionTy) -> Any:
        """The first member that fits.

        Wherever they stand, an int prefers `int` to `float`, a mapping a class that has all of its keys, and an
        object the class of its own name: whatever is optional in another one may be missing in it.
        """
        order = sorted(ty.members, key=lambda member: self._comes_last(member, value))
        closest: list[ArgumentProblem] = []
        for member in order:
            converted, found = self._tried(value, member)
            if not found:
                return converted
            if not closest and type(bare(member)) in _TELLING and value is not None:
                closest = found
        if len([member for member in ty.members if bare(member) != _NULL]) == 1:
            self.problems += closest
        return NOTHING

    def _comes_last(self, member: Ty, value: Any) -> bool:
        plain = bare(member)
        if isinstance(plain, ClassTy):
            if isinstance(value, Mapping):
                return self._space.schemas.classes[plain.name].dynamic
            return not _is_named(value, plain.name)
        return member == _FLOAT and isinstance(value, int)

    def _tried(self, value: Any, ty: Ty) -> tuple[Any, list[ArgumentProblem]]:
        """The value by one type of several, and what is wrong with it."""
        outer, self.problems = self.problems, []
        try:
            return self.convert(value, ty), self.problems
        finally:
            self.problems = outer

    def _alias(self, value: Any, ty: AliasTy) -> Any:
        if ty == JSON:
            return self._json(value)
        return self.convert(value, self._space.schemas.aliases[ty.name])

    def _json(self, value: Any) -> Any:
        """By hand, and not by the union that it is: what does not fit is told where it stands."""
        match value:
            case Enum():
                pass
            case None | str() | bool() | int():
                return value
            case float() | Decimal() if isfinite(value):
                return float(value)
            case Mapping():
                return {
                    self._key(key, _STRING): self._within("[{!r}]", key, of, JSON) for key, of in value.items()
                }
            case Sequence() if not isinstance(value, bytes):
                return [self._within("[{}]", at, item, JSON) for at, item in enumerate(value)]
        self._problem(f" should be `json`, not {_describe(value)}")
        return NOTHING

    def _unknown(self, value: Any, ty: UnknownTy) -> Any:
        return self._free(value)

    def _free(self, value: Any) -> Any:
        match value:
            case Enum(value=str() as name):
                return name
            case None | str() | bool() | int() | float() | bytes() | MediaValue():
                return value
            case EnumValue():
                return self._space.enums.get((value.enum, value.name), value)
            case Instance() if value.__class_name__ in self._space.classes and not value.__partial__:
                return self._instance(value, ClassTy(value.__class_name__))
            case Instance():
                return value
            case Mapping():
                return {str(key): self._free(item) for key, item in value.items()}
            case list() | tuple():
                return [self._free(item) for item in value]
            case _ if (fields := _all_fields(value)) is not None:
                return {name: self._free(item) for name, item in fields.items()}
            case _:
                self._problem(f" holds {_describe(value)}, which the language has no type for")
                return NOTHING

    def _function(self, value: Any, ty: FunctionTy) -> Any:
        if not callable(value):
            return NOTHING
        space = self._space
        name = getattr(value, "__name__", type(value).__name__)
        if not _takes(value, len(ty.params)):
            self._problem(f" should take {_arguments(len(ty.params))}, which {name} does not")
            return NOTHING

        def read(found: Any) -> Any:
            return as_value(found, ty.result, space)

        return function_value(HostFunction(name, value, read))

    def _never(self, value: Any, ty: Ty) -> Any:
        """The host has no value of these."""
        return NOTHING


# Not `null`: a value that is missing is none of its kind.
_EXACT = {"string": str, "int": int, "float": float, "bool": bool}
_FLOAT, _NULL, _STRING = PrimitiveTy("float"), PrimitiveTy("null"), PrimitiveTy("string")
_PYTHON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float, Decimal),
    "string": str,
    "bool": bool,
    "null": NoneType,
}
_SAME_TYPE: Mapping[str, type] = {"int": int, "float": float, "string": str, "bool": bool, "null": NoneType}
_TELLING = (ClassTy, EnumTy, ListTy, MediaTy)
"""Types whose problems say more than that the value has another type."""

_INTO: Mapping[type[Ty], Callable[[_Binder, Any, Any], Any]] = {
    PrimitiveTy: _Binder._primitive,
    LiteralTy: _Binder._literal,
    EnumTy: _Binder._enum,
    VariantTy: _Binder._variant,
    ClassTy: _Binder._instance,
    ListTy: _Binder._list,
    MapTy: _Binder._map,
    MediaTy: _Binder._media,
    UnionTy: _Binder._union,
    AliasTy: _Binder._alias,
    UnknownTy: _Binder._unknown,
    FunctionTy: _Binder._function,
    FutureTy: _Binder._never,
    NeverTy: _Binder._never,
    VariableTy: _Binder._never,
    ErrorTy: _Binder._never,
}


_ONE_MORE = ArgumentProblem("", "one more")


def _told(problems: Sequence[ArgumentProblem]) -> tuple[tuple[ArgumentProblem, ...], str]:
    """Those that are told, and all of them in words."""
    kept = tuple(problem for problem in problems if problem is not _ONE_MORE)[:MAX_PROBLEMS]
    told = "; ".join(problem.message for problem in kept)
    more = len(problems) - len(kept)
    return kept, f"{told}; and {more:,} more" if more else told


def _pointer(steps: Iterable[object]) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _fields_of(value: Any, names: Sequence[str], dynamic: bool) -> Mapping[str, Any] | None:
    """The fields of a mapping, of a value of ours, of a pydantic model or of a dataclass.

    Classes of the host may have more than the program knows of. To a class with `@@dynamic` belongs what an object
    has beyond its own class, too.
    """
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Instance):
        return {name: getattr(value, name) for name in value.__fields__}
    declared = getattr(type(value), "model_fields", None) or getattr(type(value), "__dataclass_fields__", None)
    if declared is None:
        return None
    more = getattr(value, "__pydantic_extra__", None) or {}
    found = {name: getattr(value, name) for name in names if name in declared or name in more}
    return {**found, **more} if dynamic else found


def _is_named(value: Any, name: str) -> bool:
    """Whether an object is of a class with the name of the program's, as generated ones are."""
    if isinstance(value, Instance):
        return value.__class_name__ == name
    return type(value).__name__ == name.rpartition(".")[2]


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Whether it can be called with so many arguments; what says nothing of itself is believed."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _arguments(count: int) -> str:
    return "1 argument" if count == 1 else f"{count} arguments"


def _may_be_added(name: object) -> bool:
    """Names that Python objects have for themselves are no fields."""
    return isinstance(name, str) and not name.startswith("__")


def _all_fields(value: Any) -> Mapping[str, Any] | None:
    """Of a pydantic model or a dataclass that no type of the program is declared for."""
    declared = getattr(type(value), "model_fields", None) or getattr(type(value), "__dataclass_fields__", None)
    return None if declared is None else _fields_of(value, list(declared), dynamic=True)


def _unchecked(value: Any) -> Any:
    """A value that came with its checks, without them: they are made anew where they are wanted."""
    is_checked = type(value).__name__.partition("[")[0] == "Checked" and isinstance(
        getattr(value, "checks", None), Mapping
    )
    return value.value if is_checked else value


def _describe(value: Any) -> str:
    if value is None:
        return "null"
    shown = repr(value)
    if len(shown) > MAX_SHOWN:
        shown = f"{shown[: MAX_SHOWN - 3]}…"
    return f"{shown} ({type(value).__name__})"
