"""Names of a program as names of Rust: a word of the language gets an underscore."""

from __future__ import annotations

from collections.abc import Iterable

from ..apart import apart
from ..spaces import flat

_WORDS = frozenset(
    """Self abstract as async await become box break const continue crate do dyn else enum extern false final fn
    for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct super
    trait true try type typeof union unsafe unsized use virtual where while yield""".split()
)
# What the files of types use themselves.
_TYPES = frozenset(
    """Box Check Checked Default Err FromJson HashMap Json Media None Ok Option Result Some StreamState String
    ToJson Vec bool f64 i64 str""".split()
)


def types(names: Iterable[str]) -> dict[str, str]:
    return apart(names, lambda name: _kept(flat(name), _TYPES))


def members(names: Iterable[str], *taken: str) -> dict[str, str]:
    return apart(names, word, taken)


def functions(names: Iterable[str]) -> dict[str, str]:
    return apart(names, word, ("B", "Client"))


def word(full: str) -> str:
    return _kept(flat(full), frozenset())


def _kept(name: str, taken: frozenset[str]) -> str:
    return f"{name}_" if name in _WORDS or name in taken or name == "_" else name
