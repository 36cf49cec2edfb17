"""Shapes as Python annotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..client.shapes import Checks, Choice, Either, Enum, Leaf, Listed, Mapped, Maybe, Named, Object, Shape, State
from ..records import dataclass, field
from ..types.ty import ClassTy, MediaTy, PrimitiveTy
from .layout import text
from .spaces import TOP, flat, last_name, of_space, space_of

Side = Literal["types", "stream_types"]
SIDES: tuple[Side, ...] = ("types", "stream_types")

_PYTHON = {"string": "str", "int": "int", "float": "float", "bool": "bool", "null": "None"}


@dataclass(slots=True)
class Annotations:
    """Of one file. `side` and `space` are the module that the file is a part of, whose names need no prefix.
    Without a side it is part of none; with `is_flat`, one module has the names of all namespaces.

    `modules` and `names` collect what the file has to import: helpers, and classes of its own side. `hidden` are
    names that mean something else where the annotation stands, and `taken` those that do in the whole file.
    `hides_text` says that a value of an enum is called as a method of the texts that its values are.
    """

    side: Side | None
    modules: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    hides_text: bool = False
    space: str = TOP
    is_flat: bool = False

    def write(self, shape: Shape) -> str:
        return _WRITE[type(shape)](self, shape)

    def use(self, module: str) -> str:
        self.modules.add(module)
        return module

    def name(self, full: str, side: Side) -> str:
        space, name = (TOP, flat(full)) if self.is_flat else (space_of(full), last_name(full))
        if side == self.side and space == self.space and name not in self.hidden:
            self.names.add(name)
            return name
        return f"{self.use(of_space(f'_{side}', space))}.{name}"

    def builtin(self, name: str) -> str:
        return f"{self.use('_builtins')}.{name}" if name in self.hidden else name

    def _leaf(self, shape: Leaf) -> str:
        match shape.ty:
            case PrimitiveTy(name=name):
                return self.builtin(_PYTHON[name])
            case ClassTy():
                return self.builtin("bytes")
            case MediaTy(kind=kind):
                return f"{self.use('_client')}.{kind.capitalize()}"
            case _:
                return f"{self.use('_typing')}.Any"

    def _choice(self, shape: Choice) -> str:
        values = (text(one.value) if isinstance(one.value, str) else str(one.value) for one in shape.values)
        return f"{self.use('_typing')}.Literal[{', '.join(values)}]"

    def _enum(self, shape: Enum) -> str:
        name = self.name(shape.name, "types")
        if shape.only is not None:
            return f"{self.use('_typing')}.Literal[{name}.{shape.only}]"
        return f"{name} | {self.builtin('str')}" if shape.dynamic else name

    def _object(self, shape: Object | Named) -> str:
        return self.name(shape.name, "stream_types" if shape.partial else "types")

    def _mapped(self, shape: Mapped) -> str:
        return f"{self.builtin('dict')}[{self.write(shape.key)}, {self.write(shape.value)}]"

    def _either(self, shape: Either) -> str:
        """Members that only differ for the runtime are one for Python."""
        return " | ".join(dict.fromkeys(self.write(member) for member in shape.members))

    def _checks(self, shape: Checks) -> str:
        names = ", ".join(map(text, shape.names))
        return f"{self.use('_client')}.Checked[{self.write(shape.inner)}, {self.use('_typing')}.Literal[{names}]]"

    def _state(self, shape: State) -> str:
        return f"{self.use('_client')}.StreamState[{self.write(shape.inner)}]"


_WRITE: dict[type, Callable[[Annotations, Any], str]] = {
    Leaf: Annotations._leaf,
    Choice: Annotations._choice,
    Enum: Annotations._enum,
    Object: Annotations._object,
    Named: Annotations._object,
    Listed: lambda self, shape: f"{self.builtin('list')}[{self.write(shape.item)}]",
    Mapped: Annotations._mapped,
    Either: Annotations._either,
    Maybe: lambda self, shape: f"{self.write(shape.inner)} | None",
    Checks: Annotations._checks,
    State: Annotations._state,
}
