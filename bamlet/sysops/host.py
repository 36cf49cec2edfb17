"""What native operations work with: the services of a runtime, and the state of one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar
from weakref import WeakSet

from ..interpreter.runtime.context import Context as AnyContext
from ..interpreter.runtime.failures import Cancelled, Panic
from ..interpreter.runtime.media import MediaKind, MediaValue
from ..interpreter.runtime.values import Handle, Opaque
from ..records import dataclass, field
from .attempts import Asking, Attempt
from .console import log_to_standard_error, to_standard_error
from .handles import HandleScope, HandleTable
from .lent import Lent
from .running import Future, Tasks

if TYPE_CHECKING:
    from ..providers.prices import Price
    from ..sap import Report
    from ..wire.message import Transport
    from .asked import AnswerNote, AskedFor
    from .budget import Budget
    from .host_function import HostFunction
    from .mcp_sessions import McpSessions
    from .pace import Pace
    from .spent import Tally
    from .voices import Voice


R = TypeVar("R")
CLIENT_VARIABLE = "baml.llm.client_variable"


class ClockLike(Protocol):
    def now(self) -> float: ...

    def unix(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...

    def random(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """How far media are fetched for a provider that takes their bytes only.

    `max_bytes` are those of one, `total_bytes` those of all in a prompt. A URL may come from a stranger: it leads
    to public addresses, unless `private_addresses` are allowed.
    """

    max_bytes: int = 32 << 20
    total_bytes: int = 64 << 20
    seconds: float = 30.0
    redirects: int = 3
    private_addresses: bool = False


@dataclass(slots=True, kw_only=True)
class Services:
    """Of one runtime. `transport` is the host's own; without it `make_transport` makes one for each event loop."""

    make_transport: Callable[[], Transport]
    clock: ClockLike
    environ: Callable[[], Mapping[str, str]]
    make_media: Callable[[MediaKind, Mapping[str, str | None]], MediaValue]
    transport: Transport | None = None
    # Answers of clients that ask nobody, whatever carries the requests of others.
    make_offline: Callable[[], Transport] | None = None
    print: Callable[[str], object] = to_standard_error
    log: Callable[[str, str], object] = log_to_standard_error
    # What the program declares with `$host`, by name.
    functions: Mapping[str, HostFunction] = field(default_factory=dict)
    # Servers of tools that the program may reach, by name: as `mcp.Client` takes them, or None for one that the
    # program declares.
    mcp: Mapping[str, Any] = field(default_factory=dict)
    # A line from the user, after a prompt. Without it, or for None, there is none.
    input: Callable[[str], str | None] | None = None
    argv: Sequence[str] = ()
    denied: frozenset[str] = frozenset()
    handles: HandleTable = field(default_factory=HandleTable)
    counters: dict[str, int] = field(default_factory=dict)
    lent: Lent = field(default_factory=Lent)
    # Hears what a detached task has thrown that nobody waits for.
    on_unhandled_task: Callable[[BaseException], object] | None = None
    media: MediaLimits = MediaLimits()
    # What all calls together may spend, and what those that have ended have spent.
    budget: Budget | None = None
    _tally: Tally | None = None
    # Clients by name, each with its provider and the options that it was made from.
    clients: dict[str, tuple[object, Opaque]] = field(default_factory=dict)
    _offline: Transport | None = None
    _sessions: dict[asyncio.AbstractEventLoop, McpSessions] = field(default_factory=dict)
    _detached: dict[asyncio.AbstractEventLoop, Tasks] = field(default_factory=dict)
    _made: dict[asyncio.AbstractEventLoop, Transport] = field(default_factory=dict)
    # Where it was closed, and not opened again: what a call opens there later, nobody would close.
    _closed: WeakSet[asyncio.AbstractEventLoop] = field(default_factory=WeakSet)

    def settle(self, attempts: Sequence[Attempt]) -> None:
        """A call has ended that has made these."""
        self.tally.add(attempts)

    @property
    def tally(self) -> Tally:
        if self._tally is None:
            from .spent import Tally  # brings every provider, and is asked for by what has asked one

            self._tally = Tally()
        return self._tally

    def open_here(self) -> None:
        self._closed.discard(asyncio.get_running_loop())

    def is_closed_here(self) -> bool:
        return len(self._closed) > 0 and asyncio.get_running_loop() in self._closed

    def transport_here(self) -> Transport:
        """Connections belong to the event loop that opened them, so each loop has its own.

        Whatever opens one comes by here, also where an operation does so on its way to something else.
        """
        self.check("net", "it")
        if self.transport is not None:
            return self.transport
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            self._check_open()
            _forget_closed(self._made)
            self._made[loop] = self.make_transport()
        return self._made[loop]

    def _check_open(self) -> None:
        """A call that was under way when its runtime was closed, and asks once more: nobody would close what it
        opens now."""
        if self.is_closed_here():
            raise Cancelled

    def mcp_here(self) -> McpSessions:
        from .mcp_sessions import McpSessions

        loop = asyncio.get_running_loop()
        if loop not in self._sessions:
            self._check_open()
            _forget_closed(self._sessions)
            self._sessions[loop] = McpSessions()
        return self._sessions[loop]

    def detached_here(self) -> Tasks:
        """The tasks that belong to no call. They run in the event loop of the call that has started them."""
        loop = asyncio.get_running_loop()
        _forget_closed(self._detached)
        return self._detached.setdefault(loop, Tasks(alive=0, on_failure=self._unhandled))

    def _unhandled(self, future: Future) -> None:
        assert future.failure is not None
        if self.on_unhandled_task is not None:
            self.on_unhandled_task(future.failure)

    def check(self, group: str, what: str) -> None:
        """For what an operation reaches on its way to something else: a panic where the host denies the group."""
        if group in self.denied:
            raise Panic(f"this program may not reach `{group}`: its host denies {what}", "AccessDenied")

    def provider(self, client_name: str) -> str:
        """Of a client that was resolved before; a program may send requests under any name."""
        found = self.clients.get(client_name)
        return str(found[1].payload.provider) if found is not None else "unknown"

    def offline(self) -> Transport:
        if getattr(self.transport, "asks_nobody", False) and self.transport is not None:
            return self.transport
        if self._offline is None:
            assert self.make_offline is not None
            self._offline = self.make_offline()
        return self._offline

    async def aclose(self) -> None:
        """Stop the detached tasks of this loop; close its connections, and the host's transport."""
        loop = asyncio.get_running_loop()
        # Before anything is waited for: a call that begins meanwhile would lose what it opens.
        self._closed.add(loop)
        # Out of the table first, so that closing twice stops nothing twice.
        detached = self._detached.pop(loop, None)
        try:
            if detached is not None:
                await detached.stop()
        finally:
            # After the tasks, which would fail on a transport that closed under them; and also when we are
            # cancelled, of which `stop` tells when all of them have let go.
            made, sessions = self._made.pop(loop, None), self._sessions.pop(loop, None)
            for resource in (sessions, made, self.transport):
                if resource is not None:
                    await resource.aclose()


