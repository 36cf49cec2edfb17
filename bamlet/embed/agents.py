"""Where an agent stands, for a host to keep: plain data out of a state of the language, and back to go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from ..interpreter.program.link import Callee, Program
from ..interpreter.runtime.values import to_plain
from ..records import dataclass, field
from ..types.ty import STRING, UNKNOWN, ClassTy, MapTy
from .errors import BamlError, BamlInvalidArgumentError

if TYPE_CHECKING:
    from ..interpreter.runtime.values import Instance
    from ..sysops.agent_asks import Ask

VERSION = 1
RESUME = "baml.agent.resume"


@dataclass(frozen=True, slots=True)
class AgentState:
    """The messages of a run and all else that going on needs. `data` is plain, and not to be changed.

    `fingerprint` is that of the function and of all that it is made of, as it was when the state was written down.
    """

    data: Mapping[str, Any]
    fingerprint: str | None = None
    _made_by: Program | None = field(default=None, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, state: Instance) -> Self:
        return cls(to_plain(state))

    def made_by(self, program: Program) -> Self:
        """The same, which knows where its fingerprint is from: that takes too long for an error nobody keeps."""
        made = type(self)(self.data, self.fingerprint)
        object.__setattr__(made, "_made_by", program)
        return made

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises `BamlInvalidArgumentError` for what `to_json` has not written."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as failure:
            raise BamlInvalidArgumentError(f"this is no state of an agent: {failure}") from None
        if not isinstance(data, dict) or "v" not in data:
            raise BamlInvalidArgumentError("this is no state of an agent: it has no version")
        if data["v"] != VERSION:
            raise BamlInvalidArgumentError(
                f"this state is of version {data['v']!r}; this bamlet reads version {VERSION}"
            )
        return cls(data, data.pop("fingerprint", None))

    def to_json(self) -> str:
        found = self.fingerprint
        if found is None and self._made_by is not None:
            found = self._made_by.fingerprint(self.function)
        return json.dumps(self.data if found is None else {**self.data, "fingerprint": found}, ensure_ascii=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors go to other processes, and programs do not."""
        return AgentState, (self.data, self.fingerprint)

    @property
    def function(self) -> str:
        return str(self.data["function_name"])

    @property
    def messages(self) -> list[Any]:
        """Of the run so far, without the prompt, as plain data."""
        return list(self.data["messages"])

    @property
    def asks(self) -> tuple[Ask, ...]:
        from ..sysops.agent_asks import Ask

        names = ("id", "tool", "arguments", "once")
        return tuple(Ask(*(ask[name] for name in names)) for ask in self.data["asks"])


class BamlPaused(BamlError):
    """An agent waits for a person. `Runtime.resume` goes on from `state`, with an answer for each of `asks`."""

    def __init__(self, message: str, state: AgentState) -> None:
        super().__init__(message)
        self.state = state

    @property
    def asks(self) -> tuple[Ask, ...]:
        return self.state.asks if self.state is not None else ()


def resumption(
    program: Program, state: AgentState, answers: Mapping[str, Any] | None, *, changed: bool
) -> tuple[Callee, list[Any]]:
    """The function that goes on from a state, and its values. Raises `BamlInvalidArgumentError`."""
    from .arguments import as_value, bind_arguments, by_name

    callee = program.callee(state.function)
    if callee is None or callee.info.llm is None or not callee.info.llm.tools:
        hint = "a run with tools of its own is gone on with by a function of the program, with `baml.agent.go_on`"
        told = f"there is no LLM function `{state.function}` that declares tools"
        raise BamlInvalidArgumentError(f"this state cannot go on: {told}; {hint}")
    known = state.fingerprint
    if known is not None and not changed and known != program.fingerprint(state.function):
        told = f"since it was kept, `{state.function}` or something that it is made of has changed"
        raise BamlInvalidArgumentError(f"this state cannot go on: {told}; if it may, say changed=True")
    args = by_name(callee.info, bind_arguments(callee.info, state.data["args"], program.space))
    made = as_value({**state.data, "args": {}}, ClassTy("baml.agent.State"), program.space)
    made.args = args
    given = as_value(dict(answers or {}), MapTy(STRING, UNKNOWN), program.space)
    found = program.callee(RESUME)
    assert found is not None
    return found, [made, given]
