"""Rows of a table to arguments of the function, and each row's key: what decides its answer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from ..diagnostics import did_you_mean
from ..embed import BamlInvalidArgumentError, to_plain
from ..embed.arguments import Parameters
from ..embed.given import check_entry
from ..embed.media import CLASSES
from ..embed.runtime import AsyncRuntime
from ..records import dataclass
from ..types.ty import (
    STRING,
    ClassTy,
    EnumTy,
    ListTy,
    LiteralTy,
    MapTy,
    MediaTy,
    PrimitiveTy,
    Ty,
    VariantTy,
    is_optional,
    without_null_members,
)
from .engines import Refused
from .tables import Record

KEY_BYTES = 16
WHOLE_ROW = "."
_PARAMETER = re.compile(r"`([A-Za-z_]\w*)")
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr).encode
_BOOLS = {"true": True, "false": False}


class NotBound(Exception):
    """Why a row is no call of the function; the text has the column."""


@dataclass(frozen=True, slots=True)
class Given:
    """How parameters get their values: columns by the names of parameters, constants, and texts or not."""

    columns: Mapping[str, str]
    constants: Mapping[str, Any]


class Binder:
    """Binds the rows of one table to one function."""

    def __init__(
        self, runtime: AsyncRuntime, function: str, fingerprint: str, given: Given, *, textual: bool
    ) -> None:
        program = runtime.program
        info = program.interface.functions[function]
        try:
            check_entry(info)
        except BamlInvalidArgumentError as failure:
            raise Refused(failure.message) from None
        self._parameters = Parameters(info, program.space)
        self._space = program.space
        self._function = function
        self._types = {param.name: param.ty for param in info.params}
        names = [param.name for param in info.params]
        self._order = sorted(range(len(names)), key=names.__getitem__)
        self._starts = [f"{_CANONICAL(names[at])}:" for at in self._order]
        self._given = given
        self._textual = textual
        self._prefix = f"Invalid argument: {function}: "
        self._seed = f"bamlet-map-1\0{fingerprint}\0".encode()
        self._whole = next((name for name, column in given.columns.items() if column == WHOLE_ROW), None)
        self._fields = self._fields_of(self._whole) if self._whole is not None else {}

    def _fields_of(self, name: str) -> Mapping[str, Ty]:
        classes = self._space.schemas.classes
        member = next((m for m in without_null_members(self._types[name]) if isinstance(m, ClassTy)), None)
        if member is None:
            raise Refused(f"--bind {name}=.: a row as a whole is a class, which `{name}` is not")
        return {field.name: field.ty for field in classes[member.name].fields}

    @property
    def told(self) -> bytes:
        """What decides, beside the rows, what their keys are."""
        given = (self._function, self._textual, sorted(self._given.columns.items()), self._given.constants)
        return self._seed + _CANONICAL(given).encode("utf-8", "surrogatepass")

    @property
    def reads_files(self) -> bool:
        """Whether a cell may be the path of a file, of which the row alone does not tell what is in it."""
        members = (member for ty in self._types.values() for member in without_null_members(ty))
        return self._textual and any(isinstance(member, MediaTy) for member in members)

    def arguments(self, record: Record) -> dict[str, Any]:
        """Raises `NotBound`."""
        if record.problem is not None:
            raise NotBound(record.problem)
        values = record.values
        if not isinstance(values, dict | Mapping):
            raise NotBound("a row is a JSON object, with a value for each parameter")
        if self._whole is not None:
            taken = ((name, ty) for name, ty in self._fields.items() if name in values)
            row = {
                name: self._value(values[name], ty, name, record) if self._textual else values[name]
                for name, ty in taken
            }
            return {**self._given.constants, self._whole: row}
        found = dict(self._given.constants)
        for name, column in self._given.columns.items():
            if column in values:
                value = values[column]
                found[name] = self._value(value, self._types[name], column, record) if self._textual else value
        return found

    def key(self, arguments: Mapping[str, Any], occurrence: int = 0) -> bytes:
        """Raises `NotBound`."""
        try:
            bound = self._parameters.bind(arguments)
        except BamlInvalidArgumentError as failure:
            raise NotBound(self._told(failure.message)) from None
        # As `_CANONICAL` writes an object of them; to begin anew for texts alone takes twice as long.
        texts = [
            start + (encode_basestring(value) if type(value) is str else _CANONICAL(to_plain(value)))
            for start, value in zip(self._starts, (bound[at] for at in self._order), strict=True)
        ]
        text = "{" + ",".join(texts) + "}"
        more = f"\0{occurrence}" if occurrence else ""
        data = self._seed + (text + more).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=KEY_BYTES).digest()

    def _told(self, message: str) -> str:
        """In terms of columns: the first parameter that is named there has one."""
        reason = message.removeprefix(self._prefix)
        name = _PARAMETER.search(reason)
        column = self._given.columns.get(name[1]) if name else None
        return f"column `{column}`: {reason}" if column is not None else reason

    def _value(self, value: Any, ty: Ty, column: str, record: Record) -> Any:
        try:
            return of_text(value, ty, Path(record.file).parent)
        except (ValueError, OSError, RecursionError, BamlInvalidArgumentError) as failure:
            raise NotBound(f"column `{column}`: {failure}") from None


def of_text(text: str, ty: Ty, folder: Path) -> Any:
    """A cell as a value of a type. Raises `ValueError`; what comes of it is still bound by the type."""
    wanted = without_null_members(ty)
    if not text and STRING not in wanted:
        return None
    if not text and is_optional(ty):
        return None
    for member in wanted:
        convert = _OF_TEXT.get(type(member))
        if convert is not None and wanted[0] == member:
            return convert(text, member, folder)
    return _json_or_text(text)


def _primitive(text: str, ty: PrimitiveTy, folder: Path) -> Any:
    if ty.name == "string":
        return text
    if ty.name == "bool":
        if text.strip().lower() not in _BOOLS:
            raise ValueError(f"should be true or false, not {text!r}")
        return _BOOLS[text.strip().lower()]
    try:
        return int(text) if ty.name == "int" else float(text)
    except ValueError:
        raise ValueError(f"should be {_A[ty.name]}, not {text!r}") from None


_A = {"int": "an int", "float": "a float"}


def _literal(text: str, ty: LiteralTy, folder: Path) -> Any:
    return text if ty.base == "string" else _primitive(text, PrimitiveTy(ty.base), folder)


def _name(text: str, ty: Ty, folder: Path) -> Any:
    return text


def _json(text: str, ty: Ty, folder: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError as failure:
        raise ValueError(f"should be JSON: {failure}") from None


def _media(text: str, ty: MediaTy, folder: Path) -> Any:
    made = CLASSES[ty.kind]
    if "://" in text or text.startswith("data:"):
        return made.from_url(text)
    path = (folder / text).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{text} is not under the folder of the input")
    return made.from_file(path)


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


_OF_TEXT: Mapping[type, Callable[[str, Any, Path], Any]] = {
    PrimitiveTy: _primitive,
    LiteralTy: _literal,
    EnumTy: _name,
    VariantTy: _name,
    ClassTy: _json,
    ListTy: _json,
    MapTy: _json,
    MediaTy: _media,
}


def given_for(
    runtime: AsyncRuntime,
    function: str,
    columns: Sequence[str] | None,
    bind: Iterable[str],
    constants: Mapping[str, Any],
) -> Given:
    """Which column each parameter takes. Raises `Refused`, before a row is looked at."""
    info = runtime.program.interface.functions[function]
    types = {param.name: param.ty for param in info.params}
    chosen = dict(_pair(text) for text in bind)
    for name in (*chosen, *constants):
        if name not in types:
            hint = did_you_mean(name, types)
            raise Refused(f"{function} has no parameter `{name}`" + (f"; {hint}" if hint else ""))
    open_ = [name for name in types if name not in chosen and name not in constants]
    if columns is not None:
        for name, column in chosen.items():
            if column != WHOLE_ROW and column not in columns and not is_optional(types[name]):
                hint = did_you_mean(column, columns)
                raise Refused(f"--bind {name}={column}: there is no such column" + (f"; {hint}" if hint else ""))
        for name in open_:
            if name not in columns and not is_optional(types[name]) and not _takes_row(types, name):
                hint = did_you_mean(name, columns)
                told = f"the parameter `{name}` has no column; write --bind {name}=COLUMN"
                raise Refused(told + (f" ({hint})" if hint else ""))
    if len(open_) == 1 and columns is not None and open_[0] not in columns and _takes_row(types, open_[0]):
        return Given({open_[0]: WHOLE_ROW}, constants)
    return Given({**{name: name for name in open_}, **chosen}, constants)


def _takes_row(types: Mapping[str, Ty], name: str) -> bool:
    return len(types) == 1 and all(isinstance(member, ClassTy) for member in without_null_members(types[name]))


def _pair(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not equals or not name or not column:
        raise Refused(f"--bind {text}: write PARAM=COLUMN")
    return name, column
