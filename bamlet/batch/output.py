"""Input rows and the journal to OUTPUT and the errors file: a join, in the order of the input.

Neither is there before it is whole. What is written depends on the rows and their answers only, so writing it
again gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ..embed.writing import Beside
from ..records import dataclass
from ..types.schema import Schemas
from ..types.ty import ClassTy, Ty, bare
from .crash import crash_at
from .engines import Done, Refused
from .journal import CHUNK, Journal
from .parquet import Column, ParquetSheet, column_of, kept_columns
from .strict import spaced
from .tables import Format, JsonLines, Record, Table, Writer, delimited_or_lines
from .watched import CHANGED, Watched

RESULT = "result"
BUFFER_BYTES = 1 << 16
SUCCESS = "_SUCCESS"
_PART = re.compile(r"part-(\d{5,})\.jsonl")
NOT_BOUND = 0  # the id of a row that is no call


@dataclass(frozen=True, slots=True)
class Layout:
    """How an output row looks: columns that are kept, and whether the answer's fields stand beside them."""

    format: Format
    keep: Sequence[str]
    fields: Sequence[str]  # of the answer's class, if they are laid flat
    id_column: str | None = None
    keep_failed: bool = False
    arrow: Sequence[Column] = ()  # the columns with their types, of Parquet

    def writer(self) -> Writer:
        return (
            ParquetSheet(self.arrow) if self.format == "parquet" else delimited_or_lines(self.format, self.columns)
        )

    @property
    def columns(self) -> Sequence[str]:
        return [*self.keep, *(self.fields or (RESULT,))]

    def row(self, values: Any, answer: Any) -> dict[str, Any]:
        kept = {name: values.get(name) for name in self.keep} if self.keep else {}
        if not self.fields:
            return {**kept, RESULT: answer}
        given = answer if isinstance(answer, Mapping) else {}
        return {**kept, **{name: given.get(name) for name in self.fields}}

    def written(self, writer: Writer, values: Any, answer: str | None) -> bytes:
        """A row by `writer`, with an answer as the journal has it."""
        if isinstance(writer, JsonLines) and not self.fields:
            # The text of the journal is what would be written of its value: a million rows need not be parsed.
            kept = {name: values.get(name) for name in self.keep} if self.keep else {}
            return writer.row_ending(kept, RESULT, answer or "null")
        return writer.row(self.row(values, json.loads(answer) if answer is not None else None))


def layout_for(
    format_: Format,
    result: Ty,
    schemas: Schemas,
    columns: Sequence[str] | None,
    *,
    keep: str,
    flat: bool | None,
    id_column: str | None,
    keep_failed: bool,
    rows: Iterable[Any],
) -> Layout:
    """Raises `Refused` where a kept column and a field have one name. `rows` are looked at for the types of
    columns that are kept, if the format has types."""
    kept = _kept(keep, columns)
    if id_column is not None:
        _check_columns("--id", [id_column], columns)
    inner = bare(result)
    result_class = inner.name if isinstance(inner, ClassTy) else ""
    if (format_ in ("csv", "tsv")) if flat is None else flat:
        fields = [field.name for field in schemas.classes[result_class].fields] if result_class else []
        if not fields and flat:
            raise Refused("--flat: the function gives no class, so there are no fields to lay out")
    else:
        fields = []
    if clash := sorted(set(kept) & set(fields or [RESULT])):
        raise Refused(f"the column `{clash[0]}` is kept and is one of the answer, too; keep others with --keep")
    typed: list[Column] = []
    if format_ == "parquet":
        own = (
            {field.name: field.ty for field in schemas.classes[result_class].fields}
            if fields
            else {RESULT: result}
        )
        typed = [*kept_columns(kept, rows if kept else ()), *(column_of(n, ty, schemas) for n, ty in own.items())]
    return Layout(format_, kept, fields, id_column, keep_failed, typed)


