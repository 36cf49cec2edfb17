"""What belongs to one must not show at another: a dialect's tools, a loser's thoughts, a file of the same name.

The order of answers and what a host is told are outside of what a program can see.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

import bamlet
from bamlet.sysops.sse import MAX_BUFFERED_CHARACTERS, SseStream
from bamlet.wire.message import Request
from tests.servers.loopback import sse
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, Wait, run_virtual

pytestmark = pytest.mark.timeout(30)

# --- tools by dialect

VERTEX = """
client<llm> C {
  provider vertex-ai
  options { model "m", authorization_token "t", location "global", project_id "p", output_mode MODE, OPTIONS }
}
class Doc { id string }
function F() -> Doc { client C, prompt "hi" }
"""


@pytest.mark.parametrize("mode", ["tool", "auto"])
def test_claude_on_vertex_gets_tools_of_its_own(mode: str) -> None:
    source = VERTEX.replace("MODE", mode).replace("OPTIONS", 'anthropic_version "vertex-2023-10-16"')
    body = bamlet.Runtime(bamlet.compile_sources({"main.baml": source})).request("F").body.json()
    (tool,) = body["tools"]
    assert (set(tool), body["tool_choice"]["type"]) == ({"name", "description", "input_schema"}, "tool")
    assert "toolConfig" not in body


def test_gemini_on_vertex_keeps_its_tools() -> None:
    source = VERTEX.replace("MODE", "tool").replace(", OPTIONS", "")
    body = bamlet.Runtime(bamlet.compile_sources({"main.baml": source})).request("F").body.json()
    assert "functionDeclarations" in body["tools"][0]


def test_an_agent_on_claude_that_must_call_names_no_tool() -> None:
    """The tool of the answer is one of several that it may call then."""
    source = VERTEX.replace("MODE", "tool").replace("OPTIONS", 'anthropic_version "vertex-2023-10-16"')
    source += """
    /// Looks it up.
    function look(q: string) -> string { q }
    function Agent() -> Doc { client C, tools [look], prompt "hi" }
    """
    body = bamlet.Runtime(bamlet.compile_sources({"main.baml": source})).request("Agent").body.json()
    assert [tool["name"] for tool in body["tools"]] == ["baml_answer", "look"]
    assert body["tool_choice"] == {"type": "any"}


# --- thoughts and reports by voice

RACE = """
client<llm> A { provider openai-generic, options { base_url "http://test", model A } }
client<llm> B { provider openai-generic, options { base_url "http://test", model B } }
class Doc { id int }
function AskA() -> Doc { client A, prompt "x" }
function AskB() -> Doc { client B, prompt "x" }
function Race() -> unknown {
  baml.task.race([
    () => baml.llm.stream_llm_function("AskA", {}),
    () => baml.llm.stream_llm_function("AskB", {}),
  ])
}
"""


def thinks(thought: str, text: str, *waits: float) -> Reply:
    def event(delta: dict[str, str], finish: str | None = None) -> bytes:
        return sse({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    first, last = waits
    thinking = event({"reasoning_content": thought})
    return Reply(
        [Wait(first), thinking, event({"content": text[:5]}), Wait(last), event({"content": text[5:]}, "stop")]
    )


@pytest.mark.parametrize("winner", ["A", "B"])
def test_a_race_shows_the_thoughts_and_the_report_of_its_winner(winner: str) -> None:
    """The loser speaks after the winner has begun, and so last."""
    loser = "B" if winner == "A" else "A"
    transport = ScriptedTransport(
        {
            winner: thinks("winner thinks", '{"id": 1, "x": 1}', 0.1, 0.5),
            loser: thinks("loser", '{"id": 2}', 0.3, 9.0),
        }
    )

    async def body() -> Any:
        program = bamlet.compile_sources({"main.baml": RACE})
        async with bamlet.AsyncRuntime(program, transport=transport, clock=LoopClock(), environ={}) as rt:
            stream = rt.stream("Race")
            async for partial in stream:
                thoughts = {1: "winner thinks", 2: "loser"}
                assert partial.id is None or stream.reasoning == thoughts[partial.id]
            value = await stream.final()
            return value.id, stream.reasoning, [entry.path for entry in stream.report.ignored]

    assert run_virtual(body()) == (1, "winner thinks", ["$.x"])


# --- media of one prompt

PICTURES = """
client<llm> C {
  provider openai-generic
  options { base_url "http://test", model "m", media_url_handler { image send_base64 } }
}
function F(a: image, b: image) -> string { client C, prompt #"{{ a }}{{ b }}"# }
"""
URLS = {"a": {"url": "https://example.com/a"}, "b": {"url": "https://example.com/b"}}


class Pictures:
    """`/a` is not there; `/b` sends for ever, or as many pieces as it is told to."""

    def __init__(self, statuses: dict[str, int], pieces: int | None) -> None:
        self.statuses = statuses
        self.pieces = pieces
        self.open = 0

    async def open_(self, request: Request) -> Any:
        self.open += 1
        return _Picture(self, self.statuses.get(request.url[-1], 200))


class _Picture:
    http_version = "HTTP/1.1"
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, pictures: Pictures, status: int) -> None:
        self.status = status
        self._pictures = pictures
        self._is_open = True

    async def chunks(self) -> AsyncIterator[bytes]:
        sent = 0
        while self._pictures.pieces is None or sent < self._pictures.pieces:
            yield b"\x89PNG\r\n\x1a\n" if sent == 0 else b"x" * 992
            sent += 1
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        self._pictures.open -= self._is_open
        self._is_open = False


class _Transport:
    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    async def open(self, request: Request, *, connect_timeout: float | None) -> Any:
        return await self._pictures.open_(request)

    async def aclose(self) -> None: ...


def fetched(pictures: Pictures, **limits: Any) -> bamlet.HTTPRequest:
    async def body() -> bamlet.HTTPRequest:
        program = bamlet.compile_sources({"main.baml": PICTURES})
        media = bamlet.MediaLimits(**limits)
        async with bamlet.AsyncRuntime(program, transport=_Transport(pictures), media=media) as rt:
            request = asyncio.wait_for(rt.request("F", URLS), 10)
            try:
                return await request
            finally:
                assert pictures.open == 0

    return asyncio.run(body())


def test_the_first_download_that_fails_stops_the_others() -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match=r"example\.com/a answered with status 404"):
        fetched(Pictures({"a": 404}, None), max_bytes=1 << 40, total_bytes=1 << 40)


def test_the_media_of_a_prompt_have_a_limit_together() -> None:
    fetched(Pictures({}, 6), max_bytes=5_000, total_bytes=10_000)
    with pytest.raises(
        bamlet.BamlInvalidArgumentError, match="the media of the prompt hold more than 9,000 bytes"
    ):
        fetched(Pictures({}, 6), max_bytes=5_000, total_bytes=9_000)


# --- the buffer of a stream


class _Answer:
    status = 200
    http_version = "HTTP/1.1"
    headers = (("content-type", "text/event-stream"),)

    def __init__(self) -> None:
        self.read = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        """Three bytes a character, so that bytes and characters differ."""
        for _ in range(200):
            self.read += 1
            yield f"data: {'€' * 10_000}\n\n".encode()

    async def aclose(self) -> None: ...


@pytest.mark.parametrize("one_by_one", [True, False])
def test_the_buffer_is_counted_in_one_unit(one_by_one: bool) -> None:
    """What was added in bytes and taken in characters would fill it, little by little, for ever."""
    from bamlet.sysops.deadlines import Deadlines

    class Space:
        classes: ClassVar = {"baml.http.SseEvent": lambda event, data, id: type("E", (), {"data": data})()}

    class Host:
        hide = staticmethod(str)

    class Context:
        space = Space()
        host = Host()

    async def body() -> int:
        answer: Any = _Answer()
        limits = Deadlines(0.0, 0.0, dict.fromkeys(("connect", "first_token", "idle", "request", "total")), None)
        context: Any = Context()
        stream = SseStream(context, answer, "", limits, one_by_one=one_by_one)
        taken = 0
        while (events := await stream.next()) is not None:
            taken += len(events)
            if taken == 1:
                await asyncio.sleep(0.01)  # the reader fills the buffer
                assert (answer.read - taken) * 10_000 >= MAX_BUFFERED_CHARACTERS
        await stream.aclose()
        return taken

    assert asyncio.run(asyncio.wait_for(body(), 10)) == 200


# --- tracebacks


def test_a_traceback_shows_the_text_that_was_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.baml").write_text("another\nfile\nof the same name\n")
    program = bamlet.compile_sources({"main.baml": 'function Fail() -> int {\n  throw "no"\n}\n'})
    with pytest.raises(bamlet.UnhandledThrow) as error:
        bamlet.Runtime(program).call("Fail")
    assert 'throw "no"' in error.value.trace_text
    assert "file" not in error.value.trace_text.replace("File", "")


def test_of_two_programs_each_shows_its_own_lines() -> None:
    sources = ['function Fail() -> int {\n  throw "first"\n}\n', 'function Fail() -> int {\n  throw "second"\n}\n']
    programs = [bamlet.compile_sources({"main.baml": source}) for source in sources]
    for program, word in zip([*programs, *programs], ["first", "second"] * 2, strict=True):
        with pytest.raises(bamlet.UnhandledThrow) as error:
            bamlet.Runtime(program).call("Fail")
        assert f'throw "{word}"' in error.value.trace_text
