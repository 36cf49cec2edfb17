"""Arguments as programs for BAML give them: mappings for instances may have keys that the class does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..records import dataclass
from .fitting import innermost
from .options import UNSET
from .shapes import Checks, Choice, Either, Enum, Leaf, Listed, Mapped, Maybe, Named, Object, Shape, Shapes

if TYPE_CHECKING:
    from ..embed.runtime import FunctionInfo


@dataclass(frozen=True, slots=True)
class Parameters:
    """Of one function: names as its generated method has them, and the shapes of those that may hold mappings."""

    _names: tuple[str, ...]
    _holding: Mapping[str, Shape]
    _shapes: Shapes

    def arguments(self, values: Sequence[Any], more: Mapping[str, Any]) -> dict[str, Any]:
        """`more` are parameters with a default of the program, by name; those that are not given are `UNSET`."""
        given = dict(zip(self._names, values, strict=False))
        if more:
            given |= {name: value for name, value in more.items() if value is not UNSET}
        for name, shape in self._holding.items():
            if name in given:
                given[name] = without_unknown_keys(given[name], shape, self._shapes)
        return given


def parameters(function: FunctionInfo, shapes: Shapes) -> Parameters:
    params = sorted(function.params, key=lambda param: param.has_default)
    found = {param.name: shapes.final(param.ty) for param in params}
    return Parameters(tuple(found), {name: shape for name, shape in found.items() if not _is_leaf(shape)}, shapes)


def _is_leaf(shape: Shape) -> bool:
    return isinstance(shape.inner if isinstance(shape, Maybe) else shape, Leaf | Choice | Enum)


def without_unknown_keys(value: Any, shape: Shape, shapes: Shapes) -> Any:
    """The value, what the program does not know left out of its mappings; objects know their fields themselves."""
    match shape:
        case Object(name=name) if isinstance(value, Mapping):
            fields = shapes.final_fields(name)
            known = {
                key: without_unknown_keys(item, fields[key], shapes)
                for key, item in value.items()
                if key in fields
            }
            return {**value, **known} if shapes.is_open(name) else known
        case Listed(item=item) if isinstance(value, list | tuple):
            return [without_unknown_keys(one, item, shapes) for one in value]
        case Mapped(value=item) if isinstance(value, Mapping):
            return {key: without_unknown_keys(one, item, shapes) for key, one in value.items()}
        case Maybe(inner=inner):
            return without_unknown_keys(value, inner, shapes)
        case Checks(inner=inner):
            return without_unknown_keys(value, inner, shapes)
        case Either(members=members):
            # Which of several classes is meant, only its keys tell.
            holding = _OF_MAPPINGS if isinstance(value, Mapping) else _OF_LISTS
            meant = [member for member in members if isinstance(innermost(member), holding)]
            return without_unknown_keys(value, meant[0], shapes) if len(meant) == 1 else value
        case _:
            return value


# What an alias stands for may be either.
_OF_MAPPINGS = (Object, Mapped, Named)
_OF_LISTS = (Listed, Named)
