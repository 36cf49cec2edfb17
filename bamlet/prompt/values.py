"""Class and enum values as templates see them: real names to read, aliases to print."""

from __future__ import annotations

from collections.abc import Mapping

from ..jinja import MISSING, TemplateObject
from ..records import dataclass
from ..types.schema import ClassSchema, EnumMember, EnumSchema
from .parts import Message


@dataclass(frozen=True, slots=True)
class ClassValue(TemplateObject):
    """`fields` holds the fields that were given, under their real names, in printing order."""

    schema: ClassSchema
    fields: Mapping[str, object]

    def entries(self) -> Mapping[str, object]:
        return self.fields

    def printed(self) -> Mapping[str, object]:
        aliases = {row.name: row.alias or row.name for row in self.schema.fields}
        return {aliases.get(name, name): value for name, value in self.fields.items()}

    def content(self) -> tuple[object, ...]:
        return self.schema.name, self.fields

    def data(self, *, aliased: bool) -> Mapping[str, object]:
        return self.printed() if aliased else self.fields


@dataclass(frozen=True, slots=True)
class MessageValue(ClassValue):
    """A message of a history, which `_.history` puts into a prompt as it is."""

    message: Message


@dataclass(frozen=True, slots=True, eq=False)
class EnumValue(TemplateObject):
    """Equals its member's name, whatever the alias is, and the same member of the same enum."""

    schema: EnumSchema
    member: str

    @property
    def label(self) -> str:
        found = next((row for row in self.schema.members if row.name == self.member), EnumMember(self.member))
        return found.alias or self.member

    def __eq__(self, other: object) -> bool:
        if isinstance(other, EnumValue):
            return (self.schema.name, self.member) == (other.schema.name, other.member)
        return other == self.member if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.member)

    def attribute(self, name: str) -> object:
        return self.member if name == "value" else MISSING

    def data(self, *, aliased: bool) -> object:
        # `tojson` has always shown an enum as an empty object; `format` shows what the model sees.
        return self.label if aliased else {}

    def show(self) -> str:
        return self.label

    def kind(self) -> str:
        return "enum"


@dataclass(frozen=True, slots=True)
class EnumNames(TemplateObject):
    """The enum itself, for `Mood.HAPPY` in a template. Every prompt has them all, and few name one."""

    schema: EnumSchema

    def entries(self) -> Mapping[str, object]:
        return {row.name: EnumValue(self.schema, row.name) for row in self.schema.members}

    def printed(self) -> Mapping[str, object]:
        return self.entries()
