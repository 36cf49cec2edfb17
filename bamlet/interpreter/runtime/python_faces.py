"""How a value of the language looks to Python's own tools: JSON, pydantic, FastAPI, notebooks, rich.

A field of a user's class may have the name of a method here: then the field wins, since it is a slot of the class
below, and `bamlet.to_plain(value)` does what the method would have done. Special names cannot be fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pydantic_core import SchemaSerializer
    from rich.pretty import Pretty

MAX_CELL = 200  # characters of a field in a notebook


class PythonFace:
    """What values of classes and of enums have in common. `__plain__` is the value as JSON has it."""

    __slots__ = ()

    def __plain__(self) -> Any:
        raise NotImplementedError

    def to_json(self, *, indent: int | None = None) -> str:
        """The value as JSON text, fields in declared order."""
        return _json(self.__plain__(), indent)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """A field of a pydantic model takes such a value as it is, and writes it as JSON has it."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls.__same_kind__,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.__plain__),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def __same_kind__(cls, value: object) -> object:
        if isinstance(value, cls):
            return value
        raise ValueError(f"should be a {cls.__name__}, not {type(value).__name__}")

    @property
    def __pydantic_serializer__(self) -> SchemaSerializer:
        """By this pydantic writes a value where the type is `Any`."""
        return _serializer()


@cache
def _serializer() -> SchemaSerializer:
    from pydantic_core import SchemaSerializer, core_schema

    plain = core_schema.plain_serializer_function_ser_schema(_plain_of)
    return SchemaSerializer(core_schema.any_schema(serialization=plain))


def _plain_of(value: PythonFace) -> Any:
    return value.__plain__()


class FieldsFace(PythonFace):
    """The same for what has fields."""

    __slots__ = ()
    __class_name__: ClassVar[str]
    __fields__: ClassVar[tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Dicts, lists and scalars, fields in declared order."""
        plain: dict[str, Any] = self.__plain__()
        return plain

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Pairs, so that `dict(value)` is what `to_dict` gives: FastAPI asks in this way."""
        return iter(self.__plain__().items())

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        properties: dict[str, Any] = {name: {} for name in cls.__fields__}
        return {"type": "object", "title": cls.__class_name__, "properties": properties}

    @classmethod
    def __same_kind__(cls, value: object) -> object:
        """Another process, or another runtime, has classes of its own for the same names."""
        if isinstance(value, FieldsFace) and value.__class_name__ == cls.__class_name__:
            return value
        raise ValueError(f"should be a {cls.__class_name__}, not {type(value).__name__}")

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        for name in self.__fields__:
            yield name, getattr(self, name)

    def __rich__(self) -> Pretty:
        from rich.pretty import Pretty

        return Pretty(self)

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        import html  # of a size that nobody else wants

        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(_cell(value))}</td></tr>"
            for name, value in self
        )
        return f"<table><caption>{html.escape(self.__class_name__)}</caption>{rows}</table>"


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else _json(value)
    return text if len(text) <= MAX_CELL else f"{text[:MAX_CELL]}…"


def _json(value: Any, indent: int | None = None) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, indent=indent)
