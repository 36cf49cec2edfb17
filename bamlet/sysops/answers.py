"""What a model has said, whole or while it streams: the operations behind `baml.llm.StreamAccumulator`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, get_args

from ..interpreter.runtime.values import Handle, Opaque
from ..providers import (
    Accumulator,
    ChunkType,
    Completion,
    ProviderError,
    StreamChunk,
    StructuredAccumulator,
    answered_in,
    finish_reason_is_allowed,
    take_body,
)
from ..records import fields
from .attempts import Attempt
from .clients import Primitive, primitive_of
from .exchange import hide_in_causes
from .host import Context, Host, resource
from .registry import Failure, sysop

MAX_ANSWER_TEXT = 32 << 20
MAX_BLANKS = 1 << 16  # in a row: a model that says nothing else any more does not stop by itself

MAX_REFUSAL = 300

_ACCUMULATOR = "baml.llm.StreamAccumulator"
# As the language spells them.
_CHUNK_TYPES = {name: name.title().replace("_", "") for name in get_args(ChunkType)}


# Ends of which a client takes the value, as BAML does, and says what it is.
_SHORT = {
    "content_filter": "a filter of the provider has stopped the answer",
    "refusal": "the model has refused",
    "error": "the model has stopped with an error",
    "pause": "the model has paused and would go on",
    "other": "the answer has ended for a reason that is not known",
}


class Answer:
    """What the operations on a `StreamAccumulator` work with: an answer while it is streamed."""

    __slots__ = (
        "_accumulator",
        "_blanks",
        "_kept",
        "_new",
        "_overheard",
        "_size",
        "attempt",
        "client",
        "said",
    )

    def __init__(self, accumulator: Accumulator | StructuredAccumulator, client: Primitive) -> None:
        self.said: Accumulator | StructuredAccumulator | Completion = accumulator
        self.client = client
        self.attempt: Attempt | None = None
        self._accumulator = accumulator
        self._new: list[str] = []
        self._size = 0
        self._blanks = 0
        self._overheard: Callable[[StreamChunk], object] | None = None
        self._kept: list[StreamChunk] | None = None  # what was overheard and not taken, if somebody takes it

    def add(self, events: list[Any]) -> bool:
        """Whether the answer began anew."""
        accumulator = self._accumulator
        feed, restarts = accumulator.feed, accumulator.restarts
        if len(events) == 1:  # as in most of a stream
            new = [text] if (text := feed(events[0])) else []
        else:
            new = [text for event in events if (text := feed(event))]
        began_anew = accumulator.restarts != restarts
        if began_anew:
            self._new, new = [], [accumulator.text]
        self._new += new
        if self._overheard is not None:
            self._overhear(self._overheard)
        if (attempt := self.attempt) is not None:
            if new and attempt.first_text is None:
                attempt.says()
            if attempt.charge is not None:
                attempt.charge.hears()
        for text in new:
            size = len(text)
            self._size += size
            if text[-1:].isalnum():  # as nearly always
                self._blanks = 0
            else:
                said = text.rstrip()
                self._blanks = size - len(said) + (0 if said else self._blanks)
        if self._size > MAX_ANSWER_TEXT:
            message = f"the answer is longer than {MAX_ANSWER_TEXT} characters"
            raise ProviderError("protocol_error", message, retryable=False)
        if self._blanks > MAX_BLANKS:
            message = f"the model has written more than {MAX_BLANKS} blanks in a row"
            raise ProviderError("degenerate", message, retryable=True)
        return began_anew

    @property
    def reasoning(self) -> str:
        return self.said.reasoning

    def overhear(self, heard: Callable[[StreamChunk], object], *, keeps: bool) -> None:
        """Call back with each chunk as soon as it has come, before anybody asks. What is kept is there for
        `new_chunks` all the same."""
        self._overheard = heard
        self._kept = [] if keeps else None

    @property
    def is_overheard(self) -> bool:
        return self._overheard is not None

    def _overhear(self, heard: Callable[[StreamChunk], object]) -> None:
        new = self._accumulator.new_chunks()
        for chunk in new:
            heard(chunk)
        if self._kept is not None:
            self._kept += new

    def new_chunks(self) -> list[StreamChunk]:
        new = self._accumulator.new_chunks()
        if self._kept:
            new, self._kept = self._kept + new, []
        return new

    def new_text(self) -> str:
        text = "".join(self._new)
        self._new.clear()
        return text

    def finish(self) -> None:
        """Closing may free text that was held back, such as half a surrogate pair."""
        shown = len(self._accumulator.text)
        completion = self._accumulator.finish()
        self._new.append(completion.text[shown:])

    def unread(self, hide: Callable[[str], str]) -> list[str]:
        """What to say about events that could not be read or came too late, if there were any."""
        said = []
        if count := self._accumulator.bad_events:
            first = hide(self._accumulator.first_bad)
            said.append(f"events that could not be read: {count}" + (f", the first is {first!r}" if first else ""))
        if late := self._accumulator.late:
            said.append(f"pieces that came after the model had stopped: {late}")
        return said

    def stopped_short(self, hide: Callable[[str], str]) -> str | None:
        """What to say about an end that is none of the model's own."""
        said = self.said
        words = _SHORT.get(said.finish_reason or "stop")
        if words is None:
            return None
        refusal = hide(said.refusal or "")[:MAX_REFUSAL]
        reason = hide(said.raw_finish_reason or "")[:MAX_REFUSAL]
        return f"{words} (finish reason {reason})" + (f": {refusal}" if refusal else "")

    @property
    def end_is_told(self) -> bool:
        """A stream that nothing ends is a failed attempt."""
        return True

    @property
    def model(self) -> str | None:
        """Bedrock does not say which model it is: then it is the one that was asked for."""
        return self.said.model or self.client.options.model

    @property
    def dialect(self) -> str:
        """In which it was said, and may be given back."""
        return answered_in(self.client.options)

    @property
    def is_done(self) -> bool:
        return self._accumulator.is_done

    @property
    def is_complete(self) -> bool:
        return self._accumulator.is_complete

    async def aclose(self) -> None: ...


