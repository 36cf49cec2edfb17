"""The keys of a configuration block against those it may have: unknown, missing and repeated ones are reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...diagnostics import Code, Note, catalogue, did_you_mean, nearest
from ...grammar import nodes as n
from ...records import dataclass, field
from ..facts.report import Report


@dataclass(frozen=True, slots=True)
class Shape:
    """`what` is the block in a sentence: `a client`. `examples` has a line to write for each required key, and
    `elsewhere` says where else a key may belong.
    """

    what: str
    keys: Sequence[str]
    unknown: Code
    missing: Code
    examples: dict[str, str] = field(default_factory=dict)
    elsewhere: str | None = None
    repeated: Code = catalogue.REPEATED_PROPERTY


@dataclass(frozen=True, slots=True)
class Block:
    """A block in its item; what is wrong with it is put into the report."""

    placed: n.Placed[n.Item]
    report: Report

    def entries(
        self, given: Iterable[n.ConfigEntry], repeated: Code = catalogue.REPEATED_PROPERTY
    ) -> dict[str, n.ConfigEntry]:
        """By key. Of a key that is given twice the last counts, as for a reader who changes the last line."""
        found: dict[str, n.ConfigEntry] = {}
        for entry in given:
            key = entry.key.name
            if key in found:
                note = Note(self.placed.span(found[key].key), "first given here")
                message = f"`{key}` is given twice"
                self.report.at(self.placed, entry.key, repeated, message, note, hint="take one of them away")
            found[key] = entry
        return found

    def check(self, owner: n.Identifier, given: Iterable[n.ConfigEntry], shape: Shape) -> dict[str, n.ConfigEntry]:
        """The entries by key, those that the shape does not have left out."""
        found = self.entries(given, shape.repeated)
        unknown = [found.pop(key) for key in list(found) if key not in shape.keys]
        meant: set[str] = set()
        for entry in unknown:
            key = entry.key.name
            meant.update(nearest(key, shape.keys))
            message = f"{shape.what} has no property `{key}`"
            hint = did_you_mean(key, shape.keys) or shape.elsewhere or f"it may have {', '.join(shape.keys)}"
            self.wrong(entry.key, shape.unknown, message, hint)
        for key, example in shape.examples.items():
            # Who misspelt a key has not left it out.
            if key not in found and key not in meant:
                message = f"{shape.what} needs `{key}`, and `{owner.name}` has none"
                self.wrong(owner, shape.missing, message, f"write `{example}`, for example")
        return found

    def wrong(self, node: n.Node, code: Code, message: str, hint: str | None = None) -> None:
        self.report.at(self.placed, node, code, message, hint=hint)
