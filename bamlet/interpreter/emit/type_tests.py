"""Type tests at run time: one Python expression where a look at the value is enough, else a function for the type.

A function is needed to look into lists and maps. It is named `is T`, made once for a type, and may call itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from ...types.partials import is_partial
from ...types.show import show
from ...types.ty import (
    BOOL,
    FLOAT,
    INT,
    NULL,
    STRING,
    UNKNOWN,
    AliasTy,
    AnnotatedTy,
    ClassTy,
    EnumTy,
    ErrorTy,
    FunctionTy,
    FutureTy,
    InterfaceTy,
    ListTy,
    LiteralTy,
    MapTy,
    MediaTy,
    NeverTy,
    ParameterTy,
    Ty,
    UnionTy,
    UnknownTy,
    VariantTy,
    bare,
)
from ...types.variables import parameters_in, replaced
from ..facts.code_names import FUTURE, class_name, enum_value_name, implementors_name, type_name
from ..facts.typing_tables import TypeTest
from .state import Unit, attribute, call, compare, load, rounds


def type_test(unit: Unit, first: ast.expr, again: ast.expr, test: TypeTest) -> ast.expr:
    """Whether a value is of a type: `first` is read once and first, `again` after it."""
    parts = [part for part in unit.relation.members(test.ty) if not isinstance(part, UnknownTy)]
    if len(parts) < len(unit.relation.members(test.ty)):
        return ast.Constant(True)
    looks = [
        _look(unit, again if at else first, part)
        if test.by_tag or not (isinstance(part, ListTy | MapTy | ParameterTy) or _has_kinds(part))
        else conforms(unit, again if at else first, part)
        if parameters_in(part)
        else call(_function(unit, part), again if at else first, rounds())
        for at, part in enumerate(parts)
    ]
    if not looks:
        return ast.Constant(False)
    return looks[0] if len(looks) == 1 else ast.BoolOp(ast.Or(), looks)


def conforms(unit: Unit, value: ast.expr, ty: Ty) -> ast.expr:
    """The test of a type that only the caller knows."""
    return call("$conforms", value, type_value(unit, ty), rounds())


def type_value(unit: Unit, ty: Ty) -> ast.expr:
    """A type as a value. What a type parameter is, stands in a variable of its own."""
    if isinstance(ty, ParameterTy):
        return load(type_name(ty.name))
    word = show(ty)
    unit.names.decoded[word] = ty
    inside = sorted(parameters_in(ty), key=lambda param: param.name)
    if not inside:
        return call("$type_of", ast.Constant(word))
    found = ast.Dict([ast.Constant(one.name) for one in inside], [load(type_name(one.name)) for one in inside])
    return call("$type_of", ast.Constant(word), found)


def test_functions(unit: Unit) -> Iterable[ast.stmt]:
    """The functions that tests have asked for, and those that these ask for."""
    done: set[str] = set()
    while missing := [name for name in unit.tested if name not in done]:
        for name in missing:
            done.add(name)
            yield _definition(name, _inside(unit, unit.tested[name]))


def _function(unit: Unit, ty: Ty) -> str:
    name = f"is {show(ty)}"
    unit.tested[name] = ty
    return name


def _definition(name: str, found: ast.expr) -> ast.stmt:
    arguments = ast.arguments([], [ast.arg(_VALUE), ast.arg(_ROUNDS)], None, [], [], None, [])
    return ast.FunctionDef(name=name, args=arguments, body=[ast.Return(found)], decorator_list=[])


_VALUE = "$value"
_ROUNDS = "$rounds"


def _inside(unit: Unit, ty: Ty) -> ast.expr:
    """The test of a type with all that it contains."""
    value = load(_VALUE)
    match ty:
        case AnnotatedTy(inner=inner):
            return _inside(unit, inner)
        case AliasTy():
            return _inside(unit, unit.relation.expand(ty))
        case UnionTy(members=members):
            return ast.BoolOp(ast.Or(), [_inside(unit, member) for member in members])
        case UnknownTy():
            return ast.Constant(True)
        case ListTy(item=item):
            return ast.BoolOp(ast.And(), [_look(unit, value, ty), _every(unit, item, value)])
        case ClassTy() if _has_kinds(ty):
            fields = _fields_of_kind(unit, ty)
            tests = [call(_function(unit, part), attribute(value, name), load(_ROUNDS)) for name, part in fields]
            counted = call("$next", load(_ROUNDS))
            return ast.BoolOp(ast.And(), [_look(unit, value, ty), counted, *tests])
        case MapTy(key=key, value=content):
            values = ast.Call(ast.Attribute(value, "values", ast.Load()), [], [])
            parts = [_look(unit, value, ty), _every(unit, key, value), _every(unit, content, values)]
            return ast.BoolOp(ast.And(), parts)
        case _:
            return _look(unit, value, ty)


def _has_kinds(ty: Ty) -> bool:
    return isinstance(ty, ClassTy) and bool(ty.args) and not is_partial(ty) and not parameters_in(ty)


def _fields_of_kind(unit: Unit, ty: ClassTy) -> list[tuple[str, Ty]]:
    """The fields that tell of which kind a value of a class with type parameters is."""
    symbol = unit.names.classes[ty.name]
    found = {param.name: arg for param, arg in zip(symbol.params, ty.args, strict=True)}
    return [(one.name, replaced(one.ty, found)) for one in symbol.schema.fields if parameters_in(one.ty)]


def _every(unit: Unit, ty: Ty, values: ast.expr) -> ast.expr:
    """Each part is a round of the call's loops: one list may lie in a value many times."""
    counted = call("$compress", values, load(_ROUNDS))
    return call("$all", call("$map", load(_function(unit, ty)), counted, call("$for_all", load(_ROUNDS))))


