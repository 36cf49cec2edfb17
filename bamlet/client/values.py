"""Values of a program to objects of the generated classes, by their shapes.

Nothing is validated: the runtime has read each value by its type. What it cannot show by its type yet (a check of
what has not come, a field that may not be null) holds back what is around it, so an object always is what its
annotations say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, reduce
from importlib import import_module
from itertools import islice
from operator import attrgetter, or_
from typing import Any, Final, Literal

from ..embed.checking import checks_of
from ..interpreter.runtime.values import EnumValue, Instance
from ..types.schema import Schemas
from ..types.ty import NULL, MediaTy, PrimitiveTy, Ty, UnknownTy
from .models import Check, Checked, StreamState
from .shapes import Checks, Choice, Either, Enum, Leaf, Listed, Mapped, Maybe, Named, Object, Shape, Shapes, State


class _Held:
    """The type of `HELD`: there is nothing yet that the type could show."""


HELD: Final = _Held()

Maker = Callable[[Any], Any]
Of = Callable[[Shape], Maker]


class Makers:
    """Functions from values to objects, one for each shape that a program's values have."""

    def __init__(self, package: str, schemas: Schemas) -> None:
        self._package = package
        self._schemas = schemas
        self.shapes = Shapes(schemas)
        self._made: dict[Shape, Maker] = {}
        self._annotations: dict[Shape, Any] = {}

    @cached_property
    def _types(self) -> Any:
        return import_module(".types", self._package)

    @cached_property
    def _stream_types(self) -> Any:
        return import_module(".stream_types", self._package)

    def maker(self, shape: Shape) -> Maker:
        known = self._made.get(shape)
        if known is None:
            known = self._made[shape] = self.part(shape, self.maker)
        return known

    def part(self, shape: Shape, of: Of) -> Maker:
        """A maker of its own, whose parts are made by those that `of` gives."""
        if type(shape) not in _NEEDS_CLASSES:
            return _MAKE[type(shape)](self, shape, of)
        make: Maker | None = None

        def later(value: Any) -> Any:
            """Classes are made when there is a value of them; one that holds itself comes to an end so, too."""
            nonlocal make
            if make is None:
                make = _MAKE[type(shape)](self, shape, of)
            return make(value)

        return later

    def final(self, ty: Ty) -> Maker:
        return self.maker(self.shapes.final(ty))

    def partial(self, ty: Ty) -> Maker:
        """Of a whole result, which is not shown before it can be."""
        return self.maker(self.shapes.partial(ty))

    def annotation(self, shape: Shape) -> Any:
        """The type as Python code would write it; the same object for the same shape."""
        if shape not in self._annotations:
            self._annotations[shape] = _ANNOTATE[type(shape)](self, shape)
        return self._annotations[shape]

    # --- makers

    def _leaf(self, shape: Leaf, of: Of) -> Maker:
        if shape.ty == NULL:
            return _same
        if isinstance(shape.ty, UnknownTy):
            return self.free
        return _something

    def _enum(self, shape: Enum, of: Of) -> Maker:
        enum = _named(self._types, shape.name)
        members: dict[str, Any] = {member.value: member for member in enum}

        def make(value: Any) -> Any:
            name = value.name if isinstance(value, EnumValue) else value
            return HELD if name is None else members.get(name, name)

        return make

    def _object(self, shape: Object, of: Of) -> Maker:
        schema = self._schemas.classes[shape.name]
        shapes = self.shapes.partial_fields(shape.name) if shape.partial else self.shapes.final_fields(shape.name)
        build = _builder(self._class(shape))
        names = tuple(shapes)
        changing = [(name, m) for name, inner in shapes.items() if (m := of(inner)) is not _same]
        free = self.free if schema.dynamic else None
        read = _reader(names)

        def make(value: Any) -> Any:
            if value is None:
                return HELD
            try:
                fields = read(value)
            except AttributeError:  # a type builder may have taken a field away
                fields = {name: getattr(value, name, None) for name in names}
            for name, change in changing:
                found = fields[name] = change(fields[name])
                if found is HELD:
                    return HELD
            more = None
            if free is not None:
                more = {name: free(getattr(value, name)) for name in value.__fields__ if name not in shapes}
            return build(fields, more)

        return make

    def _listed(self, shape: Listed, of: Of) -> Maker:
        make = of(shape.item)
        if make is _same:
            return lambda value: [] if value is None else list(value)
        return lambda value: [] if value is None else [m for item in value if (m := make(item)) is not HELD]

    def _mapped(self, shape: Mapped, of: Of) -> Maker:
        key, make = of(shape.key), of(shape.value)

        def made(value: Any) -> Any:
            items = {} if value is None else value
            return {key(name): m for name, item in items.items() if (m := make(item)) is not HELD}

        return made

    def _maybe(self, shape: Maybe, of: Of) -> Maker:
        make = of(shape.inner)
        if make is _something:
            return _same

        def made(value: Any) -> Any:
            if value is None:
                return None
            found = make(value)
            return None if found is HELD else found

        return made

    def _named(self, shape: Named, of: Of) -> Maker:
        ty = self._schemas.aliases[shape.name]
        return of(self.shapes.partial(ty) if shape.partial else self.shapes.final(ty))

    def _checks(self, shape: Checks, of: Of) -> Maker:
        make = of(shape.inner)
        build = _builder(self.annotation(shape))
        check = _builder(Check)

        def made(value: Any) -> Any:
            if _is(value, "Checked"):
                inner, results = value.value, value.checks
            elif shape.partial:
                return HELD
            else:
                # What the program has made, or an answer has left out, was checked by nobody yet.
                inner, results = value, checks_of(shape.checks, value, self._schemas)
            found = make(inner)
            if found is HELD:
                return HELD
            checks = {
                name: check({"name": one.name, "expression": one.expression, "status": one.status}, None)
                for name, one in results.items()
            }
            return build({"value": found, "checks": checks}, None)

        return made

    def _state(self, shape: State, of: Of) -> Maker:
        make = of(shape.inner)
        build = _builder(self.annotation(shape))

        def made(value: Any) -> Any:
            if _is(value, "StreamState"):
                inner, state = value.value, value.state
            else:
                inner, state = value, "Pending" if value is None else "Complete"
            found = make(inner)
            return HELD if found is HELD else build({"value": found, "state": state}, None)

        return made

    def _either(self, shape: Either, of: Of) -> Maker:
        """The member that a value belongs to is told from its kind: classes and enums have names."""
        objects: dict[str, Maker] = {}
        enums: dict[str, Maker] = {}
        kinds: dict[type, list[tuple[Shape, Maker]]] = {list: [], dict: []}
        wrapped: list[tuple[Checks | State, Maker]] = []
        for member in shape.members:
            match member:
                case Object(name=name):
                    objects[name] = of(member)
                case Enum(name=name):
                    enums[name] = of(member)
                case Listed():
                    kinds[list].append((member, of(member)))
                case Mapped():
                    kinds[dict].append((member, of(member)))
                case Checks() | State():
                    wrapped.append((member, of(member)))
                case Named():
                    kinds[list].append((member, of(member)))
                    kinds[dict].append((member, of(member)))

        def made(value: Any) -> Any:
            if value is None:
                return HELD
            if isinstance(value, Instance):
                name = value.__class_name__
                if name in _WRAPPERS:
                    return _in_wrapper(wrapped, value)
                if name in objects:
                    return objects[name](value)
            elif isinstance(value, EnumValue):
                if value.enum in enums:
                    return enums[value.enum](value)
            elif meant := kinds.get(type(value)):
                fitting = (make for member, make in meant if len(meant) == 1 or _fits(member, value))
                return next(fitting, self.free)(value)
            # Without its checks: of a partial value that is not yet what is checked, of a whole one see `_checks`.
            if wrapped and not any(_takes(member, value) for member in shape.members):
                for member, make in wrapped:
                    if _fits(_innermost(member), value):
                        return make(value)
            return self.free(value) if isinstance(value, Instance | EnumValue) else value

        return made

    def free(self, value: Any) -> Any:
        """A value of which no type is known: classes and enums that the package has come as those."""
        match value:
            case Instance() if value.__class_name__ in self._generated:
                return self.maker(Object(value.__class_name__, partial=value.__partial__))(value)
            case Instance():
                return {name: self.free(getattr(value, name)) for name in value.__fields__}
            case EnumValue():
                members: Any = _named(self._types, value.enum) if value.enum in self._generated else {}
                return members[value.name] if value.name in getattr(members, "__members__", ()) else value.name
            case list():
                return [self.free(item) for item in value]
            case dict():
                return {self.free(key): self.free(item) for key, item in value.items()}
            case _:
                return value

    @cached_property
    def _generated(self) -> frozenset[str]:
        names = (*self._schemas.classes, *self._schemas.enums)
        return frozenset(name for name in names if _is_there(self._types, name))

    # --- annotations

    def _class(self, shape: Object) -> Any:
        return _named(self._stream_types if shape.partial else self._types, shape.name)

    def _annotate_leaf(self, shape: Leaf) -> Any:
        ty = shape.ty
        if isinstance(ty, MediaTy):
            from ..embed.media import CLASSES

            return CLASSES[ty.kind]
        return None if ty == NULL else _PYTHON.get(_kind(ty), Any)

    def _annotate_enum(self, shape: Enum) -> Any:
        enum = _named(self._types, shape.name)
        if shape.only is not None:
            return Literal[enum[shape.only]]
        return enum | str if shape.dynamic else enum

    def _annotate_named(self, shape: Named) -> Any:
        return _named(self._stream_types if shape.partial else self._types, shape.name)


