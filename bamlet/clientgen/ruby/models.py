"""Classes and enums of a program as classes and modules of Ruby: the files `types.rb` and `stream_types.rb`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...client.shapes import Checks, Maybe, Shape
from ...interpreter.facts.interface import Interface
from ...types.schema import ClassSchema, EnumSchema
from ..annotations import Side
from ..spaces import own_classes, own_enums
from .annotations import MODULES, Annotations, literal
from .names import constants, readers

MARGIN = " " * 4


def type_file(interface: Interface, side: Side) -> str:
    parts = list(_declarations(interface, side))
    return f"module Baml\n  module {MODULES[side]}\n" + "\n".join(parts) + "  end\nend\n"


def _declarations(interface: Interface, side: Side) -> Iterator[str]:
    annotations = Annotations(interface)
    if side == "types":
        for enum in own_enums(interface):
            yield _enum(annotations, enum)
    for schema in own_classes(interface):
        is_final = side == "types"
        shapes = annotations.shapes
        fields = shapes.final_fields(schema.name) if is_final else shapes.partial_fields(schema.name)
        yield _class(annotations, schema, fields, is_final=is_final)


def doc(text: str | None, margin: str) -> str:
    """The lines of a comment of the program, before what they tell of."""
    return "".join(f"{margin}# {line.strip()}".rstrip() + "\n" for line in (text or "").strip().splitlines())


def _enum(annotations: Annotations, schema: EnumSchema) -> str:
    """Its values are texts: `Types::Lane::AIR` and "AIR" are the same."""
    names = constants([*(member.name for member in schema.members), "VALUES"])
    rows = "".join(
        f"{doc(member.doc, MARGIN + '  ')}{MARGIN}  {names[member.name]} = {literal(member.name)}\n"
        for member in schema.members
    )
    values = ", ".join(names[member.name] for member in schema.members)
    return (
        f"{doc(schema.doc, MARGIN)}{MARGIN}module {annotations.constant(schema.name)}\n{rows}"
        f"{MARGIN}  {names['VALUES']} = [{values}].freeze\n{MARGIN}end\n"
    )


def _class(annotations: Annotations, schema: ClassSchema, shapes: Mapping[str, Shape], *, is_final: bool) -> str:
    names = readers(field.name for field in schema.fields)
    inner = f"{MARGIN}  "
    lines = [f"{doc(schema.doc, MARGIN)}{MARGIN}class {annotations.constant(schema.name)} < ::Baml::Value\n"]
    lines.append(_fields(annotations, names, shapes, inner))
    if schema.dynamic:
        lines.append(f"{inner}OPEN = true\n")
    for field in schema.fields:
        shape = shapes[field.name]
        # What a client in Python makes whole, the wire says as null: checks of a value that has not come.
        shown = Maybe(shape) if not is_final and isinstance(shape, Checks) else shape
        about = doc(field.description or field.doc, inner)
        lines.append(f"\n{about}{inner}# @return [{annotations.comment(shown)}]\n")
        lines.append(f"{inner}attr_reader :{names[field.name]}\n")
    if schema.dynamic:
        lines.append(f"\n{inner}# What it has beside its fields, by names.\n{inner}# @return [Hash]\n")
        lines.append(f"{inner}attr_reader :more\n")
    lines.append(_start(names, shapes, inner, is_open=schema.dynamic, is_final=is_final))
    return "".join([*lines, f"{MARGIN}end\n"])


def _fields(annotations: Annotations, names: Mapping[str, str], shapes: Mapping[str, Shape], margin: str) -> str:
    """A table of the names on the wire."""
    if not names:
        return f"{margin}FIELDS = {{}}.freeze\n"
    rows = []
    for name, reader in names.items():
        reading = annotations.reading(shapes[name])
        rows.append(f"{margin}  {literal(name)} => [:{reader}{'' if reading == 'nil' else f', {reading}'}]")
    return f"{margin}FIELDS = {{\n" + ",\n".join(rows) + f"\n{margin}}}.freeze\n"


def _start(
    names: Mapping[str, str], shapes: Mapping[str, Shape], margin: str, *, is_open: bool, is_final: bool
) -> str:
    keywords = [
        f"{reader}:" if is_final and not isinstance(shapes[name], Maybe) else f"{reader}: nil"
        for name, reader in names.items()
    ]
    keywords += ["more: {}"] if is_open else []
    if not keywords:
        return ""
    lines = [f"{margin}  @{name} = {name}\n" for name in [*names.values(), *(["more"] if is_open else [])]]
    head = f"\n{margin}def initialize({', '.join(keywords)})\n{margin}  super()\n"
    return head + "".join(lines) + f"{margin}end\n"
