"""LLM calls: the operations behind `baml.llm` that render prompts, build requests and read what a model says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

from ..interpreter.abi import Context, Handle, Opaque
from ..jinja import TemplateError
from ..prompt import Message, Prompt, StructuredAnswer, TemplateString, answer_schema, render_prompt
from ..providers import (
    Accumulator,
    Chunk,
    ChunkType,
    ClientConfigError,
    ClientOptions,
    Completion,
    ProviderError,
    StructuredAccumulator,
    finish_reason_is_allowed,
    mode_of,
    read_body,
)
from ..sap import NOTHING as SAP_NOTHING
from ..sap import Entry, ParseFailure, PartialParser, Report
from ..types.schema import Schemas
from ..types.show import show
from ..types.ty import STRING, Ty, bare
from ..wire.message import Request
from .clients import Primitive
from .conforms import is_of_type
from .exchange import hide_in_causes, status_fields
from .host import host, resource
from .registry import Failure, HostFailure, sysop
from .template_values import holds, template_value
from .views import NOTHING, SkeletonState, Source

MAX_ANSWER_TEXT = 32 << 20
MAX_BLANKS = 1 << 16  # in a row: a model that says nothing else any more does not stop by itself

_ACCUMULATOR = "baml.llm.StreamAccumulator"
# As the language spells them.
_CHUNK_TYPES = {name: name.title().replace("_", "") for name in get_args(ChunkType)}


def _primitive(client: Opaque) -> Primitive:
    return cast(Primitive, client.payload)


# --- functions and their types


@sysop("baml.llm.get_return_type", throws=("InvalidArgument",))
def get_return_type(context: Context, function_name: str) -> Opaque:
    function = context.program.functions.get(function_name)
    if function is None:
        raise Failure("InvalidArgument", f"there is no function `{function_name}`")
    return Opaque("baml.llm.OutputType", function.result)


@sysop("baml.llm.OutputType.name")
def output_type_name(context: Context, output: Opaque) -> str:
    return show(output.payload)


@sysop("baml.llm.OutputType.accepts")
def output_type_accepts(context: Context, output: Opaque, value: Any) -> bool:
    return is_of_type(value, output.payload, context.program.schemas)


# --- prompts and requests


@sysop("baml.llm.PrimitiveClient.name")
def client_name(context: Context, client: Opaque) -> str:
    return _primitive(client).options.name


@sysop("baml.llm.PrimitiveClient.supports_streaming")
def supports_streaming(context: Context, client: Opaque) -> bool:
    return _primitive(client).options.supports_streaming


@sysop("baml.llm.PrimitiveClient.render_prompt", throws=("RenderPrompt", "InvalidArgument"))
def render(context: Context, client: Opaque, function_name: str, args: Mapping[str, Any]) -> Opaque:
    function = context.program.functions.get(function_name)
    if function is None or function.llm is None:
        raise Failure("InvalidArgument", f"there is no LLM function `{function_name}`")
    schemas = context.program.schemas
    templates = {
        name: TemplateString(name, tuple(param.name for param in info.params), info.text)
        for name, info in context.program.templates.items()
    }
    options = _primitive(client).options
    try:
        answer = _structured_answer(options, function.result, schemas)
        prompt = render_prompt(
            function.llm.template,
            {name: template_value(value, schemas) for name, value in args.items()},
            output=function.result,
            schemas=schemas,
            client=options.info(),
            tags=host(context).tags,
            templates=templates,
        )
    except ClientConfigError as failure:
        raise Failure("InvalidArgument", str(failure)) from failure
    except TemplateError as failure:
        raise Failure("RenderPrompt", f"the prompt of `{function_name}`: {failure}") from failure
    messages = tuple(_with_role(message, options.default_role) for message in prompt.messages)
    return Opaque("baml.llm.Prompt", Prompt(messages, answer))


def _with_role(message: Message, default: str) -> Message:
    return dataclasses.replace(message, role=default) if message.role is None else message


def _structured_answer(options: ClientOptions, output: Ty, schemas: Schemas) -> StructuredAnswer | None:
    """A string is what a model says anyway; any other answer is asked for in the way of the client."""
    mode = mode_of(options)
    if mode == "prompt" or bare(output) == STRING:
        return None
    return StructuredAnswer(mode, answer_schema(output, schemas))


@sysop("baml.llm.Prompt.text")
def prompt_text(context: Context, prompt: Opaque) -> str:
    return str(prompt.payload)


@sysop("baml.llm.PrimitiveClient.build_request", throws=("InvalidArgument",))
def build_request(context: Context, client: Opaque, prompt: Opaque) -> Any:
    return _request(context, client, prompt, stream=False)


@sysop("baml.llm.PrimitiveClient.build_request_stream", throws=("InvalidArgument",))
def build_request_stream(context: Context, client: Opaque, prompt: Opaque) -> Any:
    return _request(context, client, prompt, stream=True)


def _request(context: Context, client: Opaque, prompt: Opaque, *, stream: bool) -> Any:
    primitive = _primitive(client)
    try:
        request = primitive.dialect.build_request(primitive.options, prompt.payload, stream=stream)
    except ClientConfigError as failure:
        raise Failure("InvalidArgument", str(failure)) from failure
    return _language_request(context, request, primitive)


def _language_request(context: Context, request: Request, primitive: Primitive) -> Any:
    own, given = primitive.options.timeouts, host(context).limits
    timeouts = {f"{name}_ms": _milliseconds(getattr(own, name), given.get(name)) for name in _REQUEST_LIMITS}
    fields = {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.body.decode(),
        "timeouts": context.space.instance("baml.http.Timeouts", timeouts),
        "client_name": primitive.options.name,
    }
    return context.space.instance("baml.http.Request", fields)


_REQUEST_LIMITS = ("connect", "first_token", "idle", "request")


def _milliseconds(*limits: float | None) -> int | None:
    """The shortest of some limits in seconds; None is no limit."""
    seconds = min((limit for limit in limits if limit is not None), default=None)
    return None if seconds is None else round(seconds * 1000)


@sysop("baml.llm.PrimitiveClient.http_error")
def http_error(context: Context, client: Opaque, response: Any) -> Any:
    primitive = _primitive(client)
    body = primitive.without_secrets(response.body)
    headers = tuple(response.headers.items())
    fields = status_fields(response.status_code, headers, body, primitive.options.name)
    return context.space.instance("baml.errors.HttpStatus", fields)


# --- answers


class Answer:
    """What the operations on a `StreamAccumulator` work with: an answer while it is streamed."""

    def __init__(self, accumulator: Accumulator | StructuredAccumulator, client: Primitive) -> None:
        self.said: Accumulator | StructuredAccumulator | Completion = accumulator
        self.client = client
        self._accumulator = accumulator
        self._new: list[str] = []
        self._size = 0
        self._blanks = 0

    def add(self, events: list[Any]) -> bool:
        """Whether the answer began anew."""
        feed, restarts = self._accumulator.feed, self._accumulator.restarts
        new = [text for event in events if (text := feed(event))]
        began_anew = self._accumulator.restarts != restarts
        if began_anew:
            self._new, new = [], [self._accumulator.text]
        self._new += new
        self._size += sum(map(len, new))
        if self._size > MAX_ANSWER_TEXT:
            message = f"the answer is longer than {MAX_ANSWER_TEXT} characters"
            raise ProviderError("protocol_error", message, retryable=False)
        for text in new:
            said = text.rstrip()
            self._blanks = len(text) - len(said) + (0 if said else self._blanks)
        if self._blanks > MAX_BLANKS:
            message = f"the model has written more than {MAX_BLANKS} blanks in a row"
            raise ProviderError("degenerate", message, retryable=True)
        return began_anew

    def new_chunks(self) -> list[Chunk]:
        return self._accumulator.new_chunks()

    def new_text(self) -> str:
        text = "".join(self._new)
        self._new.clear()
        return text

    def finish(self) -> None:
        """Closing may free text that was held back, such as half a surrogate pair."""
        shown = len(self._accumulator.text)
        completion = self._accumulator.finish()
        self._new.append(completion.text[shown:])

    def unread(self) -> str | None:
        """What to say about events that could not be read, if there were any."""
        if not (count := self._accumulator.bad_events):
            return None
        first = self.client.without_secrets(self._accumulator.first_bad)
        return f"events that could not be read: {count}" + (f", the first is {first!r}" if first else "")

    @property
    def is_done(self) -> bool:
        return self._accumulator.is_done

    @property
    def is_complete(self) -> bool:
        return self._accumulator.is_complete

    async def aclose(self) -> None: ...


class WholeAnswer(Answer):
    """An answer that came in one piece: there is nothing to add and nothing to wait for."""

    def __init__(self, accumulator: Accumulator | StructuredAccumulator, body: str, client: Primitive) -> None:
        super().__init__(accumulator, client)
        self.said = read_body(accumulator, body)
        self._new = [self.said.text]

    def add(self, events: list[Any]) -> bool:
        raise AssertionError("a whole answer takes no events")

    def finish(self) -> None: ...

    @property
    def is_done(self) -> bool:
        return True

    @property
    def is_complete(self) -> bool:
        return True


def _answer(context: Context, answer: Handle | Opaque) -> Answer:
    if isinstance(answer, Opaque):
        return cast(Answer, answer.payload)
    return resource(context, answer, Answer)


@sysop("baml.llm.PrimitiveClient.new_stream_accumulator")
def new_stream_accumulator(context: Context, client: Opaque) -> Handle:
    primitive = _primitive(client)
    answer = Answer(primitive.dialect.accumulator(primitive.options), primitive)
    host(context).voice.sink.reasoning_of = lambda: answer.said.reasoning
    return host(context).scope.open(_ACCUMULATOR, answer)


@sysop("baml.llm.PrimitiveClient.read_response", throws=("LlmClient",))
def read_response(context: Context, client: Opaque, body: str) -> Opaque:
    primitive = _primitive(client)
    try:
        answer = WholeAnswer(primitive.dialect.accumulator(primitive.options), body, primitive)
    except ProviderError as failure:
        raise _provider_failure(failure, primitive) from failure
    host(context).voice.sink.reasoning_of = lambda: answer.said.reasoning
    return Opaque(_ACCUMULATOR, answer)


def _provider_failure(failure: ProviderError, client: Primitive) -> Failure:
    hide_in_causes(failure, client.without_secrets)
    return Failure(
        "LlmClient",
        failure.message,
        kind=failure.kind,
        retryable=failure.retryable is not False,
        client_name=client.options.name,
    )


@sysop("baml.llm.StreamAccumulator.add_events", throws=("LlmClient",))
def add_events(context: Context, answer: Handle | Opaque, events: list[Any]) -> bool:
    found = _answer(context, answer)
    try:
        return found.add(events)
    except ProviderError as failure:
        raise _provider_failure(failure, found.client) from failure


@sysop("baml.llm.StreamAccumulator.finish", throws=("LlmClient",))
def finish(context: Context, answer: Handle | Opaque) -> None:
    found = _answer(context, answer)
    try:
        found.finish()
        if host(context).strict and (unread := found.unread()) is not None:
            raise ProviderError("protocol_error", f"{unread} (strict)", retryable=True)
    except ProviderError as failure:
        raise _provider_failure(failure, found.client) from failure


@sysop("baml.llm.StreamAccumulator.close")
async def close_answer(context: Context, answer: Handle | Opaque) -> None:
    if isinstance(answer, Handle):
        await host(context).scope.close(answer)


@sysop("baml.llm.StreamAccumulator.content")
def content(context: Context, answer: Handle | Opaque) -> str:
    return _answer(context, answer).said.text


@sysop("baml.llm.StreamAccumulator.new_content")
def new_content(context: Context, answer: Handle | Opaque) -> str:
    return _answer(context, answer).new_text()


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
        for chunk in _answer(context, answer).new_chunks()
    ]


@sysop("baml.llm.StreamAccumulator.reasoning")
def reasoning(context: Context, answer: Handle | Opaque) -> str:
    return _answer(context, answer).said.reasoning


@sysop("baml.llm.StreamAccumulator.refusal")
def refusal(context: Context, answer: Handle | Opaque) -> str | None:
    return _answer(context, answer).said.refusal


@sysop("baml.llm.StreamAccumulator.tool_calls")
def tool_calls(context: Context, answer: Handle | Opaque) -> list[Any]:
    return [
        context.space.instance(
            "baml.llm.ToolCall", {"id": call.id, "name": call.name, "arguments": call.arguments}
        )
        for call in _answer(context, answer).said.tool_calls
    ]


@sysop("baml.llm.StreamAccumulator.usage")
def usage(context: Context, answer: Handle | Opaque) -> Any:
    said = _answer(context, answer).said.usage
    if said is None:
        return None
    fields = {field.name: getattr(said, field.name) for field in dataclasses.fields(said) if field.name != "raw"}
    return context.space.instance("baml.llm.Usage", fields)


@sysop("baml.llm.StreamAccumulator.finish_kind")
def finish_kind(context: Context, answer: Handle | Opaque) -> str | None:
    return _answer(context, answer).said.finish_reason


@sysop("baml.llm.StreamAccumulator.is_done")
def is_done(context: Context, answer: Handle | Opaque) -> bool:
    return _answer(context, answer).is_done


@sysop("baml.llm.StreamAccumulator.is_complete")
def is_complete(context: Context, answer: Handle | Opaque) -> bool:
    return _answer(context, answer).is_complete


@sysop("baml.llm.StreamAccumulator.model")
def model(context: Context, answer: Handle | Opaque) -> str | None:
    """Bedrock does not say which model it is: then it is the one that was asked for."""
    found = _answer(context, answer)
    return found.said.model or found.client.options.model


@sysop("baml.llm.StreamAccumulator.finish_reason")
def finish_reason(context: Context, answer: Handle | Opaque) -> str | None:
    return _answer(context, answer).said.raw_finish_reason


@sysop("baml.llm.StreamAccumulator.input_tokens")
def input_tokens(context: Context, answer: Handle | Opaque) -> int | None:
    said = _answer(context, answer).said.usage
    return said.input_tokens if said else None


@sysop("baml.llm.StreamAccumulator.output_tokens")
def output_tokens(context: Context, answer: Handle | Opaque) -> int | None:
    said = _answer(context, answer).said.usage
    return said.output_tokens if said else None


@sysop("baml.llm.PrimitiveClient.check_finish_reason", throws=("FinishReason",))
def check_finish_reason(context: Context, client: Opaque, answer: Handle | Opaque) -> None:
    options = _primitive(client).options
    said = _answer(context, answer).said
    reason = said.raw_finish_reason
    if not finish_reason_is_allowed(reason, options.finish_reason_allow_list, options.finish_reason_deny_list):
        message = f"Finish reason not allowed: {reason}"
        raise Failure("FinishReason", message, finish_reason=reason, raw_output=said.text)


# --- values out of text


class PartialValue(Source):
    """A value while its text arrives; also what a stream shows."""

    def __init__(self, make_parser: Callable[[], PartialParser]) -> None:
        self._make_parser = make_parser
        self._parser = make_parser()
        self._unread: str | None = None

    def reset(self) -> None:
        """Forget what was fed."""
        self._parser = self._make_parser()

    def feed(self, text: str) -> bool:
        return bool(text) and self._parser.feed(text)

    def snapshot(self) -> Any:
        value = self._parser.partial()
        return NOTHING if value is SAP_NOTHING else value

    def finished(self, path: tuple[str, ...]) -> int | None:
        return self._parser.finished(path)

    @property
    def state(self) -> SkeletonState:
        return self._parser.state

    @property
    def replaced(self) -> bool:
        return self._parser.replaced

    @property
    def reasoning(self) -> str:
        return self._parser.reasoning

    def miss(self, unread: str | None) -> None:
        """A part of the answer could not be read, so nobody can tell what the value lacks."""
        self._unread = unread

    def report(self) -> Report:
        report = self._parser.report()
        if self._unread is None:
            return report
        return dataclasses.replace(
            report, entries=(Entry("dropped", "$", self._unread, lossy=True), *report.entries)
        )

    def finish(self, *, truncated: bool = False, strict: bool = False) -> Any:
        """The final value. Raises `ParseFailure`."""
        return self._parser.finish(truncated=truncated, strict=strict).value

    async def aclose(self) -> None: ...


def make_parser(context: Context, output: Ty, *, skeleton: bool = False) -> PartialParser:
    schemas = context.program.schemas
    return PartialParser(
        output,
        schemas,
        context.space,
        holds=lambda expression, value: holds(expression, value, schemas),
        skeleton=skeleton,
    )


@sysop("baml.llm.PrimitiveClient.new_partial_parser")
def new_partial_parser(context: Context, client: Opaque, output: Opaque) -> Handle:
    skeleton = host(context).voice.sink.view.skeleton
    value = PartialValue(lambda: make_parser(context, output.payload, skeleton=skeleton))
    return host(context).scope.open("baml.llm.PartialParser", value)


@sysop("baml.llm.PartialParser.feed")
def feed(context: Context, parser: Handle, text: str) -> bool:
    found = resource(context, parser, PartialValue)
    return found.feed(text)


@sysop("baml.llm.PartialParser.reset")
def reset(context: Context, parser: Handle) -> None:
    resource(context, parser, PartialValue).reset()


@sysop("baml.llm.PartialParser.value")
def value(context: Context, parser: Handle) -> Any:
    found = resource(context, parser, PartialValue)
    shown = found.snapshot()
    return None if shown is NOTHING else shown


@sysop("baml.llm.PartialParser.finish", throws=("Validation",))
def finish_parser(context: Context, parser: Handle) -> Any:
    found = resource(context, parser, PartialValue)
    try:
        return found.finish(strict=host(context).strict)
    except ParseFailure as failure:
        raise _validation(context, failure) from failure


@sysop("baml.llm.PartialParser.finish_answer", throws=("Validation",))
def finish_answer(context: Context, parser: Handle, answer: Handle | Opaque, prompt: Opaque) -> Any:
    return _read_answer(context, resource(context, parser, PartialValue), _answer(context, answer), prompt)


@sysop("baml.llm.PrimitiveClient.parse_answer", throws=("Validation",))
def parse_answer(context: Context, client: Opaque, answer: Handle | Opaque, output: Opaque, prompt: Opaque) -> Any:
    found = _answer(context, answer)
    value = PartialValue(lambda: make_parser(context, output.payload))
    value.feed(found.said.text)
    return _read_answer(context, value, found, prompt)


def _read_answer(context: Context, value: PartialValue, answer: Answer, prompt: Opaque) -> Any:
    call = host(context)
    call.voice.sink.reporter = value
    value.miss(answer.unread())
    truncated = answer.said.finish_reason == "length"
    try:
        result = value.finish(truncated=truncated, strict=call.strict)
    except ParseFailure as failure:
        text = answer.client.without_secrets(prompt_text(context, prompt))
        raise _validation(context, failure, text) from failure
    if call.on_report is not None:
        try:
            call.on_report(value.report())
        except Exception as failure:
            raise HostFailure(failure) from failure
    return result


@sysop("baml.llm.PartialParser.close")
async def close_parser(context: Context, parser: Handle) -> None:
    await host(context).scope.close(parser)


@sysop("baml.llm.PrimitiveClient.partial_parse", throws=("Validation",))
def partial_parse(context: Context, client: Opaque, text: str, output: Opaque) -> Any:
    parser = make_parser(context, output.payload)
    parser.feed(text)
    shown = parser.partial()
    return None if shown is SAP_NOTHING else shown


@sysop("baml.llm.PrimitiveClient.final_parse", throws=("Validation",))
def final_parse(context: Context, client: Opaque, text: str, output: Opaque) -> Any:
    parser = make_parser(context, output.payload)
    parser.feed(text)
    try:
        return parser.finish(strict=host(context).strict).value
    except ParseFailure as failure:
        raise _validation(context, failure) from failure


def _validation(context: Context, failure: ParseFailure, prompt: str | None = None) -> Failure:
    names = ("path", "reason", "raw", "start", "end")
    issues = [
        context.space.instance("baml.errors.Issue", {name: getattr(issue, name) for name in names})
        for issue in failure.issues
    ]
    message = f"Failed to parse LLM response: {failure}"
    return Failure("Validation", message, raw_output=failure.raw, prompt=prompt, issues=issues)