def _named(module: Any, name: str) -> Any:
    """Namespaces are modules of their own."""
    return attrgetter(name)(module)


def _is_there(module: Any, name: str) -> bool:
    *spaces, last = name.split(".")
    for space in spaces:
        if space not in dir(module):
            return False
        module = getattr(module, space)
    return last in dir(module)


def _in_wrapper(wrapped: list[tuple[Checks | State, Maker]], value: Any) -> Any:
    """A member with checks or a state of its own, found by what is inside."""
    wanted = Checks if _is(value, "Checked") else State
    for shape, make in wrapped:
        if isinstance(shape, wanted) and _fits(shape.inner, value.value):
            return make(value)
    return HELD


def _innermost(shape: Shape) -> Shape:
    while isinstance(shape, Checks | State):
        shape = shape.inner
    return shape


_LOOKED_AT = 3  # items of a list or map by which it is told from another kind of list


def _fits(shape: Shape, value: Any) -> bool:
    match shape:
        case Object(name=name):
            return isinstance(value, Instance) and value.__class_name__ == name
        case Enum(name=name):
            return isinstance(value, EnumValue) and value.enum == name
        case Leaf(ty=ty):
            return isinstance(value, _PYTHON.get(_kind(ty), object))
        case Maybe(inner=inner):
            return value is None or _fits(inner, value)
        case Listed(item=item):
            return isinstance(value, list) and all(one is None or _fits(item, one) for one in value[:_LOOKED_AT])
        case Mapped(value=item):
            return isinstance(value, dict) and all(_fits(item, one) for one in islice(value.values(), _LOOKED_AT))
        case Either(members=members):
            return any(_fits(member, value) for member in members)
        case Choice():
            return _takes(shape, value)
        case Checks() | State():
            # What is not finished, or was made by the program, comes without them.
            is_wrapped = isinstance(value, Instance) and value.__class_name__ in _WRAPPERS
            return is_wrapped or _fits(_innermost(shape), value)
        case _:
            return True


