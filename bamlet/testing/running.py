"""One run of one test: the call is made, its value is judged, and whatever happens becomes a result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

from ..embed import (
    AbortController,
    BamlAbortError,
    BamlError,
    BamlValidationError,
    CallContext,
    Report,
    UnhandledThrow,
    to_plain,
)
from ..embed.call import Call
from ..embed.cassettes import SecretInCassette, secrets_of
from ..embed.clocks import SeededClock
from ..embed.collector import Collector
from ..embed.compiling import with_types
from ..embed.constraints import TestConstraint, TestInfo, judge, now_ms
from ..embed.discovery import BodyTest
from ..embed.hiding import hidden
from ..embed.runtime import AsyncRuntime, Program
from ..embed.test_arguments import arguments_of_test
from ..records import dataclass, field, replace
from ..wire.redact import hide
from .answers import Means, Undecided
from .differences import differences
from .outcome import Case, JudgedConstraint, RunError, RunKey, RunResult, Status, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How each run is made. `timeout` is in seconds; `seed` decides what chance would decide in the program.

    With `verbatim` a result has also what was asked and said. `functions` are those of the host, `mcp` the
    servers that the program declares and may reach.
    """

    timeout: float | None = None
    stream: bool = True
    strict: bool = False
    seed: int | None = None
    verbatim: bool = False
    functions: Mapping[str, Callable[..., Any]] | None = None
    mcp: Sequence[str] = ()

    def clock(self, key: RunKey) -> SeededClock | None:
        """Of its own for each run, so that the order in which they end means nothing."""
        return None if self.seed is None else SeededClock(self.seed, key.case.id, key.client, key.number)


@dataclass(slots=True)
class Measured:
    """What is known of a call beside its value, while it runs and afterwards."""

    begun: float = field(default_factory=now_ms)
    ended: float | None = None
    ms: float = 0.0
    first_token_ms: float | None = None
    reasoning: str = ""
    reports: list[Report] = field(default_factory=list)
    collector: Collector = field(default_factory=Collector)

    @property
    def usage(self) -> Usage | None:
        """None if no model was asked, or none that counts."""
        found = self.collector.usage
        if found.input_tokens is None and found.output_tokens is None:
            return None
        return Usage(found.input_tokens or 0, found.output_tokens or 0)

    @property
    def attempts(self) -> int:
        return sum(len(log.calls) for log in self.collector.logs)

    @property
    def client(self) -> str | None:
        """The one that gave the answer, or that was asked last."""
        calls = [call for log in self.collector.logs for call in log.calls]
        chosen = next((call for call in reversed(calls) if call.selected), calls[-1] if calls else None)
        return chosen.client_name if chosen is not None else None

    @property
    def asked(self) -> str | None:
        calls = [call for log in self.collector.logs for call in log.calls]
        return calls[-1].http_request.body.text() if calls else None

    @property
    def said(self) -> str | None:
        last = self.collector.last
        return last.raw_llm_response if last is not None else None

    def names(self) -> dict[str, Any]:
        """As constraints see them below `_`."""
        usage = self.usage or Usage()
        return {
            "latency_ms": self.ms,
            "usage": {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens},
            "attempts": self.attempts,
            "client": self.client,
            "reasoning": self.reasoning,
        }


Watch = Callable[[int, Any], None]
"""Told of an answer that arrives: characters so far, and the newest partial value."""


async def run_once(
    program: Program, key: RunKey, means: Means, options: Options, cancel: AbortController, watch: Watch | None
) -> RunResult:
    """Never raises but for a bug of ours, or when its task is cancelled."""
    run = _Run(program, key, means, options, cancel, watch)
    refused: list[str] = []
    try:
        async with AsyncRuntime(
            program,
            transport=means.transport,
            environ=means.environ,
            clock=options.clock(key),
            functions=options.functions,
            mcp=options.mcp,
        ) as runtime:
            result = await run.result(runtime)
    except SecretInCassette as failure:
        # Raised at the end of a recording: an exchange is missing in it, and the run itself was fine.
        result, refused = run.last, [f"nothing was recorded: {failure}"]
    result = _without_secrets(result, secrets_of(means.environ))
    went_well = result.status == "passed" and not refused
    return _with_problems(result, [*refused, *means.after(went_well)])


