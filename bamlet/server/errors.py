"""What went wrong, as a status and a JSON body for whoever called.

A prompt is in none of them, and neither is what the model said, unless the server was told to show it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from ..embed import (
    BamlAbortError,
    BamlBudgetError,
    BamlClientError,
    BamlClientFinishReasonError,
    BamlClientHttpError,
    BamlError,
    BamlInvalidArgumentError,
    BamlPaused,
    BamlTimeoutError,
    BamlValidationError,
    UnhandledThrow,
    to_plain,
)
from ..embed.errors import BamlClientConnectionError, FailedAttempt
from ..records import dataclass, field

DOCUMENTATION = "https://github.com/bamlet/bamlet/blob/main/docs/serving.md#"
TOO_MANY_REQUESTS = 429
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504, 529})

logger = logging.getLogger("bamlet.server")


@dataclass(frozen=True, slots=True)
class Problem:
    """`fields` stand in the body beside the message, `headers` in the answer's head."""

    status: int
    slug: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    retryable: bool = False

    def body(self, run: str | None = None) -> dict[str, Any]:
        return {
            "error": self.slug,
            "message": self.message,
            "run_id": run,
            **self.fields,
            "documentation_url": f"{DOCUMENTATION}{self.slug}",
        }


class Refused(Exception):
    """A request that is answered with a problem, before or without a run."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def refused(status: int, slug: str, message: str, **fields: Any) -> Refused:
    return Refused(Problem(status, slug, message, fields))


def overloaded(limit: int) -> Refused:
    going = "1 run is" if limit == 1 else f"{limit} runs are"
    told = f"{going} going on, which is as many as this server takes; try again"
    return Refused(Problem(503, "overloaded", told, headers={"Retry-After": "1"}, retryable=True))


def not_answering(told: str, seconds: float) -> Refused:
    fields = {"which": "process", "limit_ms": round(seconds * 1000)}
    headers = {"Retry-After": str(round(seconds))}
    return Refused(Problem(503, "overloaded", told, fields, headers, retryable=True))


def shutting_down() -> Problem:
    told = "the server is shutting down; another one, or the next, takes the call"
    return Problem(503, "shutting_down", told, headers={"Retry-After": "1"}, retryable=True)


def cancelled() -> Problem:
    return Problem(409, "cancelled", "the run was cancelled")


def problem_of(failure: BaseException, *, shows_answers: bool) -> Problem:
    """Of what a run has raised."""
    if isinstance(failure, Refused):
        return failure.problem
    for kind in type(failure).__mro__:
        make = _PROBLEMS.get(kind)
        if make is not None:
            problem: Problem = make(failure, shows_answers)
            return _with_attempts(problem, failure, shows_answers)
    number = secrets.token_hex(4)
    logger.error("internal error %s", number, exc_info=failure)
    return Problem(500, "internal_error", f"a bug in bamlet; its log has more under {number}", {"log_id": number})


def _with_attempts(problem: Problem, failure: BaseException, shows_answers: bool) -> Problem:
    attempts = failure.attempts if isinstance(failure, BamlError) else ()
    if not attempts:
        return problem
    told = [_attempt(attempt, shows_answers) for attempt in attempts]
    fields = {**problem.fields, "attempts": told}
    return Problem(problem.status, problem.slug, problem.message, fields, problem.headers, problem.retryable)


def _attempt(attempt: FailedAttempt, shows_answers: bool) -> dict[str, Any]:
    told = {
        "client": attempt.client_name,
        "cause": attempt.cause,
        "started_ms": attempt.started_ms,
        "elapsed_ms": attempt.elapsed_ms,
        "upstream_status": attempt.status_code,
        **({"message": attempt.message} if shows_answers else {}),
    }
    return {name: value for name, value in told.items() if value is not None}


def _invalid_argument(failure: BamlInvalidArgumentError, shows: bool) -> Problem:
    places = [{"pointer": found.pointer, "message": found.message} for found in failure.problems]
    return Problem(400, "invalid_argument", failure.message, {"details": places} if places else {})


def _validation(failure: BamlValidationError, shows: bool) -> Problem:
    # The reason of an issue quotes what was found, which is the answer.
    issues = [{"path": one.path, **({"reason": one.reason} if shows else {})} for one in failure.issues]
    fields: dict[str, Any] = {"details": issues}
    if shows:
        fields["raw_output"] = failure.raw_output
    where = ", ".join(one.path for one in failure.issues[:5]) or "$"
    told = f"the model's answer does not fit the type of the function, at {where}"
    return Problem(422, "validation_failure", failure.message if shows else told, fields, retryable=True)


def _finish_reason(failure: BamlClientFinishReasonError, shows: bool) -> Problem:
    fields: dict[str, Any] = {"finish_reason": failure.finish_reason}
    if shows:
        fields["raw_output"] = failure.raw_output
    told = f"the model stopped with the finish reason `{failure.finish_reason}`, which the client refuses"
    return Problem(422, "finish_reason", told, fields)


def _http(failure: BamlClientHttpError, shows: bool) -> Problem:
    """What a provider says about a failure may hold what it was asked."""
    status = failure.status_code
    told = f"the provider of client `{failure.client_name}` answered with status {status}"
    fields: dict[str, Any] = {"upstream_status": status, "client": failure.client_name}
    if shows:
        fields["upstream_body"] = failure.body
    if status != TOO_MANY_REQUESTS:
        return Problem(502, "client_error", told, fields, retryable=status in TRANSIENT)
    wait = failure.retry_after_ms
    headers = {"Retry-After": str(-(-wait // 1000))} if wait is not None else {}
    return Problem(429, "client_error", told, fields, headers, retryable=True)


def _connection(failure: BamlClientConnectionError, shows: bool) -> Problem:
    client = _client_of(failure)
    told = f"no connection to the provider of client `{client}`, or it broke off"
    return Problem(502, "client_error", told, {"client": client}, retryable=True)


def _timeout(failure: BamlTimeoutError, shows: bool) -> Problem:
    fields = {
        "which": failure.timeout_type,
        "limit_ms": failure.configured_value_ms,
        "client": failure.client_name,
    }
    return Problem(504, "timeout", failure.message, fields, retryable=True)


def _client(failure: BamlClientError, shows: bool) -> Problem:
    kind = f" ({failure.kind})" if failure.kind else ""
    client = _client_of(failure)
    told = f"the answer of client `{client}` could not be used{kind}" if client else "an operation has failed"
    fields = {"client": client, "kind": failure.kind}
    return Problem(502, "client_error", failure.message if shows else told, fields, retryable=True)


def _client_of(failure: BamlClientError) -> str | None:
    if failure.client_name is not None or not failure.attempts:
        return failure.client_name
    return failure.attempts[-1].client_name


def _thrown(failure: UnhandledThrow, shows: bool) -> Problem:
    trace = [{"file": frame.file, "line": frame.line, "function": frame.function} for frame in failure.trace]
    return Problem(500, "unhandled_throw", failure.message, {"value": to_plain(failure.value), "trace": trace})


def _budget(failure: BamlBudgetError, shows: bool) -> Problem:
    return Problem(422, "budget", failure.message, {"what": failure.what, "limit": failure.limit})


def _paused(failure: BamlPaused, shows: bool) -> Problem:
    asks = [{"id": ask.id, "tool": ask.tool, "arguments": ask.arguments, "once": ask.once} for ask in failure.asks]
    # The state has the messages of the run, and so what the model said.
    state = {"state": failure.state.data} if shows and failure.state is not None else {}
    return Problem(409, "paused", failure.message, {"asks": asks, **state})


_PROBLEMS: Mapping[type[BaseException], Callable[[Any, bool], Problem]] = {
    BamlInvalidArgumentError: _invalid_argument,
    BamlValidationError: _validation,
    BamlClientFinishReasonError: _finish_reason,
    BamlClientConnectionError: _connection,
    BamlClientHttpError: _http,
    BamlTimeoutError: _timeout,
    BamlClientError: _client,
    BamlAbortError: lambda failure, shows: cancelled(),
    BamlBudgetError: _budget,
    BamlPaused: _paused,
    UnhandledThrow: _thrown,
}
