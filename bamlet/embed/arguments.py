"""Arguments of the host to values of the language, by the declared types; all that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..diagnostics import did_you_mean
from ..interpreter.facts.interface import FunctionInfo, Param
from ..interpreter.runtime.media import MediaValue
from ..interpreter.runtime.space import ValueSpace
from ..interpreter.runtime.values import EnumValue, Instance
from ..types.show import show
from ..types.ty import (
    AliasTy,
    AnnotatedTy,
    ClassTy,
    EnumTy,
    ListTy,
    LiteralTy,
    MapTy,
    MediaTy,
    PrimitiveTy,
    Ty,
    UnionTy,
    UnknownTy,
    VariantTy,
    bare,
    is_optional,
)
from .errors import BamlInvalidArgumentError
from .media import media_value


def bind_arguments(function: FunctionInfo, given: Mapping[str, Any], space: ValueSpace) -> list[Any]:
    """The values in the order of the parameters. Raises `BamlInvalidArgumentError`."""
    problems: list[str] = []
    names = [param.name for param in function.params]
    for name in given:
        if name not in names:
            hint = did_you_mean(name, names)
            problems.append(f"there is no parameter `{name}`" + (f"; {hint}" if hint else ""))
    values = [_bind(param, given, space, problems) for param in function.params]
    if problems:
        raise BamlInvalidArgumentError(f"{function.name}: " + "; ".join(problems))
    return values


def _bind(param: Param, given: Mapping[str, Any], space: ValueSpace, problems: list[str]) -> Any:
    if param.name not in given:
        if not is_optional(param.ty):
            problems.append(f"the argument `{param.name}` of type `{show(param.ty)}` is missing")
        return None
    try:
        converted = _convert(given[param.name], param.ty, param.name, space, problems)
    except RecursionError:
        problems.append(f"`{param.name}` contains itself, or is nested too deeply")
        return None
    return None if converted is _NO else converted


class _NoType:
    """A value that does not fit its type; the problem is already noted."""


_NO = _NoType()


def _convert(value: Any, ty: Ty, path: str, space: ValueSpace, problems: list[str]) -> Any:
    """Containers and instances are made anew: the program may change them, the caller's stay as they are."""
    match bare(ty):
        case UnknownTy():
            return _free(value, path, space, problems)
        case PrimitiveTy(name=name):
            if _is_primitive(value, name):
                return float(value) if name == "float" else value
        case LiteralTy(value=wanted):
            if type(value) is type(wanted) and value == wanted:
                return value
        case EnumTy(name=name):
            return _enum(value, name, path, space, problems)
        case VariantTy(enum=enum, name=name):
            if value == name or (isinstance(value, EnumValue) and value.name == name):
                return space.enum_value(enum, name)
        case ClassTy(name=name):
            return _instance(value, name, path, space, problems)
        case ListTy(item=item):
            if isinstance(value, Sequence) and not isinstance(value, str | bytes):
                return [_convert(part, item, f"{path}[{at}]", space, problems) for at, part in enumerate(value)]
        case MapTy(key=key, value=item):
            if isinstance(value, Mapping):
                return {
                    _key(name, key, path, space, problems): _convert(
                        part, item, f"{path}[{name!r}]", space, problems
                    )
                    for name, part in value.items()
                }
        case MediaTy(kind=kind):
            try:
                return media_value(kind, value)
            except ValueError as failure:
                problems.append(f"`{path}`: {failure}")
                return _NO
        case UnionTy(members=parts):
            return _union(value, parts, ty, path, space, problems)
        case AliasTy(name=name):
            return _convert(value, space.schemas.aliases[name], path, space, problems)
        case AnnotatedTy():
            raise AssertionError("bare types have no attributes")
    problems.append(f"`{path}` should be `{show(ty)}`, not {_describe(value)}")
    return _NO


def _is_primitive(value: Any, name: str) -> bool:
    match name:
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case _:
            return value is None


