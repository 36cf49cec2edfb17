"""Classes, enums and recursive aliases of a program as types of Go: the packages `types` and `stream_types`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ...client.shapes import Checks, Either, Maybe, Shape, Shapes
from ...interpreter.facts.interface import FunctionInfo, Interface
from ...types.schema import ClassSchema, EnumSchema
from ..annotations import Side
from ..spaces import own_classes, own_enums
from .annotations import Annotations
from .names import fields as field_names
from .texts import comment, literal
from .unions import union


def type_file(interface: Interface, functions: Sequence[FunctionInfo], side: Side, module: str) -> str:
    annotations = Annotations(interface, side)
    shapes = Shapes(interface.schemas)
    parts = list(_declarations(interface, annotations, side, shapes))
    parts += annotations.declared(functions, shapes, partial(union, annotations))
    body = "\n".join(parts)
    return f"package {side}\n\n{_imports(body, module)}{body}"


def _imports(body: str, module: str) -> str:
    wanted = [f'"{name}"' for name, word in _STANDARD.items() if f"{word}." in body]
    own = [f'"{module}/types"'] if "types." in body.replace("stream_types.", "") else []
    lines = [*wanted, *([""] if wanted and own else []), *own]
    return "import (\n" + "".join(f"\t{line}".rstrip() + "\n" for line in lines) + ")\n\n" if lines else ""


_STANDARD = {"encoding/json": "json", "errors": "errors"}


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
    """One that names itself is a type of its own, which Go needs for it; what may be null in it is none of its
    members."""
    own = annotations.constant(name)
    if not is_recursive:
        return f"type {own} = {annotations.write(shape)}\n"
    inner = shape.inner if isinstance(shape, Maybe) else shape
    return (
        union(annotations, own, inner) if isinstance(inner, Either) else f"type {own} {annotations.write(inner)}\n"
    )


def _enum(annotations: Annotations, schema: EnumSchema) -> str:
    name = annotations.constant(schema.name)
    members = field_names(member.name for member in schema.members)
    rows = "".join(
        f"{comment(member.doc, tab=True)}\t{name}{members[member.name]} {name} = {literal(member.name)}\n"
        for member in schema.members
    )
    text = f"{comment(schema.doc)}type {name} string\n\nconst (\n{rows})\n"
    if schema.dynamic:
        return text
    cases = ", ".join(f"{name}{made}" for made in members.values())
    return (
        f"{text}\n// IsValid tells whether it is one of the values that the program knows.\n"
        f"func (e {name}) IsValid() bool {{\n\tswitch e {{\n\tcase {cases}:\n\t\treturn true\n\t}}\n"
        "\treturn false\n}\n"
    )


def _class(annotations: Annotations, schema: ClassSchema, shapes: Mapping[str, Shape], *, is_final: bool) -> str:
    name = annotations.constant(schema.name)
    members = field_names((field.name for field in schema.fields), *(["More"] if schema.dynamic else []))
    rows = []
    for field in schema.fields:
        shape = shapes[field.name]
        # What a client in Python makes whole, the wire says as null: checks of a value that has not come.
        shown = Maybe(shape) if not is_final and isinstance(shape, Checks) else shape
        about = comment(field.description or field.doc, tab=True)
        rows.append(f'{about}\t{members[field.name]} {annotations.write(shown)} `json:"{field.name}"`\n')
    if schema.dynamic:
        rows.append('\t// More is what it has beside its fields.\n\tMore map[string]any `json:"-"`\n')
    text = f"{comment(schema.doc)}type {name} struct {{\n{''.join(rows)}}}\n"
    lists = {
        members[field.name]: annotations.write(shapes[field.name])
        for field in schema.fields
        if annotations.write(shapes[field.name]).startswith(("[]", "map["))
        and not isinstance(shapes[field.name], Maybe)
    }
    if is_final and (lists or schema.dynamic):
        text += _writing(annotations, name, lists, is_open=schema.dynamic)
    if schema.dynamic:
        text += _reading(annotations, name, " ".join(members))
    return text


def _writing(annotations: Annotations, name: str, lists: Mapping[str, str], *, is_open: bool) -> str:
    """A list that was not set is an empty one: the server takes no null for it."""
    filled = "".join(f"\tif v.{field} == nil {{\n\t\tv.{field} = {ty}{{}}\n\t}}\n" for field, ty in lists.items())
    together = annotations.place("Together", "types")
    made = f"{together}(plain(v), v.More)" if is_open else "json.Marshal(plain(v))"
    head = f"\nfunc (v {name}) MarshalJSON() ([]byte, error) {{\n"
    return f"{head}{filled}\ttype plain {name}\n\treturn {made}\n}}\n"


def _reading(annotations: Annotations, name: str, fields: str) -> str:
    more = annotations.place("More", "types")
    return (
        f"\nfunc (v *{name}) UnmarshalJSON(data []byte) (err error) {{\n\ttype plain {name}\n"
        f"\tif err = json.Unmarshal(data, (*plain)(v)); err != nil {{\n\t\treturn err\n\t}}\n"
        f"\tv.More, err = {more}(data, {literal(fields)})\n\treturn err\n}}\n"
    )