def _kept(keep: str, columns: Sequence[str] | None) -> list[str]:
    if keep == "none":
        return []
    if keep == "all":
        return list(columns or ())
    names = [name.strip() for name in keep.split(",") if name.strip()]
    _check_columns("--keep", names, columns)
    return names


def _check_columns(option: str, names: Sequence[str], columns: Sequence[str] | None) -> None:
    if columns is not None and (missing := [name for name in names if name not in columns]):
        raise Refused(f"{option} {missing[0]}: there is no such column")


@dataclass(frozen=True, slots=True)
class Join:
    """The rows of a table and the ids of their answers, side by side."""

    table: Table
    numbers: Sequence[int]  # of the rows that were chosen, in order
    ids: array[int]
    journal: Journal
    problems: Mapping[int, str]
    layout: Layout
    is_partial: bool
    """Rows that nobody has asked are left out, instead of told as failed."""
    watched: Watched

    def rows(self, first: int = 0, last: int | None = None) -> Iterator[tuple[Record, str | None, Done | None]]:
        """Each with its answer, as JSON, or with how it failed; with neither if it is no call.

        Raises `OSError` where the table is another by now, at its end also where it became so meanwhile.
        """
        self._check_table()
        chosen = zip(self._records(first, last), self.ids[first:last], strict=True)
        while chunk := list(islice(chosen, CHUNK)):
            values = self.journal.values([id_ for _, id_ in chunk])
            others = [id_ for _, id_ in chunk if id_ not in values]
            failed = self.journal.answers(others) if others else {}
            for record, id_ in chunk:
                row = (record, values.get(id_), failed.get(id_))
                if not (self.is_partial and row[1:] == (None, None) and id_ != NOT_BOUND):
                    yield row
        self._check_table()

    @property
    def _reads_table(self) -> bool:
        """If nothing of a row is written but its number, the file need not be read again."""
        return bool(self.layout.keep) or self.layout.id_column is not None

    def _check_table(self) -> None:
        if self._reads_table and (name := self.watched.changed()) is not None:
            raise OSError(f"{name}: {CHANGED}")

    def are_stored(self, first: int, last: int) -> bool:
        """Whether every row there has an answer that was committed, or is no call."""
        wanted = set(self.ids[first:last]) - {NOT_BOUND}
        left = iter(wanted)
        found = 0
        while chunk := list(islice(left, CHUNK)):
            found += len(self.journal.answers(chunk))
        return found == len(wanted)

    def _records(self, first: int, last: int | None) -> Iterator[Record]:
        if not self._reads_table:
            return (Record(number, "", 0, None) for number in self.numbers[first:last])
        if not isinstance(self.numbers, range):
            wanted = set(self.numbers[first:last])
            return (record for record in self.table.records() if record.number in wanted)
        return islice(self.table.records(), first, len(self.numbers) if last is None else last)

    def letter(self, record: Record, done: Done | None) -> dict[str, Any]:
        """What the errors file says of a row."""
        told = json.loads(done.error) if done is not None and done.error else _not_bound(record, self.problems)
        head: dict[str, Any] = {"row": record.number}
        if self.layout.id_column is not None and isinstance(record.values, Mapping):
            head["id"] = record.values.get(self.layout.id_column)
        head["args"] = told.pop("args", None)
        tail = {"tokens": _tokens(done), "cost": done.cost if done is not None else None}
        return {**head, **told, **tail}


def _not_bound(record: Record, problems: Mapping[int, str]) -> dict[str, Any]:
    return {"class": "Bind", "message": problems.get(record.number, ""), "attempts": [], "raw": ""}


def _tokens(done: Done | None) -> int | None:
    if done is None or (done.input_tokens is None and done.output_tokens is None):
        return None
    return (done.input_tokens or 0) + (done.output_tokens or 0)


