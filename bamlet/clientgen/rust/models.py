"""Classes, enums, unions and aliases of a program as types of Rust: the modules `types` and `stream_types`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ...client.shapes import Checks, Either, Maybe, Object, Shape, Shapes
from ...interpreter.facts.interface import FunctionInfo, Interface
from ...types.schema import ClassSchema, EnumSchema
from ..annotations import Side
from ..apart import apart
from ..spaces import own_classes, own_enums
from .annotations import Annotations
from .names import members
from .texts import comment, literal

_HEAD = "use super::json::{kind, FromJson, Json, ToJson};\n\n"
_DERIVE = "#[derive(Debug, Clone, PartialEq)]\n"


def type_file(interface: Interface, functions: Sequence[FunctionInfo], side: Side) -> str:
    annotations = Annotations(interface, side)
    shapes = Shapes(interface.schemas)
    parts = list(_declarations(interface, annotations, side, shapes))
    parts += annotations.declared(functions, shapes, partial(_union, annotations))
    return _HEAD + "\n".join(parts)


def _declarations(interface: Interface, annotations: Annotations, side: Side, shapes: Shapes) -> Iterator[str]:
    is_final = side == "types"
    if is_final:
        yield from (_enum(annotations, enum) for enum in own_enums(interface))
    for schema in own_classes(interface):
        fields = shapes.final_fields(schema.name) if is_final else shapes.partial_fields(schema.name)
        yield _class(annotations, schema, fields, is_final=is_final)
    for name, ty in interface.aliases.items():
        shape = shapes.final(ty) if is_final else shapes.partial(ty)
        yield _alias(annotations, name, shape, is_recursive=name in interface.schemas.aliases)


def _alias(annotations: Annotations, name: str, shape: Shape, *, is_recursive: bool) -> str:
    """One that names itself is a type of its own, which Rust needs for it."""
    own = annotations.constant(name)
    if not is_recursive:
        return f"pub type {own} = {annotations.write(shape)};\n"
    inner = shape.inner if isinstance(shape, Maybe) else shape
    if isinstance(inner, Either):
        return _union(annotations, own, inner, has_null=isinstance(shape, Maybe))
    return (
        f"{_DERIVE}pub struct {own}(pub {annotations.write(shape)});\n\n"
        f"{_reading(own, f'FromJson::from_json(json).map({own})')}\n{_writing(own, 'self.0.to_json()')}"
    )


def _reading(name: str, body: str) -> str:
    head = f"impl FromJson for {name} {{\n    fn from_json(json: &Json) -> Result<Self, String> {{\n"
    return f"{head}        {body}\n    }}\n}}\n"


def _writing(name: str, body: str) -> str:
    return f"impl ToJson for {name} {{\n    fn to_json(&self) -> Json {{\n        {body}\n    }}\n}}\n"


def _enum(annotations: Annotations, schema: EnumSchema) -> str:
    name = annotations.constant(schema.name)
    found = members((member.name for member in schema.members), "Other")
    rows = "".join(f"{comment(one.doc, 4)}    {found[one.name]},\n" for one in schema.members)
    reads = "".join(f"            Some({literal(one)}) => Ok({name}::{made}),\n" for one, made in found.items())
    writes = "".join(f"            {name}::{made} => {literal(one)}.to_json(),\n" for one, made in found.items())
    other = f'            _ => Err(format!("{{}} for a {name}", kind(json))),\n'
    if schema.dynamic:
        rows += "    /// One that the program did not know when this was made.\n    Other(String),\n"
        reads += f"            Some(other) => Ok({name}::Other(other.to_owned())),\n"
        writes += f"            {name}::Other(other) => other.to_json(),\n"
    return (
        f"{comment(schema.doc)}{_DERIVE}pub enum {name} {{\n{rows}}}\n\n"
        + _reading(name, f"match json.as_str() {{\n{reads}{other}        }}")
        + "\n"
        + (_writing(name, f"match self {{\n{writes}        }}") if writes else _writing(name, "Json::Null"))
    )


def _class(annotations: Annotations, schema: ClassSchema, shapes: Mapping[str, Shape], *, is_final: bool) -> str:
    name = annotations.constant(schema.name)
    found = members((field.name for field in schema.fields), *(["more"] if schema.dynamic else []))
    rows = []
    for field in schema.fields:
        shape = shapes[field.name]
        # What a client in Python makes whole, the wire says as null: checks of a value that has not come.
        shown = Maybe(shape) if not is_final and isinstance(shape, Checks) else shape
        about = comment(field.description or field.doc, 4)
        rows.append(f"{about}    pub {found[field.name]}: {annotations.write(shown)},\n")
    reads = "".join(f"            {made}: json.field({literal(one)})?,\n" for one, made in found.items())
    writes = "".join(
        f"            ({literal(one)}.to_owned(), self.{made}.to_json()),\n" for one, made in found.items()
    )
    made = f"Json::Object(vec![\n{writes}        ])" if writes else "Json::Object(Vec::new())"
    if schema.dynamic:
        rows.append(
            "    /// What it has beside its fields.\n    pub more: std::collections::HashMap<String, Json>,\n"
        )
        known = ", ".join(map(literal, ["$type", *found]))
        reads += f"            more: json.beside(&[{known}]),\n"
        made = f"{made}.with(&self.more)"
    refused = f'return Err(format!("{{}} for a {name}", kind(json)));'
    check = f"if !matches!(json, Json::Object(_)) {{\n            {refused}\n        }}\n        "
    return (
        f"{comment(schema.doc)}{_DERIVE}pub struct {name} {{\n{''.join(rows)}}}\n\n"
        + _reading(name, f"{check}Ok({name} {{\n{reads}        }})")
        + "\n"
        + _writing(name, made)
    )


def _union(annotations: Annotations, name: str, shape: Either, *, has_null: bool = False) -> str:
    """Members that Rust cannot tell apart are one: texts of several sets are texts."""
    found: dict[str, Shape] = {}
    for member in shape.members:
        found.setdefault(annotations.word(member), member)
    words = apart(found, str, ("Null",) if has_null else ())
    rows = "".join(f"    {words[word]}({annotations.write(member)}),\n" for word, member in found.items())
    reads = "".join(_try(annotations, name, words[word], member) for word, member in found.items())
    writes = "".join(f"            {name}::{words[word]}(value) => value.to_json(),\n" for word in found)
    if has_null:
        rows = f"    Null,\n{rows}"
        reads = f"if *json == Json::Null {{\n            return Ok({name}::Null);\n        }}\n        {reads}"
        writes = f"            {name}::Null => Json::Null,\n{writes}"
    return (
        f"/// One of several.\n{_DERIVE}pub enum {name} {{\n{rows}}}\n\n"
        + _reading(name, f'{reads}Err(format!("{{}} for a {name}", kind(json)))')
        + "\n"
        + _writing(name, f"match self {{\n{writes}        }}")
    )


def _try(annotations: Annotations, name: str, word: str, member: Shape) -> str:
    """The server names the class of a value of a class, so that none is guessed."""
    read = f"<{annotations.write(member)}>::from_json(json)"
    if isinstance(member, Object):
        return (
            f"if json.tag() == Some({literal(member.name)}) {{\n"
            f"            return {read}.map({name}::{word});\n        }}\n        "
        )
    return f"if let Ok(value) = {read} {{\n            return Ok({name}::{word}(value));\n        }}\n        "
