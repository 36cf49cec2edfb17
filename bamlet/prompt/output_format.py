"""`ctx.output_format`: a type to the words that ask a model for it.

First the document's parts (enums, classes and aliases that stand in front under their names), then the
prefix and the type itself. Users have tuned prompts against this text, so it stays as it is to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..types.schema import ClassSchema, EnumMember, EnumSchema, Schemas
from ..types.show import show
from ..types.ty import (
    JSON,
    NULL,
    AliasTy,
    ClassTy,
    EnumTy,
    ListTy,
    LiteralTy,
    MapTy,
    PrimitiveTy,
    Ty,
    UnionTy,
    VariantTy,
)
from .errors import PromptError
from .hoisting import Hoisted, Names, visible_members
from .options import NOT_GIVEN, OutputFormatOptions, read_options

LONGEST_IN_LINE = 15  # bytes of an enum that stands before `[]`, its name or its values; a longer one gets a block


def output_format(ty: Ty, schemas: Schemas, /, **options: object) -> str:
    """Raises `PromptError` for an option that cannot be met and for a type that no model can answer with."""
    if options:
        return _Writer(Names(schemas), read_options(options)).document(ty)
    key = ("output format", ty)
    known: str | None = schemas.derived.get(key)
    if known is None:
        known = schemas.derived[key] = _Writer(Names(schemas), read_options(options)).document(ty)
    return known


class _Writer:
    def __init__(self, names: Names, options: OutputFormatOptions) -> None:
        self.names = names
        self.schemas = names.schemas
        self.options = options
        self.hoisted = Hoisted()

    def document(self, ty: Ty) -> str:
        root = self.names.normal(ty)
        self.hoisted = self.names.hoisted(root, self.options)
        prefix = self.options.prefix
        if prefix is NOT_GIVEN:
            prefix = self._default_prefix(root)
        if root == PrimitiveTy("string") and prefix is None:
            return ""
        enums = self.hoisted.enums
        if isinstance(root, EnumTy):
            main = self._enum_block(root.name)
            enums = [name for name in enums if name != root.name]
        else:
            main = self.text(root)
        parts = [self._enum_block(name) for name in enums]
        parts += [f"{self._word()}{name} {self._body(name)}" for name in self.hoisted.classes]
        aliases = [
            f"{self._word()}{_alias_name(name)} = {self.text(self.names.normal(self.schemas.aliases[name]))}"
            for name in self.hoisted.aliases
        ]
        if aliases:
            parts.append("\n".join(aliases))
        return "\n\n".join([*parts, f"{prefix or ''}{main}"])

    def text(self, ty: Ty) -> str:
        write = _TEXT.get(type(ty))
        if write is None:
            raise PromptError(f"a model cannot answer with a value of the type `{show(ty)}`")
        return write(self, ty)

    def primitive(self, ty: PrimitiveTy) -> str:
        return self.options.render_null_as if ty == NULL else ty.name

    def literal(self, ty: LiteralTy) -> str:
        return json.dumps(ty.value, ensure_ascii=False)

    def variant(self, ty: VariantTy) -> str:
        rows = self.schemas.enums[ty.enum].members
        row = next((row for row in rows if row.name == ty.name), EnumMember(ty.name))
        return f"'{row.alias or row.name}'"

    def enum(self, ty: EnumTy) -> str:
        schema = self.schemas.enums[ty.name]
        if ty.name in self.hoisted.enums:
            return _enum_name(schema)
        return self.options.or_splitter.join(f"'{row.alias or row.name}'" for row in visible_members(schema))

    def class_(self, ty: ClassTy) -> str:
        return ty.name if ty.name in self.hoisted.classes else self._body(ty.name)

    def alias(self, ty: AliasTy) -> str:
        return _alias_name(ty.name)

    def union(self, ty: UnionTy) -> str:
        return self.options.or_splitter.join(map(self.text, ty.members))

    def map_of(self, ty: MapTy) -> str:
        key, value = self.text(ty.key), self.text(ty.value)
        return f"{{{key}: {value}}}" if self.options.map_style == "object" else f"map<{key}, {value}>"

    def list_of(self, ty: ListTy) -> str:
        item, text = ty.item, self.text(ty.item)
        if isinstance(item, PrimitiveTy | AliasTy):
            return f"{text}[]"
        if isinstance(item, EnumTy) and len(text.encode()) <= LONGEST_IN_LINE:
            return f"{text}[]"
        if isinstance(item, ClassTy) and item.name in self.hoisted.classes:
            return f"{text}[]"
        if isinstance(item, UnionTy) and any(map(_is_primitive, item.members)):
            return f"({text})[]"
        return "[\n" + _indented("  " + text) + "\n]"

    def _body(self, name: str) -> str:
        schema = self.schemas.classes[name]
        lines = ["{"]
        if schema.description:
            # The empty line takes the indentation of what is around it, as the native renderer has it.
            lines += [*_comment(schema.description), ""]
        lines += self._fields(schema)
        return "\n".join([*lines, "}"])

    def _fields(self, schema: ClassSchema) -> list[str]:
        lines = []
        for field in schema.fields:
            if field.skip:
                continue
            if field.description:
                lines += _comment(field.description)
            key = field.alias or field.name
            key = f'"{key}"' if self.options.quote_class_fields else key
            lines.append(f"  {key}: {_indented(self.text(self.names.normal(field.ty)))},")
        return lines

    def _enum_block(self, name: str) -> str:
        schema = self.schemas.enums[name]
        lines = [_enum_name(schema), "----"]
        for row in visible_members(schema):
            described = f": {_indented(row.description)}" if row.description else ""
            lines.append(f"{self.options.enum_value_prefix}{row.alias or row.name}{described}")
        return "\n".join(lines)

    def _word(self) -> str:
        prefix = self.options.hoisted_class_prefix
        return f"{prefix} " if prefix else ""

    def _default_prefix(self, root: Ty) -> str | None:
        word = self.options.hoisted_class_prefix or "schema"
        match root:
            case PrimitiveTy(name):
                return _PRIMITIVE_PREFIX[name]
            case EnumTy():
                return "Answer with any of the categories:\n"
            case LiteralTy() | VariantTy():
                return "Answer using this specific value:\n"
            case ListTy():
                return "Answer with a JSON Array using this schema:\n"
            case UnionTy(members) if not (len(members) == 2 and members[1] == NULL):
                return "Answer in JSON using any of these schemas:\n"
            case UnionTy() | MapTy():
                return "Answer in JSON using this schema:\n"
            case ClassTy(name) if name not in self.hoisted.classes:
                return f"Answer in JSON using this {word}:\n"
        return f"Answer in JSON using this {word}: "


def _comment(text: str) -> list[str]:
    return [f"  // {line}" for line in text.split("\n")]


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _enum_name(schema: EnumSchema) -> str:
    return schema.alias or schema.name


def _alias_name(name: str) -> str:
    """As programs call it."""
    return "json" if name == JSON.name else name


def _is_primitive(ty: Ty) -> bool:
    """A list counts for what it is a list of."""
    while isinstance(ty, ListTy):
        ty = ty.item
    return isinstance(ty, PrimitiveTy)


_PRIMITIVE_PREFIX: Mapping[str, str | None] = {
    "string": None,
    "int": "Answer as an ",
    "float": "Answer as a ",
    "bool": "Answer as a ",
    "null": "Answer ONLY with null:\n",
}

_TEXT: dict[type, Callable[[_Writer, Any], str]] = {
    PrimitiveTy: _Writer.primitive,
    LiteralTy: _Writer.literal,
    EnumTy: _Writer.enum,
    VariantTy: _Writer.variant,
    ClassTy: _Writer.class_,
    AliasTy: _Writer.alias,
    ListTy: _Writer.list_of,
    MapTy: _Writer.map_of,
    UnionTy: _Writer.union,
}
