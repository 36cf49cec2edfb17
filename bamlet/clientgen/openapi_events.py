"""What a stream's events and a server's problems look like, whatever the program, by kind and by status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_MAYBE_NUMBER: dict[str, Any] = {"type": ["integer", "null"]}
_MAYBE_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_TOKENS: dict[str, Any] = dict.fromkeys(
    ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens"), _MAYBE_NUMBER
)
_OPERATION: dict[str, Any] = {
    "type": "object",
    "properties": {"op": {"enum": ["add", "replace", "append", "remove"]}, "path": _TEXT, "value": {}},
    "required": ["op", "path"],
}
_PROBLEM_FIELDS: dict[str, Any] = {
    "error": _TEXT,
    "message": _TEXT,
    "run_id": _MAYBE_TEXT,
    "documentation_url": _TEXT,
}

# Fields of the data, and which of them are always there. Of values the program knows the type.
EVENTS: Mapping[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "start": ({"run": _TEXT, "function": _TEXT, "protocol": {"const": 1}}, ("run", "function", "protocol")),
    "partial": ({}, ("value",)),
    "patch": ({"ops": {"type": "array", "items": _OPERATION}}, ("ops",)),
    "delta": ({"text": _TEXT}, ("text",)),
    "reasoning": ({"text": _TEXT}, ("text",)),
    "tick": (
        {"attempt": _NUMBER, "client": _MAYBE_TEXT, "chars": _NUMBER, "events": _NUMBER},
        ("attempt", "chars", "events"),
    ),
    "usage": ({**_TOKENS, "client": _TEXT, "attempt": _NUMBER}, ("client", "attempt")),
    "reset": ({"attempt": _NUMBER, "reason": _TEXT, "client": _MAYBE_TEXT}, ("reason",)),
    "agent": (
        {"event": _TEXT, "path": {"type": "array", "items": _TEXT}, "step": _NUMBER, "at": {"type": "number"}},
        ("event", "path", "step", "at"),
    ),
    "final": (
        {
            "report": {"type": "object"},
            "usage": {"type": "object", "properties": _TOKENS},
            "client": _MAYBE_TEXT,
            "attempts": _NUMBER,
            "ms": _MAYBE_NUMBER,
            "first_token_ms": _MAYBE_NUMBER,
        },
        ("value", "report", "usage", "attempts"),
    ),
    "error": (
        {**_PROBLEM_FIELDS, "partial": {}, "retryable": {"type": "boolean"}},
        ("error", "message", "retryable"),
    ),
}

FORM_PARAMETERS: tuple[dict[str, Any], ...] = (
    {
        "name": "events",
        "in": "query",
        "description": "kinds, or one of values, typed, patches, all",
        "schema": {"type": "string", "default": "values"},
    },
    {
        "name": "patch",
        "in": "query",
        "description": "whether texts that grow are appended to, or replaced as JSON Patch has it",
        "schema": {"enum": ["append", "rfc6902"], "default": "append"},
    },
    {
        "name": "as",
        "in": "query",
        "description": "the protocol of the AI SDK or AG-UI in place of our events; then without `events`",
        "schema": {"enum": ["ui-message-stream", "ag-ui"]},
    },
)
"""How a stream is to be told."""

AFTER_PARAMETERS: tuple[dict[str, Any], ...] = (
    {
        "name": "after",
        "in": "query",
        "description": "the number of the last event that has come",
        "schema": {"type": "integer", "minimum": 0},
    },
    {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "the same, as browsers send it",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
)

KEY_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "the same request with the same key is the same run",
    "schema": {"type": "string"},
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "properties": {**_PROBLEM_FIELDS, "details": {}, "attempts": {"type": "array", "items": {"type": "object"}}},
    "required": ["error", "message"],
}

PROBLEMS: Mapping[str, str] = {
    "400": "the request cannot be: not JSON, arguments that do not fit, an option that is not allowed",
    "401": "no token that counts",
    "403": "a Host or an Origin that may not call",
    "404": "no such function or run",
    "408": "the body took too long to come",
    "409": "the run was cancelled, an agent waits for a person, or the Idempotency-Key stands for another request",
    "413": "the body is too large",
    "415": "the body is not `application/json`",
    "422": "the model's answer does not fit, it stopped for a reason that is refused, or a budget is spent",
    "429": "the provider takes no more requests for now",
    "500": "the program threw, or a bug",
    "502": "the provider failed",
    "503": "too many runs, or the server is shutting down, or the program does not compile",
    "504": "a limit of time",
}
