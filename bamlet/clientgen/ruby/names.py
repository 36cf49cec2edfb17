"""Names of a program as names of Ruby: constants begin with a capital, what is called with a small letter."""

from __future__ import annotations

from collections.abc import Iterable

from ..apart import apart
from ..spaces import flat

# Words of the language, and methods that every object has and Ruby or the client itself calls.
_WORDS = frozenset(
    """__ENCODING__ __FILE__ __LINE__ __id__ __send__ alias and begin break case class clone def define_method
    display do dup each else elsif end ensure eql equal extend false for freeze frozen hash if in initialize
    inspect instance_variable_get instance_variables is_a itself method methods module more new next nil nil?
    not object_id or parts public_send raise redo rescue respond_to retry return self send singleton_class
    super tap then to_enum to_h to_json to_s true undef unless until when while yield""".split()
)
# Of the client, which functions stand beside.
_CLIENT = frozenset(("parse", "parse_stream", "resume", "stream"))


def constant(full: str) -> str:
    """`shop.cart` is `Shop__cart`. A program may have both `cart` and `Cart`: see `constants`."""
    name = flat(full)
    return name[0].upper() + name[1:] if name[0].isalpha() else f"X{name}"


def constants(names: Iterable[str]) -> dict[str, str]:
    """A constant for each name, no two the same."""
    return apart(names, constant)


def readers(names: Iterable[str]) -> dict[str, str]:
    """A method and a keyword for each field, no two the same."""
    return apart(names, _reader)


def method(full: str) -> str:
    """Of a function. It is called on the client, so a capital does no harm."""
    name = flat(full)
    return f"{name}_" if name in _WORDS or name in _CLIENT else name


def _reader(name: str) -> str:
    small = name[0].lower() + name[1:]
    return f"{small}_" if small in _WORDS else small
