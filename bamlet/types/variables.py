"""Type variables in the signatures of builtins: putting types in their place, and finding the types from a use."""

from __future__ import annotations

from collections.abc import Mapping

from .relate import Relation
from .ty import FunctionTy, FutureTy, ListTy, MapTy, Ty, UnionTy, VariableTy, bare, union


def holds_variable(ty: Ty) -> bool:
    match ty:
        case VariableTy():
            return True
        case ListTy(item=item):
            return holds_variable(item)
        case MapTy(key=key, value=value):
            return holds_variable(key) or holds_variable(value)
        case UnionTy(members=parts):
            return any(map(holds_variable, parts))
        case FunctionTy(params=params, result=result):
            return any(map(holds_variable, (*params, result)))
        case FutureTy(value=value, error=error):
            return holds_variable(value) or holds_variable(error)
        case _:
            return False


def replaced(ty: Ty, found: Mapping[str, Ty]) -> Ty:
    """The type with what is found in place of its variables; others stay."""
    match ty:
        case VariableTy(name=name):
            return found.get(name, ty)
        case ListTy(item=item):
            return ListTy(replaced(item, found))
        case MapTy(key=key, value=value):
            return MapTy(replaced(key, found), replaced(value, found))
        case UnionTy(members=parts):
            return union(replaced(part, found) for part in parts)
        case FunctionTy(params=params, result=result, throws=throws):
            return FunctionTy(tuple(replaced(param, found) for param in params), replaced(result, found), throws)
        case FutureTy(value=value, error=error):
            return FutureTy(replaced(value, found), replaced(error, found))
        case _:
            return ty


def match_variables(relation: Relation, wanted: Ty, given: Ty, found: dict[str, Ty]) -> None:
    """Add to `found` what the variables of `wanted` must be for a `given` to fit; else nothing."""
    plain = bare(relation.expand(given))
    match wanted:
        case VariableTy(name=name):
            found[name] = relation.join((found[name], plain)) if name in found else plain
        case ListTy(item=item) if isinstance(plain, ListTy):
            match_variables(relation, item, plain.item, found)
        case MapTy(value=value) if isinstance(plain, MapTy):
            match_variables(relation, value, plain.value, found)
        case FunctionTy(result=result) if isinstance(plain, FunctionTy):
            match_variables(relation, result, plain.result, found)
        case FutureTy(value=value, error=error) if isinstance(plain, FutureTy):
            match_variables(relation, value, plain.value, found)
            match_variables(relation, error, plain.error, found)
        case _:
            pass
