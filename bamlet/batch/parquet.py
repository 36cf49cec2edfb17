"""Rows to Parquet: the types of columns are those of the function, or of what stands in columns that are kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..records import dataclass
from ..types.schema import Schemas
from ..types.ty import ClassTy, EnumTy, ListTy, LiteralTy, MapTy, PrimitiveTy, Ty, VariantTy, without_null_members
from .arrow import arrow, parquet
from .engines import Refused
from .strict import compact

GROUP_ROWS = 10_000
JSON_TEXT = "json"
_INT64 = range(-(1 << 63), 1 << 63)


@dataclass(frozen=True, slots=True)
class Column:
    """`told` is metadata for whoever reads the file: that a text is JSON, of a union or of what has no type."""

    name: str
    type: Any
    convert: Callable[[Any], Any]
    told: str | None = None


def column_of(name: str, ty: Ty, schemas: Schemas) -> Column:
    """Of the answer, or one of its fields."""
    type_, convert, told = _shape(ty, schemas, ())
    return Column(name, type_, convert, told)


def kept_columns(names: Sequence[str], rows: Iterable[Any]) -> list[Column]:
    """Each of the type that all its values have; of several it is JSON text."""
    kinds: dict[str, set[str]] = {name: set() for name in names}
    for values in rows:
        if isinstance(values, Mapping):
            for name in names:
                kinds[name].add(_kind(values.get(name)))
    return [_kept(name, kinds[name] - {"null"}) for name in names]


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int64" if value in _INT64 else JSON_TEXT
        case float():
            return "double"
        case str():
            return "string"
        case _:
            return JSON_TEXT


def _kept(name: str, kinds: set[str]) -> Column:
    pa = arrow()
    if kinds == {"int64", "double"}:
        kinds = {"double"}
    kind = kinds.pop() if len(kinds) == 1 else JSON_TEXT if kinds else "string"
    if kind == JSON_TEXT:
        return Column(name, pa.string(), _text, JSON_TEXT)
    return Column(name, pa.type_for_alias(kind), _same)


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str | None:
    return None if value is None else compact(value)


def _named(value: Any) -> str | None:
    return None if value is None else str(value)


_NAMES = (EnumTy, VariantTy, LiteralTy)
_PRIMITIVES = {"int": "int64", "float": "double", "bool": "bool", "string": "string"}


def _shape(ty: Ty, schemas: Schemas, above: tuple[str, ...]) -> tuple[Any, Callable[[Any], Any], str | None]:
    """The Arrow type of a type, how a value gets there, and what metadata says of it."""
    pa = arrow()
    members = without_null_members(ty)
    if members and all(isinstance(member, _NAMES) for member in members):
        return pa.string(), _named, None
    if len(members) != 1:
        return pa.string(), _text, "union"
    match members[0]:
        case PrimitiveTy(name=name) if name in _PRIMITIVES:
            return pa.type_for_alias(_PRIMITIVES[name]), _same, None
        case ListTy(item=item):
            inner, convert, _ = _shape(item, schemas, above)
            return pa.list_(inner), _each(convert), None
        case MapTy(value=item):
            inner, convert, _ = _shape(item, schemas, above)
            return pa.map_(pa.string(), inner), _pairs(convert), None
        case ClassTy(name=name) if name in schemas.classes and name not in above:
            fields = {
                field.name: _shape(field.ty, schemas, (*above, name)) for field in schemas.classes[name].fields
            }
            struct = pa.struct([_field(pa, field, found[0], found[2]) for field, found in fields.items()])
            return struct, _struct({field: found[1] for field, found in fields.items()}), None
        case _:  # media, and classes within themselves
            return pa.string(), _text, JSON_TEXT


def _field(pa: Any, name: str, type_: Any, told: str | None) -> Any:
    return pa.field(name, type_, metadata={"baml": told} if told is not None else None)


def _each(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: None if values is None else [convert(value) for value in values]


def _pairs(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: None if values is None else [(str(key), convert(value)) for key, value in values.items()]


def _struct(fields: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    return lambda values: (
        None if values is None else {name: convert(values.get(name)) for name, convert in fields.items()}
    )


class ParquetSheet:
    """Rows come one by one, and bytes leave by groups of rows."""

    def __init__(self, columns: Sequence[Column]) -> None:
        pa = arrow()
        self._columns = columns
        self._schema = pa.schema([_field(pa, column.name, column.type, column.told) for column in columns])
        self._sink = _Sink()
        self._writer = parquet().ParquetWriter(self._sink, self._schema)
        self._rows: list[Mapping[str, Any]] = []

    def head(self) -> bytes:
        return b""

    def row(self, values: Mapping[str, Any]) -> bytes:
        self._rows.append(values)
        return self._group() if len(self._rows) >= GROUP_ROWS else b""

    def tail(self) -> bytes:
        rest = self._group() if self._rows else b""
        self._writer.close()
        return rest + self._sink.take()

    def _group(self) -> bytes:
        pa = arrow()
        arrays = []
        for column in self._columns:
            values = [column.convert(row.get(column.name)) for row in self._rows]
            try:
                arrays.append(pa.array(values, column.type))
            except (pa.ArrowException, OverflowError, TypeError) as failure:
                raise Refused(f"the column `{column.name}` cannot be written as Parquet: {failure}") from None
        self._rows = []
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        return self._sink.take()


class _Sink(io.RawIOBase):
    """A file without an end, of which only what is new is kept."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._size += len(piece)
        return len(piece)

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data
