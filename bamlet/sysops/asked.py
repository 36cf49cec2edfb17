"""What is known of an answer before anybody was asked for it: its type, and how a provider would write it.

It goes along with the request, for transports that answer by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..interpreter.runtime.space import ValueSpace
from ..interpreter.runtime.values import to_plain
from ..providers.client import ClientOptions
from ..providers.structured import Mode
from ..records import dataclass
from ..sap import ParseFailure, PartialParser
from ..types.schema import Schemas
from ..types.ty import Ty
from .template_values import holds


@dataclass(slots=True)
class AskedFor:
    """The LLM function whose prompt was rendered last. Not frozen: one is made per request."""

    function: str
    output: Ty
    arguments: Mapping[str, Any]


@dataclass(slots=True)
class AnswerNote:
    """`sleep` waits by the clock of the runtime. Not frozen: one is made per request."""

    asked: AskedFor
    schemas: Schemas
    space: ValueSpace
    client: ClientOptions
    response_type: str
    mode: Mode
    streams: bool
    size: int  # of the request, in characters
    sleep: Callable[[float], Awaitable[None]]

    @property
    def key(self) -> str:
        """The arguments, the same for the same ones."""
        return json.dumps(to_plain(dict(self.asked.arguments)), sort_keys=True, ensure_ascii=True, default=str)

    def lack(self, text: str, *, checked: bool = True) -> str | None:
        """Why a text would not do as the answer: no value, a loss, or an assert that does not hold; with `checked`
        also a check. None if it reads as well as an answer can.
        """
        failed: list[str] = []

        def watched(expression: str, value: object) -> bool:
            held = holds(expression, value, self.schemas)
            if not held:
                failed.append(expression)
            return held

        parser = PartialParser(self.asked.output, self.schemas, self.space, holds=watched)
        parser.feed(text)
        try:
            parsed = parser.finish(strict=True)
        except (ParseFailure, ValueError) as failure:
            return str(failure)
        if parsed.report.losses:
            return str(parsed.report.losses[0])
        return f"`{failed[0]}` does not hold" if failed and checked else None