def write_errors(join: Join, errors: Path) -> None:
    """For rows that went to a pipe."""
    letters = _Growing(errors)
    failed = 0
    try:
        for record, answer, done in join.rows():
            if answer is None:
                failed += 1
                letters.add(_line(join.letter(record, done)))
        letters.flush()
    except BaseException:
        letters.file.discard()
        raise
    _put_errors(letters, failed)


def _line(letter: Mapping[str, Any]) -> bytes:
    return spaced(letter).encode("utf-8", "surrogatepass") + b"\n"


def write_files(join: Join, output: Path, errors: Path) -> None:
    """Both files as wholes, errors first."""
    sheet, letters = _Growing(output), _Growing(errors)
    try:
        writer = join.layout.writer()
        sheet.add(writer.head())
        failed = sum(_write_row(join, writer, row, sheet, letters) for row in join.rows())
        sheet.add(writer.tail())
        sheet.flush()
        letters.flush()
    except BaseException:
        sheet.file.discard()
        letters.file.discard()
        raise
    crash_at("whole")
    _put_errors(letters, failed)
    crash_at("errors")
    sheet.file.put_in_place()


def _put_errors(letters: _Growing, failed: int) -> None:
    if failed:
        letters.file.put_in_place()
    else:
        letters.file.path.unlink(missing_ok=True)
        letters.file.discard()


def _write_row(
    join: Join, writer: Writer, row: tuple[Record, str | None, Done | None], sheet: _Growing, letters: _Growing
) -> int:
    """1 for a row that failed."""
    record, answer, done = row
    if answer is not None or join.layout.keep_failed:
        sheet.add(join.layout.written(writer, record.values, answer))
    if answer is not None:
        return 0
    letters.add(_line(join.letter(record, done)))
    return 1


class _Growing:
    """A file beside its place, written in large pieces."""

    def __init__(self, path: Path) -> None:
        self.file = Beside(path, force=True)
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        self.file.write(b"".join(self._pieces))
        self._pieces.clear()
        self._size = 0


class Parts:
    """A folder of parts: part k holds the rows from k · `size` on, and is written as soon as these have ended."""

    def __init__(self, folder: Path, size: int, count: int) -> None:
        self.folder = folder
        self._size = size
        self._count = -(-count // size)
        self._next = 0

    def begin(self) -> None:
        """Parts behind the last are of an input that was longer, or of smaller parts: whoever reads all that is
        there would have their rows twice."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / SUCCESS).unlink(missing_ok=True)
        for path in self.folder.iterdir():
            if (found := _PART.fullmatch(path.name)) and int(found[1]) >= self._count:
                path.unlink()

    def write_ended(self, join: Join, has_ended: Callable[[int], bool]) -> None:
        """Those whose rows all have ended, in their order.

        An answer that is still on its way to the disk counts as missing: a later run would write the same part.
        """
        while self._next < self._count:
            first = self._next * self._size
            last = min(first + self._size, len(join.ids))
            if not (all(has_ended(id_) for id_ in join.ids[first:last]) and join.are_stored(first, last)):
                return
            self._write(join, first, last)
            self._next += 1

    def _write(self, join: Join, first: int, last: int) -> None:
        path = self.folder / f"part-{self._next:05d}.{join.layout.format}"
        part = _Growing(path)
        try:
            writer = join.layout.writer()
            part.add(writer.head())
            for record, answer, _ in join.rows(first, last):
                crash_at("part-row")
                if answer is not None or join.layout.keep_failed:
                    part.add(join.layout.written(writer, record.values, answer))
            part.add(writer.tail())
            part.flush()
        except BaseException:
            part.file.discard()
            raise
        crash_at("part")
        if path.is_file() and _digest(path) == _digest(part.file.beside):
            part.file.discard()
        else:
            part.file.put_in_place()

    def finish(self, join: Join, errors: Path) -> None:
        """The errors, then the word that all is there."""
        write_errors(join, errors)
        crash_at("success")
        _Growing(self.folder / SUCCESS).file.put_in_place()


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()
