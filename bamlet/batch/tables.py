"""Files of rows: read one row after the other, and written as a whole. JSONL, CSV, TSV and Parquet."""

from __future__ import annotations

import csv
import glob
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, AnyStr, BinaryIO, Literal, NamedTuple, Protocol, TypeAlias, get_args

from ..records import dataclass
from .arrow import parquet
from .engines import Refused
from .opened import opened
from .strict import compact, spaced, strict_text

Format: TypeAlias = Literal["jsonl", "csv", "tsv", "parquet"]

MAX_ROW_BYTES = 16 << 20
MAX_FIELD = 16 << 20
MAX_COLUMNS = 10_000
_PARQUET = b"PAR1"
_PIECE_BYTES = 1 << 16
_SUFFIXES: Mapping[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
TEXTUAL = frozenset({"csv", "tsv"})
_GLOB = frozenset("*?[")


class Record(NamedTuple):
    """One row as it stands there. `problem` is why it cannot be read; then it has no values."""

    number: int
    file: str
    line: int
    values: Any
    problem: str | None = None

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Table:
    """One or several files of one format, read in their order, each as far as it went when the table was found. It
    can be read again."""

    paths: tuple[Path, ...]
    format: Format
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, paths: tuple[Path, ...], format_: Format) -> Table:
        return cls(paths, format_, tuple(path.stat().st_size for path in paths))

    def opened(self) -> Iterator[io.BufferedReader]:
        """One file after the other. Whoever takes one closes it."""
        return map(opened, self.paths, self.sizes)

    @property
    def is_textual(self) -> bool:
        """Whether its cells are texts, whatever they mean."""
        return self.format in TEXTUAL

    def columns(self) -> Sequence[str] | None:
        """As the first file says, or its first row; None where that has none."""
        return _COLUMNS[self.format](self.paths[0], self.sizes[0])

    def records(self, limit: int | None = None) -> Iterator[Record]:
        return islice(self._records(), limit)

    def _records(self) -> Iterator[Record]:
        number = 0
        for path, size in zip(self.paths, self.sizes, strict=True):
            for line, values, problem in _READERS[self.format](path, size):
                yield Record(number, str(path), line, values, problem)
                number += 1


def find_table(name: str, given: str | None) -> Table:
    """The files at a path or a pattern. Raises `Refused`."""
    paths = sorted(glob.glob(name, recursive=True)) if _GLOB & set(name) and not Path(name).exists() else [name]
    if not paths:
        raise Refused(f"--input {name}: no file has such a name")
    if missing := [path for path in paths if not Path(path).is_file()]:
        if Path(missing[0]).is_dir():
            raise Refused(
                f"--input {missing[0]}: this is a folder; name the files in it, as '{missing[0]}/*.jsonl'"
            )
        if Path(missing[0]).exists():
            raise Refused(
                f"--input {missing[0]}: it is read more than once, which a file can be; for a pipe write -"
            )
        raise Refused(f"--input {missing[0]}: there is no such file")
    return Table.of(tuple(map(Path, paths)), format_of(paths[0], given, "--input"))


def format_of(name: str, given: str | None, option: str) -> Format:
    found = _SUFFIXES.get(Path(name).suffix.lower()) if given is None else given
    if found not in get_args(Format):
        if option == "--output":
            remedy = f"let it end in {', '.join(_SUFFIXES)}, or in / for a folder"
        else:
            remedy = f"add --format with one of {', '.join(get_args(Format))}"
        raise Refused(f"{option} {name}: the name does not say the format; {remedy}")
    return found  # type: ignore[return-value]


def keep_input(source: BinaryIO, path: Path, format_: Format) -> Table:
    """Standard input as a file, since it is read more than once. Raises `Refused`, and then leaves no file."""
    try:
        with path.open("wb") as file:
            file.writelines(_pieces(source, format_))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Table.of((path,), format_)


def _pieces(source: BinaryIO, format_: Format) -> Iterator[bytes]:
    if format_ != "parquet":
        yield from _lines(source, "standard input")
        return
    piece = source.read(len(_PARQUET))
    if piece != _PARQUET:
        raise Refused("standard input: this is no Parquet file")
    while piece:
        yield piece
        piece = source.read(_PIECE_BYTES)


def _lines(file: IO[AnyStr], name: object) -> Iterator[AnyStr]:
    """A device has lines without an end."""
    number = 0
    while line := file.readline(MAX_ROW_BYTES + 1):
        number += 1
        if len(line) > MAX_ROW_BYTES:
            raise Refused(f"{name}:{number}: the row is longer than {MAX_ROW_BYTES >> 20} MiB")
        yield line


# --- reading: (line, values, problem) of each row

