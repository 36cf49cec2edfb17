"""Names of a program as names of Go: what others may use begins with a capital letter."""

from __future__ import annotations

from collections.abc import Iterable

from ..apart import apart
from ..spaces import flat

# What a parameter cannot be called: words of the language, packages that are imported, and names of the method.
_WORDS = frozenset(
    """any append argument bool break call case chan const context continue ctx default defer else error
    fallthrough false float64 for func go goto if import int64 interface map nil opts package parse range return
    select stream stream_types string struct switch true type types var""".split()
)
# What the package has beside the functions of a program.
_PACKAGE = frozenset(("Option", "Parse", "ParseStream", "Problem", "Resume", "Stream", "StreamValue"))
_TYPES = ("Check", "Checked", "IsNull", "Media", "More", "StreamState", "Together", "Try")


def exported(full: str) -> str:
    """`shop.cart` is `Shop__cart`."""
    name = flat(full)
    return name[0].upper() + name[1:] if name[0].isalpha() else f"X{name}"


def types(names: Iterable[str]) -> dict[str, str]:
    return apart(names, exported, _TYPES)


def fields(names: Iterable[str], *taken: str) -> dict[str, str]:
    return apart(names, exported, taken)


def functions(names: Iterable[str]) -> dict[str, str]:
    return apart(names, _function, _PACKAGE)


def parameter(name: str) -> str:
    return f"{name}_" if name in _WORDS else name


def _function(full: str) -> str:
    name = exported(full)
    return f"{name}_" if name.startswith(("Baml", "With")) else name
