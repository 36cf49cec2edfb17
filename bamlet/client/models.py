"""What generated classes derive from, and what attributes of a type become: `Checked`, `StreamState`."""

from __future__ import annotations

import copyreg
import enum
from collections.abc import Mapping
from operator import getitem
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

try:
    from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
except ImportError as missing:
    raise ImportError("a generated client needs pydantic 2: pip install 'bamlet[client]'") from missing

from .parts import complete

T = TypeVar("T")
CheckName = TypeVar("CheckName", bound=str)

# Names that pydantic 2 gives methods which it would rather not have. A field may be called so.
_DEPRECATED = (
    "construct",
    "copy",
    "dict",
    "from_orm",
    "json",
    "parse_file",
    "parse_obj",
    "parse_raw",
    "schema",
    "schema_json",
    "update_forward_refs",
    "validate",
)


class Model(BaseModel):
    """A class of the program. Its schema is built when something is validated, not when it is imported."""

    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    @classmethod
    def model_rebuild(cls, *, _parent_namespace_depth: int = 2, **options: Any) -> bool | None:
        complete(cls)
        return super().model_rebuild(_parent_namespace_depth=_parent_namespace_depth + 1, **options)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> Any:
        complete(cls)
        return handler(source)

    if TYPE_CHECKING:
        # Checkers, too, let a field take the name of one of them.
        construct = copy = dict = from_orm = json = parse_file = parse_obj = parse_raw = None  # type: Any
        schema = schema_json = update_forward_refs = validate = None  # type: Any


class _Shadowable:
    """A deprecated method of pydantic's that works as ever, and of which `Model` itself knows nothing.

    Pydantic warns of a field that hides something of the class right above it.
    """

    def __init__(self, name: str) -> None:
        self._method = vars(BaseModel)[name]

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None and owner is Model:
            raise AttributeError
        return self._method.__get__(instance, owner)


if not TYPE_CHECKING:
    for _name in _DEPRECATED:
        setattr(Model, _name, _Shadowable(_name))


class Enum(str, enum.Enum):  # noqa: UP042 as BAML has it: `str()` of one shows its class
    """A value is its name, and a text like any other."""


class Check(Model):
    """How one `@check` went."""

    name: str
    expression: str
    status: str


class _Generic(type(BaseModel)):  # type: ignore[misc]
    """The class of generic models."""


def _found_again(cls: Any) -> Any:
    """Pickled by what it is made of: there is no place where `Checked[int, …]` could be found."""
    made = cls.__pydantic_generic_metadata__
    return (getitem, (made["origin"], made["args"])) if made["args"] else cls.__qualname__


copyreg.pickle(_Generic, _found_again)


class Checked(Model, Generic[T, CheckName], metaclass=_Generic):
    """A value and its checks, by name."""

    value: T
    checks: dict[CheckName, Check]


class StreamState(Model, Generic[T], metaclass=_Generic):
    """A part of a partial value and how far it is."""

    value: T
    state: Literal["Pending", "Incomplete", "Complete"]


def get_checks(checks: Mapping[Any, Check]) -> list[Check]:
    return list(checks.values())


def all_succeeded(checks: Mapping[Any, Check]) -> bool:
    return all(check.status == "succeeded" for check in checks.values())
