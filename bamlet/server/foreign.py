"""A run in the protocols of others: the AI SDK's stream of a message, and AG-UI.

They know nothing of our numbers, so whoever reads one begins at the start of the run. Both have texts that are
opened, written and closed: here one at a time, so what comes next closes what is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ..embed import to_plain
from ..embed.log import Entry, Event, Kind, Snapshot
from ..embed.stream import Change
from .forms import events_of, newest
from .wire import HEARTBEAT, compact, sse

Told = Iterator[dict[str, Any]]


class Foreign:
    """What the two have in common. One is made for one reader, and follows what it was told."""

    media_type: ClassVar[str] = "text/event-stream"
    opening: ClassVar[str] = ""
    headers: ClassVar[Mapping[str, str]] = {}
    is_numbered: ClassVar[bool] = False
    done: ClassVar[str] = ""

    def __init__(self) -> None:
        self._run = ""
        self._open: Kind | None = None
        self._texts = 0

    def entries(self, batch: list[Entry]) -> Iterator[str]:
        return (self._written(entry.event) for entry in newest(batch))

    def snapshot(self, found: Snapshot) -> Iterator[str]:
        return map(self._written, events_of(found))

    def silence(self) -> str:
        return HEARTBEAT

    def cuts_off(self, shown: list[Entry] | Snapshot) -> bool:
        return False

    def _written(self, found: Event) -> str:
        text = "".join(sse(compact(one)) for one in self._told(found))
        return text + self.done if found.kind in ("final", "error") else text

    def _told(self, found: Event) -> Told:
        data = found.data
        match found.kind:
            case "start":
                self._run = data["run"]
                yield from self.start(self._run)
            case "delta" | "reasoning":
                yield from self._text(found.kind, data["text"])
            case "partial":
                yield from self.value(to_plain(data["value"]))
            case "patch":
                yield from self.changes(data["changes"])
            case "reset":
                yield from self._close()
                yield from self.reset(data)
            case "final":
                yield from self._close()
                yield from self.final(data["value"])
            case "error":
                yield from self._close()
                yield from self.error(data)

    def _text(self, kind: Kind, text: str) -> Told:
        if self._open != kind:
            yield from self._close()
            self._open, self._texts = kind, self._texts + 1
            yield from self.text_opens(kind, self._text_name)
        yield self.text_goes_on(kind, self._text_name, text)

    def _close(self) -> Told:
        if self._open is not None:
            kind, self._open = self._open, None
            yield from self.text_closes(kind, self._text_name)

    @property
    def _text_name(self) -> str:
        return f"{self._run}-{self._texts}"

    # --- what each says in its own words

    def start(self, run: str) -> Told:
        raise NotImplementedError

    def text_opens(self, kind: Kind, name: str) -> Told:
        raise NotImplementedError

    def text_goes_on(self, kind: Kind, name: str, text: str) -> dict[str, Any]:
        raise NotImplementedError

    def text_closes(self, kind: Kind, name: str) -> Told:
        raise NotImplementedError

    def value(self, value: Any) -> Told:
        raise NotImplementedError

    def changes(self, changes: list[Change]) -> Told:
        raise NotImplementedError

    def reset(self, data: Mapping[str, Any]) -> Told:
        raise NotImplementedError

    def final(self, value: Any) -> Told:
        raise NotImplementedError

    def error(self, data: Mapping[str, Any]) -> Told:
        raise NotImplementedError


class UIMessageStream(Foreign):
    """As `useChat` of the AI SDK reads it. The value is one part of the message, which each newer one replaces."""

    headers: ClassVar[Mapping[str, str]] = {"x-vercel-ai-ui-message-stream": "v1"}
    done: ClassVar[str] = sse("[DONE]")

    def start(self, run: str) -> Told:
        yield {"type": "start", "messageId": run}
        yield {"type": "start-step"}

    def text_opens(self, kind: Kind, name: str) -> Told:
        yield {"type": f"{_UI_TEXTS[kind]}-start", "id": name}

    def text_goes_on(self, kind: Kind, name: str, text: str) -> dict[str, Any]:
        return {"type": f"{_UI_TEXTS[kind]}-delta", "id": name, "delta": text}

    def text_closes(self, kind: Kind, name: str) -> Told:
        yield {"type": f"{_UI_TEXTS[kind]}-end", "id": name}

    def value(self, value: Any) -> Told:
        yield {"type": "data-partial", "id": "value", "data": value}

    def changes(self, changes: list[Change]) -> Told:
        return iter(())

    def reset(self, data: Mapping[str, Any]) -> Told:
        yield {"type": "reset-step"}

    def final(self, value: Any) -> Told:
        yield from self.value(value)
        yield {"type": "finish-step"}
        yield {"type": "finish", "finishReason": "stop"}

    def error(self, data: Mapping[str, Any]) -> Told:
        if data["error"] == "cancelled":
            yield {"type": "abort", "reason": data["message"]}
            return
        yield {"type": "error", "errorText": data["message"]}
        yield {"type": "finish", "finishReason": "error"}


_UI_TEXTS: Mapping[Kind, str] = {"delta": "text", "reasoning": "reasoning"}


class AgUi(Foreign):
    """The value is the state of the agent: as a whole, then as what changed in it."""

    def start(self, run: str) -> Told:
        yield {"type": "RUN_STARTED", "threadId": run, "runId": run}

    def text_opens(self, kind: Kind, name: str) -> Told:
        if kind == "reasoning":
            yield {"type": "REASONING_START", "messageId": name}
        role = "reasoning" if kind == "reasoning" else "assistant"
        yield {"type": f"{_AG_TEXTS[kind]}_START", "messageId": name, "role": role}

    def text_goes_on(self, kind: Kind, name: str, text: str) -> dict[str, Any]:
        return {"type": f"{_AG_TEXTS[kind]}_CONTENT", "messageId": name, "delta": text}

    def text_closes(self, kind: Kind, name: str) -> Told:
        yield {"type": f"{_AG_TEXTS[kind]}_END", "messageId": name}
        if kind == "reasoning":
            yield {"type": "REASONING_END", "messageId": name}

    def value(self, value: Any) -> Told:
        return iter(())

    def changes(self, changes: list[Change]) -> Told:
        operations = [change.as_json_patch() for change in changes]
        if len(operations) == 1 and operations[0]["path"] == "":
            yield {"type": "STATE_SNAPSHOT", "snapshot": operations[0]["value"]}
        else:
            yield {"type": "STATE_DELTA", "delta": operations}

    def reset(self, data: Mapping[str, Any]) -> Told:
        yield {"type": "CUSTOM", "name": "reset", "value": dict(data)}

    def final(self, value: Any) -> Told:
        yield {"type": "STATE_SNAPSHOT", "snapshot": value}
        yield {"type": "RUN_FINISHED", "threadId": self._run, "runId": self._run, "result": value}

    def error(self, data: Mapping[str, Any]) -> Told:
        yield {"type": "RUN_ERROR", "message": data["message"], "code": data["error"]}


_AG_TEXTS: Mapping[Kind, str] = {"delta": "TEXT_MESSAGE", "reasoning": "REASONING_MESSAGE"}
