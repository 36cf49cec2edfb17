"""Conditions 5 to 7 of streaming, each by name: back-pressure, limits of time, and a number for every buffer.

Which limit ended a stream, and how much was read ahead, cannot be seen from inside a program.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, overload

import pytest

import bamlet
from bamlet.options.timeouts import Timeouts
from bamlet.sysops.sse import MAX_BUFFERED_EVENTS
from bamlet.wire.message import ConnectionReset, ConnectTimeout
from tests.servers.loopback import Answer, LoopbackServer, Pause, openai_chunks, sse
from tests.support.local_program import at, scripted, using
from tests.support.scripted import Reply, Wait, run_virtual, streamed

LEAVE_SECONDS = 0.05
PROVIDERS = ["Local", "OpenAI"]


def run(body: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(body, 20))


# --- 5. A slow consumer stops the socket, not the memory.


class Counted(Sequence[bytes]):
    """The parts of a long body; `taken` is how many the server has come to while it sends them."""

    def __init__(self, part: bytes, count: int, end: Sequence[bytes]) -> None:
        self._part = part
        self._count = count
        self._end = end
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        self.taken = 0
        for _ in range(self._count):
            self.taken += 1
            yield self._part
        yield from self._end

    def __len__(self) -> int:
        return self._count + len(self._end)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError


async def until_still(look: Callable[[], int]) -> int:
    """The number once it has stopped growing for a while."""
    before = -1
    while (now := look()) != before:
        before = now
        await asyncio.sleep(0.2)
    return before


@pytest.mark.parametrize("how", ["every", "callback"])
def test_condition_5_a_slow_consumer_stops_the_server(loopback: LoopbackServer, how: str) -> None:
    """H24 of the hostile inputs."""
    padded = {"id": "x" * 4000, "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]}
    parts = Counted(sse(padded), 100_000, openai_chunks([], usage=None))  # 400 MB in all
    loopback.answer(Answer(parts))

    async def body() -> None:
        async with at(loopback) as rt:
            if how == "every":
                stream = rt.stream("Say", text="x", partials="every")
                partials = aiter(stream)
                assert await anext(partials) == "a"
            else:
                waits = asyncio.Event()

                async def on_partial(value: str) -> None:
                    await waits.wait()

                stream = rt.stream("Say", text="x", context=bamlet.CallContext(on_partial=on_partial))
                waiting = asyncio.ensure_future(stream.final())
            taken = await until_still(lambda: parts.taken)
            # Linux lets the buffers of a connection grow to 36 MB, the more so under load; ours are small.
            assert MAX_BUFFERED_EVENTS / 8 < taken < 20_000
            if how == "every":
                assert len(await anext(partials)) == 2
            await stream.aclose()
            if how == "callback":
                with pytest.raises(bamlet.BamlAbortError):
                    await waiting
            await asyncio.to_thread(loopback.wait_client_left, 5)

    run(body())


def test_condition_5_a_consumer_that_comes_back_gets_everything(loopback: LoopbackServer) -> None:
    count = 5000
    loopback.answer(Answer(openai_chunks(["a"] * count)))

    async def body() -> None:
        async with at(loopback) as rt:
            stream = rt.stream("Say", text="x", partials="every")
            lengths = []
            async for partial in stream:
                lengths.append(len(partial))
                if len(lengths) == 100:
                    await asyncio.sleep(0.2)
            assert lengths == list(range(1, count + 1))

    run(body())


def test_condition_5_the_latest_partial_is_enough_for_a_busy_consumer(loopback: LoopbackServer) -> None:
    loopback.answer(Answer(openai_chunks(["a"] * 2000)))

    async def body() -> None:
        async with at(loopback) as rt:
            shown = []
            async for partial in rt.stream("Say", text="x"):
                shown.append(len(partial))
                await asyncio.sleep(0.05)
            assert shown[-1] == 2000
            assert shown == sorted(set(shown))
            assert len(shown) < 200

    run(body())


# --- 6. Limits of time, each with its name and number.


def timed_out(client: str, reply: Reply, how: str = "stream") -> tuple[bamlet.BamlTimeoutError, float]:
    """The error, and the virtual second at which it came."""

    async def body() -> tuple[bamlet.BamlTimeoutError, float]:
        rt, transport = scripted({client: reply})
        context = using(client)
        call = (
            rt.stream("Say", text="x", context=context).final()
            if how == "stream"
            else rt.call("Say", text="x", context=context)
        )
        with pytest.raises(bamlet.BamlTimeoutError) as raised:
            await call
        assert (rt.handles.open_count, transport.open_answers) == (0, 0)
        return raised.value, asyncio.get_running_loop().time()

    return run_virtual(body())


HEAD = openai_chunks(["begun"], None)[:-1]
COMMENT = b": ping\n\n"
HANG = Wait(100_000)


def pings(seconds_apart: float) -> list[bytes | Wait]:
    return [COMMENT, Wait(seconds_apart)] * 1000


@pytest.mark.parametrize(
    ("client", "phase", "limit", "reply", "seconds"),
    [
        ("Connecting", "connect", 30, Reply(failure=ConnectTimeout("no connection")), 0),
        ("FirstToken", "first_token", 100, Reply(head_delay=100_000), 0.1),
        ("FirstToken", "first_token", 100, Reply([HANG]), 0.1),
        ("FirstToken", "first_token", 100, Reply([Wait(0.09), HANG], head_delay=0.009), 0.1),
        ("FirstToken", "first_token", 100, Reply(pings(0.03)), 0.1),
        ("Idle", "idle", 100, Reply([*HEAD, HANG]), 0.1),
        ("Idle", "idle", 100, Reply([*HEAD, Wait(0.09), COMMENT, Wait(0.09), COMMENT, HANG]), 0.28),
        ("Request", "request", 300, Reply([*HEAD, *pings(0.05)]), 0.3),
        ("Request", "request", 300, Reply([part for b in HEAD * 99 for part in (b, Wait(0.05))]), 0.3),
        ("Request", "request", 300, Reply([part for i in range(9999) for part in (b"d", Wait(0.05))]), 0.3),
        ("Total", "total", 300, Reply([*HEAD, *pings(0.05)]), 0.3),
        # On by default.
        ("Local", "first_token", 120_000, Reply([HANG, HANG]), 120),
        ("Local", "idle", 60_000, Reply([*HEAD, HANG]), 60),
        ("Local", "request", 600_000, Reply([*HEAD, *pings(50)]), 600),
    ],
)
def test_condition_6_each_limit_names_itself_and_its_number(
    client: str, phase: str, limit: int, reply: Reply, seconds: float
) -> None:
    error, at_second = timed_out(client, reply)
    assert (error.timeout_type, error.configured_value_ms) == (phase, limit)
    assert (error.client_name, error.elapsed_ms) == (client, round(seconds * 1000))
    assert f"{limit} ms" in str(error)
    assert f"{'time_to_first_token' if phase == 'first_token' else phase}_timeout_ms" in str(error)
    assert at_second == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(("client", "phase"), [("Request", "request"), ("Total", "total")])
@pytest.mark.parametrize("reply", [Reply(head_delay=100_000), Reply([HANG])])
def test_condition_6_whole_answers_have_limits_too(client: str, phase: str, reply: Reply) -> None:
    error, at_second = timed_out(client, reply, "call")
    assert (error.timeout_type, error.configured_value_ms) == (phase, 300)
    assert at_second == pytest.approx(0.3)


def test_condition_6_the_limits_are_on_by_default_and_zero_turns_one_off() -> None:
    assert [getattr(Timeouts(), field.name) for field in fields(Timeouts)] == [10.0, 120.0, 60.0, 600.0, 600.0]
    reply = Reply([Wait(5000), *HEAD, Wait(5000), *openai_chunks([" and done"])], head_delay=5000)

    async def body() -> Any:
        rt, _ = scripted({"Unlimited": reply})
        return await rt.stream("Say", text="x", context=using("Unlimited")).final()

    assert run_virtual(body()) == "begun and done"


def test_condition_6_silence_counts_only_while_somebody_waits() -> None:
    """A callback takes a hundred times the limit; the program then waits nearly as long as it may."""

    async def on_partial(value: str) -> None:
        if value == "begun":
            await asyncio.sleep(10)

    async def body() -> Any:
        rt, _ = scripted({"Idle": Reply([*HEAD, Wait(0.02), *HEAD[1:], Wait(10.06), *openai_chunks(["!"])])})
        return await rt.call("Say", text="x", context=bamlet.CallContext(client="Idle", on_partial=on_partial))

    assert run_virtual(body()) == "begunbegun!"


@pytest.mark.parametrize("client", PROVIDERS)
@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ([HANG], 1.0),
        ([COMMENT, Wait(0.3)] * 9999, 1.0),
        ([Wait(0.5), ConnectionReset("reset")], 0.5),
        ([Wait(0.5)], 0.5),
        ([Wait(0.5), b"data: [DONE]\n\n", HANG], 0.5),
    ],
    ids=["silence", "comments", "reset", "end", "done"],
)
def test_condition_6_a_finished_answer_is_a_success_whatever_the_socket_does(
    client: str, after: Any, seconds: float
) -> None:
    async def body() -> float:
        finished = openai_chunks(["done"], "stop", None)[:-1]
        rt, transport = scripted({client: Reply([*finished, *after])})
        assert await rt.stream("Say", text="x", context=using(client)).final() == "done"
        assert transport.open_answers == 0
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) == pytest.approx(seconds, abs=0.002)


def test_condition_6_the_grace_does_not_begin_anew_with_each_event() -> None:
    extra = [
        part for _ in range(9999) for part in (sse({"choices": [], "usage": {"prompt_tokens": 1}}), Wait(0.3))
    ]

    async def body() -> float:
        rt, _ = scripted({"Local": Reply([*openai_chunks(["done"], "stop", None)[:-1], *extra])})
        assert await rt.stream("Say", text="x").final() == "done"
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) == pytest.approx(1.0, abs=0.002)


def test_condition_6_over_a_socket(loopback: LoopbackServer) -> None:
    """The same on a real clock: the head held back, silence in the middle, an open socket at the end."""

    async def body() -> None:
        async with at(loopback) as rt:
            # The first request of a process may take longer than these limits.
            loopback.default = Answer(openai_chunks(["warm"]))
            assert await rt.stream("Say", text="x").final() == "warm"
            for client, phase, answer in (
                ("FirstToken", "first_token", Answer(head_delay=5)),
                ("Idle", "idle", Answer([*HEAD, Pause(5)])),
            ):
                # Not a script: on a busy machine a limit may pass before its request is out.
                loopback.default = answer
                with pytest.raises(bamlet.BamlTimeoutError) as raised:
                    await rt.stream("Say", text="x", context=using(client)).final()
                assert raised.value.timeout_type == phase
                assert 100 <= raised.value.elapsed_ms < 1000
            loopback.default = Answer(openai_chunks(["done"])[:-1], end="open")
            began = time.monotonic()
            assert await rt.stream("Say", text="x").final() == "done"
            assert 0.9 < time.monotonic() - began < 2

    run(body())


def test_condition_6_a_foreign_timeout_is_not_one_of_ours() -> None:
    """A callback that raises `TimeoutError` has its own reasons, also under a deadline of the call."""

    def on_partial(value: object) -> None:
        raise TimeoutError("mine")

    async def body() -> None:
        rt, _ = scripted({"Local": streamed("x")})
        context = bamlet.CallContext(on_partial=on_partial, deadline=5)
        with pytest.raises(TimeoutError, match="mine") as raised:
            await rt.call("Say", text="x", context=context)
        assert not isinstance(raised.value, bamlet.BamlError)

    run_virtual(body())


# --- 7. Every buffer has a number, and every number is in one table.

LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"
ROW = re.compile(
    r"^\| (?P<what>.+?) \| (?P<number>[^|]+?) \| `(?P<module>bamlet[\w.]*):(?P<name>[\w.]+)` \|", re.M
)
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "s": 1, "ms": 0.001, "": 1}
CONSTANT = re.compile(
    r"^(MAX_\w+|\w+_(?:LENGTH|SECONDS|EVERY|BYTES|MS)|(?:SHORTEST|MOST|LONGEST)_\w+)\b[^=]*=", re.M
)


def rows() -> list[re.Match[str]]:
    return list(ROW.finditer(LIMITS.read_text("utf-8")))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['module']}:{row['name']}")
def test_condition_7_a_number_in_the_table_is_the_number_in_the_code(row: re.Match[str]) -> None:
    found: Any = import_module(row["module"])
    for part in row["name"].split("."):
        if isinstance(found, type):
            found = found()  # a class of defaults
        found = getattr(found, part)
    number, _, unit = row["number"].strip().partition(" ")
    assert found == pytest.approx(float(number.replace(",", "")) * UNITS[unit])


def test_condition_7_every_constant_that_limits_is_in_the_table() -> None:
    listed = {(row["module"], row["name"]) for row in rows()}
    package = Path(bamlet.__file__).parent
    missing = [
        f"{module}:{name}"
        for path in sorted(package.rglob("*.py"))
        if (module := "bamlet." + path.relative_to(package).with_suffix("").as_posix().replace("/", "."))
        if module.split(".")[1]
        in ("sysops", "wire", "jinja", "regex", "sap", "providers", "sync", "embed", "client")
        for name in CONSTANT.findall(path.read_text("utf-8"))
        if (module, name) not in listed
    ]
    assert missing == []
    assert len(listed) > 30


def test_condition_7_too_long_an_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number itself would take minutes to reach."""
    monkeypatch.setattr("bamlet.sysops.answers.MAX_ANSWER_TEXT", 1000)

    async def body() -> None:
        rt, transport = scripted({"Local": streamed(*["x" * 10] * 1000)})
        with pytest.raises(bamlet.BamlClientError, match="longer than 1000 characters"):
            await rt.stream("Say", text="x").final()
        assert transport.open_answers == 0

    run_virtual(body())
