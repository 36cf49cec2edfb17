"""Values as plain data: dictionaries for classes, names for enum members. For tests and tools."""

from __future__ import annotations

from .coerce import Check, State


class PlainFactory:
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
