"""What the host catches.

    BamlError
    ├── BamlInvalidArgumentError      an argument, a name or a configuration that cannot work
    ├── BamlClientError               the network or the provider failed
    │   ├── BamlClientHttpError       a status that is no success
    │   │   └── BamlClientConnectionError   no connection (status 503), or one that broke off (2)
    │   └── BamlTimeoutError          a limit of time; it names itself
    ├── BamlClientFinishReasonError   the model stopped for a reason that the client refuses
    ├── BamlValidationError           the model's text does not hold a value of the type
    ├── BamlBudgetError               a budget is spent
    ├── BamlAbortError                the host said stop
    ├── BamlPaused                    an agent waits for a person
    └── UnhandledThrow                the program threw, and nothing in it caught

Constructors and texts are those of `baml_py.errors`, whose classes these are: users build them in their tests and
look for words in them. What is ours is keyword-only. `CompileError` stands apart: such a program never ran.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, ClassVar

from ..interpreter.runtime.values import beginning, to_plain
from ..records import dataclass

if TYPE_CHECKING:
    from ..sap import Issue
    from ..sysops.spent import Spent


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt to get an answer. Times are milliseconds; `started_ms` counts from the beginning of the call.

    `cause` is `network`, `timeout`, `status`, `truncated`, `provider_error`, `empty_response`, `protocol_error`,
    `degenerate`, `finish_reason`, `validation` or `missing_key`.
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
    """`attempts` is what was tried, in order, when asking a model ended in this error; `detailed_message` tells it
    in words. `trace` are the `.baml` places that the call had come through, innermost last, and `trace_text` is
    the same with the source lines; they are empty if no program was running. `state` is where the agent stood
    that the error has ended, for `Runtime.resume`; None if none ran. `spent` is what the call has cost up to here;
    None if it has asked no model."""

    attempts: tuple[FailedAttempt, ...] = ()
    detailed_message: str = ""
    trace: tuple[TraceFrame, ...] = ()
    trace_text: str = ""
    state: Any = None  # an `AgentState`; of those that carry one
    spent: Spent | None = None
    # What further tasks of the call have thrown that nothing awaited.
    others: tuple[BamlError, ...] = ()

    # What the text of the error says in BAML's form; nothing for the message alone.
    _shown: ClassVar[tuple[str, ...]] = ()

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        if not self._shown:
            return self.message
        fields = [(name, getattr(self, name)) for name in self._shown]
        told = [f"{name}={value}" for name, value in fields if value or name != "detailed_message"]
        return f"{type(self).__name__}({', '.join(told)})"

    def __repr__(self) -> str:
        return str(self) if self._shown else f"{type(self).__name__}({self.message!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Made again without the constructor, of which a user's subclass may have another one."""
        return _made_again, (type(self), self.args), self._kept()

    def _kept(self) -> dict[str, Any]:
        """The fields, and the cause where that can go to another process."""
        cause = self.__cause__
        return {**self.__dict__, **({"__cause__": cause} if cause is not None and _can_be_sent(cause) else {})}


def _made_again(kind: type[BamlError], args: tuple[Any, ...]) -> BamlError:
    return kind.__new__(kind, *args)


def _sent(value: Any) -> Any:
    try:
        return to_plain(value)
    except ValueError:  # it has no plain form
        return beginning(value, 2_000)


def _can_be_sent(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(value))
    except Exception:  # whatever a class of others raises there
        return False
    return True


@dataclass(frozen=True, slots=True)
class ArgumentProblem:
    """What is wrong in one place of the arguments, which `pointer` (a JSON Pointer) leads to."""

    pointer: str
    message: str


class BamlInvalidArgumentError(BamlError):
    """`problems` are all that is wrong with the arguments of a call, if that is what it is about."""

    problems: tuple[ArgumentProblem, ...] = ()


class BamlClientError(BamlError):
    """`kind` is what was wrong with an answer that came: `truncated`, `provider_error`, `empty_response`…; or
    `missing_key`, when nobody was asked."""

    kind: str | None = None

    def __init__(self, message: str = "", *, client_name: str | None = None, kind: str | None = None) -> None:
        super().__init__(message)
        self.client_name = client_name
        if kind is not None:
            self.kind = kind


class BamlClientHttpError(BamlClientError):
    _shown = ("client_name", "message", "status_code", "detailed_message")

    def __init__(
        self,
        client_name: str | None,
        message: str,
        status_code: int,
        detailed_message: str = "",
        *,
        body: str = "",
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message, client_name=client_name)
        self.status_code = status_code
        self.detailed_message = detailed_message
        self.body = body
        self.retry_after_ms = retry_after_ms


class BamlClientConnectionError(BamlClientHttpError):
    """No status came. Programs that were written for BAML look for one, so it has what BAML gives there."""


class BamlTimeoutError(BamlClientError):
    """`timeout_type` names the limit: connect, first_token, idle, request, total, deadline; or http, for a 408."""

    _shown = ("client_name", "message")

    def __init__(
        self,
        client_name: str | None,
        message: str,
        *,
        timeout_type: str = "",
        configured_value_ms: int = 0,
        elapsed_ms: int = 0,
    ) -> None:
        super().__init__(message, client_name=client_name)
        self.timeout_type = timeout_type
        self.configured_value_ms = configured_value_ms
        self.elapsed_ms = elapsed_ms


class BamlClientFinishReasonError(BamlError):
    _shown = ("message", "raw_output", "prompt", "finish_reason", "detailed_message")

    def __init__(
        self, prompt: str, message: str, raw_output: str, finish_reason: str | None, detailed_message: str = ""
    ) -> None:
        super().__init__(message)
        self.prompt = prompt
        self.raw_output = raw_output
        self.finish_reason = finish_reason
        self.detailed_message = detailed_message


class BamlValidationError(BamlError):
    """`issues` are all reasons, by path; `prompt` is what the model was asked, empty if it was not asked."""

    _shown = ("message", "raw_output", "prompt", "detailed_message")

    def __init__(
        self,
        prompt: str,
        message: str,
        raw_output: str,
        detailed_message: str = "",
        *,
        issues: tuple[Issue, ...] = (),
    ) -> None:
        super().__init__(message)
        self.prompt = prompt
        self.raw_output = raw_output
        self.detailed_message = detailed_message
        self.issues = issues


class BamlBudgetError(BamlError):
    """`what` is the field of the budget that is spent, `limit` what it allows."""

    def __init__(self, message: str, what: str = "", limit: float = 0) -> None:
        super().__init__(message)
        self.what = what
        self.limit = limit


class BamlAbortError(BamlError):
    def __init__(self, message: str = "the call was stopped") -> None:
        super().__init__(message)


class UnhandledThrow(BamlError):
    """`value` is what was thrown."""

    def __init__(self, message: str, value: Any = None) -> None:
        super().__init__(message)
        self.value = value

    def _kept(self) -> dict[str, Any]:
        """A copy in another process has an equal value, or if that cannot go there (a function), plain data."""
        kept = super()._kept()
        return kept if _can_be_sent(self.value) else {**kept, "value": _sent(self.value)}