class WholeAnswer(Answer):
    """An answer that came in one piece: there is nothing to add and nothing to wait for."""

    __slots__ = ()

    def __init__(self, accumulator: Accumulator | StructuredAccumulator, body: str, client: Primitive) -> None:
        super().__init__(accumulator, client)
        take_body(accumulator, body)
        # What it says is asked for here and there; to put all of it together would take as long as to read it.
        if isinstance(accumulator, StructuredAccumulator):
            self.said = accumulator.completion()
        else:
            accumulator.end_whole()
        self._new = [self.said.text]

    def add(self, events: list[Any]) -> bool:
        raise AssertionError("a whole answer takes no events")

    def finish(self) -> None: ...

    @property
    def end_is_told(self) -> bool:
        return self.said.finish_reason is not None or not self._accumulator.finish_reasons

    @property
    def is_done(self) -> bool:
        return True

    @property
    def is_complete(self) -> bool:
        return True


def answer_of(context: Context, answer: Handle | Opaque) -> Answer:
    if isinstance(answer, Opaque):
        return cast(Answer, answer.payload)
    return resource(context, answer, Answer)


@sysop("baml.llm.PrimitiveClient.new_stream_accumulator")
def new_stream_accumulator(context: Context, client: Opaque) -> Handle:
    primitive = primitive_of(client)
    answer = Answer(primitive.dialect.accumulator(primitive.options), primitive)
    _attach(context, answer)
    return context.host.scope.open(_ACCUMULATOR, answer)


@sysop("baml.llm.PrimitiveClient.read_response", throws=("LlmClient",))
def read_response(context: Context, client: Opaque, body: str) -> Opaque:
    primitive = primitive_of(client)
    try:
        answer = WholeAnswer(primitive.dialect.accumulator(primitive.options), body, primitive)
    except ProviderError as failure:
        raise provider_failure(context.host, failure, primitive) from failure
    _attach(context, answer)
    return Opaque(_ACCUMULATOR, answer)


def _attach(context: Context, answer: Answer) -> None:
    """To what the call shows, and to the request that it answers."""
    here = context.host
    here.voice.answer = answer
    if here.asking.attempt is not None:
        here.asking.attempt.is_read_by(answer)


def provider_failure(call: Host, failure: ProviderError, client: Primitive) -> Failure:
    hide_in_causes(failure, call.hide)
    return Failure(
        "LlmClient",
        failure.message,
        kind=failure.kind,
        retryable=failure.retryable is not False,
        client_name=client.options.name,
    )


@sysop("baml.llm.StreamAccumulator.add_events", throws=("LlmClient",))
def add_events(context: Context, answer: Handle | Opaque, events: list[Any]) -> bool:
    found = answer_of(context, answer)
    try:
        return found.add(events)
    except ProviderError as failure:
        raise provider_failure(context.host, failure, found.client) from failure


@sysop("baml.llm.StreamAccumulator.finish", throws=("LlmClient",))
def finish(context: Context, answer: Handle | Opaque) -> None:
    found = answer_of(context, answer)
    try:
        found.finish()
        if context.host.strict and (unread := found.unread(context.host.hide)):
            raise ProviderError("protocol_error", f"{unread[0]} (strict)", retryable=True)
    except ProviderError as failure:
        raise provider_failure(context.host, failure, found.client) from failure


