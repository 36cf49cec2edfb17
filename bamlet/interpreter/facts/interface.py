"""What a program offers, as plain data: its functions, types, clients, templates and tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from ...options.retry_policies import RETRIES
from ...patterns import pattern
from ...records import dataclass, field
from ...source import Span
from ...types.schema import Schemas
from ...types.ty import MEDIA, ClassTy, ListTy, Ty
from .code_names import BYTES


@dataclass(frozen=True, slots=True)
class EnvRef:
    """`env.NAME` in a configuration: read when the client is used, not when the program is loaded."""

    name: str


# The first words of the library's names.
LIBRARY_SPACES = frozenset(
    {"baml", "env", "assert", "log", "testing", "string", "int", "float", "uint8array", *MEDIA}
)
# Namespaces of a program cannot be called so.
RESERVED_NAMESPACES = LIBRARY_SPACES | {"root", "ai", "bool", "null", "map"}


def is_of_library(name: str) -> bool:
    first, dot, _ = name.partition(".")
    return name == BYTES or (bool(dot) and first in LIBRARY_SPACES)


@dataclass(frozen=True, slots=True)
class TemplateCall:
    """`Name(value, …)` in the arguments of a test: the text that a template string makes of values."""

    name: str
    arguments: tuple[Setting, ...]


# A configuration value: str, int, float, bool, None, EnvRef, TemplateCall, and lists and dicts of them.
Setting = object


@dataclass(frozen=True, slots=True)
class Param:
    """`has_default`: an argument may be left out, and is given by name only. `alias` and `description` are for
    models that call the function as a tool."""

    name: str
    ty: Ty
    has_default: bool = False
    alias: str | None = None
    description: str | None = None


def in_call_order(params: Sequence[Param]) -> list[int]:
    """The places of parameters in the order in which compiled code takes them: what may be left out comes last."""
    if len(params) < 2:
        return [*range(len(params))]
    return sorted(range(len(params)), key=lambda at: params[at].has_default)


@dataclass(frozen=True, slots=True)
class AgentInfo:
    """How far an agent may go; `choose` and `done` are functions that steer it."""

    max_steps: int = 20
    parallel: int = 8
    answer_retries: int = 1
    choose: str | None = None
    done: str | None = None


@dataclass(frozen=True, slots=True)
class LlmInfo:
    """What an LLM function is made of; `client` names a client or is a `provider/model` shorthand.

    `holes` counts the values that the template wants beside the arguments; `tools` are the functions that
    the model may call, and the servers of such, and `loop` is what makes its steps in the place of
    `baml.agent.advance`. `agent` is what its block of that name says.
    """

    client: str
    template: str
    holes: int = 0
    tools: tuple[str, ...] = ()
    loop: str | None = None
    agent: AgentInfo | None = None

    @property
    def called(self) -> Iterator[str]:
        """The functions of the program that its agent runs, the servers of its tools among them."""
        yield from self.tools
        named = (self.loop, *((self.agent.choose, self.agent.done) if self.agent is not None else ()))
        yield from (name for name in named if name is not None)


CALL_OF_HOST = "baml.host.call_declared"
"""The operation that a call of a function of the host is."""


def call_entry(llm: LlmInfo | None) -> str:
    """The function of the library that a call of an LLM function is."""
    return "baml.agent.call_agent_function" if llm and llm.tools else "baml.llm.call_llm_function"


def stream_entry(llm: LlmInfo | None) -> str:
    """The same, where what comes on the way is shown."""
    return "baml.agent.stream_agent_function" if llm and llm.tools else "baml.llm.stream_llm_function"


def tool_name(function: str) -> str:
    """By which a model knows a function: providers take 64 letters, digits, `_` and `-`."""
    return _NO_TOOL_NAME.sub("_", function)[:64]


def gives_tools(result: Ty) -> bool:
    """Whether a function that is named among tools is none itself, but makes them."""
    return result in (_TOOL, ListTy(_TOOL))


_TOOL = ClassTy("baml.agent.Tool")
_NO_TOOL_NAME = pattern(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    name: str
    params: tuple[Param, ...]
    result: Ty
    llm: LlmInfo | None = None
    doc: str | None = None
    is_of_host: bool = False


@dataclass(frozen=True, slots=True)
class ClientInfo:
    name: str
    provider: str
    options: Mapping[str, Setting] = field(default_factory=dict)
    retry_policy: str | None = None

    @property
    def strategy(self) -> str | None:
        """The function that decides how the members are asked."""
        function = self.options.get("call") if self.provider == "strategy" else None
        return function if isinstance(function, str) else None


@dataclass(frozen=True, slots=True)
class McpInfo:
    """A server of tools outside of the program: a process to start, or an address. Its host lets it in, or not."""

    name: str
    provider: Literal["stdio", "http"]
    options: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class RetryPolicyInfo:
    name: str
    max_retries: int
    strategy: Literal["constant_delay", "exponential_backoff"] = "constant_delay"
    delay_ms: int = RETRIES.delay_ms
    multiplier: float = RETRIES.multiplier
    max_delay_ms: int = RETRIES.max_delay_ms
    jitter: float = RETRIES.jitter
    # What is retried; None is whatever another try could help.
    on: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    name: str
    params: tuple[Param, ...]
    text: str


@dataclass(frozen=True, slots=True)
class TestConstraint:
    """`span` is the place of the expression, without the braces around it."""

    kind: Literal["check", "assert"]
    name: str | None
    expression: str
    span: Span


@dataclass(frozen=True, slots=True)
class TestInfo:
    """One test block for one function; a block that names three functions is three of these.

    `span` is the place of its name, `block` that of the whole. `script` are the model's answers when nobody is
    asked: texts, and maps of what an answer has; the last stands for all that follow.
    """

    name: str
    function: str
    arguments: Mapping[str, Setting]
    constraints: tuple[TestConstraint, ...]
    span: Span
    block: Span
    # What its type builder adds: whole classes and enums, those that it extends among them.
    types: Schemas | None = None
    script: tuple[Setting, ...] | None = None


@dataclass(frozen=True, slots=True)
class GeneratorInfo:
    """A generator block: which client code is wanted, and where. `options` are its properties as written."""

    name: str
    options: Mapping[str, str]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class TestBodyInfo:
    """A test with a body, or a testset, at the top of a file. `function` is the hidden one to call."""

    label: str
    function: str
    is_set: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Interface:
    """`aliases` has every alias as it is written; `schemas` knows the recursive ones only."""

    functions: Mapping[str, FunctionInfo] = field(default_factory=dict)
    schemas: Schemas = field(default_factory=Schemas)
    clients: Mapping[str, ClientInfo] = field(default_factory=dict)
    mcp_servers: Mapping[str, McpInfo] = field(default_factory=dict)
    retry_policies: Mapping[str, RetryPolicyInfo] = field(default_factory=dict)
    templates: Mapping[str, TemplateInfo] = field(default_factory=dict)
    tests: tuple[TestInfo, ...] = ()
    generators: tuple[GeneratorInfo, ...] = ()
    aliases: Mapping[str, Ty] = field(default_factory=dict)
    bodies: tuple[TestBodyInfo, ...] = ()
    decoded: Mapping[str, Ty] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """A name where it is declared. Members are named after their owner: `Invoice.total`."""

    name: str
    kind: str
    span: Span
    doc: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A name where it is used."""

    span: Span
    definition: Definition


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """What an editor asks of a program. Offsets are those of the file's text."""

    definitions: Mapping[str, Definition]
    references: tuple[Reference, ...]

    def definition_at(self, file: str, offset: int) -> Definition | None:
        """What the name at a place stands for, whether it is used or declared there."""
        for reference in self.references:
            if _covers(reference.span, file, offset):
                return reference.definition
        return next((found for found in self.definitions.values() if _covers(found.span, file, offset)), None)

    def references_to(self, definition: Definition) -> tuple[Span, ...]:
        return tuple(found.span for found in self.references if found.definition == definition)


def _covers(span: Span, file: str, offset: int) -> bool:
    return span.file.name == file and span.start <= offset < span.end
