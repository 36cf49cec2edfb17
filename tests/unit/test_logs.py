"""The logger `bamlet`: what a host reads of its calls while they happen. No program can see it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from typing import Any

import pytest

import bamlet
from tests.servers.loopback import Answer, LoopbackServer

KEY = "sk-of-a-secret-variable"
SOURCE = """
client<llm> A {
  provider openai-generic
  options { model m, base_url env.BASE_URL, api_key env.A_KEY, secrets_in_body true }
}
function Say(text: string) -> string { client A, prompt #"Say {{ text }}"# }
"""
BODY = {
    "model": "m-2",
    "choices": [{"message": {"content": f"told {KEY}"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3},
}


def said(loopback: LoopbackServer, text: str = "hi") -> str:
    loopback.answer(Answer([json.dumps(BODY).encode()]))
    program = bamlet.compile_sources({"logs.baml": SOURCE})
    with bamlet.Runtime(program, environ={"A_KEY": KEY, "BASE_URL": loopback.url}) as runtime:
        value: str = runtime.call("Say", text=text)
    return value


def test_a_call_is_one_record(loopback: LoopbackServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bamlet"):
        said(loopback)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("bamlet", "INFO")
    fields: dict[str, Any] = record.baml  # type: ignore[attr-defined]
    assert isinstance(fields.pop("ms"), int)
    assert fields == {
        "function": "Say",
        "client": "A",
        "model": "m-2",
        "input_tokens": 7,
        "output_tokens": 3,
        "stop": "stop",
    }
    assert record.getMessage().startswith("Say client=A model=m-2 ms=")


def test_prompts_and_answers_are_for_debugging_and_keys_for_nobody(
    loopback: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "bamlet"):
        said(loopback, f"{KEY} please")
    _, asked, told = caplog.records
    assert "Say *** please" in asked.getMessage()
    assert told.getMessage().endswith("told ***")
    assert KEY not in caplog.text


def test_a_failed_call_says_why(loopback: LoopbackServer, caplog: pytest.LogCaptureFixture) -> None:
    loopback.answer(Answer([b"no"], 401))
    program = bamlet.compile_sources({"logs.baml": SOURCE})
    with (
        caplog.at_level(logging.INFO, "bamlet"),
        bamlet.Runtime(program, environ={"A_KEY": KEY, "BASE_URL": loopback.url}) as runtime,
        pytest.raises(bamlet.BamlClientHttpError),
    ):
        runtime.call("Say", text="x")
    (record,) = caplog.records
    assert record.getMessage().endswith("failed=status")


PROGRAM = f"""
import bamlet, sys
runtime = bamlet.Runtime(bamlet.compile_sources({{"logs.baml": {SOURCE!r}}}))
print(runtime.call("Say", text="x" * 50))
"""


def printed(loopback: LoopbackServer, code: str = PROGRAM, **environ: str) -> tuple[str, list[str]]:
    loopback.answer(Answer([json.dumps(BODY).encode()]))
    known = {name: value for name, value in os.environ.items() if not name.startswith("BAML_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**known, "A_KEY": KEY, "BASE_URL": loopback.url, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, done.stderr.splitlines()


def test_f23_pain_14_nothing_is_printed_unless_asked(loopback: LoopbackServer) -> None:
    assert printed(loopback) == (f"told {KEY}\n", [])


def test_baml_log_writes_to_standard_error(loopback: LoopbackServer) -> None:
    out, lines = printed(loopback, BAML_LOG="info")
    assert out == f"told {KEY}\n"
    assert [line.partition(" ms=")[0] for line in lines] == ["[BAML INFO] Say client=A model=m-2"]
    assert printed(loopback, BAML_LOG="off")[1] == []
    assert printed(loopback, BAML_LOG="loud")[1] == []


def test_json_lines_cut_messages_and_colours(loopback: LoopbackServer) -> None:
    _, lines = printed(loopback, BAML_LOG="debug", BAML_LOG_JSON="1", BAML_LOG_MAX_MESSAGE_LENGTH="20")
    records = [json.loads(line) for line in lines]
    assert [record["level"] for record in records] == ["info", "debug", "debug"]
    assert (records[0]["function"], records[0]["input_tokens"]) == ("Say", 7)
    assert all(len(record["message"]) <= 21 for record in records)
    _, colored = printed(loopback, BAML_LOG="info", BAML_LOG_COLOR_MODE="always")
    assert colored[0].startswith("[BAML \033[32mINFO\033[0m]")


def test_levels_are_set_from_python_too(loopback: LoopbackServer) -> None:
    setting = "from bamlet.embed import logs\nprint(logs.get_log_level())\nlogs.set_log_level('Info')\n"
    out, lines = printed(loopback, f"{setting}{PROGRAM}print(logs.get_log_level())")
    assert out.splitlines() == ["OFF", f"told {KEY}", "INFO"]
    assert len(lines) == 1
    with pytest.raises(ValueError, match="one of off, error, warn, info, debug, trace"):
        _set_log_level("loud")


def _set_log_level(level: str) -> None:
    from bamlet.embed.logs import set_log_level

    set_log_level(level)
