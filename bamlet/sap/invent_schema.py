"""A JSON Schema in, a value that fits it out: for who is asked by a schema alone, and knows no type.

The schema is a stranger's: what in it makes no sense is passed over, and what has no end is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .believable import number_for, round_for, text_for
from .dice import Dice
from .invent import ENOUGH_PARTS, MAX_PARTS
from .invent_depths import CannotInvent

MAX_DEPTH = 6  # further down there is only what must be
DEEPEST = 100


def invent_schema(schema: Mapping[str, Any], dice: Dice) -> Any:
    """Of `$ref` those into the schema itself are followed. What else a schema says is not looked at.

    Raises `CannotInvent`.
    """
    return _Inventor(schema, dice).value(schema, "", 0)


class _Inventor:
    def __init__(self, root: Mapping[str, Any], dice: Dice) -> None:
        self._root = root
        self._dice = dice
        self._parts = 0

    def value(self, schema: Any, name: str, depth: int) -> Any:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise CannotInvent(f"it would have more than {MAX_PARTS:,} parts")
        if depth > DEEPEST:
            raise CannotInvent(f"it would go deeper than {DEEPEST} levels")
        if not isinstance(schema, Mapping):
            return None
        if "$ref" in schema:
            return self.value(_referred(str(schema["$ref"]), self._root), name, depth + 1)
        if "const" in schema:
            return schema["const"]
        if members := _listed(schema, "enum"):
            return self._dice.choice(members)
        if options := _listed(schema, "anyOf") or _listed(schema, "oneOf"):
            # Deep down null ends it, where it may.
            ends = [one for one in options if isinstance(one, Mapping) and one.get("type") == "null"]
            return self.value(
                ends[0] if ends and depth > MAX_DEPTH else self._dice.choice(options), name, depth + 1
            )
        kinds = _listed(schema, "type")
        kind = self._dice.choice(kinds) if kinds else schema.get("type")
        return self._of_kind(str(kind).lower(), schema, name, depth)

    def _of_kind(self, kind: str, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer" | "number":
                low, high = number_for(name)
                low, high = _number(schema, "minimum", low), _number(schema, "maximum", high)
                number = low + (max(low, high) - low) * (self._dice.below(10_001) / 10_000)
                return int(number) if kind == "integer" else round_for(number)
            case "boolean":
                return self._dice.chance(2)
            case "string":
                return text_for(name, str(schema.get("description", "")), self._dice, plain=False)
            case _:
                return None

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        fields = schema.get("properties")
        if not isinstance(fields, Mapping):
            return {}
        required = _listed(schema, "required")
        return {
            key: self.value(part, key, depth + 1)
            for key, part in fields.items()
            if depth <= MAX_DEPTH or key in required
        }

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        least = int(_number(schema, "minItems", 0))
        if least > MAX_PARTS:
            raise CannotInvent(f"it would have more than {MAX_PARTS:,} parts")
        short = depth > MAX_DEPTH or self._parts > ENOUGH_PARTS
        count = least if short else max(least, self._dice.between(1, 3))
        return [self.value(schema.get("items"), name, depth + 1) for _ in range(count)]


def _listed(schema: Mapping[str, Any], key: str) -> list[Any]:
    found = schema.get(key)
    return found if isinstance(found, list) else []


def _number(schema: Mapping[str, Any], key: str, otherwise: float) -> float:
    found = schema.get(key)
    return found if isinstance(found, int | float) and abs(found) < 1e15 else otherwise


def _referred(reference: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step) if isinstance(found, Mapping) and step else found
    return found
