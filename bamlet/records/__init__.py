"""Data classes with the look and the meaning of `dataclasses`, and no code generated where a class is declared.

`dataclasses` writes and compiles four methods a class, half a millisecond each, for hundreds of classes of which a
process makes instances of a few. Here `__init__` comes with the first instances (`filling`), the other methods are
closures, and who looks from outside finds a data class as any other. A type checker sees the originals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from reprlib import recursive_repr
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from .declared import NOTHING, Field
from .filling import LateInit

__all__ = ["asdict", "dataclass", "field", "fields", "replace"]

if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, fields, replace
else:
    field = Field

    def dataclass(cls=None, /, **options):
        """`frozen`, `slots`, `kw_only`, `eq` and `repr` mean what they mean to `dataclasses`."""
        return _made(cls) if cls is not None else lambda declared: _made(declared, **options)

    def fields(record):
        """Of an instance or a class, in order."""
        return record.__record__

    def asdict(record):
        import dataclasses

        return dataclasses.asdict(record)

    def replace(record, /, **changes):
        """A new one, with other values here and there."""
        for each in type(record).__record__:
            if each.init and each.name not in changes:
                changes[each.name] = getattr(record, each.name)
        return type(record)(**changes)


def _made(
    cls: Any,
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    eq: bool = True,
    repr: bool = True,
) -> Any:
    own = {each.name: each for each in _declared(cls, kw_only)}
    inherited = [each for base in cls.__mro__[:0:-1] for each in base.__dict__.get("__record__", ())]
    every = tuple({**{each.name: each for each in inherited}, **own}.values()) if inherited else (*own.values(),)
    written = cls.__dict__
    methods = _methods(every, frozen, eq, repr, written)
    made: list[Any] = []  # the class, which some methods have to know
    if frozen:
        methods |= _unchanging(made, frozenset([each.name for each in every]))
        if slots:
            methods |= _pickling(cls, every)
    if "__match_args__" not in written:
        methods["__match_args__"] = tuple([each.name for each in every if each.init and not each.kw_only])
    if "__init__" not in written:
        methods["__init__"] = LateInit(made, every, frozen)
    methods["__record__"] = every
    methods["__dataclass_fields__"] = _Outside(every, frozen, "__dataclass_fields__")
    methods["__dataclass_params__"] = _Outside(every, frozen, "__dataclass_params__")
    if slots:
        cls = _with_slots(cls, own, methods)
    else:
        for name, method in methods.items():
            setattr(cls, name, method)
    made.append(cls)
    return cls


def _declared(cls: Any, kw_only: bool) -> Iterator[Field]:
    """The fields of the class itself, of which only the defaults are left in it."""
    for name, annotation in vars(cls).get("__annotations__", {}).items():
        if annotation.startswith("ClassVar"):
            continue
        given = cls.__dict__.get(name, NOTHING)
        each = given if isinstance(given, Field) else Field(default=given)
        assert each.default.__class__.__hash__ is not None, f"all instances would share this {name}"
        each.name, each.type = name, annotation
        each.kw_only = kw_only if each.kw_only is None else each.kw_only
        if given is each:
            if each.default is not NOTHING:
                setattr(cls, name, each.default)
            else:
                delattr(cls, name)
        yield each


def _methods(
    every: tuple[Field, ...], frozen: bool, eq: bool, repr: bool, written: MappingProxyType[str, Any]
) -> dict[str, Any]:
    """Those that are not written in the class."""
    found: dict[str, Any] = {}
    if repr and "__repr__" not in written:
        found["__repr__"] = _shower([each.name for each in every if each.repr])
    if not eq:
        return found
    if "__eq__" not in written:
        found["__eq__"] = _comparer(_reader([each.name for each in every if each.compare]))
    # Python itself puts None there beside an `__eq__` that is written.
    if written.get("__hash__") is None:
        found["__hash__"] = _hasher(_reader([each.name for each in every if each.hash])) if frozen else None
    return found


def _reader(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """The values of some fields, always as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda record: ()
    only = attrgetter(names[0])
    return lambda record: (only(record),)


def _comparer(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], bool]:
    def __eq__(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hasher(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:
        return hash(values(self))

    return __hash__


def _shower(names: list[str]) -> Callable[[Any], str]:
    @recursive_repr()
    def __repr__(self: Any) -> str:
        shown = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{self.__class__.__qualname__}({shown})"

    return __repr__


def _unchanging(made: list[Any], names: frozenset[str]) -> dict[str, Any]:
    """A class below may have attributes of its own."""

    def __setattr__(self: Any, name: str, value: object) -> None:
        if type(self) is made[0] or name in names:
            _refuse(f"cannot assign to field {name!r}")
        super(made[0], self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is made[0] or name in names:
            _refuse(f"cannot delete field {name!r}")
        super(made[0], self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _refuse(message: str) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(message)


def _pickling(cls: Any, every: tuple[Field, ...]) -> dict[str, Any]:
    """What has slots and cannot change is made again by its `__init__`; or, if that does more than take fields,
    it is restored past its own `__setattr__`."""
    if "__getstate__" in cls.__dict__ or "__reduce__" in cls.__dict__:
        return {}
    values = _reader([each.name for each in every])
    if all(each.init and not each.kw_only for each in every) and not hasattr(cls, "__post_init__"):

        def __reduce__(self: Any) -> tuple[Any, tuple[Any, ...]]:
            return self.__class__, values(self)

        return {"__reduce__": __reduce__}
    put = object.__setattr__

    def __getstate__(self: Any) -> list[Any]:
        return list(values(self))

    def __setstate__(self: Any, state: list[Any]) -> None:
        for each, value in zip(every, state, strict=True):
            put(self, each.name, value)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}


def _with_slots(cls: Any, own: dict[str, Field], methods: dict[str, Any]) -> Any:
    """The class once more: slots must be there when a class is made, and methods cost less than later."""
    inherited = {name for base in cls.__mro__[1:-1] for name in base.__dict__.get("__slots__", ())}
    namespace = {name: value for name, value in cls.__dict__.items() if name not in own}
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    namespace["__slots__"] = tuple([name for name in own if name not in inherited])
    again = type(cls)(cls.__name__, cls.__bases__, namespace | methods)
    again.__qualname__ = cls.__qualname__
    return again


class _Outside:
    """What `dataclasses` asks of a class, found out when something asks."""

    __slots__ = ("_every", "_frozen", "_name")

    def __init__(self, every: tuple[Field, ...], frozen: bool, name: str) -> None:
        self._every, self._frozen, self._name = every, frozen, name

    def __get__(self, instance: object, owner: Any) -> Any:
        import dataclasses

        told = [(each.name, each.type, dataclasses.field(**_options(each))) for each in self._every]
        twin = dataclasses.make_dataclass("twin", told, init=False, repr=False, eq=False, frozen=self._frozen)
        found = getattr(twin, self._name)
        for cls in owner.__mro__:
            if cls.__dict__.get(self._name) is self:
                setattr(cls, self._name, found)
        return found


def _options(each: Field) -> dict[str, Any]:
    """As `dataclasses.field` is told them."""
    told: dict[str, Any] = {"init": each.init, "repr": each.repr, "compare": each.compare, "kw_only": each.kw_only}
    if each.default is not NOTHING:
        told["default"] = each.default
    elif each.factory is not NOTHING:
        told["default_factory"] = each.factory
    return told
