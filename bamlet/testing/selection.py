"""Which tests of a program are meant: patterns, names, shards, and those that failed last time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from hashlib import blake2b

from ..diagnostics import did_you_mean
from ..embed.discovery import BodyTest
from ..embed.runtime import AsyncRuntime, Program
from ..embed.tapes import MissingTape
from ..records import dataclass
from .outcome import Case


class SelectionError(ValueError):
    """Something was asked for that is not there; the text is for a person."""


def cases_of(program: Program) -> tuple[Case, ...]:
    """By file and place; testsets run for it, and may reach no model. Raises `BamlError` for what one throws."""
    bodies: tuple[BodyTest, ...] = ()
    if program.interface.bodies:
        bodies = asyncio.run(_bodies(program))
    found = sorted((*program.tests, *bodies), key=lambda test: (test.span.file.name, test.span.start))
    return tuple(Case(test) for test in found)


async def _bodies(program: Program) -> tuple[BodyTest, ...]:
    refusing = MissingTape("a testset may not ask a model while it declares its tests")
    async with AsyncRuntime(program, transport=refusing) as runtime:
        return await runtime.discover()


@dataclass(frozen=True, slots=True)
class Selection:
    """`names` are `FILE::Function::Test`, without the file; `shard` is a number from 1 and how many there are.

    A test must match one of `within` beside one of `include`, where there are any.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    names: Sequence[tuple[str, str]] = ()
    shard: tuple[int, int] | None = None
    only: Collection[str] | None = None
    within: Sequence[str] = ()

    def of(self, cases: Sequence[Case]) -> tuple[Case, ...]:
        """Raises `SelectionError` if nothing that was asked for is there."""
        chosen = list(cases)
        if self.names:
            chosen = [case for case in chosen if any(_is_named(case, *name) for name in self.names)]
            _refuse_missing(
                [name for name in self.names if not any(_is_named(case, *name) for case in cases)], cases
            )
        for patterns in filter(None, (self.include, self.within)):
            chosen = [case for case in chosen if any(matches(pattern, case) for pattern in patterns)]
        for patterns in (self.include, self.within, self.exclude):
            _refuse_strays(patterns, cases)
        chosen = [case for case in chosen if not any(matches(pattern, case) for pattern in self.exclude)]
        if self.only is not None:
            chosen = [case for case in chosen if case.id in self.only]
        if self.shard is not None:
            chosen = [case for case in chosen if in_shard(case.id, *self.shard)]
        return tuple(chosen)


def matches(pattern: str, case: Case) -> bool:
    """`Fn::Test`, `Fn::`, `::Test`; a word is a function or a test, and `*` stands for any characters."""
    pattern = pattern.replace("[", "[[]")  # only `*` is special
    path, two, test = pattern.rpartition("::")
    if not two:
        return fnmatchcase(case.name, pattern) or fnmatchcase(case.path, pattern)
    return fnmatchcase(case.path, path or "*") and fnmatchcase(case.name, test or "*")


def in_shard(identity: str, number: int, count: int) -> bool:
    """By its name alone, so that adding a test moves no other one."""
    digest = blake2b(identity.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % count == number - 1


def _is_named(case: Case, file: str, name: str) -> bool:
    return case.file == file and name in (case.id, case.name)


def _refuse_missing(missing: Iterable[tuple[str, str]], cases: Sequence[Case]) -> None:
    for file, name in missing:
        known = [case.id for case in cases if case.file == file]
        raise SelectionError(_told(f"{file} has no test `{name}`", name, known))


def _refuse_strays(patterns: Sequence[str], cases: Sequence[Case]) -> None:
    """Of several patterns one may match nothing: a list of them serves several programs."""
    if patterns and not any(matches(pattern, case) for pattern in patterns for case in cases):
        names = [*dict.fromkeys(name for case in cases for name in (case.id, case.name, case.path))]
        raise SelectionError(_told(f"no test matches `{patterns[0]}`", patterns[0].strip(":*"), names))


def _told(message: str, name: str, known: Sequence[str]) -> str:
    hint = did_you_mean(name, known)
    return f"{message}; {hint}" if hint else message