def _enum(value: Any, name: str, path: str, space: ValueSpace, problems: list[str]) -> Any:
    member = getattr(value, "value", value)  # an EnumValue of ours, a Python enum, or the name itself
    members = [m.name for m in space.schemas.enums[name].members]
    if isinstance(member, str) and (member in members or space.schemas.enums[name].dynamic):
        return space.enum_value(name, member)
    problems.append(f"`{path}` should be one of {', '.join(members)} (enum `{name}`), not {_describe(value)}")
    return _NO


def _instance(value: Any, name: str, path: str, space: ValueSpace, problems: list[str]) -> Any:
    schema = space.schemas.classes[name]
    given = _fields_of(value)
    if given is None:
        problems.append(f"`{path}` should be a `{name}`, not {_describe(value)}")
        return _NO
    names = [field.name for field in schema.fields]
    for extra in given.keys() - set(names):
        hint = did_you_mean(str(extra), names)
        problems.append(f"`{path}`: class `{name}` has no field `{extra}`" + (f"; {hint}" if hint else ""))
    fields: dict[str, Any] = {}
    for field in schema.fields:
        if field.name in given:
            fields[field.name] = _convert(given[field.name], field.ty, f"{path}.{field.name}", space, problems)
        elif not is_optional(field.ty):
            problems.append(f"`{path}`: class `{name}` needs the field `{field.name}`")
    made = space.instance(name, fields)
    if omitted := frozenset(names) - fields.keys():
        made.__omitted__ = omitted
    return made


def _fields_of(value: Any) -> Mapping[str, Any] | None:
    """The fields of a mapping, of a value of ours, of a pydantic model or of a dataclass."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Instance):
        return {name: getattr(value, name) for name in value.__fields__}
    declared = getattr(type(value), "model_fields", None) or getattr(type(value), "__dataclass_fields__", None)
    if declared is not None:
        return {name: getattr(value, name) for name in declared}
    return None


def _key(value: Any, ty: Ty, path: str, space: ValueSpace, problems: list[str]) -> Any:
    converted = _convert(value, ty, f"{path} (a key)", space, problems)
    return converted if isinstance(converted, str | EnumValue) else str(value)


def _union(
    value: Any, members: tuple[Ty, ...], whole: Ty, path: str, space: ValueSpace, problems: list[str]
) -> Any:
    """The first member that fits; an int prefers `int` to `float` wherever it stands."""
    order = sorted(members, key=lambda ty: ty == PrimitiveTy("float") and isinstance(value, int))
    closest: list[str] | None = None
    for member in order:
        found: list[str] = []
        converted = _convert(value, member, path, space, found)
        if not found:
            return converted
        if isinstance(bare(member), ClassTy | EnumTy | ListTy | MediaTy) and closest is None and value is not None:
            closest = found
    single = [member for member in members if bare(member) != PrimitiveTy("null")]
    if len(single) == 1 and closest is not None:
        problems += closest
    else:
        problems.append(f"`{path}` should be `{show(whole)}`, not {_describe(value)}")
    return _NO


def _free(value: Any, path: str, space: ValueSpace, problems: list[str]) -> Any:
    match value:
        case None | str() | bool() | int() | float() | MediaValue():
            return value
        case EnumValue():
            return space.enums.get((value.enum, value.name), value)
        case Instance() if value.__class_name__ in space.classes and not value.__partial__:
            return _instance(value, value.__class_name__, path, space, problems)
        case Instance():
            return value
        case Mapping():
            return {str(key): _free(item, path, space, problems) for key, item in value.items()}
        case list() | tuple():
            return [_free(item, path, space, problems) for item in value]
        case _:
            problems.append(f"`{path}` holds {_describe(value)}, which the language has no type for")
            return _NO


def _describe(value: Any) -> str:
    if value is None:
        return "null"
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:57]}…"
    return f"{shown} ({type(value).__name__})"
