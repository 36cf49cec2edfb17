"""A type as JSON Schema, for providers that hold a model to one.

Every key is required, and what is optional may be null: that is what strict modes ask for, and it does no harm
where there is none. Classes and recursive aliases stand under `$defs`, so the schema grows with the types and not
with the ways through them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from ..records import dataclass, field
from ..types.schema import EnumMember, EnumSchema, Field, Schemas
from ..types.ty import (
    AliasTy,
    ClassTy,
    EnumTy,
    ListTy,
    LiteralTy,
    MapTy,
    PrimitiveTy,
    Ty,
    UnionTy,
    UnknownTy,
    VariantTy,
    bare,
)
from .errors import PromptError
from .hoisting import Names, visible_members

Node: TypeAlias = dict[str, Any]

ANSWER_NAME = "baml_answer"
"""Of the tool or format that asks for the answer, and of the key over a value that is no object by itself."""


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """The root is always an object. `is_strict`: within the subset that strict modes take, which has no maps with
    free keys and nothing of unknown type."""

    schema: Mapping[str, Any] = field(hash=False)
    is_strict: bool


@dataclass(frozen=True, slots=True)
class StructuredAnswer:
    """What a prompt asks of the provider beside its words: an answer by a schema, as text or in a tool."""

    mode: Literal["json_schema", "tool"]
    schema: AnswerSchema


def answer_schema(ty: Ty, schemas: Schemas) -> AnswerSchema:
    """Made once for a type. Raises `PromptError` for a type that no model can answer with."""
    key = ("answer schema", ty)
    known: AnswerSchema | None = schemas.derived.get(key)
    if known is None:
        known = schemas.derived[key] = _Writer(Names(schemas)).document(ty)
    return known


class _Writer:
    def __init__(self, names: Names) -> None:
        self.names = names
        self.schemas = names.schemas
        self.definitions: dict[str, Node] = {}
        self.is_strict = True

    def document(self, ty: Ty) -> AnswerSchema:
        root = self.names.normal(ty)
        if isinstance(root, ClassTy):
            written = self._class_body(root.name)
        else:
            written = _object({ANSWER_NAME: self.write(root)})
        if self.definitions:
            written = {**written, "$defs": self.definitions}
        return AnswerSchema(written, self.is_strict)

    def write(self, ty: Ty) -> Node:
        plain = bare(ty)
        write = _WRITE.get(type(plain))
        if write is None:
            raise PromptError("an image, audio, pdf or video cannot be an answer")
        return write(self, plain)

    def define(self, name: str, make: Callable[[], Node]) -> Node:
        if name not in self.definitions:
            self.definitions[name] = {}  # stands there while the type comes back to itself
            self.definitions[name] = make()
        return {"$ref": f"#/$defs/{name}"}

    def _class_body(self, name: str) -> Node:
        schema = self.schemas.classes[name]
        rows = {row.alias or row.name: self._field(row) for row in schema.fields if not row.skip}
        if schema.dynamic:
            self.is_strict = False
        written = _object(rows, is_open=schema.dynamic)
        return {"description": schema.description, **written} if schema.description else written

    def _field(self, row: Field) -> Node:
        written = self.write(self.names.normal(row.ty))
        if row.description is None:
            return written
        # Beside a `$ref`, strict modes allow no other key.
        inner: Node = {"anyOf": [written]} if "$ref" in written else written
        return {**inner, "description": _joined(row.description, inner.get("description"))}

    def _primitive(self, ty: PrimitiveTy) -> Node:
        return {"type": _PRIMITIVES[ty.name]}

    def _literal(self, ty: LiteralTy) -> Node:
        return {"type": _LITERALS[ty.base], "enum": [ty.value]}

    def _class(self, ty: ClassTy) -> Node:
        return self.define(ty.name, lambda: self._class_body(ty.name))

    def _alias(self, ty: AliasTy) -> Node:
        return self.define(ty.name, lambda: self.write(self.names.normal(self.schemas.aliases[ty.name])))

    def _enum(self, ty: EnumTy) -> Node:
        schema = self.schemas.enums[ty.name]
        if schema.dynamic and not schema.members:
            self.is_strict = False
            return {"type": "string"}
        members = visible_members(schema)
        written: Node = {"type": "string", "enum": [member.alias or member.name for member in members]}
        described = _enum_description(schema, members)
        return {"description": described, **written} if described else written

    def _variant(self, ty: VariantTy) -> Node:
        members = self.schemas.enums[ty.enum].members
        found = next((member for member in members if member.name == ty.name), EnumMember(ty.name))
        return {"type": "string", "enum": [found.alias or found.name]}

    def _list(self, ty: ListTy) -> Node:
        return {"type": "array", "items": self.write(ty.item)}

    def _map(self, ty: MapTy) -> Node:
        self.is_strict = False
        return {"type": "object", "additionalProperties": self.write(ty.value)}

    def _union(self, ty: UnionTy) -> Node:
        written: list[Node] = []
        for member in ty.members:
            row = self.write(member)
            last = written[-1] if written else {}
            if isinstance(member, LiteralTy) and last.keys() == row.keys() and last["type"] == row["type"]:
                last["enum"] += row["enum"]
            else:
                written.append(row)
        return written[0] if len(written) == 1 else {"anyOf": written}

    def _unknown(self, ty: UnknownTy) -> Node:
        self.is_strict = False
        return {}


def _object(properties: Mapping[str, Node], *, is_open: bool = False) -> Node:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": is_open,
    }


def _enum_description(schema: EnumSchema, members: list[EnumMember]) -> str | None:
    rows = [f"{member.alias or member.name}: {member.description}" for member in members if member.description]
    return "\n".join([*([schema.description] if schema.description else []), *rows]) or None


def _joined(*texts: Any) -> str:
    return "\n".join(filter(None, texts))


_PRIMITIVES = {"int": "integer", "float": "number", "string": "string", "bool": "boolean", "null": "null"}
_LITERALS = {"string": "string", "int": "integer", "bool": "boolean"}

_WRITE: dict[type, Callable[[_Writer, Any], Node]] = {
    PrimitiveTy: _Writer._primitive,
    LiteralTy: _Writer._literal,
    ClassTy: _Writer._class,
    AliasTy: _Writer._alias,
    EnumTy: _Writer._enum,
    VariantTy: _Writer._variant,
    ListTy: _Writer._list,
    MapTy: _Writer._map,
    UnionTy: _Writer._union,
    UnknownTy: _Writer._unknown,
}
