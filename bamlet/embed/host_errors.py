"""What left a program to the error that its host catches: a thrown value of the library has a class of its own."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import compress
from typing import TYPE_CHECKING, Any

from ..interpreter.runtime.failures import CATCHABLE, Overspent, Thrown, as_panic, caught
from ..interpreter.runtime.values import Instance, beginning
from .errors import (
    BamlBudgetError,
    BamlClientConnectionError,
    BamlClientError,
    BamlClientFinishReasonError,
    BamlClientHttpError,
    BamlError,
    BamlInvalidArgumentError,
    BamlTimeoutError,
    BamlValidationError,
    FailedAttempt,
    TraceFrame,
    UnhandledThrow,
)

if TYPE_CHECKING:
    from ..sap import Issue

MAX_SHOWN = 2_000  # characters of a thrown value in a message

# What BAML has in the place of a status that never came.
REFUSED = 503
BROKEN_OFF = 2
REQUEST_TIMEOUT = 408


def host_error(failure: Exception, namespace: Mapping[str, Any]) -> BamlError:
    """`namespace` is that of the compiled code, which has the classes of panics."""
    if isinstance(failure, Thrown) and isinstance(failure.value, Instance):
        make = _LIBRARY_ERRORS.get(failure.value.__class_name__)
        if make is not None:
            return traced(_with_attempts(make(failure.value), failure.value), failure)
    assert isinstance(failure, CATCHABLE)
    if isinstance(failure, Overspent):
        return traced(BamlBudgetError(str(failure), failure.what, failure.limit), failure)
    if isinstance(failure, Thrown):
        message = f"the program threw {_shown(failure.value)}"
    else:
        message = f"panic: {as_panic(failure)}"
    return traced(UnhandledThrow(message, caught(namespace, failure)), failure)


def unawaited_error(failures: list[BaseException], namespace: Mapping[str, Any]) -> BamlError:
    """Of tasks for which nobody waited: the first, with the others in it."""
    first, *others = (host_error(failure, namespace) for failure in failures if isinstance(failure, Exception))
    first.add_note("in a task that nothing awaited")
    first.others = tuple(others)
    return first


def _shown(value: Any) -> str:
    shown = value if isinstance(value, str) else beginning(value, MAX_SHOWN)
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"


def traced(error: BamlError, failure: BaseException) -> BamlError:
    """Compiled code carries the places of its source, so Python's own traceback is the program's."""
    ours = [frame.f_globals.get("__name__") == "baml" for frame, _ in traceback.walk_tb(failure.__traceback__)]
    frames = traceback.StackSummary.from_list(compress(traceback.extract_tb(failure.__traceback__), ours))
    error.trace = tuple(TraceFrame(frame.filename, frame.lineno or 0, frame.name) for frame in frames)
    error.trace_text = "".join(frames.format())
    return error


def _with_attempts(error: BamlError, thrown: Any) -> BamlError:
    """The message is that of the last attempt, the details are of all. A text without details gets a note."""
    attempts = _attempts(thrown)
    if not attempts:
        return error
    error.attempts = attempts
    if isinstance(error, BamlClientHttpError | BamlTimeoutError) and error.client_name is None:
        error.client_name = attempts[-1].client_name
    if len(attempts) > 1:
        error.detailed_message = _told(attempts)
        if "detailed_message" not in error._shown:
            error.add_note(error.detailed_message)
    return error


def _attempts(error: Any) -> tuple[FailedAttempt, ...]:
    names = FailedAttempt.__slots__
    given = getattr(error, "attempts", None) or ()
    return tuple(FailedAttempt(*(getattr(attempt, name) for name in names)) for attempt in given)


def _told(attempts: tuple[FailedAttempt, ...]) -> str:
    blocks = (
        f"{number}. {attempt.client_name} after {attempt.elapsed_ms} ms ({attempt.cause}):\n{attempt.message}"
        for number, attempt in enumerate(attempts, 1)
    )
    return "\n\n".join((f"{len(attempts)} failed attempts:", *blocks))


def _io(error: Any) -> BamlError:
    """Of a file there is no connection to speak of."""
    if error.connected is None:
        return BamlClientError(error.message)
    status = BROKEN_OFF if error.connected else REFUSED
    return BamlClientConnectionError(None, error.message, status)


def _timeout(error: Any) -> BamlError:
    return BamlTimeoutError(
        error.client_name,
        error.message,
        timeout_type=error.phase,
        configured_value_ms=error.limit_ms,
        elapsed_ms=error.elapsed_ms,
    )


def _http_status(error: Any) -> BamlError:
    if error.status_code == REQUEST_TIMEOUT:
        return BamlTimeoutError(error.client_name, error.message, timeout_type="http")
    return BamlClientHttpError(
        error.client_name,
        error.message,
        error.status_code,
        body=error.body,
        retry_after_ms=error.retry_after_ms,
    )


def validation_error(
    message: str, raw_output: str, issues: Iterable[Issue], prompt: str | None = None
) -> BamlValidationError:
    parts = [message, *([f"Prompt:\n{prompt}"] if prompt else []), f"Raw output:\n{raw_output}"]
    return BamlValidationError(prompt or "", message, raw_output, "\n\n".join(parts), issues=tuple(issues))


def _issues(error: Any) -> Iterator[Issue]:
    from ..sap import Issue  # a program without model calls does not load the parser

    for issue in error.issues:
        yield Issue(issue.path, issue.reason, issue.raw, issue.start, issue.end)


def _paused(error: Any) -> BamlError:
    from .agents import AgentState, BamlPaused

    return BamlPaused(error.message, AgentState.of(error.state))


_LIBRARY_ERRORS: dict[str, Callable[[Any], BamlError]] = {
    "baml.agent.Paused": _paused,
    "baml.errors.Budget": lambda error: BamlBudgetError(error.message, error.what, error.limit),
    "baml.errors.InvalidArgument": lambda error: BamlInvalidArgumentError(error.message),
    "baml.errors.RenderPrompt": lambda error: BamlInvalidArgumentError(error.message),
    "baml.errors.Io": _io,
    "baml.errors.Timeout": _timeout,
    "baml.errors.HttpStatus": _http_status,
    "baml.errors.LlmClient": lambda error: BamlClientError(
        error.message, client_name=error.client_name, kind=error.kind
    ),
    "baml.errors.FinishReason": lambda error: BamlClientFinishReasonError(
        error.prompt or "", error.message, error.raw_output, error.finish_reason
    ),
    "baml.errors.Validation": lambda error: validation_error(
        error.message, error.raw_output, _issues(error), error.prompt
    ),
}