def _takes(shape: Shape, value: Any) -> bool:
    """Whether it is a plain member's value."""
    match shape:
        case Leaf(ty=UnknownTy()):
            return True
        case Leaf(ty=ty):
            return isinstance(value, _PYTHON.get(_kind(ty), ()))
        case Choice(values=values):
            return any(type(one.value) is type(value) and one.value == value for one in values)
        case _:
            return False


def _is(value: Any, wrapper: str) -> bool:
    return isinstance(value, Instance) and value.__class_name__ == wrapper


def _same(value: Any) -> Any:
    return value


def _something(value: Any) -> Any:
    return HELD if value is None else value


def _kind(ty: Ty) -> str:
    return ty.name if isinstance(ty, PrimitiveTy) else ""


def _reader(names: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    if len(names) < 2:
        return lambda value: {name: getattr(value, name) for name in names}
    get = attrgetter(*names)
    return lambda value: dict(zip(names, get(value), strict=True))


def _builder(cls: Any) -> Callable[[dict[str, Any], Mapping[str, Any] | None], Any]:
    """What `model_construct` does, for fields that are all there: a fifth of its time."""
    new, put = cls.__new__, object.__setattr__

    def build(fields: dict[str, Any], more: Mapping[str, Any] | None) -> Any:
        made = new(cls)
        put(made, "__dict__", fields)
        put(made, "__pydantic_fields_set__", {*fields, *more} if more else set(fields))
        put(made, "__pydantic_extra__", more)
        put(made, "__pydantic_private__", None)
        return made

    return build


_NEEDS_CLASSES = (Object, Enum, Named, Checks, State)
_WRAPPERS = ("Checked", "StreamState")
_PYTHON: Mapping[str, Any] = {"string": str, "int": int, "float": float, "bool": bool}

_MAKE: dict[type, Callable[[Makers, Any, Of], Maker]] = {
    Leaf: Makers._leaf,
    Choice: lambda makers, shape, of: _something,
    Enum: Makers._enum,
    Object: Makers._object,
    Named: Makers._named,
    Listed: Makers._listed,
    Mapped: Makers._mapped,
    Either: Makers._either,
    Maybe: Makers._maybe,
    Checks: Makers._checks,
    State: Makers._state,
}
_ANNOTATE: dict[type, Callable[[Makers, Any], Any]] = {
    Leaf: Makers._annotate_leaf,
    Choice: lambda makers, shape: Literal[tuple(one.value for one in shape.values)],
    Enum: Makers._annotate_enum,
    Object: Makers._class,
    Named: Makers._annotate_named,
    Listed: lambda makers, shape: list[makers.annotation(shape.item)],  # type: ignore[misc]
    Mapped: lambda makers, shape: dict[makers.annotation(shape.key), makers.annotation(shape.value)],  # type: ignore[misc]
    Either: lambda makers, shape: reduce(or_, (makers.annotation(member) for member in shape.members)),
    Maybe: lambda makers, shape: makers.annotation(shape.inner) | None,
    Checks: lambda makers, shape: Checked[makers.annotation(shape.inner), Literal[shape.names]],  # type: ignore[misc]
    State: lambda makers, shape: StreamState[makers.annotation(shape.inner)],  # type: ignore[misc]
}
