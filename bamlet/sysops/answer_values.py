"""Values out of what a model says: the operations of `PartialParser`, and how a whole answer is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from ..interpreter.runtime.values import Handle, Opaque
from ..sap import Entry, ParseFailure, PartialParser, Report
from ..types.nothing import NOTHING
from ..types.ty import Ty
from .answers import Answer, answer_of
from .host import Context, resource
from .host_failure import HostFailure
from .parser import make_parser
from .registry import Failure, sysop
from .views import SkeletonState, Source


class PartialValue(Source):
    """A value while its text arrives; also what a stream shows."""

    def __init__(self, make_parser: Callable[[], PartialParser]) -> None:
        self._make_parser = make_parser
        self._parser = make_parser()
        self._missed: tuple[str, ...] = ()

    def reset(self) -> None:
        """Forget what was fed."""
        self._parser = self._make_parser()

    def feed(self, text: str) -> bool:
        return bool(text) and self._parser.feed(text)

    def snapshot(self) -> Any:
        return self._parser.partial()

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

    def miss(self, reasons: Iterable[str]) -> None:
        """A part of the answer is not there or could not be read, so nobody can tell what the value lacks."""
        self._missed = tuple(reasons)

    def report(self) -> Report:
        report = self._parser.report()
        if not self._missed:
            return report
        missed = (Entry("dropped", "$", reason, lossy=True) for reason in self._missed)
        return dataclasses.replace(report, entries=(*missed, *report.entries))

    def finish(self, *, truncated: bool = False, strict: bool = False) -> Any:
        """The final value. Raises `ParseFailure`."""
        return self._parser.finish(truncated=truncated, strict=strict).value

    async def aclose(self) -> None: ...


def _parser(context: Context, output: Ty, *, skeleton: bool = False) -> PartialParser:
    return make_parser(output, context.program.schemas, context.space, skeleton=skeleton)


@sysop("baml.llm.PrimitiveClient.new_partial_parser")
def new_partial_parser(context: Context, client: Opaque, output: Opaque) -> Handle:
    skeleton = context.host.voice.sink.view.skeleton
    value = PartialValue(lambda: _parser(context, output.payload, skeleton=skeleton))
    return context.host.scope.open("baml.llm.PartialParser", value)


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
        return found.finish(strict=context.host.strict)
    except ParseFailure as failure:
        raise _validation(context, failure) from failure


@sysop("baml.llm.PartialParser.finish_answer", throws=("Validation",))
def finish_answer(context: Context, parser: Handle, answer: Handle | Opaque, prompt: Opaque) -> Any:
    return _read_answer(context, resource(context, parser, PartialValue), answer_of(context, answer), prompt)


@sysop("baml.llm.PrimitiveClient.parse_answer", throws=("Validation",))
def parse_answer(context: Context, client: Opaque, answer: Handle | Opaque, output: Opaque, prompt: Opaque) -> Any:
    found = answer_of(context, answer)
    value = PartialValue(lambda: _parser(context, output.payload))
    value.feed(found.said.text)
    return _read_answer(context, value, found, prompt)


def _read_answer(context: Context, value: PartialValue, answer: Answer, prompt: Opaque) -> Any:
    call = context.host
    call.voice.reporter = value
    short = answer.stopped_short(call.hide)
    value.miss([*([] if short is None else [short]), *answer.unread(call.hide)])
    truncated = answer.said.finish_reason == "length"
    try:
        result = value.finish(truncated=truncated, strict=call.strict)
    except ParseFailure as failure:
        text = call.hide(str(prompt.payload))
        raise _validation(context, failure, text) from failure
    if call.on_report is not None:
        try:
            call.on_report(value.report())
        except Exception as failure:
            raise HostFailure(failure) from failure
    return result


@sysop("baml.llm.PartialParser.close")
async def close_parser(context: Context, parser: Handle) -> None:
    await context.host.scope.close(parser)


@sysop("baml.llm.PrimitiveClient.partial_parse", throws=("Validation",))
def partial_parse(context: Context, client: Opaque, text: str, output: Opaque) -> Any:
    parser = _parser(context, output.payload)
    parser.feed(text)
    shown = parser.partial()
    return None if shown is NOTHING else shown


@sysop("baml.llm.PrimitiveClient.final_parse", throws=("Validation",))
def final_parse(context: Context, client: Opaque, text: str, output: Opaque) -> Any:
    parser = _parser(context, output.payload)
    parser.feed(text)
    try:
        return parser.finish(strict=context.host.strict).value
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
