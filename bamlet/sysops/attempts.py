"""The record of attempts: each request that a call sends to a model, in order, and what came of it.

It is written while things happen, and may be read at any time by who holds it: a collector, a log, a failed test.
What was sent and said is kept only where somebody asked for that, up to a limit, and without keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from ..records import dataclass, fields
from ..wire.redact import HIDDEN, hidden_headers, hide, redact_url

if TYPE_CHECKING:
    from ..providers.completion import Completion, Usage

MAX_KEPT_BYTES = 4 << 20  # of a request, of an answer's body, and of the events of a stream

CAUSES = {
    "Io": "network",
    "Timeout": "timeout",
    "HttpStatus": "status",
    "FinishReason": "finish_reason",
    "Validation": "validation",
}


# Where nothing is kept, all attempts have these; nothing is put into them.
_NO_HEADERS: Mapping[str, str] = {}
_NO_EVENTS: list[str] = []


class Wall(Protocol):
    """A clock."""

    def now(self) -> float: ...

    def unix(self) -> float: ...


class Answering(Protocol):
    """What is known of an answer while it comes: `said` is as a `Completion` has it."""

    attempt: Attempt | None

    @property
    def said(self) -> Any: ...

    @property
    def model(self) -> str | None: ...


class Charged(Protocol):
    """What a budget is told of an attempt."""

    def belongs_to(self, attempt: Attempt) -> None:
        """It begins."""

    def hears(self) -> None:
        """More of the answer has come. Raises what stops the call, if that is too much."""

    def settles(self) -> None:
        """It has ended."""


class Attempt:
    """One request. `started` is on the wall; `first_text` and `ended` are seconds from there.

    `run` numbers the calls of LLM functions within the host's call. `cause` is why there is no value, in the words
    of `FailedAttempt.cause`. `events` are the data of a stream's, as they came. `was_sent` is False where there
    was no connection. A `charge` belongs to the budgets around the call.
    """

    __slots__ = (
        "_answer",
        "_asked",
        "_began",
        "_clock",
        "_keeps",
        "_kept_bytes",
        "_said",
        "_secrets",
        "answer_body",
        "answer_headers",
        "body",
        "cause",
        "charge",
        "client_name",
        "ended",
        "events",
        "first_text",
        "function_name",
        "headers",
        "method",
        "prompt",
        "provider",
        "run",
        "selected",
        "started",
        "status",
        "streams",
        "url",
        "was_sent",
    )

    def __init__(self, asking: Asking, provider: str, request: Any, *, streams: bool) -> None:
        """Of a `baml.http.Request`."""
        record = asking.record
        self._clock = record.clock
        self._began = record.clock.now()
        self.started = record.clock.unix()
        self.first_text: float | None = None
        self.ended: float | None = None
        self.function_name = asking.function_name
        self.run = asking.run
        self.client_name: str = request.client_name
        self.provider = provider
        self.streams = streams
        self.selected = False
        self.cause: str | None = None
        self.status: int | None = None
        self._answer: Answering | None = None
        self._said: Completion | None = None
        self._secrets: Collection[str] = asking.secrets
        self._keeps = record.keeps
        self._kept_bytes = 0
        self.was_sent = True
        self.charge: Charged | None = None
        self._asked: Any = asking.prompt
        self.prompt = asking.prompt if record.keeps else None
        self.method: str = request.method
        self.url = self.without_secrets(redact_url(request.url)) if record.keeps else ""
        self.headers = hidden_headers(request.headers, self._secrets) if record.keeps else _NO_HEADERS
        self.body = self._kept(request.body) if record.keeps else b""
        self.answer_headers: Mapping[str, str] = _NO_HEADERS
        self.answer_body = b""
        self.events: list[str] = [] if record.keeps else _NO_EVENTS

    def _kept(self, text: str) -> bytes:
        return self.without_secrets(text).encode()[:MAX_KEPT_BYTES]

    @property
    def keeps(self) -> bool:
        """Whether what is sent and said is of any use to anybody."""
        return self._keeps

    # --- written by operations

    def gets_head(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        self.status = status
        if self._keeps:
            self.answer_headers = hidden_headers(dict(headers), self._secrets)
        if not 200 <= status <= 299:
            self.cause = "status"

    def gets_body(self, text: str) -> None:
        if self._keeps:
            self.answer_body = self._kept(text)

    def gets_events(self, events: list[Any]) -> None:
        if self._keeps and self._kept_bytes <= MAX_KEPT_BYTES:
            self._kept_bytes += sum(len(event.data) for event in events)
            self.events += [self.without_secrets(event.data) for event in events]

    def is_read_by(self, answer: Answering) -> None:
        self._answer = answer
        answer.attempt = self

    def says(self) -> None:
        """Some text of a stream has come."""
        if self.first_text is None:
            self.first_text = self._clock.now() - self._began

    def fails(self, cause: str) -> None:
        """The first failure counts, and none that comes after a value."""
        if self.cause is None and not self.selected:
            self.cause = cause
            self.ends()

    def gives_value(self) -> None:
        self.selected = True
        self.ends()

    def ends(self) -> None:
        if self.ended is None:
            self.ended = self._clock.now() - self._began
        if self.charge is not None:
            self.charge.settles()

    # --- read by who holds the record

    @property
    def said(self) -> Any:
        """What the model has said so far, as a `Completion` has it; None if it has not begun."""
        # Looked at once: whoever reads may be in another thread than the call, which takes it away at its end.
        answer = self._answer
        return self._said if answer is None else answer.said

    @property
    def prompt_characters(self) -> int:
        """Of the prompt, as far as it is text."""
        return self._asked if isinstance(self._asked, int) else len(str(self._asked or ""))

    @property
    def usage(self) -> Usage | None:
        found: Usage | None = self.said.usage if self.said is not None else None
        return found

    @property
    def text(self) -> str | None:
        found: str | None = self.said.text if self.said is not None else None
        return found

    @property
    def finish_reason(self) -> str | None:
        return self._without_secrets(self.said.raw_finish_reason if self.said is not None else None)

    @property
    def model(self) -> str | None:
        answer = self._answer
        if answer is None:
            return self._without_secrets(self._said.model if self._said is not None else None)
        return self._without_secrets(answer.model)

    def let_go(self) -> None:
        """The call is over: of its answer no more is told. A circle would stay until the collector runs."""
        if self._answer is not None:
            self._answer.attempt = None

    def settle(self) -> None:
        """The call is over: what was said becomes plain data, and what belonged to the running call is let go."""
        self.ends()
        # In this order: a reader in another thread finds what was said in one place or in the other.
        self._said = self._completion()
        self._answer = self.charge = None
        self._asked = self.prompt_characters
        self.prompt = self._prompt_text()

    def _prompt_text(self) -> str | None:
        return self.without_secrets(str(self.prompt)) if self.prompt is not None else None

    def without_secrets(self, text: str) -> str:
        return hide(text, self._secrets, HIDDEN)

    def _without_secrets(self, word: str | None) -> str | None:
        """A server may say a key back in any word of its own."""
        return None if word is None else self.without_secrets(word)

    def _completion(self) -> Completion | None:
        answer = self._answer
        said = answer.said if answer is not None else None
        if answer is None or said is None:
            return self._said
        from ..providers.completion import Completion  # brings every provider

        told = {field.name: getattr(said, field.name) for field in fields(Completion) if field.name != "model"}
        told["raw_finish_reason"] = self._without_secrets(said.raw_finish_reason)
        return Completion(model=self._without_secrets(answer.model), **told)

    def __getstate__(self) -> dict[str, Any]:
        """For another process: the data as they are now, without the running call and its keys."""
        state = {name: getattr(self, name) for name in self.__slots__}
        return {
            **state,
            "_answer": None,
            "_asked": self.prompt_characters,
            "_clock": None,
            "_said": self._completion(),
            "_secrets": (),
            "charge": None,
            "prompt": self._prompt_text(),
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


class Record:
    """Of one call of the host: of which function, and all attempts of the LLM functions that it called."""

    __slots__ = ("_began", "attempts", "clock", "ended", "function_name", "keeps", "runs", "started", "streams")

    def __init__(self, clock: Wall, function_name: str, *, streams: bool, keeps: bool) -> None:
        self.clock = clock
        self.function_name = function_name
        self.streams = streams
        self.keeps = keeps
        self.attempts: list[Attempt] = []
        self.runs = 0
        self.started = clock.unix()
        self._began = clock.now()
        self.ended: float | None = None

    def begin_run(self) -> int:
        """One more call of an LLM function."""
        self.runs += 1
        return self.runs

    def part(self, run: int) -> Record:
        """Of one call of an LLM function within this one: when it began and ended, and its own attempts."""
        made = copy(self)
        made.attempts = [attempt for attempt in self.attempts if attempt.run == run]
        first, last = made.attempts[0], made.attempts[-1]
        made.function_name = first.function_name or self.function_name
        made.started = first.started
        made.ended = None if last.ended is None else last.started + last.ended - first.started
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in self.__slots__}, "clock": None}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def end(self) -> None:
        self.ended = self.clock.now() - self._began
        for attempt in self.attempts:
            if self.keeps:
                attempt.settle()
            else:
                attempt.let_go()

    def last_cause(self, attempt: Attempt | None) -> str:
        """Why the attempt before this one was not enough."""
        before = [found for found in self.attempts if found is not attempt]
        return (before[-1].cause if before else None) or "begun anew"


@dataclass(slots=True)
class Asking:
    """What one task of a call is asking a model: for which function, by which prompt, in which request.

    `secrets` are those of the call, which grow as it learns of them.
    """

    record: Record
    secrets: Collection[str]
    function_name: str | None = None
    run: int = 0
    prompt: Any = None
    attempt: Attempt | None = None

    def branch(self) -> Asking:
        """The same for a task of its own."""
        # By hand: a program may start thousands, and `replace` takes ten times as long.
        return Asking(self.record, self.secrets, self.function_name, self.run, self.prompt, self.attempt)

    def begin_run(self, function_name: str) -> None:
        """An LLM function is called."""
        self.function_name = function_name
        self.run = self.record.begin_run()

    def failed(self, class_name: str, kind: object) -> None:
        """An operation has failed in a way that it declares; of an answer that is none, `kind` says how."""
        if self.attempt is not None:
            self.attempt.fails(CAUSES.get(class_name) or str(kind or "error"))


class attempted:
    """For `with`: a request to a model, while it is opened. Any other request is nobody's attempt."""

    __slots__ = ("_attempt",)

    def __init__(
        self, asking: Asking, provider: str, request: Any, *, streams: bool, charge: Charged | None = None
    ) -> None:
        self._attempt: Attempt | None = None
        if request.client_name is None:
            return
        self._attempt = asking.attempt = Attempt(asking, provider, request, streams=streams)
        # Before it is sent: one that is stopped on the way was an attempt, and may be paid for.
        asking.record.attempts.append(self._attempt)
        if charge is not None:
            charge.belongs_to(self._attempt)

    def __enter__(self) -> Attempt | None:
        return self._attempt

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        attempt = self._attempt
        if failure is not None and attempt is not None:
            told: Mapping[str, Any] = getattr(failure, "fields", {})
            attempt.was_sent = told.get("connected") is not False and told.get("phase") != "connect"
            attempt.ends()
