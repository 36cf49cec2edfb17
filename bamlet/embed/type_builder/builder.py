"""The builder itself: types by name, and all that was said about them as schemas over those of the program."""

from __future__ import annotations

import builtins
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ...diagnostics import did_you_mean
from ...types.schema import ClassSchema, EnumSchema, Schemas
from ...types.ty import BOOL, FLOAT, INT, NULL, STRING, ListTy, MapTy, Ty, literal, union
from ..errors import BamlInvalidArgumentError
from .classes import ClassBuilder, DynamicClassBuilder, NewClassBuilder, check_name
from .enums import DynamicEnumBuilder, EnumBuilder, NewEnumBuilder
from .field_types import FieldType, named_types, ty_of
from .sources import Sourced, read_source
from .spaces import Space, inside

if TYPE_CHECKING:
    from ...interpreter.program.link import Program

LIBRARY = "baml."
L = TypeVar("L", str, int, bool)


class DeclaredTypeBuilder:
    """Classes and enums of the program are attributes: `builder.Resume`. Each has one builder.

    The program may be given as a function, which is asked when something is to be known of it. Who knows the names
    before derives from this one and declares them: then a checker finds what is misspelt.
    """

    def __init__(self, program: Program | Callable[[], Program]) -> None:
        self._given = program
        self._classes: dict[str, ClassBuilder] = {}
        self._enums: dict[str, EnumBuilder] = {}
        self._sources: builtins.list[str] = []
        self._sourced = Sourced()
        self._applied: tuple[Program, Program] | None = None

    @property
    def _program(self) -> Program:
        if callable(self._given):
            self._given = self._given()
        return self._given

    # --- types

    def string(self) -> FieldType:
        return FieldType(STRING)

    def int(self) -> FieldType:
        return FieldType(INT)

    def float(self) -> FieldType:
        return FieldType(FLOAT)

    def bool(self) -> FieldType:
        return FieldType(BOOL)

    def null(self) -> FieldType:
        return FieldType(NULL)

    def literal_string(self, value: str) -> FieldType:
        return FieldType(_literal(value, str))

    def literal_int(self, value: builtins.int) -> FieldType:
        return FieldType(_literal(value, int))

    def literal_bool(self, value: builtins.bool) -> FieldType:
        return FieldType(_literal(value, bool))

    def list(self, inner: FieldType) -> FieldType:
        return FieldType(ListTy(ty_of(inner)))

    def map(self, key: FieldType, value: FieldType) -> FieldType:
        return FieldType(MapTy(ty_of(key), ty_of(value)))

    def union(self, types: Iterable[FieldType]) -> FieldType:
        members = tuple(map(ty_of, types))
        if not members:
            raise BamlInvalidArgumentError("Invalid argument: a union has at least one member")
        return FieldType(union(members))

    # --- classes and enums

    def add_class(self, name: str) -> NewClassBuilder:
        """Raises `ValueError` for a name that is taken."""
        self._check_new(name)
        made = self._classes[name] = NewClassBuilder(name, self._touched)
        self._touched()
        return made

    def add_enum(self, name: str) -> NewEnumBuilder:
        """Raises `ValueError` for a name that is taken."""
        self._check_new(name)
        made = self._enums[name] = NewEnumBuilder(name, self._touched)
        self._touched()
        return made

    def add_baml(self, source: str) -> None:
        """Classes, enums and types, and `dynamic class` or `dynamic enum` for what may be extended.

        Raises `BamlError` with the place of a mistake; then nothing of the source is taken.
        """
        from ..library import library_unit

        classes = {name: b.schema() for name, b in self._classes.items() if isinstance(b, NewClassBuilder)}
        enums = {name: b.schema() for name, b in self._enums.items() if isinstance(b, NewEnumBuilder)}
        made = Schemas(classes, enums)
        self._sourced = read_source(self._program, library_unit().names, source, self._sourced, made)
        self._sources.append(source)
        self._touched()

    def reset(self) -> None:
        """Forget everything that was added or said."""
        for builder in self._builders():
            builder.clear()
        self._classes = {n: b for n, b in self._classes.items() if not isinstance(b, NewClassBuilder)}
        self._enums = {n: b for n, b in self._enums.items() if not isinstance(b, NewEnumBuilder)}
        self._sources, self._sourced = [], Sourced()
        self._touched()

    def class_builder(self, name: str) -> ClassBuilder:
        """What `builder.<name>` is, for a class whose name is taken by a method here."""
        if name not in self._classes:
            schema = self._class_schema(name)
            kind = DynamicClassBuilder if schema.dynamic else ClassBuilder
            self._classes[name] = kind(name, lambda: self._declared_class(name), self._touched)
        return self._classes[name]

    def enum_builder(self, name: str) -> EnumBuilder:
        if name not in self._enums:
            kind = DynamicEnumBuilder if self._enum_schema(name).dynamic else EnumBuilder
            self._enums[name] = kind(name, lambda: self._enum_schema(name), self._touched)
        return self._enums[name]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> ClassBuilder | EnumBuilder | Space:
            if name.startswith("_"):
                raise AttributeError(name)
            return self._find(name)

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *inside("", self._names())})

    # --- what is declared

    def _find(self, name: str) -> ClassBuilder | EnumBuilder | Space:
        """By its name with those of its namespaces."""
        if name in self._enums or self._known(name, "enums"):
            return self.enum_builder(name)
        if name in self._classes or self._known(name, "classes"):
            return self.class_builder(name)
        names = self._names()
        if inside(name, names):
            return Space(name, self._find, self._names)
        hint = did_you_mean(name, names)
        raise AttributeError(f"the program has no class or enum `{name}`" + (f"; {hint}" if hint else ""))

    def _known(self, name: str, kind: str) -> builtins.bool:
        program = self._program.interface.schemas
        return not name.startswith(LIBRARY) and any(
            name in getattr(s, kind) for s in (self._sourced.schemas, program)
        )

    def _names(self) -> builtins.list[str]:
        schemas = self._program.interface.schemas.with_types(self._sourced.schemas)
        names = (*schemas.classes, *schemas.enums, *self._classes, *self._enums)
        return [name for name in dict.fromkeys(names) if not name.startswith(LIBRARY)]

    def _class_schema(self, name: str) -> ClassSchema:
        declared = self._program.interface.schemas.classes
        found = self._sourced.schemas.classes.get(name) or declared.get(name)
        if found is None:
            raise AttributeError(f"the program has no class `{name}`")
        return found

    def _declared_class(self, name: str) -> tuple[ClassSchema, tuple[str, ...]]:
        """The class, and what of it the sources have added to the program's."""
        schema = self._class_schema(name)
        of_program = self._program.interface.schemas.classes.get(name)
        known = {field.name for field in of_program.fields} if of_program is not None else set()
        return schema, tuple(field.name for field in schema.fields if field.name not in known)

    def _enum_schema(self, name: str) -> EnumSchema:
        found = self._sourced.schemas.enums.get(name) or self._program.interface.schemas.enums.get(name)
        if found is None:
            raise AttributeError(f"the program has no enum `{name}`")
        return found

    def _check_new(self, name: str) -> None:
        check_name(name, "a type")
        names = self._program.unit.names
        aliases = {**names.aliases, **names.recursive_aliases, **self._sourced.aliases}
        if name in self._names() or name in aliases:
            raise ValueError(f"there is a type called `{name}` already")

    # --- what was said

    def _builders(self) -> Iterator[ClassBuilder | EnumBuilder]:
        yield from self._classes.values()
        yield from self._enums.values()

    def _touched(self) -> None:
        self._applied = None

    def schemas(self) -> Schemas:
        """Whole classes and enums: those that were added, and those of which something was said."""
        classes = {name: builder.schema() for name, builder in self._classes.items() if _is_said(builder)}
        enums = {name: builder.schema() for name, builder in self._enums.items() if _is_said(builder)}
        return self._sourced.schemas.with_types(Schemas(classes, enums))

    def applied_to(self, program: Program) -> Program:
        """The program with these types. Nothing in it changes; the same builder gives the same one again."""
        if self._applied is None or self._applied[0] is not program:
            from ..compiling import with_types

            schemas = self.schemas()
            _check_names(schemas, program.interface.schemas)
            self._applied = program, with_types(program, schemas)
        return self._applied[1]

    def __str__(self) -> str:
        blocks = [textwrap.indent(block, "  ") for block in self._blocks()]
        return "\n".join(("TypeBuilder(", *blocks, ")")) if blocks else "TypeBuilder()"

    def _blocks(self) -> Iterator[str]:
        yield from map(str.strip, map(textwrap.dedent, self._sources))
        for builder in self._builders():
            is_new = isinstance(builder, NewClassBuilder | NewEnumBuilder)
            lines = [f"  {line}" for line in builder.added_lines()]
            if lines or is_new:
                word = "class" if isinstance(builder, ClassBuilder) else "enum"
                yield "\n".join((f"{'' if is_new else 'dynamic '}{word} {builder.name} {{", *lines, "}"))

    def __repr__(self) -> str:
        added = [*self._sourced.schemas.classes, *self._sourced.schemas.enums, *self._classes, *self._enums]
        return f"TypeBuilder({', '.join(dict.fromkeys(added))})"


class TypeBuilder(DeclaredTypeBuilder):
    """The same for any program, whose names a checker cannot know."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def _is_said(builder: ClassBuilder | EnumBuilder) -> bool:
    return isinstance(builder, NewClassBuilder | NewEnumBuilder) or builder.has_changes


def _literal(value: L, kind: type[L]) -> Ty:
    if type(value) is not kind:
        raise BamlInvalidArgumentError(f"Invalid argument: {value!r} is no {kind.__name__}")
    return literal(value)


def _check_names(added: Schemas, program: Schemas) -> None:
    """A type of another builder may stand in a property, as long as there is one of its name here."""
    there = program.with_types(added)
    for schema in added.classes.values():
        for field in schema.fields:
            for name in named_types(field.ty):
                if not (name in there.classes or name in there.enums or name in there.aliases):
                    message = f"`{schema.name}.{field.name}` is of type `{name}`, which this type builder has not"
                    raise BamlInvalidArgumentError(f"Invalid argument: {message}")
