"""Values out of what a model says: the operations of `PartialParser`, and how a whole answer is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..interpreter.runtime.values import Handle, Opaque
from ..providers import mode_of
from ..sap import ParseFailure, PartialParser, read_plain
from ..types.nothing import NOTHING
from ..types.show import show
from ..types.ty import STRING, Ty, bare
from ..types.variables import mapped
from .answers import Answer, answer_of
from .clients import primitive_of
from .host import Context, resource
from .host_failure import HostFailure
from .json import parse_json
from .parser import ParserOf, make_parser
from .read_values import PartialValue, ReadValue, SpokenValue
from .registry import Failure, sysop
from .turns import in_turns

MAX_AT_ONCE = 1 << 18
"""Characters of an answer that is read without a pause: that takes no longer than a turn."""


def _parser(context: Context, output: Ty, *, skeleton: bool = False, exact: bool = False) -> PartialParser:
    return make_parser(output, context.program.schemas, context.space, skeleton=skeleton, exact=exact)


@sysop("baml.llm.PrimitiveClient.new_partial_parser")
def new_partial_parser(context: Context, client: Opaque, output: Opaque) -> Handle:
    skeleton = context.host.voice.sink.view.skeleton
    # A text is no JSON: nothing is asked of the model but words.
    exact = bare(output.payload) != STRING and mode_of(primitive_of(client).options) != "prompt"
    asked = context.host.asking.prompt
    tools = asked.tools if asked is not None else None
    kind = SpokenValue if tools is not None and tools.are_spoken else PartialValue
    schemas = context.program.schemas
    value = kind(ParserOf(output.payload, schemas, context.space, skeleton=skeleton, exact=exact))
    return context.host.scope.open("baml.llm.PartialParser", value)


@sysop("baml.llm.PartialParser.feed")
def feed(context: Context, parser: Handle, text: str) -> bool:
    found = resource(context, parser, PartialValue)
    return found.feed(text)


@sysop("baml.llm.PartialParser.reset")
def reset(context: Context, parser: Handle) -> None:
    resource(context, parser, PartialValue).reset()


@sysop("baml.llm.PartialParser.value")
async def value(context: Context, parser: Handle) -> Any:
    found = resource(context, parser, PartialValue)
    await in_turns(found.catching_up(is_watched=True), context.host.services.clock)
    shown = found.snapshot()
    return None if shown is NOTHING else shown


@sysop("baml.llm.PartialParser.finish", throws=("Validation",))
async def finish_parser(context: Context, parser: Handle) -> Any:
    return await _finished(context, resource(context, parser, PartialValue))


@sysop("baml.llm.PartialParser.finish_answer", throws=("Validation",))
async def finish_answer(context: Context, parser: Handle, answer: Handle | Opaque, prompt: Opaque) -> Any:
    return await _read_answer(context, resource(context, parser, PartialValue), answer_of(context, answer), prompt)


@sysop("baml.llm.PrimitiveClient.parse_answer", throws=("Validation",))
async def parse_answer(
    context: Context, client: Opaque, answer: Handle | Opaque, output: Opaque, prompt: Opaque
) -> Any:
    found = answer_of(context, answer)
    text = found.said.text
    if len(text) <= MAX_AT_ONCE:
        truncated = found.said.finish_reason == "length"
        schemas, strict = context.program.schemas, context.host.strict
        plain = read_plain(text, output.payload, schemas, context.space, truncated=truncated, strict=strict)
        if plain is not None:
            told = ReadValue(plain.report)
            _begin_report(context, told, found)
            return _given(context, told, plain.value, found)
    value = PartialValue(lambda: _parser(context, output.payload))
    value.feed(text)
    return await _read_answer(context, value, found, prompt)


def _begin_report(context: Context, value: ReadValue, answer: Answer) -> None:
    context.host.voice.reporter = value
    value.miss(answer, context.host.hide)


async def _read_answer(context: Context, value: PartialValue, answer: Answer, prompt: Opaque) -> Any:
    call = context.host
    _begin_report(context, value, answer)
    truncated = answer.said.finish_reason == "length"
    whose = f"\nin the answer to `{call.asking.function_name}` from client `{answer.client.options.name}`"
    result = await _finished(
        context,
        value,
        truncated=truncated,
        prompt=lambda: call.hide(str(prompt.payload)),
        whose=whose,
    )
    return _given(context, value, result, answer)


def _given(context: Context, value: ReadValue, result: Any, answer: Answer) -> Any:
    """The value on its way to the program, when who asked to hear of it has been told."""
    call = context.host
    if answer.attempt is not None:
        answer.attempt.gives_value()
    if call.on_report is not None:
        try:
            call.on_report(value.report())
        except Exception as failure:
            raise HostFailure(failure) from failure
    return result


async def _finished(
    context: Context,
    value: PartialValue,
    *,
    truncated: bool = False,
    prompt: Callable[[], str] | None = None,
    whose: str = "",
) -> Any:
    call = context.host
    is_watched = call.voice.sink.is_watched
    work = value.finishing(truncated=truncated, strict=call.strict, is_watched=is_watched)
    try:
        return await in_turns(work, call.services.clock)
    except ParseFailure as failure:
        asked = prompt() if prompt is not None else None
        raise validation(context, failure, f"{failure.told}{whose}", asked) from failure


@sysop("baml.llm.PartialParser.close")
async def close_parser(context: Context, parser: Handle) -> None:
    await context.host.scope.close(parser)


@sysop("baml.llm.PrimitiveClient.partial_parse", throws=("Validation",))
async def partial_parse(context: Context, client: Opaque, text: str, output: Opaque) -> Any:
    value = PartialValue(lambda: _parser(context, output.payload))
    value.feed(text)
    await in_turns(value.catching_up(is_watched=True), context.host.services.clock)
    shown = value.snapshot()
    return None if shown is NOTHING else shown


@sysop("baml.llm.PrimitiveClient.final_parse", throws=("Validation",))
async def final_parse(context: Context, client: Opaque, text: str, output: Opaque) -> Any:
    value = PartialValue(lambda: _parser(context, output.payload))
    value.feed(text)
    return await _finished(context, value)


def validation(context: Context, failure: ParseFailure, told: str, prompt: str | None) -> Failure:
    """A model may say back a key that its server was sent, and an error is shown and logged by many."""
    hide = context.host.hide
    issues = [
        context.space.instance(
            "baml.errors.Issue",
            {
                "path": issue.path,
                "reason": hide(issue.reason),
                "raw": hide(issue.raw),
                "start": issue.start,
                "end": issue.end,
            },
        )
        for issue in failure.issues
    ]
    return Failure("Validation", hide(told), raw_output=hide(failure.raw), prompt=prompt, issues=issues)


@sysop("baml.llm.parse_as", throws=("Validation",))
def parse_as(context: Context, function_name: str, text: str) -> Any:
    return _read(context, context.program.functions[function_name].result, text, f"a text for `{function_name}`")


@sysop("baml.llm.read_as", throws=("Validation",))
def read_as(context: Context, type: str | Ty, text: str) -> Any:
    word = type if isinstance(type, str) else show(type)
    return _read(context, _known_type(context, type), text, f"a text for `{word}`")


def _read(context: Context, ty: Ty, text: str, what: str) -> Any:
    parser = _parser(context, ty)
    parser.feed(text)
    try:
        return parser.finish(strict=context.host.strict).value
    except ParseFailure as failure:
        raise validation(context, failure, f"{failure.told}\nin {what}", None) from failure


def _known_type(context: Context, told: str | Ty) -> Ty:
    """By the word for it, or a type argument, whose parts a call has named by their words."""
    found = context.program.decoded.get(told if isinstance(told, str) else show(told))
    if found is not None:
        return found
    assert not isinstance(told, str)
    return mapped(told, lambda part: _known_type(context, part))


@sysop("baml.json.decode", throws=("baml.json.JsonParseError", "baml.json.JsonDecodeError"))
def decode(context: Context, type: str | Ty, text: str) -> Any:
    """The text must be JSON before it is read like an answer, which takes far more for a value."""
    parse_json(context, text)
    parser = _parser(context, _known_type(context, type))
    parser.feed(text)
    try:
        return parser.finish(strict=False).value
    except ParseFailure as failure:
        path = failure.issues[0].path if failure.issues else "$"
        raise Failure("baml.json.JsonDecodeError", str(failure), path=path) from failure
