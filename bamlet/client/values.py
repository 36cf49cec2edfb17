"""Values of a program to objects of the generated classes, by their shapes.

Nothing is validated: the runtime has read each value by its type. What it cannot show by its type yet (a check of
what has not come, a field that may not be null) holds back what is around it, so an object always is what its
annotations say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..embed.checking import checks_of
from ..interpreter.runtime.space import CHECKED, STREAM_STATE
from ..interpreter.runtime.values import EnumValue, Instance
from ..records import dataclass
from ..types.schema import Schemas
from ..types.ty import NULL, Ty, UnknownTy
from .classes import Classes
from .fitting import WRAPPERS, Fitting, innermost, takes
from .models import Check
from .objects import HELD, Copier, Maker, builder, copier
from .shapes import Checks, Choice, Either, Enum, Leaf, Listed, Mapped, Maybe, Named, Object, Shape, Shapes, State

Of = Callable[[Shape], Maker]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How objects of one class are made, whoever makes their fields."""

    changing: tuple[Shape, ...]
    copier: Copier


class Makers:
    """Functions from values to objects, one for each shape that a program's values have."""

    def __init__(self, package: str, schemas: Schemas) -> None:
        self._schemas = schemas
        self._classes = Classes(package, schemas)
        self.shapes = Shapes(schemas)
        self._fitting = Fitting(self._meaning)
        self._made: dict[Shape, Maker] = {}
        self._plans: dict[Object, _Plan] = {}

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
                if self._made.get(shape) is later:
                    self._made[shape] = make  # whoever asks from here on has one call less for each value
            return make(value)

        return later

    def final(self, ty: Ty) -> Maker:
        return self.maker(self.shapes.final(ty))

    def partial(self, ty: Ty) -> Maker:
        """Of a whole result, which is not shown before it can be."""
        return self.maker(self.shapes.partial(ty))

    def fields(self, shape: Object) -> dict[str, Shape]:
        find = self.shapes.partial_fields if shape.partial else self.shapes.final_fields
        return find(shape.name)

    def _leaf(self, shape: Leaf, of: Of) -> Maker:
        if shape.ty == NULL:
            return _same
        if isinstance(shape.ty, UnknownTy):
            return self.free
        return _something

    def _enum(self, shape: Enum, of: Of) -> Maker:
        enum = self._classes.named(shape.name)
        members: dict[str, Any] = {member.value: member for member in enum}

        def make(value: Any) -> Any:
            name = value.name if isinstance(value, EnumValue) else value
            return HELD if name is None else members.get(name, name)

        return make

    def _plan(self, shape: Object) -> _Plan:
        known = self._plans.get(shape)
        if known is None:
            fields = self.fields(shape)
            changing = {name: inner for name, inner in fields.items() if self.maker(inner) is not _same}
            cls = self._classes.named(shape.name, partial=shape.partial)
            more = partial(self._more, fields) if self.shapes.is_open(shape.name) else None
            known = self._plans[shape] = _Plan(
                tuple(changing.values()), copier(cls, tuple(fields), tuple(changing), more)
            )
        return known

    def _more(self, fields: Mapping[str, Shape], value: Any) -> dict[str, Any]:
        return {name: self.free(getattr(value, name)) for name in value.__fields__ if name not in fields}

    def _object(self, shape: Object, of: Of) -> Maker:
        plan = self._plan(shape)
        return plan.copier(*map(of, plan.changing))

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
        return of(self._meaning(shape))

    def _meaning(self, shape: Named) -> Shape:
        ty = self._schemas.aliases[shape.name]
        return self.shapes.partial(ty) if shape.partial else self.shapes.final(ty)

    def _checks(self, shape: Checks, of: Of) -> Maker:
        make = of(shape.inner)
        build = builder(self._classes.annotation(shape))
        check = builder(Check)

        def made(value: Any) -> Any:
            if isinstance(value, CHECKED):
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
                name: check({"name": one.name, "expression": one.expression, "status": one.status})
                for name, one in results.items()
            }
            return build({"value": found, "checks": checks})

        return made

    def _state(self, shape: State, of: Of) -> Maker:
        make = of(shape.inner)
        build = builder(self._classes.annotation(shape))

        def made(value: Any) -> Any:
            if isinstance(value, STREAM_STATE):
                inner, state = value.value, value.state
            else:
                inner, state = value, "Pending" if value is None else "Complete"
            found = make(inner)
            return HELD if found is HELD else build({"value": found, "state": state})

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
                    # Of two of one class, such as `Lower | Lower @stream.done`, an answer is read as the first.
                    objects.setdefault(name, of(member))
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

        missing = self._of_null(shape, wrapped)
        is_alone = sum(map(len, kinds.values())) == 1 and not wrapped

        def made(value: Any) -> Any:
            if value is None:
                return missing(None)
            if isinstance(value, Instance):
                if isinstance(value, WRAPPERS):
                    return self._in_wrapper(wrapped, value)
                if value.__class_name__ in objects:
                    return objects[value.__class_name__](value)
            elif isinstance(value, EnumValue):
                if value.enum in enums:
                    return enums[value.enum](value)
            else:
                meant = kinds.get(type(value), ())
                for whole in (True, False):
                    for member, make in meant:
                        if is_alone or self._fitting.fits(member, value, whole=whole):
                            return make(value)
            # Without its checks: of a partial value that is not yet what is checked, of a whole one see `_checks`.
            if wrapped and not any(takes(member, value) for member in shape.members):
                for member, make in wrapped:
                    if self._fitting.fits(innermost(member), value, whole=False):
                        return make(value)
            return self.free(value)

        return made

    def _of_null(self, shape: Either, wrapped: list[tuple[Checks | State, Maker]]) -> Maker:
        if self._holds_null(shape):
            return _same
        return next((make for member, make in wrapped if self._holds_null(innermost(member))), _something)

    def _holds_null(self, shape: Shape, inside: frozenset[Named] = frozenset()) -> bool:
        match shape:
            case Maybe() | Leaf(ty=UnknownTy()):
                return True
            case Either(members=members):
                return any(self._holds_null(member, inside) for member in members)
            case Named() if shape not in inside:
                return self._holds_null(self._meaning(shape), inside | {shape})
            case _:
                return False

    def _in_wrapper(self, wrapped: list[tuple[Checks | State, Maker]], value: Any) -> Any:
        """A member with checks or a state of its own, found by what is inside."""
        wanted = Checks if isinstance(value, CHECKED) else State
        for shape, make in wrapped:
            if isinstance(shape, wanted) and self._fitting.fits(shape, value, whole=False):
                return make(value)
        return HELD

    def free(self, value: Any) -> Any:
        """A value of which no type is known: classes and enums that the package has come as those."""
        match value:
            case Instance() if value.__class_name__ in self._classes.names:
                return self.maker(Object(value.__class_name__, partial=value.__partial__))(value)
            case Instance():
                return {name: self.free(getattr(value, name)) for name in value.__fields__}
            case EnumValue():
                members: Any = self._classes.named(value.enum) if value.enum in self._classes.names else {}
                return members[value.name] if value.name in getattr(members, "__members__", ()) else value.name
            case list():
                return [self.free(item) for item in value]
            case dict():
                return {self.free(key): self.free(item) for key, item in value.items()}
            case _:
                return value


def _same(value: Any) -> Any:
    return value


def _something(value: Any) -> Any:
    return HELD if value is None else value


_NEEDS_CLASSES = (Object, Enum, Named, Checks, State)

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
