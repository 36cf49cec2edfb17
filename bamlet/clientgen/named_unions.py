"""What languages share that have no unions without a name: each union is a type that is called by its members."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from ..client.shapes import Checks, Either, Enum, Listed, Mapped, Maybe, Named, Object, Shape, Shapes, State
from ..interpreter.facts.interface import FunctionInfo, Interface
from .annotations import Side
from .spaces import own_classes, own_enums


class NamedUnions(ABC):
    """The types of one file; without a side, of one that declares none. It collects the unions of its own side."""

    words: ClassVar[Mapping[str, str]]  # what a type of the language is called inside of a name
    separator: ClassVar[str]  # before the last part of a name with its place

    def __init__(
        self, interface: Interface, side: Side | None, names: Callable[[Sequence[str]], dict[str, str]]
    ) -> None:
        self._side = side
        classes = [schema.name for schema in own_classes(interface)]
        enums = [schema.name for schema in own_enums(interface)]
        self._names = names([*classes, *enums, *interface.aliases])
        self._unions: dict[str, Either] = {}

    @abstractmethod
    def write(self, shape: Shape) -> str: ...

    @abstractmethod
    def place(self, made: str, side: Side) -> str:
        """A name of that side, as it is called here."""

    def constant(self, name: str) -> str:
        return self._names[name]

    def union(self, shape: Either) -> str:
        """It is of the streams if one of its members is on its way."""
        side: Side = "stream_types" if _is_partial(shape) else "types"
        made = "Or".join(dict.fromkeys(self.word(member) for member in shape.members))
        while made in self._names.values():
            made += "_"
        if side == self._side:
            self._unions.setdefault(made, shape)
        return self.place(made, side)

    def declared(
        self,
        functions: Sequence[FunctionInfo],
        shapes: Shapes,
        union: Callable[[str, Either], str],
    ) -> list[str]:
        """The unions of what has been written, and of these functions; a union may bring more of them."""
        of_side = shapes.final if self._side == "types" else shapes.partial
        for function in functions:
            for ty in (function.result, *(param.ty for param in function.params)):
                self.write(of_side(ty))
        made: dict[str, str] = {}
        while missing := [name for name in self._unions if name not in made]:
            made |= {name: union(name, self._unions[name]) for name in missing}
        return list(made.values())

    def word(self, shape: Shape) -> str:
        """What a type is called inside of a name."""
        match shape:
            case Listed(item=item):
                return f"ListOf{self.word(item)}"
            case Mapped(value=value):
                return f"MapOf{self.word(value)}"
            case Maybe(inner=inner):
                return f"Maybe{self.word(inner)}"
            case Checks(inner=inner):
                return f"Checked{self.word(inner)}"
            case State(inner=inner):
                return f"State{self.word(inner)}"
            case Either(members=parts):
                return "Or".join(map(self.word, parts))
            case Object(name=name) | Named(name=name) | Enum(name=name):
                return self._names[name]
            case _:
                made = self.write(shape).rpartition(self.separator)[2]
                return self.words.get(made, made[0].upper() + made[1:])

    def _enum(self, shape: Enum) -> str:
        return self.place(self._names[shape.name], "types")

    def _object(self, shape: Object | Named) -> str:
        return self.place(self._names[shape.name], "stream_types" if shape.partial else "types")


def _is_partial(shape: Shape) -> bool:
    match shape:
        case Object(partial=partial) | Named(partial=partial):
            return partial
        case State():
            return True
        case Listed(item=inner) | Maybe(inner=inner) | Checks(inner=inner):
            return _is_partial(inner)
        case Mapped(value=inner):
            return _is_partial(inner)
        case Either(members=parts):
            return any(map(_is_partial, parts))
        case _:
            return False
