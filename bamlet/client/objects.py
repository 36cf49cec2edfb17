"""Objects of pydantic classes from fields that are known to be right: nothing is validated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel


class _Held:
    """The type of `HELD`: there is nothing yet that the type could show."""


HELD: Final = _Held()

# What pydantic keeps beside an object's fields. By its slot each is set in half the time.
_put_fields_set = vars(BaseModel)["__pydantic_fields_set__"].__set__
_put_extra = vars(BaseModel)["__pydantic_extra__"].__set__
_put_private = vars(BaseModel)["__pydantic_private__"].__set__
_put = object.__setattr__

Maker = Callable[[Any], Any]
Builder = Callable[[dict[str, Any]], Any]
Copier = Callable[..., Maker]
More = Callable[[Any], Mapping[str, Any]]


def builder(cls: Any) -> Builder:
    """What `model_construct` does, for fields that are all there: a fifth of its time."""
    new = object.__new__

    def build(fields: dict[str, Any]) -> Any:
        made = new(cls)
        _put(made, "__dict__", fields)
        _put_fields_set(made, set(fields))
        _put_extra(made, None)
        _put_private(made, None)
        return made

    return build


# A stream makes an object of what is unfinished with each partial value. Written out for the class it takes half
# of what a loop over the names takes.
_COPIER = """\
def copier({makers}):
    def copy(value):
        if value is None:
            return HELD
        try:
            {read}
        except AttributeError:
            [{places}] = read_there(value)
        {change}
        made = new(cls)
        fields = made.__dict__
        {put}
        more = {more}
        put_fields_set(made, {{{set}*(more or ())}})
        put_extra(made, more)
        put_private(made, None)
        return made
    return copy
"""


def copier(cls: Any, names: Sequence[str], changing: Sequence[str], more: More | None) -> Copier:
    """Gives, for a maker of each field that is `changing`, a maker from values of the program to objects of the
    class. It holds back what any of those holds back.

    `more` is what a value of a class that may have that has beside its fields.
    """
    assert all(map(str.isidentifier, names)), "the generator refuses other names"
    text = _COPIER.format(
        makers=", ".join(f"make_{name}" for name in changing),
        read="; ".join(f"of_{name} = value.{name}" for name in names) or "pass",
        places=", ".join(f"of_{name}" for name in names),
        change=_lines(f"if (of_{name} := make_{name}(of_{name})) is HELD: return HELD" for name in changing),
        put=_lines(f"fields[{name!r}] = of_{name}" for name in names),
        more="None" if more is None else "more_of(value)",
        set="".join(f"{name!r}, " for name in names),
    )
    known: dict[str, Any] = {
        "HELD": HELD,
        "new": object.__new__,
        "cls": cls,
        # A type builder may have taken a field away.
        "read_there": lambda value: [getattr(value, name, None) for name in names],
        "more_of": more,
        "put_fields_set": _put_fields_set,
        "put_extra": _put_extra,
        "put_private": _put_private,
    }
    exec(text, known)
    made: Copier = known["copier"]
    return made


def _lines(statements: Iterable[str]) -> str:
    return "\n        ".join(statements)
