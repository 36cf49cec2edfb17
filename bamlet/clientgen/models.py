"""Classes, enums and aliases of a program as pydantic classes: the modules `types` and `stream_types`.

The classes stand in parts of a module, which are executed when one of their names is first asked for. Checkers
read the stub beside the module.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from ..client.shapes import Listed, Mapped, Maybe, Shape, Shapes
from ..interpreter.facts.interface import Interface
from ..records import dataclass
from ..types.schema import ClassSchema, EnumSchema, Field
from .annotations import Annotations, Side
from .breaking import annotated
from .layout import WIDTH, call, docstring, imports, kept, text, words
from .spaces import last_name, of_space, own_classes, own_enums, space_of

PART_SIZE = 24  # names a part: loading one takes some ten milliseconds

_IMPORTS = {
    "_builtins": "import builtins as _builtins",
    "_typing": "import typing as _typing",
    "_pydantic": "import pydantic as _pydantic",
    "_typing_extensions": "import typing_extensions as _typing_extensions",
    "_client": "from bamlet import client as _client",
}
_DOCS = {
    "types": "The classes, enums and aliases of the program.",
    "stream_types": "The classes of the program as far as a stream has come; the rest is None or empty.",
}


# A value of an enum may be called as a method of its texts, such as `title`. To Python that is nothing; checkers
# have no other way to take it that leaves to users what they know of the values.
_METHODS = frozenset(dir(str)) | {"name", "value"}
_HIDING = (
    "# Values of enums are called as what each of them has.",
    "# mypy: disable-error-code=assignment",
    "# pyright: reportAssignmentType=false, reportIncompatibleMethodOverride=false",
    "",
)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    write: Callable[[Annotations], str]


def type_files(interface: Interface, side: Side, space: str, below: Sequence[str]) -> dict[str, str]:
    """The module of a namespace, its stub and its parts. `below` are the namespaces inside of it."""
    shapes = Shapes(interface.schemas)
    module = of_space(side, space)
    found = [*_recursive(interface, shapes, side, space), *_class_entries(interface, shapes, side, space)]
    aliases = list(_plain_aliases(interface, shapes, side, space))
    parts = [found[start : start + PART_SIZE] for start in range(0, len(found), PART_SIZE)]
    width = len(str(len(parts)))
    names = {f"_{module}_{number:0{width}}": part for number, part in enumerate(parts, 1)}
    if aliases:
        names[f"_{module}_aliases"] = aliases
    home = {entry.name: part for part, entries in names.items() for entry in entries}
    files: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    for part, entries in names.items():
        is_aliases = part.endswith("_aliases")
        # An alias is read when it is executed, so it asks the module for what it names.
        hidden = set(home) & set(dir(builtins))
        annotations = Annotations(None if is_aliases else side, taken=hidden, space=space)
        body = ("\n" if is_aliases else "\n\n\n").join(entry.write(annotations) for entry in entries)
        foreign: dict[str, list[str]] = {}
        for name in sorted(annotations.names):
            if home[name] != part:
                foreign.setdefault(home[name], []).append(name)
        needs[part] = list(foreign)
        files[f"{part}.py"] = _part(module, annotations, foreign, body)
    declared = {part: [entry.name for entry in entries] for part, entries in names.items()}
    files[f"{module}.py"] = _module(_doc(side, space), declared, needs, [last_name(name) for name in below])
    files[f"{module}.pyi"] = stub(side, list(names), set(home), space, below)
    return files


def _doc(side: Side, space: str) -> str:
    return f"{_DOCS[side]} Of the namespace `{space}`." if space else _DOCS[side]


def _part(module: str, annotations: Annotations, foreign: Mapping[str, list[str]], body: str) -> str:
    if foreign:
        annotations.use("_typing")
    lines = [f'"""A part of `{module}`."""', "", *(_HIDING if annotations.hides_text else ())]
    lines += ["from __future__ import annotations", ""]
    lines += import_lines(annotations.modules)
    if foreign:
        lines += ["", "if _typing.TYPE_CHECKING:"]
        lines += [imports(f".{part}", names, 4) for part, names in sorted(foreign.items())]
    gap = [""] if body.startswith("class ") else []
    return "\n".join([*lines, *([""] if lines[-1] else []), *gap, body, ""])


def import_lines(modules: set[str]) -> list[str]:
    """In three groups, as isort has them."""
    groups = [
        ["_builtins", "_typing"],
        ["_pydantic", "_typing_extensions", "_client"],
        sorted(name for name in modules if name.startswith(("_stream_types", "_types"))),
    ]
    order = {"_client": 0, "_pydantic": 1, "_typing_extensions": 2}
    lines: list[str] = []
    for group in groups:
        found = [
            _IMPORTS.get(name, f"from . import {name[1:]} as {name}")
            for name in sorted(group, key=lambda n: order.get(n, 0))
            if name in modules
        ]
        # `import x` before `from x import y`.
        found.sort(key=lambda line: not line.startswith("import"))
        if found:
            lines += ([""] if lines else []) + found
    return lines


def _module(doc: str, names: Mapping[str, list[str]], needs: Mapping[str, list[str]], below: Sequence[str]) -> str:
    lines = [
        f'"""{doc}"""',
        "",
        "from bamlet.client import Parts as _Parts",
        "",
        "_PARTS = _Parts(",
        "    __name__,",
    ]
    lines += _table(names)
    lines += _table({part: inside for part, inside in needs.items() if inside})
    lines += [f"    {words(below, 4)},"] if below else []
    return "\n".join([*lines, ")", "__getattr__ = _PARTS.get", "__dir__ = _PARTS.names", ""])


def _table(entries: Mapping[str, list[str]]) -> list[str]:
    if not entries:
        return ["    {},"]
    lines = [f"        {text(key)}: {words(value, 8, len(key) + 4)}," for key, value in entries.items()]
    return ["    {", *lines, "    },"]


def stub(side: Side, parts: list[str], own: set[str], space: str, below: Sequence[str]) -> str:
    helpers = ["Check", "Checked", "StreamState", "all_succeeded", "get_checks"]
    if side == "stream_types":
        helpers = ["StreamState"]
    helpers = [name for name in helpers if name not in own]
    lines = [f"from bamlet.client.models import {name} as {name}" for name in helpers]
    own_files = [f"from . import {of_space(side, name)} as {last_name(name)}" for name in below]
    own_files += [f"from .{part} import *  # noqa: F403" for part in sorted(parts)]
    lines += [*([""] if lines and own_files else []), *own_files]
    if below:
        # A module under another name is a name of this one only if that is said.
        names = sorted({*helpers, *own, *map(last_name, below)})
        lines += ["", "__all__ = [  # noqa: F405", *(f"    {text(name)}," for name in names), "]"]
    return "\n".join([*lines, ""])


# --- entries


def _class_entries(interface: Interface, shapes: Shapes, side: Side, space: str) -> Iterator[_Entry]:
    if side == "types":
        for enum in own_enums(interface):
            if space_of(enum.name) == space:
                yield _Entry(last_name(enum.name), partial(_enum, schema=enum))
    for schema in own_classes(interface):
        if space_of(schema.name) != space:
            continue
        is_final = side == "types" or schema.stream_done
        fields = shapes.final_fields(schema.name) if side == "types" else shapes.partial_fields(schema.name)
        write = partial(_class, schema=schema, shapes=fields, is_partial=not is_final)
        yield _Entry(last_name(schema.name), write)


def _recursive(interface: Interface, shapes: Shapes, side: Side, space: str) -> Iterator[_Entry]:
    """Their types are texts for Python, so they may stand before what they name."""
    for name, ty in interface.aliases.items():
        if name in interface.schemas.aliases and space_of(name) == space:
            shape = shapes.final(ty) if side == "types" else shapes.partial(ty)
            yield _Entry(last_name(name), partial(_recursive_alias, name=last_name(name), shape=shape))


def _plain_aliases(interface: Interface, shapes: Shapes, side: Side, space: str) -> Iterator[_Entry]:
    """Nothing names them, since they are expanded wherever they are used."""
    for name, ty in interface.aliases.items():
        if name not in interface.schemas.aliases and space_of(name) == space:
            shape = shapes.final(ty) if side == "types" else shapes.partial_field(ty)
            yield _Entry(last_name(name), partial(_plain_alias, name=last_name(name), shape=shape))


def _recursive_alias(annotations: Annotations, name: str, shape: Shape) -> str:
    annotations.hidden = annotations.taken
    head = f"{name} = {annotations.use('_typing_extensions')}.TypeAliasType"
    return call(head, [text(name), text(annotations.write(shape))])


def _plain_alias(annotations: Annotations, name: str, shape: Shape) -> str:
    annotations.hidden = annotations.taken
    return "\n".join(annotated(f"{name} = ", annotations.write(shape), "", 0))


def _enum(annotations: Annotations, schema: EnumSchema) -> str:
    annotations.hides_text |= any(member.name in _METHODS for member in schema.members)
    lines = [f"class {last_name(schema.name)}({annotations.use('_client')}.Enum):"]
    if schema.doc:
        lines += [docstring(schema.doc, 4), ""]
    for member in schema.members:
        lines.append(f"    {member.name} = {text(member.name)}")
        if member.doc:
            lines += [docstring(member.doc, 4)]
    return "\n".join(lines if schema.members or schema.doc else [*lines, "    pass"])


def _class(annotations: Annotations, schema: ClassSchema, shapes: Mapping[str, Shape], is_partial: bool) -> str:
    annotations.hidden = annotations.taken | {field.name for field in schema.fields}
    lines = [f"class {last_name(schema.name)}({annotations.use('_client')}.Model):"]
    if schema.doc:
        lines += [docstring(schema.doc, 4), ""]
    if schema.dynamic:
        lines += [f'    model_config = {annotations.use("_pydantic")}.ConfigDict(extra="allow")', ""]
    lines += [_field(annotations, field, shapes[field.name], is_partial) for field in schema.fields]
    if len(lines) == 1:
        lines.append("    pass")
    return "\n".join(lines).rstrip("\n")


def _field(annotations: Annotations, field: Field, shape: Shape, is_partial: bool) -> str:
    annotation = annotations.write(shape)
    head = f"{field.name}: {annotation}"
    described = field.description if field.description is not None else field.doc
    arguments: list[str] = []
    default = _default(annotations, shape, is_partial)
    if default is not None and (described is not None or default[0] == "default_factory"):
        arguments.append(f"{default[0]}={default[1]}")
    if described is not None:
        arguments.append(f"description={text(described)}")
    if arguments:
        flat = f"    {head} = {annotations.use('_pydantic')}.Field({', '.join(arguments)})"
        if len(f"    {head} = _pydantic.Field(") > 120:
            return kept(flat)
        return call(f"{head} = _pydantic.Field", arguments, indent=4)
    if default is not None and len(f"    {head} = {default[1]}") > WIDTH >= len(f"    {head} = ("):
        # A formatter breaks behind the last sign that it can.
        return f"    {head} = (\n        {default[1]}\n    )"
    after = f" = {default[1]}" if default is not None else ""
    return "\n".join(annotated(f"{field.name}: ", annotation, after, 4))


def _default(annotations: Annotations, shape: Shape, is_partial: bool) -> tuple[str, str] | None:
    """A part that may be missing has a value from the start."""
    match shape:
        case Maybe():
            return "default", "None"
        case Listed() if is_partial:
            return "default_factory", annotations.builtin("list")
        case Mapped() if is_partial:
            return "default_factory", annotations.builtin("dict")
        case _:
            return None