_Read: TypeAlias = Iterator[tuple[int, Any, str | None]]


def _read_jsonl(path: Path, size: int) -> _Read:
    with opened(path, size) as file:
        for number, line in enumerate(_lines(file, path), 1):
            if line.isspace():
                continue
            try:
                yield number, json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8")), None
            except (ValueError, RecursionError) as failure:
                yield number, None, f"this is no JSON: {failure}"


def _first_keys(path: Path, size: int) -> Sequence[str] | None:
    first = next(_read_jsonl(path, size), None)
    return list(first[1]) if first is not None and isinstance(first[1], dict) else None


def _read_delimited(path: Path, size: int, delimiter: str) -> _Read:
    csv.field_size_limit(MAX_FIELD)
    with io.TextIOWrapper(opened(path, size), "utf-8-sig", newline="") as file:
        reader = csv.reader(_lines(file, path), delimiter=delimiter, strict=True)
        try:
            names = next(reader, None)
            if names is None:
                return
            for cells in reader:
                if not cells:
                    continue
                problem = None if len(cells) == len(names) else f"{len(cells)} cells instead of {len(names)}"
                yield reader.line_num, dict(zip(names, cells, strict=False)), problem
        except (csv.Error, UnicodeDecodeError) as failure:
            raise Refused(f"{path}:{reader.line_num}: {failure}") from None


def _delimited_columns(path: Path, size: int, delimiter: str) -> Sequence[str]:
    with io.TextIOWrapper(opened(path, size), "utf-8-sig", newline="") as file:
        try:
            names = next(csv.reader(_lines(file, path), delimiter=delimiter), [])
        except (csv.Error, UnicodeDecodeError) as failure:
            raise Refused(f"{path}: {failure}") from None
    if len(names) > MAX_COLUMNS:
        raise Refused(f"{path}: {len(names)} columns are more than {MAX_COLUMNS}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Refused(f"{path}: two columns are called `{twice[0]}`")
    return names


def _read_parquet(path: Path, size: int) -> _Read:
    file = parquet().ParquetFile(path)
    number = 0
    for group in range(file.num_row_groups):
        for batch in file.iter_batches(row_groups=[group]):
            for values in batch.to_pylist():
                number += 1
                yield number, values, None


def _parquet_columns(path: Path, size: int) -> Sequence[str]:
    names: Sequence[str] = parquet().ParquetFile(path).schema_arrow.names
    return names


_READERS: Mapping[Format, Callable[[Path, int], _Read]] = {
    "jsonl": _read_jsonl,
    "csv": lambda path, size: _read_delimited(path, size, ","),
    "tsv": lambda path, size: _read_delimited(path, size, "\t"),
    "parquet": _read_parquet,
}
_COLUMNS: Mapping[Format, Callable[[Path, int], Sequence[str] | None]] = {
    "jsonl": _first_keys,
    "csv": lambda path, size: _delimited_columns(path, size, ","),
    "tsv": lambda path, size: _delimited_columns(path, size, "\t"),
    "parquet": _parquet_columns,
}


# --- writing


class Writer(Protocol):
    """Rows to bytes, given away piece by piece."""

    def head(self) -> bytes: ...

    def row(self, values: Mapping[str, Any]) -> bytes: ...

    def tail(self) -> bytes: ...


class JsonLines:
    def head(self) -> bytes:
        return b""

    def tail(self) -> bytes:
        return b""

    def row(self, values: Mapping[str, Any]) -> bytes:
        return compact(values).encode("utf-8", "surrogatepass") + b"\n"

    def row_ending(self, values: Mapping[str, Any], name: str, text: str) -> bytes:
        """A row of these values, and one more that is JSON already."""
        head = f"{compact(values)[:-1]}," if values else "{"
        return f'{head}"{name}":{strict_text(text)}}}\n'.encode("utf-8", "surrogatepass")


class Delimited:
    """`columns` are known before: a field that only some rows have is empty in the others."""

    def __init__(self, columns: Sequence[str], delimiter: str) -> None:
        self._columns = columns
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, delimiter=delimiter, lineterminator="\n")

    def head(self) -> bytes:
        return self._line(self._columns)

    def tail(self) -> bytes:
        return b""

    def row(self, values: Mapping[str, Any]) -> bytes:
        return self._line([_cell(values.get(name)) for name in self._columns])

    def _line(self, cells: Sequence[str]) -> bytes:
        self._writer.writerow(cells)
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode("utf-8", "surrogatepass")


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    text = spaced(value)
    return "" if text == "null" else text


def delimited_or_lines(format_: Format, columns: Sequence[str]) -> Writer:
    if format_ == "jsonl":
        return JsonLines()
    return Delimited(columns, "\t" if format_ == "tsv" else ",")
