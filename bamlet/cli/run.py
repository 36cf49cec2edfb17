"""`bamlet run`: call a function, show what comes on the way, print its value."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, Literal

from .. import embed
from ..diagnostics.render import render_all
from . import exits
from .choose import Choice, choose
from .live_value import LiveValue
from .options import environment, offline, reach
from .stdin import STDIN, compiled, read_line, strict_line
from .terminal import is_terminal, palette
from .usage import usage_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..embed.runtime import AsyncRuntime
    from ..embed.stream import AsyncStream

SECONDS_BETWEEN_DRAWINGS = 1 / 30


class Refused(Exception):
    """What was asked for cannot be; the text is for a person."""

    def __init__(self, failure: Exception | str, code: int = exits.USAGE) -> None:
        super().__init__(str(failure))
        self.code = code


def main(arguments: argparse.Namespace) -> int:
    try:
        program, diagnostics = compiled(arguments.path, arguments.edition)
        if diagnostics:
            print(render_all(diagnostics, palette(sys.stderr)), file=sys.stderr)
        if program is None:
            return exits.BAD_SOURCE
        choice = choose(program, arguments)
        arguments.environ = environment(arguments)
        arguments.offline = offline(arguments)
    except (OSError, ValueError) as failure:
        return _say(failure, exits.USAGE)
    try:
        return asyncio.run(_run(program, choice, arguments))
    except Refused as refused:
        return _say(refused, refused.code)
    except BrokenPipeError:
        raise
    except OSError as failure:
        return _say(failure, exits.FAILED)


def _say(failure: Exception, code: int) -> int:
    print(f"bamlet run: {failure}", file=sys.stderr)
    return code


async def _run(program: embed.Program, choice: Choice, arguments: argparse.Namespace) -> int:
    with _runtime(program, arguments) as (runtime, after):
        try:
            runtime.bind(choice.function, choice.arguments, {})
        except embed.BamlInvalidArgumentError as failure:
            raise Refused(failure) from None
        abort = embed.AbortController()
        async with runtime:
            with _interrupts(abort.abort):
                code = await _show(runtime, choice, arguments, abort)
        return after(code)


@contextmanager
def _runtime(
    program: embed.Program, arguments: argparse.Namespace
) -> Iterator[tuple[AsyncRuntime, Callable[[int], int]]]:
    """A runtime on the network or on a cassette, and what to check when the call is over."""
    if arguments.replay:
        yield _replaying(program, arguments)
    elif arguments.offline is not None:
        yield _offline(program, arguments), lambda code: code
    elif arguments.record:
        from ..embed.cassettes import Recording, RecordingBroken, SecretInCassette

        try:
            recording = Recording(arguments.record, force=arguments.force, environ=arguments.environ)
        except FileExistsError as failure:
            raise Refused(f"{failure.filename} exists; --force records over it") from None
        except OSError as failure:
            raise Refused(failure) from None

        def after(code: int) -> int:
            if code != exits.OK:
                recording.fail()
                kept = f"{arguments.record} stays as it was; what was recorded is in {recording.beside}"
                print(f"bamlet run: {kept}", file=sys.stderr)
            return code

        try:
            with recording:
                yield (
                    embed.AsyncRuntime(
                        program,
                        transport=recording.transport,
                        media=_media(arguments),
                        **_options(arguments),
                        lend_to=arguments.lend_to,
                        environ=arguments.environ,
                    ),
                    after,
                )
        except (SecretInCassette, RecordingBroken) as failure:
            raise Refused(failure, exits.FAILED) from None
    else:
        yield (
            embed.AsyncRuntime(
                program,
                media=_media(arguments),
                **_options(arguments),
                lend_to=arguments.lend_to,
                environ=arguments.environ,
            ),
            lambda code: code,
        )


def _offline(program: embed.Program, arguments: argparse.Namespace) -> AsyncRuntime:
    from ..embed.offline import OfflineTransport, offline_environment

    return embed.AsyncRuntime(
        program,
        transport=OfflineTransport(arguments.offline, faults=arguments.fault),
        environ=offline_environment(arguments.environ),
        **_options(arguments),
    )


def _media(arguments: argparse.Namespace) -> embed.MediaLimits:
    return embed.MediaLimits(private_addresses=arguments.allow_private_media)


def _replaying(program: embed.Program, arguments: argparse.Namespace) -> tuple[AsyncRuntime, Callable[[int], int]]:
    from ..embed.cassettes import CassetteError, ReplayEnvironment, replay_transport

    try:
        transport = replay_transport(arguments.replay, arguments.speed)
    except (OSError, UnicodeDecodeError, CassetteError) as failure:
        raise Refused(f"{arguments.replay}: {failure}") from None

    def after(code: int) -> int:
        left = len(transport.unused())
        if code != exits.OK or not left:
            return code
        print(f"bamlet run: not used of {arguments.replay}: {left} of its exchanges", file=sys.stderr)
        return exits.FAILED

    environ = ReplayEnvironment(arguments.environ)
    return embed.AsyncRuntime(program, transport=transport, environ=environ, **_options(arguments)), after


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What every runtime of the command is told, wherever its answers come from."""
    # Who reads the program from standard input has nothing left there.
    lines = None if arguments.path == STDIN else strict_line if arguments.strict_input else read_line
    trace = _trace if arguments.trace else None
    return {**reach(arguments), "trace": trace, "on_input": lines, "argv": arguments.argv}


def _trace(line: str) -> None:
    print(line, file=sys.stderr)


