"""Runs and their logs on a virtual clock, with a scripted model; no HTTP. The language cannot see them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from typing import Any

import pytest

import bamlet
from bamlet.embed.log import Entry, Snapshot
from bamlet.server.errors import Refused
from bamlet.server.events import pieces_of
from bamlet.server.limits import Limits, OnDisconnect
from bamlet.server.runs import Desk, Run, Verb, Wanted
from tests.support.local_program import in_pieces, items, scripted
from tests.support.scripted import Reply, Wait, refused, run_virtual, said, streamed
from tests.support.stream_fold import Folded, fold, patched

SLOW = Reply([*streamed(*in_pieces(items(2))).parts[:3], Wait(5_000)])


def wanted(function: str = "List", verb: Verb = "stream", **more: Any) -> Wanted:
    given: dict[str, Any] = {
        "arguments": {"text": "x"},
        "context": bamlet.CallContext(),
        "owner": None,
    }
    return Wanted(verb=verb, function=function, **{**given, **more})


class Served:
    """A desk over a script; at the end nothing may be open."""

    def __init__(self, replies: Mapping[str, Any], **limits: Any) -> None:
        self.runtime, self.transport = scripted(replies)
        self.desk = Desk(Limits(**limits))

    def start(self, *args: Any, **more: Any) -> Run:
        return self.desk.start(self.runtime, wanted(*args, **more))

    async def __aenter__(self) -> Served:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.desk.drain(0)
        self.desk.close()
        await self.runtime.aclose()
        assert self.runtime.handles.open_count == 0
        assert self.transport.open_answers == 0


async def entries(run: Run, after: int = 0) -> list[Entry]:
    found: list[Entry] = []
    async for batch in run.log.read(after):
        assert not isinstance(batch, Snapshot)
        found += batch
    return found


async def kinds(run: Run) -> list[str]:
    return [entry.event.kind for entry in await entries(run)]


def on_script(replies: Mapping[str, Any], scene: Any, **limits: Any) -> Any:
    async def body() -> Any:
        async with Served(replies, **limits) as served:
            return await scene(served)

    return run_virtual(body())


def test_a_stream_writes_its_log_from_start_to_final() -> None:
    async def scene(served: Served) -> None:
        run = served.start()
        found = await entries(run)
        assert [entry.seq for entry in found] == list(range(1, len(found) + 1))
        assert found[0].event.data == {"run": run.id, "function": "List", "protocol": 1}
        final = found[-1].event
        assert (final.kind, final.data["value"]) == ("final", items(3))
        assert (final.data["client"], final.data["attempts"]) == ("Local", 1)
        assert run.described()["value"] == items(3)
        told = [entry.event.kind for entry in found]
        assert {"start", "delta", "patch", "partial", "tick", "final"} <= set(told)

    on_script({"Local": streamed(*in_pieces(items(3)))}, scene)


@pytest.mark.parametrize("kind", ["partial", "patch"])
def test_values_and_changes_each_come_to_the_final_value(kind: str) -> None:
    async def scene(served: Served) -> None:
        import json

        state = Folded()
        for entry in await entries(served.start()):
            if entry.event.kind in (kind, "delta", "reset"):
                state = fold(state, entry.event.kind, json.loads("".join(pieces_of(entry.event))))
        assert state.value == items(3)
        assert state.text == json.dumps(items(3))

    replies = [streamed(*in_pieces(items(2)), finish=None), streamed(*in_pieces(items(3)))]
    on_script({"Retried": replies}, lambda served: scene(Using(served, "Retried")))


def characters(held: object) -> int:
    """Of all texts that an object holds on to."""
    seen: dict[int, object] = {}
    left = [held]
    while left:
        one = left.pop()
        if id(one) not in seen and not isinstance(one, type):
            seen[id(one)] = one
            left += gc.get_referents(one)
    return sum(len(one) for one in seen.values() if isinstance(one, str))


def test_the_changes_of_a_long_text_take_its_length_and_not_the_square_of_it() -> None:
    answer = [{"name": "x" * 20_000, "count": 1}, {"name": "y" * 20_000, "count": 2}]

    async def scene(served: Served) -> None:
        patches = [entry.event for entry in await entries(served.start()) if entry.event.kind == "patch"]
        assert len(patches) > 200
        assert characters(patches) < 10 * 40_000
        value: Any = None
        for patch in patches:
            value = patched(value, [change.as_json_patch() for change in patch.data["changes"]])
        assert value == answer

    parts = streamed(*in_pieces(answer, 100)).parts
    on_script({"Local": Reply([step for part in parts for step in (part, Wait(1))])}, scene)


class Using(Served):
    """The same with another client."""

    def __init__(self, served: Served, client: str) -> None:
        self.runtime, self.transport, self.desk = served.runtime, served.transport, served.desk
        self._context = bamlet.CallContext(client=client)

    def start(self, *args: Any, **more: Any) -> Run:
        return super().start(*args, context=self._context, **more)


def test_a_second_attempt_is_announced_with_its_reason_and_its_client() -> None:
    async def scene(served: Served) -> None:
        found = await entries(Using(served, "Retried").start())
        resets = [entry.event.data for entry in found if entry.event.kind == "reset"]
        assert resets == [{"attempt": 2, "reason": "truncated", "client": "Retried"}]
        assert found[-1].event.data["attempts"] == 2

    on_script({"Retried": [streamed(*in_pieces(items(2)), finish=None), streamed(*in_pieces(items(3)))]}, scene)


@pytest.mark.parametrize(
    ("reply", "slug"),
    [
        (refused(500), "client_error"),
        (streamed("half", finish=None), "client_error"),
        (streamed("no list"), "validation_failure"),
    ],
    ids=["provider 500", "cut", "parse failure"],
)
def test_s07_every_failure_is_one_error_and_then_the_end(reply: Reply, slug: str) -> None:
    async def scene(served: Served) -> None:
        run = served.start("Make")
        told = await entries(run)
        assert [entry.event.kind for entry in told if entry.event.kind in ("final", "error")] == ["error"]
        assert told[-1].event.data["error"] == slug
        assert run.state == "failed"

    on_script({"Local": reply}, scene)


def test_s07_arguments_that_do_not_fit_are_no_run() -> None:
    async def scene(served: Served) -> None:
        with pytest.raises(bamlet.BamlInvalidArgumentError):
            served.start(arguments={"text": 3})
        assert list(served.desk.store) == served.desk.active == []

    on_script({}, scene)


POLICIES: list[tuple[OnDisconnect, float | None]] = [("cancel", 10), ("grace", 70), ("keep", None)]


@pytest.mark.parametrize(("policy", "ends"), POLICIES)
def test_s05_a_run_that_nobody_reads_ends_by_its_policy(policy: OnDisconnect, ends: float | None) -> None:
    async def scene(served: Served) -> None:
        now = asyncio.get_running_loop().time
        run = served.start(on_disconnect=policy)
        with run.attended():
            await asyncio.sleep(10)
        await run.wait_end()
        if ends is None:
            assert (run.state, now()) == ("done", 20)
            assert run.described()["value"] == items(1)
        else:
            assert (run.state, now()) == ("cancelled", ends)
            assert run.end.data["error"] == "cancelled"

    parts = streamed(*in_pieces(items(1))).parts
    pause = Wait(20 if policy == "keep" else 500)
    on_script(
        {"Unlimited": Reply([parts[0], pause, *parts[1:]])}, lambda s: scene(Using(s, "Unlimited")), grace=60
    )


def test_s05_a_reader_that_comes_back_in_time_keeps_the_run() -> None:
    async def scene(served: Served) -> None:
        run = served.start()
        with run.attended():
            await asyncio.sleep(10)
        await asyncio.sleep(59)
        with run.attended():
            await run.wait_end()
        assert run.state == "done"

    parts = streamed(*in_pieces(items(1))).parts
    on_script({"Unlimited": Reply([Wait(100), *parts])}, lambda s: scene(Using(s, "Unlimited")), grace=60)


MOMENTS = {
    "before the first token": Reply([Wait(500)]),
    "while it waits to retry": [refused(429, (("retry-after", "300"),)), said("[]")],
    "in the middle": SLOW,
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("client", ["Unlimited", "Retried"])
def test_s05_cancelling_ends_a_run_at_any_moment(moment: str, client: str) -> None:
    async def scene(served: Served) -> None:
        now = asyncio.get_running_loop().time
        run = Using(served, client).start()
        await asyncio.sleep(3)
        if run.is_over:
            return
        run.cancel()
        run.cancel()
        await run.wait_end()
        assert now() == pytest.approx(3, abs=0.05)
        assert (await kinds(run))[-1] == "error"
        assert served.transport.open_answers == 0

    on_script({client: MOMENTS[moment]}, scene)


def test_a_call_has_a_log_too() -> None:
    async def scene(served: Served) -> None:
        run = served.start("Say", "call")
        assert await kinds(run) == ["start", "final"]
        assert run.end.data["value"] == "hi"

    on_script({"Local": said("hi")}, scene)


def test_the_same_key_is_the_same_run_and_another_body_is_refused() -> None:
    async def scene(served: Served) -> None:
        run = served.start("Say", "call", key="k", digest="1")
        assert served.start("Say", "call", key="k", digest="1") is run
        assert served.start("Say", "call", key="k", digest="1", owner="other") is not run
        with pytest.raises(Refused, match="another request"):
            served.start("Say", "call", key="k", digest="2")
        await run.wait_end()
        await asyncio.sleep(61)
        assert served.start("Say", "call", key="k", digest="2") is not run

    on_script({"Local": said("hi")}, scene, keep=60)


def test_a_run_belongs_to_the_token_that_began_it() -> None:
    async def scene(served: Served) -> None:
        run = served.start("Say", "call", owner="one")
        assert served.desk.find(run.id, "one") is run
        with pytest.raises(Refused, match="no such run"):
            served.desk.find(run.id, "other")

    on_script({"Local": said("hi")}, scene)


def test_more_runs_than_the_limit_wait_in_the_queue_or_are_refused() -> None:
    async def scene(served: Served) -> None:
        first, second = served.start(), served.start()
        with pytest.raises(Refused, match="as many as this server takes"):
            served.start()
        await asyncio.sleep(1)
        assert (first.state, second.state) == ("running", "queued")
        second.cancel()
        first.cancel()
        for run in (first, second):
            await run.wait_end()
        assert [run.state for run in (first, second)] == ["cancelled", "cancelled"]

    on_script({"Local": SLOW}, scene, max_runs=1, queue=1)


def test_runs_that_have_ended_are_let_go_the_oldest_first_and_all_in_time() -> None:
    async def scene(served: Served) -> None:
        runs = [served.start("Say", "call") for _ in range(5)]
        for run in runs:
            await run.wait_end()
        left = list(served.desk.store)
        assert 1 <= len(left) < 5
        assert left == runs[-len(left) :]
        await asyncio.sleep(61)
        assert list(served.desk.store) == []
        assert served.desk.log_bytes == 0

    on_script({"Local": said("a" * 500)}, scene, keep=60, kept_bytes=2_000)


def test_s11_draining_takes_no_runs_and_cancels_what_is_not_over_in_time() -> None:
    async def scene(served: Served) -> None:
        quick, slow = served.start("Say", "call"), served.start()
        draining = asyncio.create_task(served.desk.drain(30))
        await asyncio.sleep(1)
        with pytest.raises(Refused, match="shutting down"):
            served.start()
        await draining
        assert asyncio.get_running_loop().time() == pytest.approx(30, abs=0.05)
        assert (quick.state, slow.end.data["error"], slow.end.data["retryable"]) == ("done", "shutting_down", True)

    on_script({"Local": [said("hi"), SLOW]}, scene)