def _with_problems(result: RunResult, problems: list[str]) -> RunResult:
    if not problems or result.status in ("errored", "cancelled"):
        return result  # a call that broke off has left recordings over, which says nothing
    return replace(result, status="failed", problems=(*result.problems, *problems))


def _without_secrets(result: RunResult, secrets: Collection[str]) -> RunResult:
    """A model may say back what it was told, and reports are kept where many look."""
    if not secrets:
        return result

    def shown(value: Any) -> Any:
        return hidden(value, lambda text: hide(text, secrets))

    constraints = [
        replace(
            one,
            problem=shown(one.problem),
            values=tuple(replace(part, value=shown(part.value)) for part in one.values),
            differences=tuple(
                replace(
                    found,
                    path=shown(found.path),
                    expected=shown(found.expected),
                    actual=shown(found.actual),
                    note=shown(found.note),
                )
                for found in one.differences
            ),
        )
        for one in result.constraints
    ]
    error = result.error and replace(
        result.error,
        message=shown(result.error.message),
        trace=shown(result.error.trace),
        answer=shown(result.error.answer),
    )
    return replace(result, value=shown(result.value), constraints=tuple(constraints), error=error)


class _Run:
    def __init__(
        self,
        program: Program,
        key: RunKey,
        means: Means,
        options: Options,
        cancel: AbortController,
        watch: Watch | None,
    ) -> None:
        self._program = program
        self._key = key
        self._means = means
        self._options = options
        self._watch = watch
        self._cancel = cancel
        self._measured = Measured()
        self._characters = 0
        self.last = RunResult(key, "errored")

    async def result(self, runtime: AsyncRuntime) -> RunResult:
        measured = self._measured
        try:
            value = await _ACTS[type(self._key.case.info)](self, runtime, self._key.case)
        except BamlAbortError:
            self.last = self._made("cancelled")
        except BamlError as failure:
            self._time()
            status: Status = "failed" if _is_failure(failure) else "errored"
            self.last = self._made(status, error=_error(failure, self._key, self._options.stream))
        else:
            self._time()
            report = measured.reports[-1] if measured.reports else None
            constraints = self._judged(value)
            status = "passed" if all(one.status == "passed" for one in constraints) else "failed"
            self.last = self._made(
                status,
                value=_data(value),
                has_value=isinstance(self._key.case.info, TestInfo),
                report=report,
                constraints=constraints,
            )
        return self.last

    def _time(self) -> None:
        played = self._means.played_ms()
        ended = self._measured.ended or now_ms()
        self._measured.ms = ended - self._measured.begun if played is None else played

    def _made(self, status: Status, **fields: Any) -> RunResult:
        measured, cassette = self._measured, self._means.cassette
        return RunResult(
            self._key,
            status,
            ms=measured.ms,
            first_token_ms=measured.first_token_ms,
            usage=measured.usage,
            cassette=str(cassette) if cassette is not None else None,
            asked=measured.asked if self._options.verbatim else None,
            said=measured.said if self._options.verbatim else None,
            **fields,
        )

    # --- the call

    async def declared(self, runtime: AsyncRuntime, case: Case) -> Any:
        """A test that names a function and its arguments."""
        assert isinstance(case.info, TestInfo)
        context = self._context(case.info.types)
        arguments = arguments_of_test(runtime.program, case.info)
        info = runtime.program.interface.functions[case.info.function]
        if info.llm is not None and self._options.stream:
            return await self._streamed(runtime, case.info.function, arguments, context)
        return await self._called(runtime.prepare(case.info.function, arguments, {}, context))

    async def body(self, runtime: AsyncRuntime, case: Case) -> Any:
        """A test that is a function of its own: it has no value, and fails by what its assertions throw."""
        assert isinstance(case.info, BodyTest)
        return await self._called(runtime.prepare_value(case.info.body, self._context(None)))

    def _context(self, types: Any) -> CallContext:
        return CallContext(
            client=self._key.client,
            cancel=self._cancel,
            deadline=self._options.timeout,
            types=types,
            strict=self._options.strict,
            on_report=self._measured.reports.append,
            collector=self._measured.collector,
        )

    async def _called(self, call: Call) -> Any:
        self._measured.begun = now_ms()
        if call.waits:
            return await call.run()
        loop = asyncio.get_running_loop()

        # Called in the thread below. It may wait for the loop, which waits for that thread nowhere but in a task.
        def finish(work: Coroutine[Any, Any, None]) -> None:
            asyncio.run_coroutine_threadsafe(work, loop).result()

        def compute() -> Any:
            self._measured.begun = now_ms()
            try:
                return call.compute(finish)
            finally:
                self._measured.ended = now_ms()

        # A loop over numbers would hold all the others up.
        return await asyncio.to_thread(compute)

    async def _streamed(
        self, runtime: AsyncRuntime, function: str, arguments: Mapping[str, Any], context: CallContext
    ) -> Any:
        stream = runtime.stream(function, arguments, context=replace(context, on_delta=self._hear))
        self._measured.begun = now_ms()
        try:
            async for partial in stream:
                if self._watch is not None:
                    self._watch(self._characters, partial)
            return await stream.final()
        finally:
            self._measured.reasoning = stream.reasoning

    def _hear(self, text: str) -> None:
        if self._measured.first_token_ms is None:
            self._measured.first_token_ms = now_ms() - self._measured.begun
        self._characters += len(text)

    # --- the judgement

    def _judged(self, value: Any) -> tuple[JudgedConstraint, ...]:
        """All of them: what comes after one that failed may say why."""
        info = self._key.case.info
        if not isinstance(info, TestInfo):
            return ()
        program = with_types(self._program, info.types) if info.types else self._program
        checks: dict[str, bool] = {}
        judged = []
        for constraint in info.constraints:
            verdict = judge(program, constraint.expression, value, self._measured.names(), checks)
            if constraint.kind == "check" and constraint.name is not None:
                checks[constraint.name] = verdict.problem is None
            judged.append(_judged(constraint, verdict))
        return tuple(judged)


