"""Types as hosts, prompts and models know them: a class of its own for each kind of a generic class, and for an
interface the types that implement it."""

from __future__ import annotations

from operator import is_
from typing import TypeVar

from ...records import dataclass, field, replace
from ...types.partials import is_partial
from ...types.schema import ClassSchema, Field
from ...types.show import show
from ...types.ty import UNKNOWN, ClassTy, InterfaceTy, ParameterTy, Ty, union
from ...types.variables import mapped, replaced
from ..facts.interface import FunctionInfo, Param
from ..facts.symbols import Names

P = TypeVar("P", Field, Param)


@dataclass(slots=True)
class WholeTypes:
    """`made` are the classes for kinds of generic ones, by their names, and which class each is a kind of."""

    names: Names
    made: dict[str, ClassSchema] = field(default_factory=dict)
    kind_of: dict[str, str] = field(default_factory=dict)

    def ty(self, ty: Ty) -> Ty:
        match ty:
            case ClassTy() if is_partial(ty):
                return ty  # what is still coming stays in the program, as a future does
            case ClassTy(args=args) if args:
                return ClassTy(self._named(ty))
            case InterfaceTy(name=name):
                return union(self._implementing(name))
            case ParameterTy(bounds=bounds):
                return self.ty(bounds[0]) if bounds and isinstance(bounds[0], InterfaceTy) else UNKNOWN
            case _:
                return mapped(ty, self.ty)

    def _implementing(self, name: str) -> list[Ty]:
        found = [one for (interface, _), one in self.names.implementations.items() if interface == name]
        anything = [replaced(one.target, {param.name: UNKNOWN for param in one.params}) for one in found]
        return [self.ty(target) for target in anything]

    def _named(self, ty: ClassTy) -> str:
        symbol = self.names.classes[ty.name]
        if all(isinstance(arg, ParameterTy) or arg == UNKNOWN for arg in ty.args):
            return ty.name
        name = kind_name(ty)
        if name not in self.made:
            found = {param.name: arg for param, arg in zip(symbol.params, ty.args, strict=True)}
            self.kind_of[name] = ty.name
            self.made[name] = replace(symbol.schema, name=name)  # known before its fields, which may hold it
            self.made[name] = replace(symbol.schema, name=name, fields=self._fields(symbol.schema, found))
        return name

    def schema(self, schema: ClassSchema) -> ClassSchema:
        fields = self._fields(schema, {})
        return schema if all(map(is_, fields, schema.fields)) else replace(schema, fields=fields)

    def _fields(self, schema: ClassSchema, found: dict[str, Ty]) -> tuple[Field, ...]:
        return tuple([_of_type(one, self.ty(replaced(one.ty, found))) for one in schema.fields])

    def function(self, info: FunctionInfo) -> FunctionInfo:
        params = tuple([_of_type(param, self.ty(param.ty)) for param in info.params])
        result = self.ty(info.result)
        is_whole = result is info.result and all(map(is_, params, info.params))
        return info if is_whole else replace(info, params=params, result=result)


def _of_type(one: P, ty: Ty) -> P:
    """Most have the right one already."""
    return one if ty is one.ty else replace(one, ty=ty)


def kind_name(ty: ClassTy) -> str:
    """`Box_int` for `Box<int>`: what models and hosts call that kind of box."""
    return "_".join((ty.name, *map(_word, ty.args)))


def _word(ty: Ty) -> str:
    if isinstance(ty, ClassTy) and ty.args:
        return kind_name(ty)
    return show(ty).replace("[]", "_list").replace("?", "_or_null").replace(" | ", "_or_").strip('"()')
