"""A JSON Schema in, a value that fits it out: for who is asked by a schema alone, and knows no type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .believable import number_for, round_for, text_for
from .dice import Dice

MAX_DEPTH = 6


def invent_schema(schema: Mapping[str, Any], dice: Dice) -> Any:
    """Of `$ref` those into the schema itself are followed. What else a schema says is not looked at."""
    return _value(schema, schema, dice, "", 0)


def _value(schema: Any, root: Mapping[str, Any], dice: Dice, name: str, depth: int) -> Any:
    if not isinstance(schema, Mapping):
        return None
    if "$ref" in schema:
        return _value(_referred(str(schema["$ref"]), root), root, dice, name, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return dice.choice(schema["enum"])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        # Deep down null ends it, where it may.
        ends = [one for one in options if isinstance(one, Mapping) and one.get("type") == "null"]
        return _value(ends[0] if ends and depth > MAX_DEPTH else dice.choice(options), root, dice, name, depth)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = dice.choice(kind)
    return _of_kind(str(kind).lower(), schema, root, dice, name, depth)


def _of_kind(
    kind: str, schema: Mapping[str, Any], root: Mapping[str, Any], dice: Dice, name: str, depth: int
) -> Any:
    match kind:
        case "object":
            fields = schema.get("properties") or {}
            return {key: _value(part, root, dice, key, depth + 1) for key, part in fields.items()}
        case "array":
            least = int(schema.get("minItems", 0))
            count = least if depth > MAX_DEPTH else max(least, dice.between(1, 3))
            return [_value(schema.get("items"), root, dice, name, depth + 1) for _ in range(count)]
        case "integer" | "number":
            low, high = number_for(name)
            low, high = schema.get("minimum", low), schema.get("maximum", high)
            number = low + (max(low, high) - low) * (dice.below(10_001) / 10_000)
            return int(number) if kind == "integer" else round_for(number)
        case "boolean":
            return dice.chance(2)
        case "string":
            return text_for(name, str(schema.get("description", "")), dice, plain=False)
        case _:
            return None


def _referred(reference: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step) if isinstance(found, Mapping) and step else found
    return found
