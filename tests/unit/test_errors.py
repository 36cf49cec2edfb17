"""The errors that a host catches, as BAML's programs make, read and send them.

They are Python objects that no program of the language can see.
"""

from __future__ import annotations

import copy
import pickle
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.wire.message import BrokenBody, ConnectError
from tests.support.scripted import LoopClock, Reply, ScriptedTransport, refused, run_virtual, said, streamed

MADE: dict[type[bamlet.BamlError], tuple[tuple[Any, ...], str]] = {
    bamlet.BamlError: (("m",), "m"),
    bamlet.BamlInvalidArgumentError: (("m",), "m"),
    bamlet.BamlAbortError: (("m",), "m"),
    bamlet.BamlClientError: (("m",), "m"),
    bamlet.BamlValidationError: (
        ("p", "m", "r", "d"),
        "BamlValidationError(message=m, raw_output=r, prompt=p, detailed_message=d)",
    ),
    bamlet.BamlClientFinishReasonError: (
        ("p", "m", "r", "length", "d"),
        "BamlClientFinishReasonError(message=m, raw_output=r, prompt=p, finish_reason=length, detailed_message=d)",
    ),
    bamlet.BamlClientHttpError: (
        ("C", "m", 429, "d"),
        "BamlClientHttpError(client_name=C, message=m, status_code=429, detailed_message=d)",
    ),
    bamlet.BamlClientConnectionError: (
        ("C", "m", 503, "d"),
        "BamlClientConnectionError(client_name=C, message=m, status_code=503, detailed_message=d)",
    ),
    bamlet.BamlTimeoutError: (("C", "m"), "BamlTimeoutError(client_name=C, message=m)"),
    bamlet.UnhandledThrow: (("m", {"code": 3}), "m"),
}


@pytest.mark.parametrize("kind", MADE, ids=lambda kind: kind.__name__)
def test_an_error_is_made_and_shown_as_in_baml(kind: type[bamlet.BamlError]) -> None:
    arguments, shown = MADE[kind]
    error = kind(*arguments)
    assert str(error) == shown
    assert error.args == (error.message,) == ("m",)
    assert repr(error) == (shown if "=" in shown else f"{kind.__name__}('m')")


def test_details_that_are_empty_are_left_out_with_their_name() -> None:
    error = bamlet.BamlClientHttpError(client_name="C", message="m", status_code=500, detailed_message="")
    assert str(error) == "BamlClientHttpError(client_name=C, message=m, status_code=500)"


@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", MADE, ids=lambda kind: kind.__name__)
def test_pain_18_an_error_survives_pickling_and_copying(kind: type[bamlet.BamlError], again: Any) -> None:
    error = kind(*MADE[kind][0])
    error.add_note("seen")
    error.__cause__ = ValueError("because")
    made = again(error)
    assert type(made) is kind
    assert (str(made), vars(made), made.args) == (str(error), vars(error), error.args)
    assert made.__notes__ == ["seen"]
    assert repr(made.__cause__) == "ValueError('because')"


def test_a_cause_that_cannot_be_sent_stays_behind() -> None:
    error = bamlet.BamlError("m")
    error.__cause__ = ValueError(lambda: None)
    assert pickle.loads(pickle.dumps(error)).__cause__ is None


class _OfAUser(bamlet.BamlClientHttpError):
    def __init__(self) -> None:
        super().__init__("C", "ours", 418)
        self.tea = True


def test_a_subclass_with_a_constructor_of_its_own_is_sent_too() -> None:
    made = pickle.loads(pickle.dumps(_OfAUser()))
    assert (type(made), made.tea, made.status_code) == (_OfAUser, True, 418)


# --- which cause gives which class

SOURCE = """
client<llm> A { provider openai-generic, options { model A, base_url "http://a", api_key env.A_KEY } }
function Say(text: string) -> string { client A, prompt #"{{ text }}"# }
function Count(text: string) -> int { client A, prompt #"{{ text }}"# }
"""


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"errors.baml": SOURCE})


def error_of(reply: Reply, function: str = "Say", how: str = "call", **options: Any) -> tuple[Any, int]:
    """What the host catches, and how many requests were sent."""

    async def body() -> tuple[Any, int]:
        transport = ScriptedTransport({"A": reply})
        environ = {"A_KEY": "sk-not-a-real-key"}
        rt = bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ=environ)
        context = bamlet.CallContext(**options)
        if how == "call":
            work = rt.call(function, text="x", context=context)
        else:
            work = rt.stream(function, text="x", context=context).final()
        with pytest.raises(bamlet.BamlError) as raised:
            await work
        return raised.value, len(transport.sent)

    return run_virtual(body())


