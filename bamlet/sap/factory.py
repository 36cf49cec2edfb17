"""Who makes the host's values: the protocol, and plain data for tests and tools."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from .constraints import Check

State: TypeAlias = Literal["Pending", "Incomplete", "Complete"]


class Factory(Protocol):
    """Makes the host's values. The dictionaries handed in belong to the factory."""

    def instance(self, class_name: str, fields: dict[str, object]) -> object: ...
    def partial(self, class_name: str, fields: dict[str, object]) -> object: ...
    def enum_value(self, enum_name: str, member_name: str) -> object: ...
    def with_state(self, value: object, state: State) -> object: ...
    def checked(self, value: object, checks: dict[str, Check]) -> object: ...


class PlainFactory:
    """Dictionaries for classes, names for enum members."""

    def instance(self, class_name: str, fields: dict[str, object]) -> object:
        return fields

    def partial(self, class_name: str, fields: dict[str, object]) -> object:
        return fields

    def enum_value(self, enum_name: str, member_name: str) -> object:
        return member_name

    def with_state(self, value: object, state: State) -> object:
        return {"value": value, "state": state}

    def checked(self, value: object, checks: dict[str, Check]) -> object:
        shown = {
            name: {"name": check.name, "expression": check.expression, "status": check.status}
            for name, check in checks.items()
        }
        return {"value": value, "checks": shown}
