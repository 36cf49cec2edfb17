"""Data classes with the look and the meaning of `dataclasses`, and no code generated where a class is declared.

`dataclasses` writes and compiles four methods a class, half a millisecond each, for hundreds of classes of which a
process makes instances of a few. Here `__init__` is written once some instances are there, the other methods are
closures, and who looks from outside finds a data class as any other. A type checker sees the originals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from types import MappingProxyType, MemberDescriptorType
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["asdict", "dataclass", "field", "fields", "replace"]

_NOTHING: Any = object()  # a default that nobody gives


class _Field:
    """One field as it was declared; `name` and `type` are known when its class is."""

    __slots__ = ("compare", "default", "factory", "hash", "init", "kw_only", "name", "repr", "type")

    def __init__(
        self,
        *,
        default: Any = _NOTHING,
        default_factory: Any = _NOTHING,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
        hash: bool | None = None,
        kw_only: bool | None = None,
    ) -> None:
        self.name = self.type = ""
        self.default, self.factory = default, default_factory
        self.init, self.repr, self.compare, self.kw_only = init, repr, compare, kw_only
        self.hash = compare if hash is None else hash

    @property
    def has_default(self) -> bool:
        return self.default is not _NOTHING or self.factory is not _NOTHING


if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, fields, replace
else:
    field = _Field

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
    every = tuple({**{each.name: each for each in inherited}, **own}.values())
    methods = _methods(every, frozen, eq, repr, written=cls.__dict__)
    if slots:
        cls = _with_slots(cls, own)
    if frozen:
        methods |= _unchanging(cls, frozenset(each.name for each in every))
        if slots:
            methods |= _pickling(cls, every)
    if "__match_args__" not in cls.__dict__:
        methods["__match_args__"] = tuple(each.name for each in every if each.init and not each.kw_only)
    if "__init__" not in cls.__dict__:
        methods["__init__"] = _LateInit(cls, every, frozen)
    for name, method in methods.items():
        setattr(cls, name, method)
    cls.__record__ = every
    cls.__dataclass_fields__ = _Outside(every, frozen, "__dataclass_fields__")
    cls.__dataclass_params__ = _Outside(every, frozen, "__dataclass_params__")
    return cls


def _declared(cls: Any, kw_only: bool) -> Iterator[_Field]:
    """The fields of the class itself, of which only the defaults are left in it."""
    for name, annotation in vars(cls).get("__annotations__", {}).items():
        if annotation.startswith("ClassVar"):
            continue
        given = cls.__dict__.get(name, _NOTHING)
        each = given if isinstance(given, _Field) else _Field(default=given)
        assert each.default.__class__.__hash__ is not None, f"all instances would share this {name}"
        each.name, each.type = name, annotation
        each.kw_only = kw_only if each.kw_only is None else each.kw_only
        if each.default is not _NOTHING:
            setattr(cls, name, each.default)
        elif given is each:
            delattr(cls, name)
        yield each


def _methods(
    every: tuple[_Field, ...], frozen: bool, eq: bool, repr: bool, written: MappingProxyType[str, Any]
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


def _unchanging(cls: Any, names: frozenset[str]) -> dict[str, Any]:
    """A class below may have attributes of its own."""

    def __setattr__(self: Any, name: str, value: object) -> None:
        if type(self) is cls or name in names:
            _refuse(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            _refuse(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _refuse(message: str) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(message)


def _pickling(cls: Any, every: tuple[_Field, ...]) -> dict[str, Any]:
    """What has slots and cannot change is made again by its `__init__`; or, if that does more than take fields,
    it is restored past its own `__setattr__`."""
    if "__getstate__" in cls.__dict__ or "__reduce__" in cls.__dict__:
        return {}
    values = _reader([each.name for each in every])
    if all(each.init and not each.kw_only for each in every) and not hasattr(cls, "__post_init__"):

        def __reduce__(self: Any) -> tuple[Any, tuple[Any, ...]]:
            return self.__class__, values(self)

        return {"__reduce__": __reduce__}
    slots = [getattr(cls, each.name).__set__ for each in every]

    def __getstate__(self: Any) -> list[Any]:
        return list(values(self))

    def __setstate__(self: Any, state: list[Any]) -> None:
        for put, value in zip(slots, state, strict=True):
            put(self, value)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}


def _with_slots(cls: Any, own: dict[str, _Field]) -> Any:
    """The class once more: slots must be there when a class is made."""
    inherited = {name for base in cls.__mro__[1:-1] for name in base.__dict__.get("__slots__", ())}
    namespace = {name: value for name, value in cls.__dict__.items() if name not in own}
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    namespace["__slots__"] = tuple(name for name in own if name not in inherited)
    again = type(cls)(cls.__name__, cls.__bases__, namespace)
    again.__qualname__ = cls.__qualname__
    return again


_FEW = 16  # instances that are made without code of their own, which takes as long to write as fifty of them


class _LateInit:
    """Stands where `__init__` will be, and is looked up there when an instance is made."""

    __slots__ = ("_cls", "_every", "_frozen", "_left")

    def __init__(self, cls: Any, every: tuple[_Field, ...], frozen: bool) -> None:
        self._cls, self._every, self._frozen = cls, every, frozen
        self._left = _FEW

    def __get__(self, instance: Any, owner: type) -> Any:
        # Python 3.13 looks for a signature as if the class were an instance.
        if self._left and isinstance(instance, self._cls):
            self._left -= 1
            return partial(self._fill, instance)
        return self._written().__get__(instance, owner)

    def _written(self) -> Any:
        made = self._cls.__dict__["__init__"]
        if made is self:  # and not made by another thread meanwhile
            made = _written_init(self._cls, self._every, self._frozen)
            self._cls.__init__ = made
        return made

    def _fill(self, instance: Any, /, *told: Any, **named: Any) -> None:
        """What the code would do. What is told wrongly is left to it, which says so in Python's words."""
        taken = [each for each in self._every if each.init]
        places = [each.name for each in taken if not each.kw_only]
        given = {**dict(zip(places, told, strict=False)), **named}
        needed = {each.name for each in taken if not each.has_default}
        if len(given) < len(told) + len(named) or not needed <= given.keys() <= {each.name for each in taken}:
            self._written()(instance, *told, **named)
            return
        put = object.__setattr__ if self._frozen else setattr
        for each in self._every:
            if each.name in given:
                put(instance, each.name, given[each.name])
            elif each.factory is not _NOTHING:
                put(instance, each.name, each.factory())
            elif each.default is not _NOTHING and not _is_in_class(self._cls, each):
                put(instance, each.name, each.default)
        if hasattr(self._cls, "__post_init__"):
            instance.__post_init__()