@contextmanager
def _interrupts(abort: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C stops the call, also one that never waits; the second ends the process."""
    before = signal.getsignal(signal.SIGINT)

    def first(number: int, frame: object) -> None:
        # Given back before anything else: a second Ctrl-C ends the process, whatever the first one waits for.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        abort()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


async def _show(
    runtime: AsyncRuntime, choice: Choice, arguments: argparse.Namespace, abort: embed.AbortController
) -> int:
    wanted = is_terminal(sys.stderr) if arguments.usage is None else arguments.usage
    collector = embed.Collector(bodies=False) if wanted else None
    context = embed.CallContext(cancel=abort, collector=collector)
    try:
        return await _shown(runtime, choice, arguments, context)
    except embed.BamlAbortError:
        print("interrupted", file=sys.stderr)
        return exits.INTERRUPTED
    except embed.BamlError as failure:
        if (code := _exit_code(failure)) is not None:
            return code
        print(failure_text(failure), file=sys.stderr)
        return exits.FAILED
    finally:
        if collector is not None and (line := usage_line(collector, timed=arguments.offline is None)):
            print(line, file=sys.stderr)


async def _shown(
    runtime: AsyncRuntime, choice: Choice, arguments: argparse.Namespace, context: embed.CallContext
) -> int:
    if arguments.stream == "jsonl":
        stream = runtime.stream(choice.function, choice.arguments, context=context, partials="every")
        return await _as_lines(stream, _values(choice.function, stream))
    if arguments.stream == "events":
        stream = runtime.stream(choice.function, choice.arguments, context=context)
        return await _as_lines(stream, _acts(stream))
    if arguments.stream == "off":
        value = await runtime.call(choice.function, choice.arguments, context=context)
    elif is_terminal(sys.stderr) and not arguments.trace:
        value = await _drawn(runtime, choice, context, every=arguments.offline is not None)
    else:
        value = await runtime.stream(choice.function, choice.arguments, context=context).final()
    return _print_value(value, arguments.raw)


def _exit_code(failure: embed.BamlError) -> int | None:
    """With which the program itself has left, by `baml.sys.exit`."""
    value = failure.value if isinstance(failure, embed.UnhandledThrow) else None
    if getattr(value, "__class_name__", "") != "baml.panics.Exit":
        return None
    return int(getattr(value, "code", 0)) & 0xFF


def _print_value(value: Any, raw: bool) -> int:
    if raw and isinstance(value, str):
        print(value)
        return exits.OK
    try:
        text = json_text(embed.to_plain(value), indent=2)
    except (ValueError, RecursionError) as problem:
        print(f"error: the result cannot be written as JSON: {problem}", file=sys.stderr)
        return exits.FAILED
    print(text)
    return exits.OK


async def _drawn(runtime: AsyncRuntime, choice: Choice, context: embed.CallContext, *, every: bool) -> Any:
    """Partial values on standard error, which is a terminal. They vanish when the value is there; the last one
    before an interrupt stays. With `every` none is passed over, so that an answer always looks the same."""
    live = LiveValue(sys.stderr)
    now = asyncio.get_running_loop().time
    drawn_at = 0.0
    partial = None
    partials: Literal["every", "latest"] = "every" if every else "latest"
    stream = runtime.stream(choice.function, choice.arguments, context=context, partials=partials)
    try:
        async for partial in stream:
            if every or now() - drawn_at >= SECONDS_BETWEEN_DRAWINGS:
                live.draw(embed.to_plain(partial))
                drawn_at = now()
        return await stream.final()
    except embed.BamlAbortError:
        live.leave(embed.to_plain(partial), "incomplete")
        raise
    finally:
        live.clear()


async def _as_lines(stream: AsyncStream, lines: AsyncGenerator[Mapping[str, Any], None]) -> int:
    """Each as it comes, and behind them how the call has ended."""
    try:
        async with aclosing(lines):
            async for line in lines:
                print(json_text(line), flush=True)
        _line("final", value=embed.to_plain(await stream.final()))
        return exits.OK
    except embed.BamlAbortError:
        _line("incomplete")
        raise
    except embed.BamlError as failure:
        state = {"state": failure.state.data} if failure.state is not None else {}
        _line("error", kind=type(failure).__name__, message=failure.message, **state)
        return exits.FAILED
    finally:
        await stream.aclose()


async def _values(function: str, stream: AsyncStream) -> AsyncGenerator[Mapping[str, Any], None]:
    from ..embed.stream import Partial, Reset, Tick

    yield {"event": "start", "function": function}
    async for event in stream.events():
        match event:
            case Partial(value=value):
                yield {"event": "partial", "value": embed.to_plain(value)}
            case Reset(attempt=attempt):
                yield {"event": "reset", "attempt": attempt}
            case Tick(events=events):
                yield {"event": "tick", "count": len(events)}


async def _acts(stream: AsyncStream) -> AsyncGenerator[Mapping[str, Any], None]:
    """What an agent does."""
    async for event in stream.agent_events():
        yield event.data()


def _line(event: str, **fields: Any) -> None:
    print(json_text({"event": event, **fields}), flush=True)


def json_text(value: Any, indent: int | None = None) -> str:
    """Escaped where the output could not hold the characters."""
    spells_all = sys.stdout.encoding.lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not spells_all, indent=indent)


def failure_text(failure: embed.BamlError) -> str:
    """What went wrong: of several attempts each, and of a throw where it was, in the program's own lines."""
    trace = failure.trace_text.rstrip() if isinstance(failure, embed.UnhandledThrow) else ""
    told = failure.detailed_message if len(failure.attempts) > 1 else failure.message
    return "\n".join(filter(None, (f"error: {told}", trace)))