# --- one look at a value


def _look(unit: Unit, value: ast.expr, ty: Ty) -> ast.expr:
    plain = bare(ty)
    if isinstance(plain, ClassTy) and is_partial(plain):
        return call("$type_is", value, ast.Constant("partial"), ast.Constant(_whole_of(plain)))
    if isinstance(plain, ClassTy) and unit.names.classes[plain.name].opaque:
        return call("$type_is", value, ast.Constant("handle"), ast.Constant(plain.name))
    if isinstance(plain, InterfaceTy):
        return _implements(unit, value, plain.name)
    if plain == NULL:
        return compare(value, ast.Is(), ast.Constant(None))
    return _LOOK[type(plain)](value, plain) if plain not in _PYTHON_TYPES else _tag(value, _PYTHON_TYPES[plain])


def _whole_of(partial: ClassTy) -> str:
    whole = bare(partial.args[0])
    return whole.name if isinstance(whole, ClassTy) else ""


def _implements(unit: Unit, value: ast.expr, interface: str) -> ast.expr:
    unit.implementors.add(interface)
    return call("$implements", value, load(implementors_name(interface)))


_PYTHON_TYPES: dict[Ty, str] = {INT: "$int", FLOAT: "$float", STRING: "$str", BOOL: "$bool"}


def _tag(value: ast.expr, name: str) -> ast.expr:
    # Exact types: a bool is an int for Python's isinstance, and nothing inherits from a class of the language.
    return compare(call("$type", value), ast.Is(), load(name))


def one_of_each(types: Iterable[Ty]) -> tuple[Ty, ...]:
    """One of all types between which the test of a literal sees no difference: a union may have a thousand."""
    found: dict[object, Ty] = {}
    for ty in types:
        plain = bare(ty)
        alike = isinstance(plain, ClassTy | EnumTy | VariantTy)
        found[plain.base if isinstance(plain, LiteralTy) else type(plain) if alike else plain] = plain
    return tuple(found.values())


def literal_test(
    value: ast.expr, wanted: str | int | float | bool | None, types: Sequence[Ty] = (UNKNOWN,)
) -> ast.expr:
    """`types` is what the value can be. Python's own `==` will do, but for bools as ints and enums as strings."""
    if wanted is None or isinstance(wanted, bool):
        return compare(value, ast.Is(), ast.Constant(wanted))
    if any(_is_treacherous(bare(ty), wanted) for ty in types):
        return call("$equal", value, ast.Constant(wanted))
    return compare(value, ast.Eq(), ast.Constant(wanted))


def _is_treacherous(ty: Ty, wanted: str | int | float) -> bool:
    match ty:
        case UnknownTy() | ErrorTy() | NeverTy() | InterfaceTy() | ParameterTy():
            return True
        case EnumTy() | VariantTy():
            return isinstance(wanted, str)
        case LiteralTy(base=base):
            return base == "bool" and not isinstance(wanted, str)
        case _:
            return ty == BOOL and not isinstance(wanted, str)


_LOOK: dict[type, Callable[..., ast.expr]] = {
    ListTy: lambda value, ty: _tag(value, "$list"),
    MapTy: lambda value, ty: _tag(value, "$dict"),
    FutureTy: lambda value, ty: call("$type_is", value, ast.Constant("handle"), ast.Constant(FUTURE)),
    FunctionTy: lambda value, ty: _tag(value, "$FunctionValue"),
    ClassTy: lambda value, ty: _tag(value, class_name(ty.name)),
    EnumTy: lambda value, ty: call("$type_is", value, ast.Constant("enum"), ast.Constant(ty.name)),
    MediaTy: lambda value, ty: call("$type_is", value, ast.Constant("media"), ast.Constant(ty.kind)),
    VariantTy: lambda value, ty: compare(value, ast.Is(), load(enum_value_name(ty.enum, ty.name))),
    LiteralTy: lambda value, ty: literal_test(value, ty.value),
}
