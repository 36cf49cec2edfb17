"""A program's interface as an OpenAPI document of `bamlet serve`: calls, streams, the reading of answers, types.

3.1 says of a stream what one event is; 3.2 has a word for that. The same program gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal, TypeAlias

from .._version import __version__
from ..client.shapes import (
    Checks,
    Choice,
    Either,
    Enum,
    Leaf,
    Listed,
    Mapped,
    Maybe,
    Named,
    Object,
    Shape,
    Shapes,
    State,
)
from ..interpreter.facts.interface import FunctionInfo, Interface, is_of_library
from ..types.schema import ClassSchema, EnumSchema, Field
from ..types.ty import AnnotatedTy, Constraint, MediaTy, PrimitiveTy, Ty
from .openapi_events import AFTER_PARAMETERS, EVENTS, FORM_PARAMETERS, KEY_PARAMETER, PROBLEM, PROBLEMS
from .spaces import own_functions

Version: TypeAlias = Literal["3.1", "3.2"]
VERSIONS: Mapping[Version, str] = {"3.1": "3.1.1", "3.2": "3.2.0"}
PARTIAL = "partial."

Json: TypeAlias = dict[str, Any]


def document(
    interface: Interface,
    *,
    version: Version = "3.1",
    server: str = "http://127.0.0.1:2024",
    functions: Collection[str] | None = None,
    has_token: bool = False,
) -> Json:
    """`functions` are those that are served; all of the program if it is not said."""
    writer = _Writer(interface, version)
    own = interface.functions if functions is not None else (f.name for f in own_functions(interface))
    shown = [interface.functions[name] for name in own if functions is None or name in functions]
    made: Json = {
        "openapi": VERSIONS[version],
        "info": {"title": "bamlet", "version": __version__},
        "servers": [{"url": server}],
        "paths": writer.paths(shown),
        "components": {"schemas": writer.schemas()},
    }
    if has_token:
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
    return made


def text(made: Json) -> str:
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


class _Writer:
    def __init__(self, interface: Interface, version: Version) -> None:
        self._interface = interface
        self._shapes = Shapes(interface.schemas)
        self._version = version

    # --- paths

    def paths(self, functions: Iterable[FunctionInfo]) -> Json:
        found: Json = {}
        for function in functions:
            result = schema_of(self._shapes.final(function.result))
            found[f"/call/{function.name}"] = {"post": self._call(function, result)}
            found[f"/stream/{function.name}"] = {"post": self._stream(function, result)}
            if function.llm is not None:
                found[f"/parse/{function.name}"] = {"post": self._parse(function, result)}
        found["/runs/{run}"] = _RUN
        found["/runs/{run}/events"] = self._run_events()
        return found

    def _call(self, function: FunctionInfo, result: Json) -> Json:
        return {
            "operationId": function.name,
            **_described(function.doc),
            "parameters": [KEY_PARAMETER],
            "requestBody": self._arguments(function),
            "responses": {"200": _answer("the value", "application/json", {"schema": result}), **_problems()},
        }

    def _stream(self, function: FunctionInfo, result: Json) -> Json:
        event = self._event(schema_of(self._shapes.partial(function.result)), result)
        key = "itemSchema" if self._version == "3.2" else "schema"
        return {
            "operationId": f"{function.name}.stream",
            **_described(function.doc),
            "parameters": [*FORM_PARAMETERS, KEY_PARAMETER],
            "requestBody": self._arguments(function),
            "responses": {"200": _answer(_STREAMED, "text/event-stream", {key: event}), **_problems()},
        }

    def _run_events(self) -> Json:
        """Of any function, so its values are anything."""
        key = "itemSchema" if self._version == "3.2" else "schema"
        return {
            "parameters": [_RUN_PARAMETER],
            "get": {
                "operationId": "getRunEvents",
                "parameters": [*FORM_PARAMETERS, *AFTER_PARAMETERS],
                "responses": {
                    "200": _answer(_STREAMED, "text/event-stream", {key: self._event({}, {})}),
                    **_problems(),
                },
            },
        }

    def _event(self, partial: Json, result: Json) -> Json:
        """As it comes over the wire: fields of text, of which `data` holds JSON."""
        values = {"partial": {"value": partial}, "final": {"value": result}}
        kinds = []
        for kind, (fields, required) in EVENTS.items():
            data = {"type": "object", "properties": {**fields, **values.get(kind, {})}, "required": list(required)}
            kinds.append(_framed({"const": kind}, data))
        # BAML's form: values without a name, and the last one once more. Those of `as` have a type in their data.
        return {
            "anyOf": [
                _framed(None, partial),
                _framed({"const": "final"}, result),
                *kinds,
                _framed(None, {"type": "object", "required": ["type"]}),
                {"type": "object", "properties": {"data": {"const": "[DONE]"}}, "required": ["data"]},
            ]
        }

    def _parse(self, function: FunctionInfo, result: Json) -> Json:
        body = {
            "type": "object",
            "properties": {"text": {"type": "string"}, "partial": {"type": "boolean"}},
            "required": ["text"],
        }
        read = {"type": "object", "properties": {"value": {"anyOf": [result, {}]}, "report": {}}}
        return {
            "operationId": f"{function.name}.parse",
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {"200": _answer("value and report", "application/json", {"schema": read}), **_problems()},
        }

    def _arguments(self, function: FunctionInfo) -> Json:
        properties = {param.name: schema_of(self._shapes.final(_unchecked(param.ty))) for param in function.params}
        properties["__baml_options__"] = {"type": "object"}
        optional = {
            p.name for p in function.params if p.has_default or isinstance(self._shapes.final(p.ty), Maybe)
        }
        schema = {
            "type": "object",
            "properties": properties,
            "required": [param.name for param in function.params if param.name not in optional],
            "additionalProperties": False,
        }
        return {"required": True, "content": {"application/json": {"schema": schema}}}

    # --- types

    def schemas(self) -> Json:
        found: Json = {"Problem": PROBLEM}
        schemas = self._interface.schemas
        for enum in schemas.enums.values():
            if not is_of_library(enum.name):
                found[enum.name] = _enum(enum)
        for schema in schemas.classes.values():
            if not is_of_library(schema.name):
                found[schema.name] = _class(schema, self._shapes.final_fields(schema.name), is_partial=False)
                partial = self._shapes.partial_fields(schema.name)
                found[f"{PARTIAL}{schema.name}"] = _class(schema, partial, is_partial=True)
        for name, ty in schemas.aliases.items():
            if not is_of_library(name):
                found[name] = schema_of(self._shapes.final(ty))
                found[f"{PARTIAL}{name}"] = schema_of(self._shapes.partial(ty))
        return found


def _unchecked(ty: Ty) -> Ty:
    """An argument is given as it is; checks are looked at, and not sent."""
    return ty.inner if isinstance(ty, AnnotatedTy) else ty


def _class(schema: ClassSchema, shapes: Mapping[str, Shape], *, is_partial: bool) -> Json:
    if is_partial:
        # What a generated client makes whole, the wire says as null: checks of a value that has not come.
        shapes = {name: Maybe(shape) if isinstance(shape, Checks) else shape for name, shape in shapes.items()}
    fields = {field.name: _field(field, shapes[field.name]) for field in schema.fields}
    required = [name for name in fields if is_partial or not isinstance(shapes[name], Maybe)]
    made: Json = {"type": "object", **_described(schema.description or schema.doc), "properties": fields}
    made["required"] = required
    if schema.alias is not None:
        made["x-baml-alias"] = schema.alias
    if not schema.dynamic:
        made["additionalProperties"] = False
    return {**made, **_asserted(schema.constraints)}


def _field(field: Field, shape: Shape) -> Json:
    more = _described(field.description or field.doc)
    if field.alias is not None:
        more["x-baml-alias"] = field.alias
    if isinstance(field.ty, AnnotatedTy):
        more |= _asserted(field.ty.attributes.constraints)
    return {**schema_of(shape), **more}


def _enum(schema: EnumSchema) -> Json:
    names = [member.name for member in schema.members]
    made: Json = {"type": "string"} if schema.dynamic else {"type": "string", "enum": names}
    aliases = {member.name: member.alias for member in schema.members if member.alias is not None}
    if aliases:
        made["x-baml-alias"] = aliases
    return {**made, **_described(schema.description or schema.doc)}


def _asserted(constraints: Iterable[Constraint]) -> Json:
    told = [one.expression.strip() for one in constraints if one.kind == "assert"]
    return {"x-baml-assert": told} if told else {}


def _described(text: str | None) -> Json:
    return {"description": text} if text else {}


def schema_of(shape: Shape) -> Json:
    """JSON Schema of a shape."""
    return _SCHEMAS[type(shape)](shape)


_PRIMITIVES: Mapping[str, Json] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "null": {"type": "null"},
}


def _leaf(shape: Leaf) -> Json:
    match shape.ty:
        case PrimitiveTy(name=name):
            return dict(_PRIMITIVES[name])
        case MediaTy():
            return {"anyOf": [_media("url"), _media("base64")]}
        case _:
            return {}


def _media(source: str) -> Json:
    fields = {source: {"type": "string"}, "media_type": {"type": ["string", "null"]}}
    return {"type": "object", "properties": fields, "required": [source]}


def _ref(name: str, *, partial: bool) -> Json:
    return {"$ref": f"#/components/schemas/{PARTIAL if partial else ''}{name}"}


def _checks(shape: Checks) -> Json:
    check = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "expression": {"type": "string"},
            "status": {"enum": ["succeeded", "failed"]},
        },
    }
    checks = {"type": "object", "properties": dict.fromkeys(shape.names, check)}
    return _wrapped(shape.inner, checks=checks)


def _state(shape: State) -> Json:
    return _wrapped(shape.inner, state={"enum": ["Pending", "Incomplete", "Complete"]})


def _wrapped(inner: Shape, **beside: Json) -> Json:
    return {"type": "object", "properties": {"value": schema_of(inner), **beside}, "required": ["value", *beside]}


def _enum_use(shape: Enum) -> Json:
    return _ref(shape.name, partial=False) if shape.only is None else {"const": shape.only}


_SCHEMAS: Mapping[type, Callable[[Any], Json]] = {
    Leaf: _leaf,
    Choice: lambda shape: {"enum": [one.value for one in shape.values]},
    Enum: _enum_use,
    Object: lambda shape: _ref(shape.name, partial=shape.partial),
    Named: lambda shape: _ref(shape.name, partial=shape.partial),
    Listed: lambda shape: {"type": "array", "items": schema_of(shape.item)},
    Mapped: lambda shape: {"type": "object", "additionalProperties": schema_of(shape.value)},
    Either: lambda shape: {"anyOf": [schema_of(member) for member in shape.members]},
    Maybe: lambda shape: {"anyOf": [schema_of(shape.inner), {"type": "null"}]},
    Checks: _checks,
    State: _state,
}


# --- answers


def _framed(event: Json | None, data: Json) -> Json:
    content = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    fields: Json = {"id": {"type": "string"}, "data": content}
    if event is None:
        # Whoever reads events calls one that has no name so.
        return {"type": "object", "properties": {**fields, "event": {"const": "message"}}, "required": ["data"]}
    return {"type": "object", "properties": {**fields, "event": event}, "required": ["event", "data"]}


def _answer(description: str, media_type: str, content: Json) -> Json:
    return {"description": description, "content": {media_type: content}}


def _problems() -> Json:
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: _answer(told, "application/json", schema) for status, told in PROBLEMS.items()}


_STREAMED = "events, of which the last is `final` or `error`"
_RUN_PARAMETER: Json = {"name": "run", "in": "path", "required": True, "schema": {"type": "string"}}
_RUN: Json = {
    "parameters": [_RUN_PARAMETER],
    "get": {
        "operationId": "getRun",
        "responses": {
            "200": _answer("the state of a run", "application/json", {"schema": {"type": "object"}}),
            **_problems(),
        },
    },
    "delete": {
        "operationId": "cancelRun",
        "responses": {
            "200": _answer("it was over", "application/json", {"schema": {"type": "object"}}),
            "202": _answer("it is cancelled", "application/json", {"schema": {"type": "object"}}),
            **_problems(),
        },
    },
}
