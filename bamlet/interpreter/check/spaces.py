"""What the patterns of a match leave: values as spaces, from which one pattern after the other is taken away.

Types alone cannot tell that `[]` and `[_, ..]` take every list, or that `C { ok: true }` leaves `C { ok: false }`.
A space is a type, a class with spaces for some of its fields, or a list of some length with spaces in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from ...records import dataclass
from ...types.show import show
from ...types.ty import (
    FLOAT,
    NEVER,
    NULL,
    ClassTy,
    InterfaceTy,
    ListTy,
    NeverTy,
    ParameterTy,
    Ty,
    UnknownTy,
    VariantTy,
    literal,
)
from ..facts.typing_tables import (
    AnyTest,
    BoundTest,
    ClassTest,
    ListTest,
    LiteralTest,
    OrTest,
    PatternTest,
    TypeTest,
    VariantTest,
)
from .places import field_of
from .state import Checker

MOST = 300  # spaces at once; a match that makes more is taken to leave something


@dataclass(frozen=True, slots=True)
class OfType:
    ty: Ty


@dataclass(frozen=True, slots=True)
class OfClass:
    """Fields that are not named hold whatever their type allows."""

    ty: ClassTy
    fields: tuple[tuple[str, Space], ...] = ()


@dataclass(frozen=True, slots=True)
class OfList:
    """The elements of a list, one by one; with `more`, others stand between the first and the last."""

    item: Ty
    first: tuple[Space, ...]
    last: tuple[Space, ...] = ()
    more: bool = False


Space: TypeAlias = OfType | OfClass | OfList


class _TooMany(Exception):
    """Nobody would read on."""


def is_structural(test: PatternTest) -> bool:
    """Whether types alone do not say what the test takes."""
    match test:
        case ClassTest() | ListTest():
            return True
        case BoundTest(inner=inner):
            return is_structural(inner)
        case OrTest(tests=tests):
            return any(map(is_structural, tests))
        case _:
            return False


def left_over(c: Checker, ty: Ty, tests: Sequence[PatternTest]) -> list[str]:
    """Values of the type that no test takes, as patterns."""
    work = _Work(c, tests)
    spaces: list[Space] = [OfType(c.relation.expand(ty))]
    try:
        for test in tests:
            spaces = [rest for space in spaces for rest in work.without(space, test)]
    except _TooMany:
        return [show(ty)]
    return list(dict.fromkeys(_shown(space) for space in spaces))


class Leavings:
    """What the patterns of a match leave from arm to arm."""

    def __init__(self, c: Checker, ty: Ty) -> None:
        self._c = c
        self._whole: Space = OfType(c.relation.expand(ty))
        self.tests: list[PatternTest] = []
        self._structural = False
        self._begin(())

    def _begin(self, more: Sequence[PatternTest]) -> None:
        self._work = _Work(self._c, [*self.tests, *more])
        self._spaces: list[Space] | None = [self._whole]  # none once there are too many
        self._waiting = list(self.tests)  # what the spaces do not lack yet

    def take(self, test: PatternTest) -> None:
        self.tests.append(test)
        self._waiting.append(test)
        self._structural = self._structural or is_structural(test)

    def has_nothing_for(self, test: PatternTest) -> bool:
        """Whether types do not tell that what was taken leaves nothing that the test fits, but spaces do."""
        if not self._structural and not is_structural(test):
            return False
        if not all(map(self._work.tells_apart, (*self._waiting, test))):
            self._begin((test,))
        waiting, self._waiting = self._waiting, []
        if self._spaces is None:
            return False
        try:
            for taken in waiting:
                self._spaces = [rest for space in self._spaces for rest in self._work.without(space, taken)]
            return not any(self._work.takes_of(space, test) for space in self._spaces)
        except _TooMany:
            self._spaces = None
            return False


class _Work:
    """Spaces of one match. Lists are told apart up to the longest that any of its patterns speaks of."""

    def __init__(self, c: Checker, tests: Iterable[PatternTest]) -> None:
        self.c = c
        self._longest, self._edge = _lengths(part for test in tests for part in _lists(test))
        self._made = 0

    def tells_apart(self, test: PatternTest) -> bool:
        """Whether lists are told apart as far as the test speaks of them."""
        longest, edge = _lengths(_lists(test))
        return longest <= self._longest and edge <= self._edge

    def takes_of(self, space: Space, test: PatternTest) -> bool:
        """Whether the test fits some of the space. What is made to find out is not kept, and does not count."""
        made = self._made
        found = self.within(space, test)
        self._made = made
        return bool(found)

    def without(self, space: Space, test: PatternTest) -> list[Space]:
        """What of the space the test does not take."""
        match test:
            case AnyTest():
                return []
            case BoundTest(inner=inner):
                return self.without(space, inner)
            case OrTest(tests=tests):
                spaces = [space]
                for part in tests:
                    spaces = [rest for one in spaces for rest in self.without(one, part)]
                return spaces
            case ClassTest() | ListTest():
                return [rest for one in self._opened(space, test) for rest in self._parts(one, test)[1]]
            case _:
                return _kept(space, self.c.relation.without(_type_of(space), _surely(test)))

    def within(self, space: Space, test: PatternTest) -> list[Space]:
        """What of the space the test takes."""
        match test:
            case AnyTest():
                return [space]
            case BoundTest(inner=inner):
                return self.within(space, inner)
            case OrTest(tests=tests):
                return [one for part in tests for one in self.within(space, part)]
            case ClassTest() | ListTest():
                return [one for opened in self._opened(space, test) for one in self._parts(opened, test)[0]]
            case _:
                return _kept(space, self.c.relation.overlap(_type_of(space), _may(test)))

    def _opened(self, space: Space, test: ClassTest | ListTest) -> list[Space]:
        """A type as the class or the lists that the test looks into, and what else it may be."""
        if not isinstance(space, OfType):
            return [space]
        members = self.c.relation.members(space.ty)
        if isinstance(test, ClassTest):
            inside = [member for member in members if member == test.of.ty]
            opened: list[Space] = [OfClass(member) for member in inside if isinstance(member, ClassTy)]
        else:
            inside = [member for member in members if isinstance(member, ListTy)]
            opened = [
                one for member in inside if isinstance(member, ListTy) for one in self._of_lengths(member.item)
            ]
        others: Ty = self.c.relation.join(member for member in members if member not in inside)
        return [*opened, *([] if isinstance(others, NeverTy) else [OfType(others)])]

    def _of_lengths(self, item: Ty) -> list[Space]:
        one = OfType(item)
        exact: list[Space] = [OfList(item, (one,) * length) for length in range(self._longest + 1)]
        return [*exact, OfList(item, (one,) * self._edge, (one,) * self._edge, more=True)]

    def _parts(self, space: Space, test: ClassTest | ListTest) -> tuple[list[Space], list[Space]]:
        """What the test takes of a space that was opened for it, and what it leaves."""
        self._made += 1
        if self._made > MOST:
            raise _TooMany
        match space, test:
            case OfClass(), ClassTest() if space.ty == test.of.ty:
                names = [name for name, _ in test.fields]
                known = dict(space.fields)
                values = [known.get(name) or OfType(self._field(space.ty, name)) for name in names]
                taken, left = self._product(values, [inner for _, inner in test.fields])

                def back(row: list[Space]) -> Space:
                    return OfClass(space.ty, tuple({**known, **dict(zip(names, row, strict=True))}.items()))

                return [back(row) for row in taken], [back(row) for row in left]
            case OfType(ty=ty), _ if self._is_open(ty):
                return [space], [space]  # there are always more values than any test takes
            case OfList(), ListTest() if _has_length(space, test):
                return self._elements(space, test)
            case _:
                return [], [space]

    def _is_open(self, ty: Ty) -> bool:
        kinds = (UnknownTy, InterfaceTy, ParameterTy)
        return any(isinstance(member, kinds) for member in self.c.relation.members(ty))

    def _elements(self, space: OfList, test: ListTest) -> tuple[list[Space], list[Space]]:
        before, after = len(test.before), len(test.after)
        values, at = [*space.first, *space.last], len(space.first)
        tests: list[PatternTest] = [AnyTest(None)] * len(values)
        tests[:before] = test.before
        if after:
            tests[len(values) - after :] = test.after
        taken, left = self._product(values, tests)

        def back(row: list[Space]) -> Space:
            return OfList(space.item, tuple(row[:at]), tuple(row[at:]), space.more)

        return [back(row) for row in taken], [back(row) for row in left]

    def _product(
        self, values: Sequence[Space], tests: Sequence[PatternTest]
    ) -> tuple[list[list[Space]], list[list[Space]]]:
        """Of values side by side: those that fit all tests, and those that do not, by the first that fails."""
        taken: list[list[Space]] = [list(values)]
        left: list[list[Space]] = []
        for at, test in enumerate(tests):
            fitting: list[list[Space]] = []
            for row in taken:
                left += ([*row[:at], rest, *row[at + 1 :]] for rest in self.without(row[at], test))
                fitting += ([*row[:at], one, *row[at + 1 :]] for one in self.within(row[at], test))
            taken = fitting
        return taken, left

    def _field(self, owner: ClassTy, name: str) -> Ty:
        found = field_of(self.c, owner, name)
        assert found is not None
        return self.c.relation.expand(found)


def _has_length(space: OfList, test: ListTest) -> bool:
    wanted, there = len(test.before) + len(test.after), len(space.first) + len(space.last)
    if test.rest is None:
        return not space.more and there == wanted
    return space.more or there >= wanted


def _lengths(tests: Iterable[ListTest]) -> tuple[int, int]:
    """How many elements the longest speaks of, and how many from one end."""
    found = [(len(test.before), len(test.after)) for test in tests]
    return max(map(sum, found), default=0), max(map(max, found), default=0)


def _lists(test: PatternTest) -> Iterable[ListTest]:
    match test:
        case ListTest(before=before, after=after):
            yield test
            inner: Iterable[PatternTest] = (*before, *after)
        case ClassTest(fields=fields):
            inner = [part for _, part in fields]
        case OrTest(tests=tests):
            inner = tests
        case BoundTest(inner=part):
            inner = (part,)
        case _:
            inner = ()
    for part in inner:
        yield from _lists(part)


def _kept(space: Space, ty: Ty) -> list[Space]:
    """A space of which a test for types keeps all, nothing, or what is of this type."""
    if isinstance(ty, NeverTy):
        return []
    return [OfType(ty)] if isinstance(space, OfType) else [space]


def _type_of(space: Space) -> Ty:
    return ListTy(space.item) if isinstance(space, OfList) else space.ty


def _surely(test: PatternTest) -> Ty:
    """What a test for types takes without fail. One float takes nothing from all floats."""
    match test:
        case LiteralTest(value=float()):
            return NEVER
        case _:
            return _may(test)


def _may(test: PatternTest) -> Ty:
    match test:
        case TypeTest(ty=ty):
            return ty
        case LiteralTest(value=None):
            return NULL
        case LiteralTest(value=float()):
            return FLOAT
        case LiteralTest(value=bool() | int() | str() as value):
            return literal(value)
        case VariantTest(enum=enum, name=name):
            return VariantTy(enum, name)
        case _:
            raise AssertionError(test)


def _shown(space: Space) -> str:
    match space:
        case OfType(ty=ty):
            return show(ty)
        case OfClass(ty=ty, fields=fields):
            inside = ", ".join(f"{name}: {_shown(inner)}" for name, inner in fields)
            return f"{show(ty)} {{ {inside} }}" if inside else show(ty)
        case OfList(first=first, last=last, more=more):
            between = [".."] if more else []
            return f"[{', '.join([*map(_shown, first), *between, *map(_shown, last)])}]"