_ACTS: dict[type, Callable[[_Run, AsyncRuntime, Case], Coroutine[Any, Any, Any]]] = {
    TestInfo: _Run.declared,
    BodyTest: _Run.body,
}
"""What running a test means, by its kind. A kind that has no constraints gives a value that nobody judges."""


def _judged(constraint: TestConstraint, verdict: Any) -> JudgedConstraint:
    status: Any = "passed" if verdict.problem is None else "error" if verdict.undecided else "failed"
    found = [one for pair in verdict.refusals for one in differences(pair.operator, pair.left, pair.right)]
    return JudgedConstraint(
        constraint.kind,
        constraint.name,
        constraint.expression,
        status,
        constraint.span,
        verdict.problem or "",
        verdict.values,
        tuple(found),
        tuple((pair.start, pair.end) for pair in verdict.refusals),
    )


def _is_failure(failure: BamlError) -> bool:
    """What was decided: an answer that does not fit, an assertion of a body that does not hold."""
    if isinstance(failure, BamlValidationError):
        return True
    thrown = failure.value if isinstance(failure, UnhandledThrow) else None
    return getattr(thrown, "__class_name__", None) == ASSERTION


ASSERTION = "baml.panics.AssertionFailed"


def _data(value: Any) -> Any:
    try:
        return to_plain(value)
    except (ValueError, RecursionError) as problem:
        return f"a value that cannot be shown: {problem}"


def _error(failure: BamlError, key: RunKey, streams: bool) -> RunError:
    answer = failure.raw_output if isinstance(failure, BamlValidationError) else None
    # Where the call of a model stands in the library tells nobody anything about the program.
    is_of_program = any(not frame.function.startswith(OF_THE_LIBRARY) for frame in failure.trace)
    return RunError(
        type(failure).__name__,
        failure.message,
        failure.attempts,
        failure.trace_text if is_of_program else "",
        answer,
        _hint(failure, key, streams),
    )


OF_THE_LIBRARY = "baml."


def _hint(failure: BamlError, key: RunKey, streams: bool) -> str | None:
    message = failure.message
    if failure.attempts and failure.attempts[-1].cause == "missing_key":
        return "or run with --offline, which asks nobody, or with --record none, which plays a cassette"
    if "next in it is the same with another body" not in message:
        return None
    if "`body.stream`" in message:
        if streams:
            return "it was recorded from a plain call; add --no-stream"
        return "it was recorded from a stream; leave out --no-stream"
    return f"the prompt changed; record again with --record all -i {key.case.id}"


def undecided(key: RunKey, failure: Undecided) -> RunResult:
    return RunResult(key, "errored", error=failure.error)