def test_a_status_is_told_in_the_words_that_programs_look_for() -> None:
    error, _ = error_of(refused(429))
    assert type(error) is bamlet.BamlClientHttpError
    assert (error.status_code, error.client_name) == (429, "A")
    message = 'Request failed with status code: 429 Too Many Requests. {"error": {"message": "no"}}'
    assert error.message == message
    assert error_of(Reply([b"x" * 5000], 599))[0].message == f"Request failed with status code: 599. {'x' * 300}"
    assert error_of(Reply([], 500))[0].message == "Request failed with status code: 500 Internal Server Error"


@pytest.mark.parametrize("how", ["call", "stream"])
def test_no_connection_is_a_503_and_one_that_broke_off_a_2(how: str) -> None:
    refused_connection, _ = error_of(Reply(failure=ConnectError("refused")), how=how)
    assert type(refused_connection) is bamlet.BamlClientConnectionError
    assert isinstance(refused_connection, bamlet.BamlClientHttpError)
    assert (refused_connection.status_code, refused_connection.client_name) == (503, "A")
    broken, _ = error_of(Reply([BrokenBody("gone")], headers=streamed().headers), how=how)
    assert (type(broken), broken.status_code) == (bamlet.BamlClientConnectionError, 2)


def test_a_408_is_a_time_limit_too() -> None:
    error, _ = error_of(refused(408))
    assert (type(error), error.client_name, error.timeout_type) == (bamlet.BamlTimeoutError, "A", "http")


def test_f19_pain_17_a_failure_to_parse_has_one_class() -> None:
    called, _ = error_of(said("no number"), "Count")
    with pytest.raises(bamlet.BamlValidationError) as parsed:
        bamlet.Runtime(program()).parse("Count", "no number")
    for error in (called, parsed.value):
        assert type(error) is bamlet.BamlValidationError
        assert error.message.startswith("Failed to parse LLM response: Failed to coerce value: ")
        assert error.raw_output == "no number"
    assert (called.prompt != "", parsed.value.prompt) == (True, "")


@pytest.mark.parametrize("streams", [False, True])
def test_an_answer_that_cannot_be_read_says_whose_it_is_and_where(streams: bool) -> None:
    source = """
    client<llm> Mine { provider openai-generic, options { model m, base_url "http://test" } }
    class Part { weight float @alias("how heavy") }
    class Found { name string, count int @alias("how many"), size int, part Part @alias("piece") }
    function Extract() -> Found { client Mine, prompt #"Hi"# }
    """
    part = '{"how heavy": "very"}'
    answer = f'Here:\n{{"name": "x",\n  "size": "large", "piece": {part}}}'
    transport = ScriptedTransport({"m": streamed(answer) if streams else said(answer)})
    runtime = bamlet.Runtime(bamlet.compile_sources({"main.baml": source}), transport=transport)
    with runtime, pytest.raises(bamlet.BamlValidationError) as failed:
        _ = runtime.stream("Extract").final() if streams else runtime.call("Extract")
    assert failed.value.message == (
        "Failed to parse LLM response: Failed to coerce value: "
        '$.count: expected int, got nothing for the alias "how many"\n'
        '$.size: expected int, got string "large" (line 3, column 11 of the answer)\n'
        '$.part.weight: expected float, got string "very" for the alias "how heavy"'
        " (line 3, column 43 of the answer)\n"
        "in the answer to `Extract` from client `Mine`"
    )
    assert failed.value.raw_output == answer


def test_f4_a_variable_that_is_taken_away_fails_before_anything_is_sent() -> None:
    error, sent = error_of(said("a"), env={"A_KEY": None})
    assert sent == 0
    assert error.message.startswith("client `A`: api_key needs the environment variable A_KEY")


def test_all_wrong_arguments_are_told_at_once_after_bamls_first_words() -> None:
    with pytest.raises(bamlet.BamlInvalidArgumentError, match=r"^Invalid argument: Say: .*`txt`.*`text`"):
        bamlet.Runtime(program()).call("Say", txt=1)
