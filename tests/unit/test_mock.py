"""`bamlet mock`: the providers' own SDKs ask it, and what a cassette holds is streamed to its end.

It is a process with sockets, of which the language knows nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RECEIPT = ROOT / "examples" / "receipt" / "receipt.cassette.jsonl"
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "count": {"type": "integer"}}}


@contextmanager
def mock(*arguments: object) -> Iterator[str]:
    """Its address. It is asked to end, and has ended, when the test is over."""
    command = [sys.executable, "-m", "bamlet", "mock", "--port", "0", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", env={**os.environ})
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        yield line.split()[-1]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def fetched(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=20) as answer:
        return json.load(answer)


def test_t15_a_cassette_is_streamed_to_an_sdk() -> None:
    from openai import APIStatusError, OpenAI

    recorded = json.loads(RECEIPT.read_text("utf-8").splitlines()[0])["request"]["body"]
    with mock(RECEIPT, "--speed", "0") as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        stream = client.chat.completions.create(**recorded)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        assert '"total_cost": 141.65' in text
        assert fetched(f"{url}/_mock/unused") == []
        (asked,) = fetched(f"{url}/_mock/requests")
        assert (asked["path"], asked["headers"]["authorization"]) == ("/v1/chat/completions", "<redacted>")
        with pytest.raises(APIStatusError, match="everything in it has been played"):
            client.chat.completions.create(**recorded)
        fetched(f"{url}/_mock/reset", {})
        assert len(fetched(f"{url}/_mock/unused")) == 1


def test_t15_the_sdks_read_what_is_invented() -> None:
    from anthropic import Anthropic
    from google import genai
    from openai import OpenAI

    with mock("--offline", 7) as url:
        openai = OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        form: Any = {"type": "json_schema", "json_schema": {"name": "it", "schema": SCHEMA}}
        messages: Any = [{"role": "user", "content": "hi"}]
        answer = openai.chat.completions.create(model="m", messages=messages, response_format=form)
        assert json.loads(answer.choices[0].message.content or "").keys() == {"name", "count"}
        stream = openai.chat.completions.create(model="m", messages=messages, stream=True)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        assert said == "Hello from nobody."
        assert openai.responses.create(model="m", input="hi").output_text == said
        events = list(openai.responses.create(model="m", input="hi", stream=True))
        assert events[-1].type == "response.completed"

        claude = Anthropic(base_url=url, api_key="none", max_retries=0)
        with claude.messages.stream(model="m", max_tokens=99, messages=messages) as arriving:
            assert "".join(arriving.text_stream) == said
            assert arriving.get_final_message().stop_reason == "end_turn"

        gemini = genai.Client(api_key="none", http_options={"base_url": url})
        chunks = gemini.models.generate_content_stream(model="m", contents="hi")
        assert "".join(chunk.text or "" for chunk in chunks) == said
        assert gemini.models.generate_content(model="m", contents="hi").text == said
