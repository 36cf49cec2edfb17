"""Other programs: started, fed and waited for; killed, with all that they have started, when nobody waits."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process, SubprocessStreamProtocol
from contextlib import suppress
from typing import Any

from ..wire.closing import uninterrupted
from .host import Context
from .registry import Failure, sysop

MAX_OUTPUT = 64 << 20  # bytes of what a process writes, its errors included
PIECE = 1 << 16
LETTING_GO = 1.0  # seconds for a process that was killed


@sysop("baml.sys.run_process", throws=("Io", "Timeout"), group="process")
async def run_process(context: Context, program: str, arguments: list[str], options: Any) -> Any:
    clock = context.host.services.clock
    began = clock.now()
    limit = None if options is None else options.timeout_ms
    running: asyncio.Future[tuple[bytes, bytes, int]]
    running = asyncio.ensure_future(_run(context, program, arguments, options))
    work: list[asyncio.Future[Any]] = [running]
    try:
        if limit is not None:
            work.append(asyncio.ensure_future(clock.sleep(limit / 1000)))
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                message = f"{program} took longer than its limit of {limit} ms"
                elapsed = round((clock.now() - began) * 1000)
                told = {"phase": "process", "limit_ms": limit, "elapsed_ms": elapsed, "duration_ms": elapsed}
                raise Failure("Timeout", message, **told)
        output, errors, code = await running
    finally:
        # Both, also when we are stopped while we wait: nobody else knows of them, and the limit would outlive the
        # call by minutes. What the process ended with was raised above, or nobody asks any more.
        for task in work:
            task.cancel()
        await uninterrupted(asyncio.gather(*work, return_exceptions=True))
    return context.space.instance("baml.sys.ShellOutput", {"stdout": output, "stderr": errors, "exit_code": code})


async def _run(context: Context, program: str, arguments: list[str], options: Any) -> tuple[bytes, bytes, int]:
    given = None if options is None or options.stdin is None else options.stdin.encode("utf-8", "replace")
    starting = asyncio.ensure_future(_start(context, program, arguments, options, given is not None))
    try:
        # Seen through, also when we are stopped: a start that is broken off kills the program alone, and what that
        # has started by then would run on and hold its pipes.
        await uninterrupted(asyncio.wait({starting}))
        return await _talk(program, _started(program, starting), given)
    finally:
        if not starting.cancelled() and starting.exception() is None:
            process, transport = starting.result()
            # Killed before the transport is closed: that waits for nobody, and would leave the group to run on.
            await uninterrupted(_end(process))
            transport.close()


async def _start(
    context: Context, program: str, arguments: list[str], options: Any, is_fed: bool
) -> tuple[Process, asyncio.SubprocessTransport]:
    """What `asyncio.create_subprocess_exec` does, but that it keeps the transport, which must be closed."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: SubprocessStreamProtocol(PIECE, loop),
        program,
        *arguments,
        stdin=PIPE if is_fed else DEVNULL,
        stdout=PIPE,
        stderr=None if options is not None and options.stderr == "inherit" else PIPE,
        cwd=None if options is None else options.cwd,
        env=_environment(context, options),
        start_new_session=True,  # a group of its own, so that all that it starts can be killed with it
    )
    return Process(transport, protocol, loop), transport


def _started(program: str, starting: asyncio.Future[tuple[Process, asyncio.SubprocessTransport]]) -> Process:
    try:
        process, _ = starting.result()
    except (OSError, ValueError) as failure:
        raise Failure("Io", f"{program}: {getattr(failure, 'strerror', None) or failure}") from failure
    return process


def _environment(context: Context, options: Any) -> dict[str, str]:
    """What the program itself may see, with what it adds."""
    services = context.host.services
    seen = {} if "env" in services.denied else dict(services.environ())
    for name, value in context.host.env.items():
        if value is None:
            seen.pop(name, None)
        else:
            seen[name] = value
    return {**seen, **((options.env if options is not None else None) or {})}


async def _talk(program: str, process: Process, given: bytes | None) -> tuple[bytes, bytes, int]:
    left = [MAX_OUTPUT]
    readers = (_read(program, stream, left) for stream in (process.stdout, process.stderr))
    try:
        async with asyncio.TaskGroup() as tasks:
            reading = [tasks.create_task(reader) for reader in readers]
            if given is not None:
                tasks.create_task(_write(process, given))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return reading[0].result(), reading[1].result(), await process.wait()


async def _read(program: str, stream: asyncio.StreamReader | None, left: list[int]) -> bytes:
    pieces: list[bytes] = []
    while stream is not None and (piece := await stream.read(PIECE)):
        left[0] -= len(piece)
        if left[0] < 0:
            raise Failure("Io", f"{program} wrote more than {MAX_OUTPUT:,} bytes")
        pieces.append(piece)
    return b"".join(pieces)


async def _write(process: Process, given: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it need not read all
        process.stdin.write(given)
        await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


async def _end(process: Process) -> None:
    """All that it has started holds its pipes, so that at their end nothing of it runs any more."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    with suppress(TimeoutError):  # of one that has left its group
        async with asyncio.timeout(LETTING_GO):
            for stream in (process.stdout, process.stderr):
                while stream is not None and await stream.read(PIECE):
                    pass
