"""The `args` of a test against the parameters: text without quotes gets the type that is wanted, and what cannot
be a value of that type is told."""

from __future__ import annotations

from collections.abc import Iterator

from ...diagnostics import did_you_mean
from ...grammar import nodes as n
from ...grammar.walk import walk
from ...records import dataclass
from ...types.relate import Relation
from ...types.schema import ClassSchema, EnumSchema, Schemas
from ...types.show import show
from ...types.ty import (
    NULL,
    STRING,
    UNKNOWN,
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
)
from ..facts.interface import EnvRef, Setting, TemplateCall, TemplateInfo
from ..facts.symbols import Names
from .settings import setting

_MEDIA_KEYS = {"url", "file", "base64"}


@dataclass(frozen=True, slots=True)
class Misfit:
    node: n.Node
    message: str
    hint: str | None = None
    is_lack: bool = False


@dataclass(frozen=True, slots=True)
class TestArguments:
    """Reads values of configuration as values of the program's types, those of a type builder included."""

    names: Names
    added: Schemas
    relation: Relation
    file: str

    @classmethod
    def of(cls, names: Names, known: Relation, added: Schemas, file: str) -> TestArguments:
        relation = Relation({**known.aliases, **added.aliases}, known.variants) if added.aliases else known
        return cls(names, added, relation, file)

    def _class_of(self, name: str) -> ClassSchema | None:
        """None for what the program does not declare, or declares in a way that is reported already."""
        if name in self.added.classes:
            return self.added.classes[name]
        return (
            self.names.classes[name].schema
            if name in self.names.classes and name not in self.names.broken
            else None
        )

    def _enum_of(self, name: str) -> EnumSchema | None:
        known = None if name in self.names.broken else self.names.enums.get(name)
        return self.added.enums.get(name, known)

    def _template_of(self, node: n.ConfigCall) -> TemplateInfo | None:
        return self.names.templates.get(self.names.full(node.name, self.file))

    # --- values

    def value(self, node: n.ConfigValue, ty: Ty) -> Setting:
        """A number or a word without quotes is text where a text is wanted and no such number or word."""
        parts = self.relation.members(ty)
        match node:
            case n.ConfigList():
                item = next((part.item for part in parts if isinstance(part, ListTy)), None)
                return [setting(each) if item is None else self.value(each, item) for each in node.items]
            case n.ConfigCall():
                template = self._template_of(node)
                params = template.params if template else ()
                types = [param.ty for param in params] + [UNKNOWN] * len(node.arguments)
                values = [self.value(each, ty) for each, ty in zip(node.arguments, types, strict=False)]
                return TemplateCall(self.names.full(node.name, self.file), tuple(values))
            case n.Config():
                return {entry.key.name: self._entry(entry, parts) for entry in node.entries}
            case _:
                given = setting(node)
                is_text = STRING in parts and not any(self._is_scalar(given, part) for part in parts)
                text = (node.text or "").strip()
                return text if is_text and not isinstance(given, EnvRef) else given

    def _entry(self, entry: n.ConfigEntry, parts: tuple[Ty, ...]) -> Setting:
        for part in parts:
            if isinstance(part, MapTy):
                return self.value(entry.value, part.value)
            if isinstance(part, ClassTy) and (ty := self._field(part, entry.key.name)) is not None:
                return self.value(entry.value, ty)
        return setting(entry.value)

    def _field(self, owner: ClassTy, name: str) -> Ty | None:
        schema = self._class_of(owner.name)
        return next((field.ty for field in schema.fields if field.name == name), None) if schema else None

    # --- what does not fit

    def misfits(self, node: n.ConfigValue, ty: Ty) -> Iterator[Misfit]:
        """Of several types the value must fit one; if only one may be meant, its own misfits are told."""
        parts = self.relation.members(ty)
        if isinstance(node, n.ConfigCall):
            yield from self._call(node, ty, parts)
            return
        found = [list(self._misfits(node, part)) for part in parts]
        if not all(found):
            return
        meant = [some for part, some in zip(parts, found, strict=True) if _may_be_meant(node, part)]
        if len(meant) == 1:
            yield from meant[0]
        else:
            hint = _run_on(node, parts) or self._hint(parts)
            yield Misfit(node, f"expected `{show(ty)}`, found {_shown(node)}", hint)

    def unknown_calls(self, node: n.ConfigValue) -> Iterator[Misfit]:
        for call in walk(node):
            if isinstance(call, n.ConfigCall) and self._template_of(call) is None:
                if self.names.full(call.name, self.file) in self.names.broken:
                    continue
                hint = did_you_mean(call.name, self.names.templates) or "a test calls nothing else in `args`"
                yield Misfit(call, f"no template string is called `{call.name}`", hint)

    def _call(self, node: n.ConfigCall, ty: Ty, parts: tuple[Ty, ...]) -> Iterator[Misfit]:
        template = self._template_of(node)
        if template is None:
            return  # is reported, whether anybody wants the text or not
        names = [param.name for param in template.params]
        missing = [p.name for p in template.params[len(node.arguments) :] if not is_optional(p.ty)]
        hint = f"write `{node.name}({', '.join(names)})`"
        if len(node.arguments) > len(names):
            takes = f"{len(names)} argument{'s' if len(names) != 1 else ''}"
            yield Misfit(node, f"`{node.name}` takes {takes}, found {len(node.arguments)}", hint)
        elif missing:
            yield Misfit(node, f"`{node.name}` also needs `{missing[0]}`", hint, is_lack=True)
        for each, param in zip(node.arguments, template.params, strict=False):
            yield from self.misfits(each, param.ty)
        if UNKNOWN not in parts and STRING not in parts:
            yield Misfit(node, f"expected `{show(ty)}`, found {_shown(node)}", self._hint(parts))

    def _misfits(self, node: n.ConfigValue, ty: Ty) -> Iterator[Misfit]:
        match ty:
            case ListTy(item=item) if isinstance(node, n.ConfigList):
                for each in node.items:
                    yield from self.misfits(each, item)
            case MapTy(value=value) if isinstance(node, n.Config):
                for entry in node.entries:
                    yield from self.misfits(entry.value, value)
            case ClassTy(name=name) if isinstance(node, n.Config):
                if (schema := self._class_of(name)) is not None:
                    yield from self._class(node, schema)
            case MediaTy(kind=kind) if isinstance(node, n.Config):
                if not _MEDIA_KEYS & {entry.key.name for entry in node.entries}:
                    yield Misfit(node, f"this {kind} has no content", "write url, file or base64")
            case ListTy() | MapTy() | ClassTy() | MediaTy() | PrimitiveTy() | LiteralTy() | EnumTy() | VariantTy():
                if not isinstance(node, n.ConfigText) or not self._fits(node, ty):
                    hint = _run_on(node, (ty,)) or self._hint((ty,))
                    yield Misfit(node, f"expected `{show(ty)}`, found {_shown(node)}", hint)
            case _:
                return  # unknown, and what has been reported

    def _class(self, node: n.Config, schema: ClassSchema) -> Iterator[Misfit]:
        fields = {field.name: field.ty for field in schema.fields}
        given = {entry.key.name: entry for entry in node.entries}
        for key, entry in given.items():
            if key in fields:
                yield from self.misfits(entry.value, fields[key])
            elif not schema.dynamic:
                hint = did_you_mean(key, fields) or f"it has {', '.join(fields)}"
                yield Misfit(entry.key, f"class `{schema.name}` has no field `{key}`", hint)
        swallowed = {word for entry in node.entries for word in _words(entry.value)}
        absent = fields.keys() - given.keys() - swallowed
        missing = [name for name, ty in fields.items() if name in absent and not is_optional(ty)]
        if missing and given.keys() <= fields.keys():
            names = " and ".join(f"`{name}`" for name in missing)
            yield Misfit(node, f"class `{schema.name}` also needs {names}", is_lack=True)

    def _fits(self, node: n.ConfigText, ty: Ty) -> bool:
        given = setting(node)
        if isinstance(given, EnvRef):
            return ty == STRING
        return self._is_scalar(given, ty) or (ty == STRING and node.kind == "bare")

    def _is_scalar(self, given: Setting, ty: Ty) -> bool:
        match ty:
            case PrimitiveTy(name="float"):
                return isinstance(given, int | float) and not isinstance(given, bool)
            case PrimitiveTy(name=name):
                return given is None if ty == NULL else type(given).__name__ == {"string": "str"}.get(name, name)
            case LiteralTy(value=value):
                return type(given) is type(value) and given == value
            case VariantTy(name=name):
                return given == name
            case EnumTy(name=name):
                schema = self._enum_of(name)
                names = {member.name for member in schema.members} if schema else set()
                return isinstance(given, str) and (schema is None or schema.dynamic or given in names)
            case _:
                return False

    def _hint(self, parts: tuple[Ty, ...]) -> str | None:
        part = next((part for part in parts if part != NULL), NULL)
        match part:
            case EnumTy(name=name) if (enum := self._enum_of(name)) is not None:
                return f"it is one of {', '.join(member.name for member in enum.members)}"
            case MediaTy():
                return 'write { url "…" }, { file "…" } or { base64 "…", media_type "…" }'
            case ClassTy(name=name) if (schema := self._class_of(name)) is not None:
                names = [field.name for field in schema.fields]
                return f"write {{ {names[0]} … }}" if names else "write { }"
            case ListTy():
                return "write [ … ]"
            case _:
                return None


