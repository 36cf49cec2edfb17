"""A function, its arguments and the options of a call to that call, ready to run: what a runtime does of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..diagnostics import did_you_mean
from ..interpreter.facts.interface import FunctionInfo, stream_entry
from ..interpreter.program.link import Callee, Program
from ..interpreter.runtime.values import FunctionValue
from ..sysops.host import Services
from ..sysops.sink import Mode, Sink
from ..sysops.views import Skeleton, View
from ..types.ty import NULL
from .arguments import Parameters
from .asking import asked
from .call import Call
from .compiling import callable_functions, with_types
from .context import CallContext
from .given import check_entry, check_name, check_named, given_context, no_function
from .observing import Observed
from .sinks import sink_of
from .stream import AsyncStream

if TYPE_CHECKING:
    from .agents import AgentState


class Calls:
    """Of one runtime: a program, its services, and the way to its operations."""

    __slots__ = ("_parameters", "invoke", "program", "services")

    def __init__(self, program: Program, services: Services, invoke: Callable[..., Any]) -> None:
        self.program = program
        self.services = services
        self.invoke = invoke
        self._parameters: dict[str, Parameters] = {}  # of the functions that were called

    # --- by name

    def of(
        self,
        function: str,
        arguments: Mapping[str, Any] | None,
        named: Mapping[str, Any],
        context: CallContext | None,
    ) -> Call:
        """Raises `BamlInvalidArgumentError`."""
        options, program, callee, values = self.prepared(function, arguments, named, context)
        callee_name = callee.info.name
        if options.on_partial or options.on_delta or options.on_tick or options.on_event:
            callee, values = _streaming(program, callee, values)
        observed = self._observed(callee_name, streams=False, options=options)
        sink = sink_of("none", False, options, now=self.services.clock.now)
        return self._call(callee, values, options, sink, program, observed)

    def stream(
        self,
        function: str,
        arguments: Mapping[str, Any] | None,
        named: Mapping[str, Any],
        context: CallContext | None,
        *,
        partials: Mode,
        skeleton: bool,
    ) -> AsyncStream:
        options, program, callee, values = self.prepared(function, arguments, named, context)
        info = callee.info
        callee, values = _streaming(program, callee, values)
        now = self.services.clock.now

        def start(ticks: bool, seen: View | None, agents: bool) -> Call:
            observed = self._observed(info.name, streams=True, options=options)
            sink = sink_of(partials, ticks, options, seen, agents=agents, now=now)
            return self._call(callee, values, options, sink, program, observed)

        pending = Skeleton(_empty(program, info), "pending") if skeleton else None
        return AsyncStream(start, pending, deltas=partials == "deltas", now=now)

    def planning(
        self,
        planner: str,
        function: str,
        arguments: Mapping[str, Any] | None,
        named: Mapping[str, Any],
        context: CallContext | None,
        *more: bool,
    ) -> Call:
        """Of a function of the library that tells what a call of this one would begin with."""
        options, program, callee, values = self.prepared(function, arguments, named, context)
        found, given = asked(program, planner, callee.info, values, *more)
        return self._call(found, given, options, Sink(), program, self._unseen(function, options))

    # --- of what no name leads to

    def resuming(
        self,
        state: AgentState,
        answers: Mapping[str, Any] | None,
        context: CallContext | None,
        *,
        changed: bool,
    ) -> Call:
        from .agents import resumption

        options = given_context(context)
        program = self.with_types(options)
        callee, values = resumption(program, state, answers, changed=changed)
        observed = self._observed(state.function, streams=False, options=options)
        sink = sink_of("none", False, options, now=self.services.clock.now)
        return self._call(callee, values, options, sink, program, observed)

    def of_value(self, function: FunctionValue, context: CallContext | None) -> Call:
        """Of a function without parameters that is no function of the interface."""
        info = FunctionInfo(function.name, (), NULL)
        callee = Callee(info, function.code, function.suspends, function.needs_context)
        options = given_context(context)
        observed = self._observed(function.name, streams=False, options=options)
        return self._call(callee, [], options, Sink(), self.program, observed)

    def reading(
        self, function: str, context: CallContext | None
    ) -> tuple[FunctionInfo, Callable[[list[Any]], Call]]:
        """The function whose answer is read, and the calls of what the library reads one by."""
        options = given_context(context)
        program, info = self.typed(function, options)
        reader = self.program.callee("baml.llm.read_answer")
        assert reader is not None
        unseen = self._unseen(function, options)
        return info, lambda given: self._call(reader, given, options, Sink(), program, unseen)

    # --- what they are made of

    def prepared(
        self,
        function: str,
        arguments: Mapping[str, Any] | None,
        named: Mapping[str, Any],
        context: CallContext | None,
    ) -> tuple[CallContext, Program, Callee, list[Any]]:
        """The options of a call, the program with its types, and in that the function and its arguments."""
        options = given_context(context)
        program = self.with_types(options)
        return options, program, *self.bound(program, function, arguments, named)

    def bound(
        self, program: Program, function: str, arguments: Mapping[str, Any] | None, named: Mapping[str, Any]
    ) -> tuple[Callee, list[Any]]:
        callee = self.callee(program, function)
        check_entry(callee.info)
        check_named(callee.info, arguments, named)
        return callee, self._laid_out(program, callee.info).bind({**(arguments or {}), **named})

    def _laid_out(self, program: Program, info: FunctionInfo) -> Parameters:
        if program is not self.program:  # with types of the call
            return Parameters(info, program.space)
        known = self._parameters.get(info.name)
        if known is None:
            known = self._parameters[info.name] = Parameters(info, program.space)
        return known

    def typed(self, function: str, options: CallContext) -> tuple[Program, FunctionInfo]:
        """The function in the program with the types of the call."""
        program = self.with_types(options)
        return program, self.callee(program, function).info

    def with_types(self, options: CallContext) -> Program:
        program = self.program if options.types is None else with_types(self.program, options.types)
        return program if options.type_builder is None else options.type_builder.applied_to(program)

    def callee(self, program: Program, function: str) -> Callee:
        check_name(function)
        callee = program.callee(function)
        if callee is None:
            hint = did_you_mean(function, callable_functions(self.program))
            raise no_function(self.program, function, hint)
        return callee

    def _call(
        self,
        callee: Callee,
        values: list[Any],
        options: CallContext,
        sink: Sink,
        program: Program,
        observed: Observed,
    ) -> Call:
        return Call(program, self.services, callee, values, sink, options, self.invoke, observed)

    def _observed(self, name: str, *, streams: bool, options: CallContext) -> Observed:
        return Observed(self.services.clock, name, streams, options.collectors, options.tags)

    def _unseen(self, name: str, options: CallContext) -> Observed:
        """Of what sends nothing: there is nothing to collect."""
        return Observed(self.services.clock, name, False, (), options.tags)


def _streaming(program: Program, callee: Callee, values: list[Any]) -> tuple[Callee, list[Any]]:
    info = callee.info
    if info.llm is None:
        return program.showing(info.name) or callee, values
    return asked(program, stream_entry(info.llm), info, values)


def _empty(program: Program, info: FunctionInfo) -> Any:
    """The value of a function before its model has said anything."""
    from .reading import parser_of

    return parser_of(program, info, skeleton=True).partial()
