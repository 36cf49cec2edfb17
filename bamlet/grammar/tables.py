"""The automaton for `bamlet.lark`: tokens in, what the reductions make of them out, or what is wrong.

Lark makes its tables, once for each version of the grammar. They are kept as plain data, so that a process that
parses loads neither Lark nor what its parser is made of.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ..bounded import bytes_of
from ..digests import blake2b
from .children import Children
from .problem import SyntaxProblem
from .tokens import Token

if TYPE_CHECKING:
    from .lark_tables import Data

FORMAT = 1
"""Of what is kept."""
END = "$END"

T = TypeVar("T")


class _Unexpected(Exception):
    """No state goes on with the token; `states` are those that are open."""

    def __init__(self, at: int, states: list[int]) -> None:
        super().__init__(at)
        self.at = at
        self.states = states


class Tables(Generic[T]):
    def __init__(self, cache: str | None, reductions: Mapping[str, Callable[[Children], Any]]) -> None:
        """`reductions` makes something of each rule's children: of an item's, a `T`.

        `cache` is the folder where the tables are kept: made in 170 ms, read in 3.
        """
        self._states, rules, self._first, self._last = _data(cache)
        # A rule all of whose parts count as they are needs no picking.
        self._rules = tuple(
            (made, count, reductions.get(name), None if _is_whole(parts, count) else parts, alone)
            for made, count, name, parts, alone in rules
        )

    def parse(self, tokens: Sequence[Token]) -> T | SyntaxProblem:
        try:
            return cast(T, self._run(tokens))
        except _Unexpected as failure:
            # Here and not above: what is said of mistakes is a tenth of the grammar, and most programs have none.
            from .explain import explain_end, explain_token

            row = self._states[failure.states[-1]]
            # Of what the state goes on with, some lead nowhere from where the item stands.
            named = [name for name in row if name.isupper() or name == END]
            expected = frozenset(name for name in named if self._accepts(failure.states, name)) or frozenset(named)
            if failure.at == len(tokens):
                return explain_end(tokens, expected)
            return explain_token(tokens, failure.at, expected)

    def _run(self, tokens: Sequence[Token]) -> Any:
        states: list[int] = [self._first]
        values: list[Any] = []
        for at, (name, token) in enumerate(_with_end(tokens)):
            while True:
                to = self._states[states[-1]].get(name)
                if to is None:
                    raise _Unexpected(at, states)
                if to >= 0:
                    states.append(to)
                    values.append(token)
                    break
                made, count, reduction, parts, alone = self._rules[-1 - to]
                children: list[Any] = []
                if count:
                    children = values[-count:]
                    del values[-count:]
                    del states[-count:]
                if parts is not None:
                    children = _picked(children, parts)
                if alone and len(children) == 1:
                    values.append(children[0])
                else:
                    values.append(children if reduction is None else reduction(children))
                states.append(self._states[states[-1]][made])
                if token is None and states[-1] == self._last:
                    return values[-1]
        raise AssertionError("an item has an end")

    def _accepts(self, states: list[int], name: str) -> bool:
        """Whether the token could be taken after these states: the reductions that it leads to, without values."""
        states = states.copy()
        while True:
            to = self._states[states[-1]].get(name)
            if to is None:
                return False
            if to >= 0:
                return True
            made, count, *_ = self._rules[-1 - to]
            if count:
                del states[-count:]
            states.append(self._states[states[-1]][made])
            if name == END and states[-1] == self._last:
                return True


def _with_end(tokens: Sequence[Token]) -> Iterator[tuple[str, Token | None]]:
    for token in tokens:
        yield token.type, token
    yield END, None


def _is_whole(parts: tuple[tuple[int, bool], ...], count: int) -> bool:
    return len(parts) == count and not any(spliced for _, spliced in parts)


def _picked(children: Children, parts: tuple[tuple[int, bool], ...]) -> Children:
    """The parts that count; of a rule that is none by itself, what it held."""
    picked: list[Any] = []
    for at, spliced in parts:
        if spliced:
            picked += children[at]
        else:
            picked.append(children[at])
    return picked


def _data(cache: str | None) -> Data:
    # Not by `importlib.resources` or `pkgutil`, which take longer to load than this takes.
    grammar: bytes = cast(Any, __spec__).loader.get_data(os.path.join(os.path.dirname(__file__), "bamlet.lark"))
    digest = blake2b(grammar, digest_size=8).hexdigest()
    kept = None if cache is None else os.path.join(cache, f"grammar-{FORMAT}-{digest}.tables")
    if kept is not None:
        # Cut short, or written by something else: they are made again.
        with suppress(OSError, ValueError, EOFError, TypeError):
            states, rules, first, last = marshal.loads(bytes_of(kept))
            return states, rules, first, last
    from .lark_tables import made_tables

    made = made_tables(grammar.decode())
    if kept is not None:
        # A folder that cannot be written costs time, not the run.
        with suppress(OSError):
            _keep(kept, marshal.dumps(made))
    return made


def _keep(name: str, data: bytes) -> None:
    """Whole, or not at all: another process may read it meanwhile."""
    from pathlib import Path  # a start does without it

    kept = Path(name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    half = kept.with_suffix(f".{os.getpid()}")
    half.write_bytes(data)
    half.replace(kept)
