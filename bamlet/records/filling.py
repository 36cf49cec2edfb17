"""The `__init__` of a data class, made with its first instances: of code that is here, or written for it."""

from __future__ import annotations

from functools import partial
from typing import Any

from .declared import NOTHING, Field, is_in_class, is_slot

_FEW = 30  # instances that are made without code of their own, which takes longer to write than to do without


class LateInit:
    """Stands where `__init__` will be, and is looked up there when an instance is made."""

    __slots__ = ("_every", "_frozen", "_left", "_made", "_plan")

    def __init__(self, made: list[Any], every: tuple[Field, ...], frozen: bool) -> None:
        self._made, self._every, self._frozen = made, every, frozen
        self._left = _FEW
        self._plan: _Plan | None = None

    def __get__(self, instance: Any, owner: type) -> Any:
        # Python 3.13 looks for a signature as if the class were an instance.
        if self._left and isinstance(instance, self._made[0]):
            if self._plan is None:
                self._plan = _Plan(self._made[0], self._every)
                if self._frozen and self._plan.is_plain:
                    self._left = 0
                    return self._written().__get__(instance, owner)
            self._left -= 1
            return partial(self._fill, instance, self._plan)
        return self._written().__get__(instance, owner)

    def _written(self) -> Any:
        cls = self._made[0]
        made = cls.__dict__["__init__"]
        if made is self:  # and not made by another thread meanwhile
            plan = self._plan or _Plan(cls, self._every)
            is_plain = self._frozen and plan.is_plain
            made = _named_init(cls, self._every) if is_plain else _written_init(cls, self._every, self._frozen)
            made.__qualname__ = f"{cls.__qualname__}.__init__"
            made.__module__ = cls.__module__
            made.__annotations__ = {each.name: each.type for each in self._every if each.init} | {"return": None}
            cls.__init__ = made
        return made

    def _fill(self, instance: Any, plan: _Plan, /, *told: Any, **named: Any) -> None:
        """What the code would do. What is told wrongly is left to it, which says so in Python's words."""
        given = {**dict(zip(plan.places, told, strict=False)), **named}
        if len(given) < len(told) + len(named) or not plan.needed <= given.keys() <= plan.taken:
            self._written()(instance, *told, **named)
            return
        put = object.__setattr__ if self._frozen else setattr
        for name, value in given.items():
            put(instance, name, value)
        for each in plan.others:
            if each.name not in given:
                put(instance, each.name, each.default if each.factory is NOTHING else each.factory())
        if plan.goes_on:
            instance.__post_init__()


class _Plan:
    """Of filling an instance: which fields are told by their places, which must be, which may be, and which are
    something when nobody tells them."""

    __slots__ = ("goes_on", "is_plain", "needed", "others", "places", "taken")

    def __init__(self, cls: Any, every: tuple[Field, ...]) -> None:
        told = [each for each in every if each.init]
        self.places = [each.name for each in told if not each.kw_only]
        self.taken = frozenset([each.name for each in told])
        self.needed = frozenset([each.name for each in told if not each.has_default])
        self.others = [each for each in every if each.has_default and not is_in_class(cls, each)]
        self.goes_on = hasattr(cls, "__post_init__")
        self.is_plain = (
            len(self.places) == len(every) < len(_NAMELESS)
            and not self.goes_on
            and all(each.factory is NOTHING and is_slot(cls, each.name) for each in every)
        )


def _written_init(cls: Any, every: tuple[Field, ...], frozen: bool) -> Any:
    names: dict[str, Any] = {"_nothing": _Made(), "_set": object.__setattr__}
    given = [each for each in every if each.init]
    told = [_parameter(each, names) for each in given if not each.kw_only]
    by_name = [_parameter(each, names) for each in given if each.kw_only]
    parameters = ", ".join(["self", *told, *(["*", *by_name] if by_name else [])])
    lines = [_assigned(cls, each, names, frozen) for each in every]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({parameters}):\n " + "\n ".join([*filter(None, lines), "return"]), names)
    return names["__init__"]


class _Made:
    """The default of what a factory makes, as `help` shows it."""

    def __repr__(self) -> str:
        return "<factory>"


def _parameter(each: Field, names: dict[str, Any]) -> str:
    if each.factory is not NOTHING:
        return f"{each.name}=_nothing"
    if each.default is NOTHING:
        return each.name
    names[f"_default_{each.name}"] = each.default
    return f"{each.name}=_default_{each.name}"


def _assigned(cls: Any, each: Field, names: dict[str, Any], frozen: bool) -> str:
    """How the field gets its value; empty if it is in the class, or comes later."""
    value = each.name
    if each.factory is not NOTHING:
        names[f"_make_{each.name}"] = each.factory
        made = f"_make_{each.name}()"
        value = f"{made} if {each.name} is _nothing else {each.name}" if each.init else made
    elif not each.init:
        if each.default is NOTHING or is_in_class(cls, each):
            return ""
        names[f"_default_{each.name}"] = each.default
        value = f"_default_{each.name}"
    if not frozen:
        return f"self.{each.name} = {value}"
    if not is_slot(cls, each.name):
        return f"_set(self, {each.name!r}, {value})"
    names[f"_put_{each.name}"] = getattr(cls, each.name).__set__
    return f"_put_{each.name}(self, {value})"


def _named_init(cls: Any, every: tuple[Field, ...]) -> Any:
    """Of a class whose instances take a value for each slot and nothing else. The code is there, by the number of
    fields; only their names are new, which costs a twentieth of compiling it."""
    names = [each.name for each in every]
    made = _NAMELESS[len(names)](*(getattr(cls, name).__set__ for name in names))
    made.__code__ = made.__code__.replace(co_name="__init__", co_varnames=("self", *names))
    made.__name__ = "__init__"
    made.__defaults__ = tuple([each.default for each in every if each.default is not NOTHING])
    return made


# By the number of fields. To put a value gives None: so each of them comes to its turn, and the whole is None.
_NAMELESS: tuple[Any, ...] = (
    lambda: lambda self: None,
    lambda p: lambda self, a: p(self, a),  # noqa: PLW0108
    lambda p, q: lambda self, a, b: p(self, a) or q(self, b),
    lambda p, q, r: lambda self, a, b, c: p(self, a) or q(self, b) or r(self, c),
    lambda p, q, r, s: lambda self, a, b, c, d: p(self, a) or q(self, b) or r(self, c) or s(self, d),
    lambda p, q, r, s, t: (
        lambda self, a, b, c, d, e: p(self, a) or q(self, b) or r(self, c) or s(self, d) or t(self, e)
    ),
    lambda p, q, r, s, t, u: (
        lambda self, a, b, c, d, e, f: (
            p(self, a) or q(self, b) or r(self, c) or s(self, d) or t(self, e) or u(self, f)
        )
    ),
    lambda p, q, r, s, t, u, v: (
        lambda self, a, b, c, d, e, f, g: (
            p(self, a) or q(self, b) or r(self, c) or s(self, d) or t(self, e) or u(self, f) or v(self, g)
        )
    ),
    lambda p, q, r, s, t, u, v, w: (
        lambda self, a, b, c, d, e, f, g, h: (
            p(self, a)
            or q(self, b)
            or r(self, c)
            or s(self, d)
            or t(self, e)
            or u(self, f)
            or v(self, g)
            or w(self, h)
        )
    ),
)