@sysop("baml.llm.StreamAccumulator.close")
async def close_answer(context: Context, answer: Handle | Opaque) -> None:
    if isinstance(answer, Handle):
        await context.host.scope.close(answer)


@sysop("baml.llm.StreamAccumulator.content")
def content(context: Context, answer: Handle | Opaque) -> str:
    return answer_of(context, answer).said.text


@sysop("baml.llm.StreamAccumulator.new_content")
def new_content(context: Context, answer: Handle | Opaque) -> str:
    return answer_of(context, answer).new_text()


@sysop("baml.llm.StreamAccumulator.new_chunks")
def new_chunks(context: Context, answer: Handle | Opaque) -> list[Any]:
    space = context.space
    return [
        space.instance(
            "baml.llm.Chunk",
            {
                "chunk_type": space.enum_value("baml.llm.ChunkType", _CHUNK_TYPES[chunk.type]),
                "text": chunk.text,
                "slot": chunk.slot,
                "id": chunk.id,
                "name": chunk.name,
            },
        )
        for chunk in answer_of(context, answer).new_chunks()
    ]


@sysop("baml.llm.StreamAccumulator.reasoning")
def reasoning(context: Context, answer: Handle | Opaque) -> str:
    return answer_of(context, answer).said.reasoning


@sysop("baml.llm.StreamAccumulator.refusal")
def refusal(context: Context, answer: Handle | Opaque) -> str | None:
    return answer_of(context, answer).said.refusal


@sysop("baml.llm.StreamAccumulator.tool_calls")
def tool_calls(context: Context, answer: Handle | Opaque) -> list[Any]:
    return [
        context.space.instance(
            "baml.llm.ToolCall", {"id": call.id, "name": call.name, "arguments": call.arguments}
        )
        for call in answer_of(context, answer).said.tool_calls
    ]


@sysop("baml.llm.StreamAccumulator.usage")
def usage(context: Context, answer: Handle | Opaque) -> Any:
    said = answer_of(context, answer).said.usage
    if said is None:
        return None
    counts = {field.name: getattr(said, field.name) for field in fields(said) if field.name != "raw"}
    return context.space.instance("baml.llm.Usage", counts)


@sysop("baml.llm.StreamAccumulator.finish_kind")
def finish_kind(context: Context, answer: Handle | Opaque) -> str | None:
    return answer_of(context, answer).said.finish_reason


@sysop("baml.llm.StreamAccumulator.is_done")
def is_done(context: Context, answer: Handle | Opaque) -> bool:
    return answer_of(context, answer).is_done


@sysop("baml.llm.StreamAccumulator.is_complete")
def is_complete(context: Context, answer: Handle | Opaque) -> bool:
    return answer_of(context, answer).is_complete


@sysop("baml.llm.StreamAccumulator.model")
def model(context: Context, answer: Handle | Opaque) -> str | None:
    return answer_of(context, answer).model


@sysop("baml.llm.StreamAccumulator.finish_reason")
def finish_reason(context: Context, answer: Handle | Opaque) -> str | None:
    return answer_of(context, answer).said.raw_finish_reason


@sysop("baml.llm.StreamAccumulator.input_tokens")
def input_tokens(context: Context, answer: Handle | Opaque) -> int | None:
    said = answer_of(context, answer).said.usage
    return said.input_tokens if said else None


@sysop("baml.llm.StreamAccumulator.output_tokens")
def output_tokens(context: Context, answer: Handle | Opaque) -> int | None:
    said = answer_of(context, answer).said.usage
    return said.output_tokens if said else None


@sysop("baml.llm.PrimitiveClient.check_finish_reason", throws=("FinishReason",))
def check_finish_reason(context: Context, client: Opaque, answer: Handle | Opaque, prompt: Opaque) -> None:
    options = primitive_of(client).options
    found = answer_of(context, answer)
    said, reason = found.said, found.said.raw_finish_reason
    if context.host.strict and (short := found.stopped_short(context.host.hide)) is not None:
        raise _refused_reason(context, f"{short} (strict)", said, prompt)
    if not finish_reason_is_allowed(reason, options.finish_reason_allow_list, options.finish_reason_deny_list):
        message = f"Finish reason not allowed: {reason}"
        raise _refused_reason(context, message, said, prompt)


def _refused_reason(context: Context, message: str, said: Any, prompt: Opaque) -> Failure:
    asked = context.host.hide(str(prompt.payload))
    reason = said.raw_finish_reason
    return Failure("FinishReason", message, finish_reason=reason, raw_output=said.text, prompt=asked)