def _forget_closed(table: dict[asyncio.AbstractEventLoop, R]) -> None:
    # Over a copy, which takes one step: calls on loops of other threads come by here at the same time.
    for loop in list(table):
        if loop.is_closed():
            table.pop(loop, None)


@dataclass(frozen=True, slots=True)
class ToolCallHere:
    id: str
    name: str
    step: int


def _no_price(client_name: str) -> None:
    """Nobody has said what it costs."""


@dataclass(kw_only=True)
class Host:
    """Of one task of a call. `client` replaces the client of every LLM function in it; `limits` in seconds are in
    addition to those of the clients; `strict` refuses answers of which something would be lost, and `on_report`
    hears what became of each. With `pace` each request to a model waits for its place there.
    """

    services: Services
    scope: HandleScope
    voice: Voice
    asking: Asking
    env: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    client: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    strict: bool = False
    on_report: Callable[[Report], object] | None = None
    pace: Pace | None = None
    # What may be spent, and what the clients cost, as far as that is known.
    budget: Budget | None = None
    price_of: Callable[[str], Price | None] = _no_price

    # What was asked for last, and the body of the request for it with a note of the answer.
    asked: AskedFor | None = None
    noted: tuple[str, AnswerNote] | None = None
    # Where the agent stands that runs in this task: a `baml.agent.State`, for the error that may end it.
    agent_state: Any = None
    agents_above: tuple[str, ...] = ()
    # The call of a tool that this task runs, and who is asked when one waits for a person.
    tool_call: ToolCallHere | None = None
    # What agents of this task have begun before its turn, the innermost last: see `agent_early`.
    begun_early: list[Any] = field(default_factory=list)
    on_approval: Callable[[Any], Awaitable[Any]] | None = None
    # The host's own, for its own functions.
    deps: Any = None

    # All tasks of the call; the outcome of this one, if it is not the main task; and itself, if the program has
    # cancelled it and it has not heard of it yet.
    tasks: Tasks = field(default_factory=Tasks)
    future: Future | None = None
    stopping: asyncio.Task[None] | None = None
    # Which task of the call it is: the second of the first is (1, 2).
    task: tuple[int, ...] = ()
    # What of this call must not be shown, and the variables that are of this kind by their values.
    secrets: set[str] = field(default_factory=set, repr=False)
    secret_variables: dict[str, str] = field(default_factory=dict, repr=False)
    _branched: int = 0

    def branch(self, above: Voice | None = None) -> Host:
        """The same for a task of its own, which speaks for the voice above it."""
        self._branched += 1
        # Secrets are shared: what one task learns to be a key, no other may show.
        made = self.__copy__()
        made.scope = self.scope.inner()
        made.voice = (above or self.voice).inner()
        made.asking = self.asking.branch()
        made.task = (*self.task, self._branched)
        made.stopping = None
        made.agents_above, made.agent_state, made.begun_early = self.agent_path(), None, []
        made._branched = 0
        return made

    def agent_path(self) -> tuple[str, ...]:
        """The names of the agents that run, the innermost last."""
        state = self.agent_state
        return self.agents_above if state is None else (*self.agents_above, state.function_name)

    def __copy__(self) -> Host:
        # A program may start thousands: `replace` takes ten times as long.
        made: Host = object.__new__(Host)
        made.__dict__.update(self.__dict__)
        return made

    def variable(self, name: str) -> str | None:
        """An environment variable, as the call sees it. What the call itself brings is not denied."""
        if name in self.env or "env" in self.services.denied:
            value = self.env.get(name)
        else:
            value = self.services.environ().get(name)
        if value:
            self._remember(name, value)
        return value

    def shared_variable(self, name: str) -> str | None:
        """The same for what all calls of the runtime share: without what this call brings, which is its own."""
        value = None if "env" in self.services.denied else self.services.environ().get(name)
        if value:
            self._remember(name, value)
        return value

    def _remember(self, name: str, value: str) -> None:
        from ..wire.redact import SHORTEST_SECRET, is_secret_name

        if len(value) >= SHORTEST_SECRET and is_secret_name(name):
            self.secrets.add(value)
            self.secret_variables[value] = name

    def hide(self, text: str) -> str:
        """Without the secrets of this call, which some servers say back."""
        from ..wire.redact import hide

        return hide(text, self.secrets)


Context: TypeAlias = AnyContext[Host]
"""As operations get it."""


def client_variable(context: Context, name: str) -> str | None:
    """A variable that a client needs: read on the way to something else, and by an operation all the same."""
    found: str | None = context.invoke(CLIENT_VARIABLE, context, name)
    return found


def resource(context: Context, handle: Handle, kind: type[R]) -> R:
    """The resource behind a handle; several are asked for with each event of a stream."""
    scope = context.host.scope
    found: object = scope.resources.get(handle.number) or scope.find(handle)
    if isinstance(found, kind):
        return found
    raise scope.not_usable(handle, found, kind)
