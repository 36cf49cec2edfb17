"""What a run over a table may be told; the flags of `bamlet map` and the keywords of `map_file` are these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ..records import dataclass, field
from .engines import Refused
from .state import ERRORS

Duplicates = Literal["once", "each", "error"]
Leftovers = Literal["live", "batch", "error"]
EngineName = Literal["local", "ray", "provider-batch"]
PART_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class MaxErrors:
    """So many rows may fail, or such a part of all that have ended."""

    number: int | None = None
    part: float | None = None

    FROM_ROWS = 100  # ended rows from which on a part says something

    @classmethod
    def read(cls, text: str | int | None) -> MaxErrors | None:
        """`5` or `2%`. Raises `Refused`."""
        if text is None:
            return None
        told = str(text).strip()
        try:
            if told.endswith("%"):
                part = float(told[:-1]) / 100
                if 0 <= part <= 1:
                    return cls(part=part)
            elif (number := int(told)) >= 0:
                return cls(number=number)
        except ValueError:
            pass
        raise Refused(f"--max-errors {text}: write a number of rows, or a part of them such as 2%")

    @property
    def allows_some(self) -> bool:
        return self.number != 0 and self.part != 0

    def is_passed(self, failed: int, ended: int) -> bool:
        if self.number is not None:
            return failed > self.number
        assert self.part is not None
        return ended >= self.FROM_ROWS and failed > self.part * ended


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOptions:
    """`rows` is how many of the first are taken, `sample` how many by chance, the same for the same `seed`.

    `invented` is the seed of a model that is nowhere, if the answers are its.
    """

    input: str
    output: str
    format: str | None = None
    bind: Sequence[str] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    keep: str = "none"
    flat: bool | None = None
    keep_failed: bool = False
    id_column: str | None = None
    part_rows: int = PART_ROWS
    state: str | None = None
    fresh: bool = False
    retry_errors: Sequence[str] | None = None  # classes; empty is all, None is no row
    dup: Duplicates = "once"
    concurrency: int | None = None
    rpm: float | None = None
    tpm: float | None = None
    max_cost: float | None = None
    max_errors: MaxErrors | None = None
    deadline: float | None = None
    rows: int | None = None
    sample: int | None = None
    seed: int = 0
    errors: str | None = None
    canary: bool = True
    engine: EngineName = "local"
    procs: int = 1
    ray_address: str | None = None
    workers: int | None = None
    leftovers: Leftovers = "live"
    detach: bool = False
    cancel: bool = False
    export: bool = False
    dry_run: bool = False
    estimate: bool = False
    yes: bool = False
    invented: int | None = None

    @property
    def has_canary(self) -> bool:
        """A batch is one request, which is refused as a whole or not at all."""
        return self.canary and self.engine != "provider-batch"

    @property
    def is_folder(self) -> bool:
        return self.output.endswith("/") or Path(self.output).is_dir()

    @property
    def is_pipe(self) -> bool:
        return self.output == "-"

    @property
    def state_folder(self) -> Path:
        if self.state is not None:
            return Path(self.state)
        if self.is_pipe:
            raise Refused("--output - keeps its answers nowhere by itself; name a folder with --state")
        return Path(f"{self.output.rstrip('/')}.state")

    @property
    def errors_path(self) -> Path:
        if self.errors is not None:
            return Path(self.errors)
        if self.is_pipe:
            return self.state_folder / ERRORS
        output = Path(self.output)
        if self.is_folder:
            return output / "_errors.jsonl"
        return output.with_name(f"{output.stem}.errors.jsonl")

    def check_state(self) -> None:
        """Whether it can be a folder of its own. Raises `Refused`, before it is made."""
        folder = self.state_folder
        if not self.is_folder and not self.is_pipe and folder.resolve() == Path(self.output).resolve():
            raise Refused(f"--state {folder}: this is the output; name a folder of its own")
        if folder.exists() and not folder.is_dir():
            raise Refused(f"--state {folder}: this is a file; name a folder")

    def check_places(self, read: Iterable[Path]) -> None:
        """Whether nothing that is read is written over, and nothing twice. Raises `Refused`."""
        taken = {path.resolve(): "the input" for path in read}
        written = [("--errors", self.errors_path)]
        if not (self.is_pipe or self.is_folder):
            written.insert(0, ("--output", Path(self.output)))
        for option, path in written:
            place = path.resolve()  # links are followed
            if (what := taken.get(place)) is not None:
                raise Refused(f"{option} {path}: this is {what}, which would be written over; name another file")
            if place.exists() and not place.is_file():
                raise Refused(f"{option} {path}: this is no file that can be replaced by another; name one")
            taken[place] = "the output"
