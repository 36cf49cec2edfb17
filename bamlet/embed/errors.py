"""What the host catches.

    BamlError
    ├── BamlInvalidArgumentError      an argument, a name or a configuration that cannot work
    ├── BamlClientError               the network or the provider failed
    │   ├── BamlClientHttpError       a status that is no success
    │   └── BamlTimeoutError          a limit of time; it names itself
    ├── BamlClientFinishReasonError   the model stopped for a reason that the client refuses
    ├── BamlValidationError           the model's text does not hold a value of the type
    ├── BamlAbortError                the host said stop
    └── UnhandledThrow                the program threw, and nothing in it caught

Fields are attributes and survive pickling. `CompileError` stands apart: such a program never ran.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

from ..interpreter.runtime.failures import CATCHABLE, Thrown, as_panic, caught
from ..interpreter.runtime.values import Instance, to_plain

if TYPE_CHECKING:
    from ..sap import Issue


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt to get an answer. Times are milliseconds; `started_ms` counts from the beginning of the call.

    `cause` is `network`, `timeout`, `status`, `truncated`, `provider_error`, `empty_response`, `protocol_error`,
    `finish_reason` or `validation`.
    """

    client_name: str
    cause: str
    message: str
    started_ms: int
    elapsed_ms: int
    status_code: int | None = None
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TraceFrame:
    """A place in a `.baml` file that was being executed; the line counts from 1."""

    file: str
    line: int
    function: str


class BamlError(Exception):
    """`attempts` is what was tried, in order, when asking a model ended in this error. `trace` are the `.baml`
    places that the call had come through, innermost last, and `trace_text` is the same with the source lines; they
    are empty if no program was running."""

    attempts: tuple[FailedAttempt, ...] = ()
    trace: tuple[TraceFrame, ...] = ()
    trace_text: str = ""

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(fields)


class BamlInvalidArgumentError(BamlError):
    pass


class BamlClientError(BamlError):
    client_name: str | None = None
    kind: str | None = None  # that of `baml.errors.LlmClient`: `degenerate`, `empty_response`, …


class BamlClientHttpError(BamlClientError):
    status_code: int
    body: str
    retry_after_ms: int | None = None


class BamlTimeoutError(BamlClientError):
    timeout_type: str
    configured_value_ms: int
    elapsed_ms: int


class BamlClientFinishReasonError(BamlError):
    finish_reason: str | None
    raw_output: str


class BamlValidationError(BamlError):
    """`issues` are all reasons, by path; `prompt` is what the model was asked, if it was asked."""

    raw_output: str
    prompt: str | None
    issues: tuple[Issue, ...]
    detailed_message: str


class BamlAbortError(BamlError):
    def __init__(self, message: str = "the call was stopped", **fields: Any) -> None:
        super().__init__(message, **fields)


class UnhandledThrow(BamlError):
    """`value` is what was thrown."""

    value: Any

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process has an equal value, or if that cannot go there (a function), plain data."""
        try:
            pickle.dumps(self.value)
        except (pickle.PicklingError, TypeError, AttributeError):
            return type(self), (self.message,), {**self.__dict__, "value": to_plain(self.value)}
        return type(self), (self.message,), self.__dict__


def host_error(failure: Exception, namespace: Mapping[str, Any]) -> BamlError:
    """The host's error for what left a program: a thrown value of the library has a class of its own.

    `namespace` is that of the compiled code, which has the classes of panics.
    """
    if isinstance(failure, Thrown) and isinstance(failure.value, Instance):
        make = _LIBRARY_ERRORS.get(failure.value.__class_name__)
        if make is not None:
            error = make(failure.value)
            if attempts := _attempts(failure.value):
                error.attempts = attempts
            return traced(error, failure)
    assert isinstance(failure, CATCHABLE)
    if isinstance(failure, Thrown):
        message = f"the program threw {_shown(failure.value)}"
    else:
        message = f"panic: {as_panic(failure)}"
    return traced(UnhandledThrow(message, value=caught(namespace, failure)), failure)


MAX_SHOWN = 2_000  # characters of a thrown value in a message


def _shown(value: Any) -> str:
    try:
        shown = value if isinstance(value, str) else repr(value)
    except RecursionError:
        return "a value that is nested too deeply to be shown"
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"


def traced(error: BamlError, failure: BaseException) -> BamlError:
    """Compiled code carries the places of its source, so Python's own traceback is the program's."""
    ours = [frame.f_globals.get("__name__") == "baml" for frame, _ in traceback.walk_tb(failure.__traceback__)]
    frames = traceback.StackSummary.from_list(compress(traceback.extract_tb(failure.__traceback__), ours))
    error.trace = tuple(TraceFrame(frame.filename, frame.lineno or 0, frame.name) for frame in frames)
    error.trace_text = "".join(frames.format())
    return error


def _attempts(error: Any) -> tuple[FailedAttempt, ...]:
    names = FailedAttempt.__slots__
    given = getattr(error, "attempts", None) or ()
    return tuple(FailedAttempt(*(getattr(attempt, name) for name in names)) for attempt in given)


def _invalid_argument(error: Any) -> BamlError:
    return BamlInvalidArgumentError(error.message)


def _timeout(error: Any) -> BamlError:
    return BamlTimeoutError(
        error.message,
        client_name=error.client_name,
        timeout_type=error.phase,
        configured_value_ms=error.limit_ms,
        elapsed_ms=error.elapsed_ms,
    )


def _http_status(error: Any) -> BamlError:
    return BamlClientHttpError(
        error.message,
        client_name=error.client_name,
        status_code=error.status_code,
        body=error.body,
        retry_after_ms=error.retry_after_ms,
        detailed_message=f"{error.message}\n{error.body}",
    )


def _finish_reason(error: Any) -> BamlError:
    return BamlClientFinishReasonError(
        error.message, finish_reason=error.finish_reason, raw_output=error.raw_output
    )


def validation_error(
    message: str, raw_output: str, issues: Iterable[Issue], prompt: str | None = None
) -> BamlValidationError:
    parts = [message, *([f"Prompt:\n{prompt}"] if prompt is not None else []), f"Raw output:\n{raw_output}"]
    return BamlValidationError(
        message,
        raw_output=raw_output,
        prompt=prompt,
        issues=tuple(issues),
        detailed_message="\n\n".join(parts),
    )


def _issues(error: Any) -> Iterator[Issue]:
    from ..sap import Issue  # a program without model calls does not load the parser

    for issue in error.issues:
        yield Issue(issue.path, issue.reason, issue.raw, issue.start, issue.end)


_LIBRARY_ERRORS: dict[str, Callable[[Any], BamlError]] = {
    "baml.errors.InvalidArgument": _invalid_argument,
    "baml.errors.RenderPrompt": _invalid_argument,
    "baml.errors.Io": lambda error: BamlClientError(error.message),
    "baml.errors.Timeout": _timeout,
    "baml.errors.HttpStatus": _http_status,
    "baml.errors.LlmClient": lambda error: BamlClientError(
        error.message, client_name=error.client_name, kind=error.kind
    ),
    "baml.errors.FinishReason": _finish_reason,
    "baml.errors.Validation": lambda error: validation_error(
        error.message, error.raw_output, _issues(error), error.prompt
    ),
}
