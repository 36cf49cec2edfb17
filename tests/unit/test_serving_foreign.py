"""Streams in the protocols of others, as text. `make clients` has their own code read them, in node."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from bamlet.embed.log import EventLog
from bamlet.embed.stream import changes_between
from bamlet.server.events import Recorder, event, patch_of
from bamlet.server.foreign import AgUi, Foreign, UIMessageStream
from tests.support.local_program import in_pieces, items
from tests.support.scripted import refused, streamed
from tests.unit.test_serving import OPTIONS, serve

CUT = [streamed('[{"name": "half', finish=None), streamed(*in_pieces(items(2)))]
BODY = {"text": "x", OPTIONS: {"client": "Retried"}}


def parts(text: str) -> list[Any]:
    lines = [line[6:] for line in text.split("\n\n") if line.startswith("data: ")]
    return [json.loads(line) if line != "[DONE]" else line for line in lines]


def told(protocol: str, replies: Sequence[Any]) -> tuple[httpx.Response, list[Any]]:
    async def scene(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/stream/List?as={protocol}", json=BODY)

    answer = serve({"Retried": list(replies)}, scene)
    return answer, parts(answer.text)


def kinds(found: Sequence[Any]) -> list[str]:
    """One after the other, each once."""
    names = [one if one == "[DONE]" else one["type"] for one in found]
    return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


def test_s14_a_message_of_the_ai_sdk_loses_what_is_void() -> None:
    answer, found = told("ui-message-stream", CUT)
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    run = answer.headers["bamlet-run-id"]
    assert found[:2] == [{"type": "start", "messageId": run}, {"type": "start-step"}]
    assert kinds(found)[-3:] == ["finish-step", "finish", "[DONE]"]
    at = [one["type"] for one in found[:-1]].index("reset-step")
    assert found[at - 1] == {"type": "text-end", "id": f"{run}-1"}
    text = "".join(one["delta"] for one in found[at:-1] if one["type"] == "text-delta")
    assert json.loads(text) == items(2)
    values = [one for one in found[:-1] if one["type"] == "data-partial"]
    assert {one["id"] for one in values} == {"value"}
    assert values[-1]["data"] == items(2)


def test_s14_an_agent_of_ag_ui_has_the_value_as_its_state() -> None:
    answer, found = told("ag-ui", CUT)
    run = answer.headers["bamlet-run-id"]
    assert found[0] == {"type": "RUN_STARTED", "threadId": run, "runId": run}
    assert found[-1] == {"type": "RUN_FINISHED", "threadId": run, "runId": run, "result": items(2)}
    assert found[-2] == {"type": "STATE_SNAPSHOT", "snapshot": items(2)}
    assert "CUSTOM" in kinds(found)
    opened = [one["messageId"] for one in found if one["type"] == "TEXT_MESSAGE_START"]
    closed = [one["messageId"] for one in found if one["type"] == "TEXT_MESSAGE_END"]
    assert opened == closed == [f"{run}-1", f"{run}-2"]


@pytest.mark.parametrize(
    ("protocol", "last"),
    [("ui-message-stream", ["error", "finish", "[DONE]"]), ("ag-ui", ["RUN_ERROR"])],
)
def test_s14_a_failure_is_told_in_the_words_of_the_protocol(protocol: str, last: list[str]) -> None:
    _, found = told(protocol, [refused(400)])
    assert kinds(found)[-len(last) :] == last
    assert "Retried" in json.dumps(found[-len(last)])


def test_what_changed_in_the_value_is_told_in_the_standard_alone() -> None:
    changes = changes_between({"name": "a"}, {"name": "ab"})
    assert parts(AgUi()._written(patch_of(changes))) == [
        {"type": "STATE_DELTA", "delta": [{"op": "replace", "path": "/name", "value": "ab"}]}
    ]


def test_what_was_cancelled_is_an_abort_for_the_ai_sdk() -> None:
    form = UIMessageStream()
    cancelled = event("error", {"error": "cancelled", "message": "by DELETE"})
    assert parts(form._written(cancelled)) == [{"type": "abort", "reason": "by DELETE"}, "[DONE]"]


@pytest.mark.parametrize("protocol", [UIMessageStream, AgUi])
def test_what_the_model_thinks_is_closed_before_its_text_and_what_was_missed_is_told_whole(
    protocol: type[Foreign],
) -> None:
    log = EventLog()
    Recorder(log, lambda: 0.0).start("r1_x", "F")
    for kind, text in (("reasoning", "hm, "), ("reasoning", "so"), ("delta", "Yes")):
        log.append(event(kind, {"text": text}))  # type: ignore[arg-type]
    once = protocol()
    found = parts("".join(once.entries(log._after(0))))
    again = protocol()
    begun = list(again.entries(log._after(0)[:1]))
    assert len(begun) == 1
    missed = parts("".join(again.snapshot(log.snapshot())))
    words = [one["delta"] for one in found if "delta" in one]
    assert words == ["hm, ", "so", "Yes"]
    assert [one["delta"] for one in missed if "delta" in one] == ["hm, so", "Yes"]
    ends = [at for at, one in enumerate(found) if one["type"] in ("reasoning-end", "REASONING_MESSAGE_END")]
    begins = [at for at, one in enumerate(found) if one["type"] in ("text-start", "TEXT_MESSAGE_START")]
    assert len(ends) == len(begins) == 1
    assert ends[0] < begins[0]


def test_a_reader_that_comes_back_begins_at_the_start() -> None:
    """Neither protocol has numbers, so what comes in `Last-Event-ID` is of another form."""

    async def scene(client: httpx.AsyncClient) -> None:
        first = await client.post("/stream/List?as=ag-ui", json={"text": "x"})
        run = first.headers["bamlet-run-id"]
        again = await client.get(f"/runs/{run}/events?as=ag-ui", headers={"last-event-id": "3"})
        assert (parts(again.text)[0], parts(again.text)[-1]) == (parts(first.text)[0], parts(first.text)[-1])

    serve({"Local": streamed(*in_pieces(items(2)))}, scene)


@pytest.mark.parametrize(
    ("query", "words"),
    [("as=ui", "ui-message-stream, ag-ui"), ("as=ag-ui&events=typed", "leave `events` out")],
)
def test_a_protocol_that_is_none_is_refused_before_there_is_a_run(query: str, words: str) -> None:
    async def scene(client: httpx.AsyncClient) -> None:
        answer = await client.post(f"/stream/List?{query}", json={"text": "x"})
        assert (answer.status_code, "bamlet-run-id" in answer.headers) == (400, False)
        assert words in answer.json()["message"]

    serve({}, scene)
