"""The body of a request: read within its limits, as one JSON object."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from .errors import refused
from .limits import Limits

_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


async def read_object(content_type: str, pieces: AsyncIterator[bytes], limits: Limits) -> dict[str, Any]:
    """Raises `Refused`."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        # A page of another origin can send other types without asking first.
        raise refused(415, "bad_request", "the body is JSON: send it as `Content-Type: application/json`")
    text = await read(pieces, limits)
    if depth_of(text) > limits.max_depth:
        raise refused(400, "bad_request", f"the body is nested more than {limits.max_depth} deep")
    try:
        body = json.loads(text or b"{}", parse_constant=_no_json)
    except ValueError as failure:
        raise refused(400, "bad_request", f"the body is not JSON: {failure}") from None
    if not isinstance(body, dict):
        raise refused(400, "bad_request", "the body is a JSON object of arguments by name")
    if b"\\ud" in text.lower() and _has_half_characters(body):
        raise refused(400, "bad_request", "the body has half of a character: a `\\ud…` without the other half")
    return body


def _has_half_characters(value: Any) -> bool:
    """Python reads them from JSON, and no text that is sent or kept can have them."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


async def read(pieces: AsyncIterator[bytes], limits: Limits) -> bytes:
    """Raises `Refused`."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for piece in pieces:
                size += len(piece)
                if size > limits.max_body:
                    raise refused(413, "bad_request", f"the body is longer than {limits.max_body} bytes")
                parts.append(piece)
    except TimeoutError:
        raise refused(408, "bad_request", f"the body took longer than {limits.body_seconds:g} s") from None
    return b"".join(parts)


def depth_of(text: bytes) -> int:
    """How deep the brackets outside of strings are nested."""
    depth = deepest = 0
    for found in _NESTING.finditer(text):
        first = found[0][:1]
        if first in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif first != b'"':
            depth -= 1
    return deepest


def _no_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
