"""What a program offers, as plain data: its functions, types, clients, templates and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..source import Span
from ..types.schema import Schemas
from ..types.ty import Ty


@dataclass(frozen=True, slots=True)
class EnvRef:
    """`env.NAME` in a configuration: read when the client is used, not when the program is loaded."""

    name: str


# A configuration value: str, int, float, bool, None, EnvRef, and lists and dicts of them.
Setting = object


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    ty: Ty


@dataclass(frozen=True, slots=True)
class LlmInfo:
    """What an LLM function is made of; `client` names a client or is a `provider/model` shorthand."""

    client: str
    template: str


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    name: str
    params: tuple[Param, ...]
    result: Ty
    llm: LlmInfo | None = None
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class ClientInfo:
    name: str
    provider: str
    options: Mapping[str, Setting] = field(default_factory=dict)
    retry_policy: str | None = None
    # The folder of the file that declares it: where relative paths in its options begin.
    file: str = ""


@dataclass(frozen=True, slots=True)
class RetryPolicyInfo:
    name: str
    max_retries: int
    strategy: Literal["constant_delay", "exponential_backoff"] = "constant_delay"
    delay_ms: int = 200
    multiplier: float = 1.5
    max_delay_ms: int = 10_000


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    name: str
    params: tuple[Param, ...]
    text: str


@dataclass(frozen=True, slots=True)
class TestConstraint:
    kind: Literal["check", "assert"]
    name: str | None
    expression: str


@dataclass(frozen=True, slots=True)
class TestInfo:
    """One test block for one function; a block that names three functions is three of these."""

    name: str
    function: str
    arguments: Mapping[str, Setting]
    constraints: tuple[TestConstraint, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Interface:
    functions: Mapping[str, FunctionInfo] = field(default_factory=dict)
    schemas: Schemas = field(default_factory=Schemas)
    clients: Mapping[str, ClientInfo] = field(default_factory=dict)
    retry_policies: Mapping[str, RetryPolicyInfo] = field(default_factory=dict)
    templates: Mapping[str, TemplateInfo] = field(default_factory=dict)
    tests: tuple[TestInfo, ...] = ()
