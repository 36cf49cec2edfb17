"""A program that was found clean, kept between processes. The same with some functions written anew goes in, and
whether it is clean still comes out. Where that cannot be told, all of it must be checked."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..digests import blake2b
from ..records import dataclass, field, replace
from ..source import SourceFile

if TYPE_CHECKING:
    from ..grammar import Parsed, Parser
    from ..interpreter.program.analyse import Analysis
    from ..interpreter.program.still_clean import Clean
    from ..interpreter.program.unit import Unit

# More that are new are checked as fast together with all others, and what is kept is then kept anew.
MOST_CHANGED = 40


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file by its name, its text and the text of each item; `pin` is the edition that it names, `functions` are
    the places of items that are functions, by their names."""

    name: str
    text: bytes
    items: tuple[bytes, ...]
    pin: str | None
    functions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Files:
    """Those of a program, as they were."""

    seen: tuple[_Seen, ...]

    @classmethod
    def of(cls, sources: Sequence[SourceFile], parser: Parser) -> Files:
        seen = (replace(_seen(source, parser), functions=dict(_functions(source, parser))) for source in sources)
        return cls(tuple(seen))

    def changed(self, sources: Sequence[SourceFile], parser: Parser) -> list[Parsed] | None:
        """What is new in each file that has changed, if that is functions which were there before, and few."""
        if [source.name for source in sources] != [seen.name for seen in self.seen]:
            return None
        changed: list[Parsed] = []
        for source, seen in zip(sources, self.seen, strict=True):
            if _digest(source.text) == seen.text:
                continue
            places = _changed(seen, _seen(source, parser))
            if places is None:
                return None
            if any(seen.functions.get(name) != place for name, place in _functions(source, parser, places)):
                return None  # one that is called otherwise, or stands where something else stood
            changed.append(parser.parse(source, places))
        return changed if sum(len(parsed.items) for parsed in changed) <= MOST_CHANGED else None


@dataclass(frozen=True, slots=True)
class CheckedBefore:
    files: Files
    clean: Clean

    @classmethod
    def of(cls, sources: Sequence[SourceFile], parser: Parser, analysis: Analysis) -> CheckedBefore | None:
        """None if every file of the program matters to every other."""
        from ..interpreter.program.still_clean import clean

        kept = clean(analysis)
        return None if kept is None else cls(Files.of(sources, parser), kept)

    def is_clean_still(self, sources: Sequence[SourceFile], parser: Parser, library: Unit) -> bool:
        """No is no answer: then all of it must be looked at."""
        from ..interpreter.program.still_clean import is_still_clean

        changed = self.files.changed(sources, parser)
        return changed is not None and is_still_clean(self.clean, changed, library)


def _changed(before: _Seen, now: _Seen) -> frozenset[int] | None:
    """Which items of a file are others than before; None if there are more or fewer of them, or if the edition
    may be another one."""
    if before.pin != now.pin or len(before.items) != len(now.items):
        return None
    pairs = zip(before.items, now.items, strict=True)
    return frozenset(at for at, (old, new) in enumerate(pairs) if old != new)


def _seen(source: SourceFile, parser: Parser) -> _Seen:
    from ..grammar.marks import pinned_edition

    pin = pinned_edition(source.text)
    return _Seen(source.name, _digest(source.text), tuple(_items(source, parser)), pin and pin[1])


def _functions(
    source: SourceFile, parser: Parser, only: Container[int] | None = None
) -> Iterator[tuple[str, int]]:
    """The functions of a file, each with its place among the items. Two may have one name."""
    from ..grammar import nodes as n

    starts = [start for start, _ in parser.ranges(source.text)]
    for item in parser.parse(source, only).items:
        if isinstance(item.node, n.FunctionDecl):
            yield item.node.name.name, starts.index(item.offset)


def _items(source: SourceFile, parser: Parser) -> Iterator[bytes]:
    """What stands behind the last item counts as one."""
    end = 0
    for start, end in parser.ranges(source.text):
        yield _digest(source.text[start:end])
    yield _digest(source.text[end:])


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