def _written_init(cls: Any, every: tuple[_Field, ...], frozen: bool) -> Any:
    names: dict[str, Any] = {"_nothing": _Made(), "_set": object.__setattr__}
    given = [each for each in every if each.init]
    told = [_parameter(each, names) for each in given if not each.kw_only]
    by_name = [_parameter(each, names) for each in given if each.kw_only]
    parameters = ", ".join(["self", *told, *(["*", *by_name] if by_name else [])])
    lines = [_assigned(cls, each, names, frozen) for each in every]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({parameters}):\n " + "\n ".join([*filter(None, lines), "return"]), names)
    made = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    made.__annotations__ = {each.name: each.type for each in given} | {"return": None}
    return made


class _Made:
    """The default of what a factory makes, as `help` shows it."""

    def __repr__(self) -> str:
        return "<factory>"


def _parameter(each: _Field, names: dict[str, Any]) -> str:
    if each.factory is not _NOTHING:
        return f"{each.name}=_nothing"
    if each.default is _NOTHING:
        return each.name
    names[f"_default_{each.name}"] = each.default
    return f"{each.name}=_default_{each.name}"


def _assigned(cls: Any, each: _Field, names: dict[str, Any], frozen: bool) -> str:
    """How the field gets its value; empty if it is in the class, or comes later."""
    value = each.name
    if each.factory is not _NOTHING:
        names[f"_make_{each.name}"] = each.factory
        made = f"_make_{each.name}()"
        value = f"{made} if {each.name} is _nothing else {each.name}" if each.init else made
    elif not each.init:
        if each.default is _NOTHING or _is_in_class(cls, each):
            return ""
        names[f"_default_{each.name}"] = each.default
        value = f"_default_{each.name}"
    if not frozen:
        return f"self.{each.name} = {value}"
    if not _is_slot(cls, each.name):
        return f"_set(self, {each.name!r}, {value})"
    names[f"_put_{each.name}"] = getattr(cls, each.name).__set__
    return f"_put_{each.name}(self, {value})"


def _is_in_class(cls: Any, each: _Field) -> bool:
    """Whether the class itself has the default of a field that nobody gives."""
    return not each.init and each.name in cls.__dict__ and not _is_slot(cls, each.name)


def _is_slot(cls: Any, name: str) -> bool:
    return isinstance(getattr(cls, name, None), MemberDescriptorType)


class _Outside:
    """What `dataclasses` asks of a class, found out when something asks."""

    __slots__ = ("_every", "_frozen", "_name")

    def __init__(self, every: tuple[_Field, ...], frozen: bool, name: str) -> None:
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


def _options(each: _Field) -> dict[str, Any]:
    """As `dataclasses.field` is told them."""
    told: dict[str, Any] = {"init": each.init, "repr": each.repr, "compare": each.compare, "kw_only": each.kw_only}
    if each.default is not _NOTHING:
        told["default"] = each.default
    elif each.factory is not _NOTHING:
        told["default_factory"] = each.factory
    return told