def _may_be_meant(node: n.ConfigValue, ty: Ty) -> bool:
    if isinstance(node, n.ConfigList):
        return isinstance(ty, ListTy)
    if isinstance(node, n.Config):
        return isinstance(ty, ClassTy | MapTy | MediaTy)
    return ty != NULL and not isinstance(ty, ListTy | ClassTy | MapTy | MediaTy)


def _words(node: n.ConfigValue) -> list[str]:
    return node.text.split() if isinstance(node, n.ConfigText) and node.kind == "bare" else []


def _run_on(node: n.ConfigValue, parts: tuple[Ty, ...]) -> str | None:
    if not isinstance(node, n.ConfigText) or node.kind != "bare" or STRING in parts:
        return None
    word, _, rest = node.text.strip().partition(" ")
    return f"text without quotes goes on to the end of its line: put a comma behind `{word}`" if rest else None


def _shown(node: n.ConfigValue) -> str:
    if isinstance(node, n.ConfigList):
        return "a list"
    if isinstance(node, n.Config):
        return "a block"
    if isinstance(node, n.ConfigCall):
        return "the text of a template string"
    if isinstance(node, n.Template) or node.kind != "bare":
        return "a string"
    shown = node.text.strip()
    return f"`{shown if len(shown) <= 30 else shown[:27] + '…'}`"
