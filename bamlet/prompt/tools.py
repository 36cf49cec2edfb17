"""What a model may call: parameters of a function in, a declaration with its JSON Schema out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from ..records import dataclass, replace
from ..types.schema import ClassSchema, Field, Schemas
from ..types.ty import NULL, ClassTy, MapTy, union
from .answer_schema import AnswerSchema, answer_schema

Choice: TypeAlias = Literal["auto", "required", "none"]


@dataclass(frozen=True, slots=True)
class Tool:
    """As a model is told of it."""

    name: str
    description: str
    schema: AnswerSchema


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of one request. `choice` says whether the model may, must or must not call, or names the one.

    Those that `are_spoken` stand in the words of the prompt, and no provider is told of them.
    """

    declared: tuple[Tool, ...]
    choice: Choice | Tool = "auto"
    are_spoken: bool = False


@dataclass(frozen=True, slots=True)
class ToolInput:
    """The parameters of a tool: as one class, which `schemas` know beside the program's own, or as a map and the
    schema that somebody else has `given`."""

    ty: ClassTy | MapTy
    schemas: Schemas
    given: AnswerSchema | None = None

    def schema(self) -> AnswerSchema:
        """Raises `PromptError` for a type that no model can write."""
        if self.given is not None:
            return self.given
        return answer_schema(self.ty, self.schemas)


def tool_input(name: str, parameters: Sequence[tuple[Field, bool]], schemas: Schemas) -> ToolInput:
    """Each parameter with whether it may be left out. Null stands for what is left out."""
    key = ("tool input", name)
    known: ToolInput | None = schemas.derived.get(key)
    if known is None:
        fields = tuple(
            replace(field, ty=union((field.ty, NULL))) if may_lack else field for field, may_lack in parameters
        )
        made = ClassSchema(f"{name}(…)", fields)  # no program can declare such a name
        known = ToolInput(ClassTy(made.name), schemas.with_types(Schemas({made.name: made})))
        schemas.derived[key] = known
    return known
