"""Classes, enums and aliases of a program as types of TypeScript: the modules `types` and `partial_types`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...client.shapes import Checks, Maybe, Shape, Shapes
from ...interpreter.facts.interface import Interface
from ...types.schema import ClassSchema, EnumSchema
from ..annotations import Side
from ..spaces import own_classes, own_enums
from .annotations import FINAL, Annotations, literal, type_name


def type_module(interface: Interface, side: Side) -> Iterator[str]:
    """Its declarations. The final side has the enums as values, too."""
    shapes = Shapes(interface.schemas)
    annotations = Annotations(side)
    if side == FINAL:
        yield from map(_enum, own_enums(interface))
    for schema in own_classes(interface):
        fields = shapes.final_fields(schema.name) if side == FINAL else shapes.partial_fields(schema.name)
        yield _class(annotations, schema, fields, is_final=side == FINAL)
    for name, ty in interface.aliases.items():
        shape = shapes.final(ty) if side == FINAL else shapes.partial(ty)
        yield f"export type {type_name(name)} = {annotations.write(shape)};\n"


def doc(text: str | None, indent: int = 0) -> str:
    """The lines of a comment of the program, before what they tell of."""
    if not text or not text.strip():
        return ""
    margin = " " * indent
    lines = [line.strip().replace("*/", "*\\/") for line in text.strip().splitlines()]
    if len(lines) == 1:
        return f"{margin}/** {lines[0]} */\n"
    return f"{margin}/**\n" + "".join(f"{margin} * {line}".rstrip() + "\n" for line in lines) + f"{margin} */\n"


def _enum(schema: EnumSchema) -> str:
    """An object and the union of its values: `Color.Red` and "Red" are the same."""
    name = type_name(schema.name)
    rows = "".join(
        f"{doc(member.doc, 2)}  {literal(member.name)}: {literal(member.name)},\n" for member in schema.members
    )
    values = f"export const {name} = {{\n{rows}}} as const;\n"
    return f"{doc(schema.doc)}{values}export type {name} = (typeof {name})[keyof typeof {name}];\n"


def _class(annotations: Annotations, schema: ClassSchema, shapes: Mapping[str, Shape], *, is_final: bool) -> str:
    if not is_final:
        # What a client in Python makes whole, the wire says as null: checks of a value that has not come.
        shapes = {name: Maybe(shape) if isinstance(shape, Checks) else shape for name, shape in shapes.items()}
    lines = [f"{doc(schema.doc)}export interface {type_name(schema.name)} {{\n"]
    for field in schema.fields:
        shape = shapes[field.name]
        # What may be missing is always there as null, and may be left out of an argument.
        mark = "?" if is_final and isinstance(shape, Maybe) else ""
        lines.append(
            f"{doc(field.description or field.doc, 2)}  {field.name}{mark}: {annotations.write(shape)};\n"
        )
    if schema.dynamic:
        lines.append("  [more: string]: unknown;\n")
    return "".join([*lines, "}\n"])
