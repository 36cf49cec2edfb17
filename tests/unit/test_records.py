"""Data classes of our own beside those of Python: declared alike, they do alike."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from bamlet import records

T = TypeVar("T")


def declared(make: Any) -> dict[str, Any]:
    """The same classes by one or the other: `make` has `dataclass` and `field`."""

    @make.dataclass(frozen=True, slots=True)
    class Point:
        x: int
        y: int = 2
        kind: ClassVar[str] = "point"

    @make.dataclass(frozen=True, slots=True)
    class Named(Point):
        name: str = make.field(default="", repr=False)
        tags: list[str] = make.field(default_factory=list, compare=False)

    @make.dataclass(slots=True)
    class Changing:
        first: int
        made: dict[str, int] = make.field(default_factory=dict, init=False)
        later: int = make.field(init=False)

        def __post_init__(self) -> None:
            self.later = self.first + 1

    @make.dataclass(frozen=True)
    class Open:  # noqa: PLW1641
        name: str
        keys: tuple[str, ...] = ()

        def __eq__(self, other: object) -> bool:  # and it is hashed by its fields all the same
            return isinstance(other, Open) and other.name.lower() == self.name.lower()

    @make.dataclass(slots=True, eq=False)
    class Alone:
        name: str

    @make.dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        limit: float | None = None
        name: str

    @make.dataclass
    class Bare:
        inner: Point
        others: list[Point] = make.field(default_factory=list)

    @make.dataclass(frozen=True, slots=True)
    class Empty:
        pass

    @make.dataclass(frozen=True, slots=True)
    class Box(Generic[T]):
        value: T
        more: int = make.field(default=0, kw_only=True)

    return {name: found for name, found in locals().items() if isinstance(found, type)}


OURS, PYTHONS = declared(records), declared(dataclasses)

MADE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "positions": lambda c: c["Point"](1),
    "by name": lambda c: c["Point"](y=5, x=1),
    "inherited": lambda c: c["Named"](1, 2, "n", ["t"]),
    "defaults": lambda c: c["Named"](1),
    "changing": lambda c: c["Changing"](4),
    "open": lambda c: c["Open"]("a"),
    "by name only": lambda c: c["Options"](name="n"),
    "nested": lambda c: c["Bare"](c["Point"](1), [c["Point"](2)]),
    "empty": lambda c: c["Empty"](),
    "generic": lambda c: c["Box"](c["Point"](3), more=1),
}


def first_made() -> dict[str, Any]:
    """Classes of which no instance is there yet."""
    return declared(records)


def often_made() -> dict[str, Any]:
    """Classes that have code for it."""
    found = declared(records)
    for cls in found.values():
        inspect.signature(cls)
        assert "function" in type(vars(cls)["__init__"]).__name__
    return found


@pytest.mark.parametrize("declare", [first_made, often_made])
@pytest.mark.parametrize("name", MADE)
def test_instances_are_alike(name: str, declare: Callable[[], dict[str, Any]]) -> None:
    classes = declare()
    ours, theirs = MADE[name](classes), MADE[name](PYTHONS)
    assert repr(ours) == repr(theirs)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs) == records.asdict(ours)
    assert (ours == MADE[name](classes), ours != MADE[name](classes)) == (True, False)
    assert ours != theirs
    assert hasattr(ours, "__dict__") == hasattr(theirs, "__dict__")
    assert type(ours).__match_args__ == type(theirs).__match_args__
    assert copy.copy(ours) == ours == copy.deepcopy(ours)
    assert hashed(ours) == hashed(theirs)


def hashed(value: object) -> int | str:
    try:
        return hash(value)
    except TypeError as error:
        return str(error)


@pytest.mark.parametrize("name", OURS)
def test_classes_are_alike(name: str) -> None:
    ours: Any = OURS[name]
    theirs: Any = PYTHONS[name]
    assert dataclasses.is_dataclass(OURS[name])
    told = [(f.name, f.type, f.init, f.repr, f.compare, f.kw_only) for f in dataclasses.fields(ours)]
    assert told == [(f.name, f.type, f.init, f.repr, f.compare, f.kw_only) for f in dataclasses.fields(theirs)]
    assert [f.name for f in records.fields(ours)] == [f.name for f in dataclasses.fields(theirs)]
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert ours.__dict__.get("__slots__") == theirs.__dict__.get("__slots__")
    assert (ours.__qualname__, ours.__module__) == (theirs.__qualname__, theirs.__module__)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda c: c["Point"](),
        lambda c: c["Point"](1, 2, 3),
        lambda c: c["Point"](1, z=3),
        lambda c: c["Point"](1, x=3),
        lambda c: c["Options"]("n"),
        lambda c: setattr(c["Point"](1), "x", 2),
        lambda c: delattr(c["Point"](1), "x"),
        lambda c: setattr(c["Open"]("a"), "new", 2),
        lambda c: dataclasses.replace(c["Changing"](1), later=3),
    ],
)
@pytest.mark.parametrize("declare", [first_made, often_made])
def test_what_is_wrong_is_said_alike(
    wrong: Callable[[dict[str, Any]], Any], declare: Callable[[], dict[str, Any]]
) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)) as theirs:
        wrong(PYTHONS)
    with pytest.raises(type(theirs.value)) as ours:
        wrong(declare())
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("replaced", [records.replace, dataclasses.replace])
def test_replace(replaced: Any) -> None:
    named = OURS["Named"](1, 2, "n", ["t"])
    assert repr(replaced(named, y=7)) == repr(OURS["Named"](1, 7, "n", ["t"]))
    assert replaced(OURS["Changing"](1), first=5).later == 6
    assert replaced(OURS["Options"](name="n"), limit=1.0).limit == 1.0


@pytest.mark.parametrize("count", range(12))
def test_of_whatever_number_of_fields(count: int) -> None:
    names = [f"f{at}" for at in range(count)]
    of: Any = records.dataclass(frozen=True, slots=True)(
        type("Of", (), {"__annotations__": dict.fromkeys(names, "int")})
    )
    made = of(*range(count))
    assert [getattr(made, name) for name in names] == list(range(count))
    assert made == of(**{name: at for at, name in enumerate(names)})
    assert list(inspect.signature(of).parameters) == names


def test_as_many_are_alike_as_are_made() -> None:
    """The first are made without code, those after them with it."""
    point, changing = (found := first_made())["Point"], found["Changing"]
    assert [point(n) for n in range(50)] == [point(y=2, x=n) for n in range(50)]
    assert [changing(n).later for n in range(50)] == list(range(1, 51))


def test_a_field_may_be_called_as_our_own_are() -> None:
    @records.dataclass(frozen=True, slots=True)
    class Odd:
        instance: int
        told: int = 2
        named: int = 3

    assert (Odd(1, named=4), Odd(instance=1)) == (Odd(1, 2, 4), Odd(1, 2, 3))


def test_a_value_made_by_a_factory_is_its_own() -> None:
    assert OURS["Named"](1).tags is not OURS["Named"](1).tags


def test_a_default_that_all_would_share_is_refused() -> None:
    with pytest.raises(AssertionError, match="all instances would share this names"):

        @records.dataclass
        class Shared:
            names: list[str] = []  # noqa: RUF012


def test_a_class_below_has_attributes_of_its_own() -> None:
    below: Any = type("Below", (OURS["Open"],), {})("a")
    below.found = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        below.name = "b"
    assert (below.found, below.name) == (3, "a")


def test_a_data_class_of_python_stands_on_ours() -> None:
    below = dataclasses.make_dataclass("Below", [("z", "int", 3)], bases=(OURS["Point"],), frozen=True)
    assert repr(below(1)) == "Below(x=1, y=2, z=3)"


def test_what_repeats_itself_is_shown() -> None:
    bare = OURS["Bare"](OURS["Empty"]())
    bare.others.append(bare)
    assert repr(bare).endswith("others=[...])")


@records.dataclass(frozen=True, slots=True)
class Kept:
    name: str
    inner: Kept | None = None


def test_what_cannot_change_is_pickled() -> None:
    kept = Kept("a", Kept("b"))
    assert pickle.loads(pickle.dumps(kept)) == kept


def test_patterns_take_it_apart() -> None:
    match Kept("a", Kept("b")):
        case Kept(name, Kept(inner)):
            assert (name, inner) == ("a", "b")
        case _:
            pytest.fail("not taken apart")


def test_declaring_writes_no_code() -> None:
    """Nor does it import what would. What only takes a value for each slot has code without writing any."""
    program = """
import builtins, sys
before = set(sys.modules)
from bamlet.records import dataclass, field
@dataclass(frozen=True, slots=True)
class Point:
    x: "int"
    y: "int" = 2
@dataclass(slots=True)
class Changing:
    x: "int"
def has_code(cls):
    return "function" in type(vars(cls)["__init__"]).__name__
assert not {"dataclasses", "inspect"} & (set(sys.modules) - before)
assert not has_code(Point) and not has_code(Changing)
write, builtins.exec = builtins.exec, None
assert Point(1).x == 1 and has_code(Point)
assert Changing(1).x == 1 and not has_code(Changing)
builtins.exec = write
assert all(Changing(n).x == n for n in range(100)) and has_code(Changing)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
