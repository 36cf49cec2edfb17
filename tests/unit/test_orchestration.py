"""Retry, fallback and round-robin: which client is asked when, and what counts as a failure.

The order of requests and the waits between them are outside of what a program can see, so this is Python. Time is
virtual and the transport a script: thousands of orchestrations run in a second.
"""

from __future__ import annotations

import asyncio
import pickle
from functools import cache
from typing import Any

import pytest

import bamlet
from bamlet.embed.stream import Partial, Reset
from bamlet.wire.message import BrokenBody, ConnectError, ConnectTimeout, NoAnswer
from tests.support.scripted import (
    JSON,
    LoopClock,
    Reply,
    ScriptedTransport,
    Wait,
    refused,
    run_virtual,
    said,
    streamed,
)

CLIENT = """
client<llm> {name} {{
  provider openai-generic
  {policy}
  options {{
    base_url "http://test"
    model "{model}"
    {more}
  }}
}}
"""
COMPOSITE = """
client<llm> {name} {{
  provider {kind}
  {policy}
  options {{
    strategy [{members}]
    {more}
  }}
}}
"""
POLICY = """
retry_policy {name} {{
  max_retries {retries}
  strategy {{
    {strategy}
  }}
}}
"""
FUNCTIONS = """
class Item {
  name string
  count int
}
function Say(text: string) -> string {
  client A
  prompt #"{{ text }}"#
}
function Make(text: string) -> Item {
  client A
  prompt #"{{ text }}"#
}
function Broken(text: string) -> string {
  client A
  prompt #"{{ 1 // (text|length - 1) }}"#
}
"""


def client(name: str, policy: str = "", more: str = "", model: str = "") -> str:
    chosen = f"retry_policy {policy}" if policy else ""
    return CLIENT.format(name=name, policy=chosen, model=model or name, more=more)


def composite(kind: str, name: str, members: str, policy: str = "", more: str = "") -> str:
    chosen = f"retry_policy {policy}" if policy else ""
    return COMPOSITE.format(name=name, kind=kind, members=members, policy=chosen, more=more)


SOURCE = "".join(
    [
        FUNCTIONS,
        POLICY.format(name="Constant", retries=2, strategy="type constant_delay\ndelay_ms 200"),
        POLICY.format(
            name="Doubling",
            retries=3,
            strategy="type exponential_backoff\ndelay_ms 100\nmultiplier 2\nmax_delay_ms 10000",
        ),
        POLICY.format(
            name="Capped",
            retries=4,
            strategy="type exponential_backoff\ndelay_ms 100\nmultiplier 2\nmax_delay_ms 150",
        ),
        POLICY.format(name="Rounds", retries=2, strategy="type constant_delay\ndelay_ms 1000"),
        POLICY.format(name="Short", retries=2, strategy="type constant_delay\ndelay_ms 40"),
        POLICY.format(name="Quick", retries=3, strategy="type constant_delay\ndelay_ms 10"),
        *(client(name) for name in "ABC"),
        client("WithConstant", "Constant", model="A"),
        client("WithDoubling", "Doubling", model="A"),
        client("WithCapped", "Capped", model="A"),
        POLICY.format(name="Jittered", retries=2, strategy="type constant_delay\ndelay_ms 200\njitter 0.25"),
        client("WithJitter", "Jittered", model="A"),
        client("QuickA", "Quick", model="A"),
        client("Denying", more='finish_reason_deny_list ["length"]', model="A"),
        client("Whole", more="supports_streaming false", model="A"),
        client("Keyed", more="api_key env.NOT_SET_ANYWHERE", model="A"),
        composite("fallback", "Both", "A, B"),
        composite("fallback", "Three", "A, B, C"),
        composite("fallback", "BothInRounds", "A, B", "Rounds"),
        composite("fallback", "NestedInRounds", "QuickA", "Rounds"),
        composite("fallback", "DenyingFirst", "Denying, B"),
        composite("fallback", "KeyedFirst", "Keyed, B"),
        composite("fallback", "Limited", "A, B", "Constant", "http { total_timeout_ms 250 }"),
        client("LongA", more="http { request_timeout_ms 0 }", model="A"),
        client("LongB", more="http { request_timeout_ms 0 }", model="B"),
        composite("fallback", "LongRequests", "LongA, LongB"),
        composite("fallback", "Soon", "A, B", "Short", "http { total_timeout_ms 250 }"),
        composite("fallback", "InnerLimit", "Limited, C"),
        composite("fallback", "OuterLimit", "Limited, C", more="http { total_timeout_ms 100 }"),
        composite("round-robin", "Turns", "A, B, C"),
        composite("round-robin", "TurnsFromC", "A, B, C", more="start 2"),
        composite("round-robin", "TurnsRetried", "A, B", "Constant"),
        composite("round-robin", "TurnsInside", "QuickA, B"),
        composite("fallback", "TurnsThenC", "Turns, C"),
    ]
)


@cache
def program() -> bamlet.Program:
    return bamlet.compile_sources({"clients.baml": SOURCE})


def runtime(transport: ScriptedTransport) -> bamlet.AsyncRuntime:
    return bamlet.AsyncRuntime(program(), transport=transport, clock=LoopClock(), environ={})


def outcome(client_name: str, replies: dict[str, Any], function: str = "Say") -> tuple[Any, list[tuple[str, int]]]:
    """The value or the error of one call, and the requests that it made."""
    transport = ScriptedTransport(replies)

    async def body() -> Any:
        async with runtime(transport) as rt:
            try:
                return await rt.call(function, text="x", context=bamlet.CallContext(client=client_name))
            except bamlet.BamlError as error:
                return error
            finally:
                assert rt.handles.open_count == 0

    return run_virtual(body()), transport.sent


def streamed_outcome(
    client_name: str, replies: dict[str, Any], function: str = "Say"
) -> tuple[list[Any], Any, list[tuple[str, int]]]:
    """What a stream showed, its value or error, and the requests."""
    transport = ScriptedTransport(replies)
    shown: list[Any] = []

    async def body() -> Any:
        async with runtime(transport) as rt:
            context = bamlet.CallContext(client=client_name)
            stream = rt.stream(function, text="x", context=context, partials="every")
            try:
                async for event in stream.events(ticks=False):
                    shown.append(event.value if isinstance(event, Partial) else event)
                return await stream.final()
            except bamlet.BamlError as error:
                return error
            finally:
                assert rt.handles.open_count == 0

    return shown, run_virtual(body()), transport.sent


# --- which client, when


@pytest.mark.parametrize(
    ("client_name", "requests"),
    [
        ("A", [("A", 0)]),
        # The wait comes before a retry: the delay, then its multiples up to the cap.
        ("WithConstant", [("A", 0), ("A", 200), ("A", 400)]),
        ("WithDoubling", [("A", 0), ("A", 100), ("A", 300), ("A", 700)]),
        ("WithCapped", [("A", 0), ("A", 100), ("A", 250), ("A", 400), ("A", 550)]),
        ("WithJitter", [("A", 0), ("A", 175), ("A", 350)]),
        ("Both", [("A", 0), ("B", 0)]),
        ("Three", [("A", 0), ("B", 0), ("C", 0)]),
        # A round of all members is repeated, with one wait before it.
        ("BothInRounds", [("A", 0), ("B", 0), ("A", 1000), ("B", 1000), ("A", 2000), ("B", 2000)]),
        (
            "NestedInRounds",
            [("A", at) for at in (0, 10, 20, 30, 1030, 1040, 1050, 1060, 2060, 2070, 2080, 2090)],
        ),
        ("Turns", [("A", 0)]),
        ("TurnsFromC", [("C", 0)]),
        # A retry around turns takes the next turn, one inside stays with its client.
        ("TurnsRetried", [("A", 0), ("B", 200), ("A", 400)]),
        ("TurnsInside", [("A", 0), ("A", 10), ("A", 20), ("A", 30)]),
        ("TurnsThenC", [("A", 0), ("C", 0)]),
    ],
)
@pytest.mark.parametrize("how", [outcome, streamed_outcome])
def test_requests_of_a_call_that_always_fails(how: Any, client_name: str, requests: list[Any]) -> None:
    replies = {name: refused() for name in "ABC"}
    *_, error, sent = how(client_name, replies)
    assert sent == requests
    assert isinstance(error, bamlet.BamlClientHttpError)
    assert error.status_code == 500


# --- what is retried


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
@pytest.mark.parametrize("how", [outcome, streamed_outcome])
def test_a_status_that_may_pass_is_retried(how: Any, status: int) -> None:
    *_, value, sent = how("WithConstant", {"A": [refused(status), _yes(how)]})
    assert value == "yes"
    assert sent == [("A", 0), ("A", 200)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
@pytest.mark.parametrize("how", [outcome, streamed_outcome])
def test_a_status_that_will_not_pass_is_not_retried_but_the_next_client_is_asked(how: Any, status: int) -> None:
    *_, error, sent = how("WithConstant", {"A": refused(status)})
    assert error.status_code == status
    assert sent == [("A", 0)]
    *_, value, sent = how("Both", {"A": refused(status), "B": _yes(how)})
    assert value == "yes"
    assert sent == [("A", 0), ("B", 0)]


def test_the_server_may_say_itself_whether_to_try_again() -> None:
    never = refused(503, headers=(*JSON, ("x-should-retry", "false")))
    assert outcome("WithConstant", {"A": never})[1] == [("A", 0)]
    again = refused(400, headers=(*JSON, ("x-should-retry", "true")))
    assert outcome("WithConstant", {"A": [again, said("yes")]})[0] == "yes"


@pytest.mark.parametrize("how", [outcome, streamed_outcome])
@pytest.mark.parametrize(
    "failure", [ConnectError("refused"), ConnectTimeout("no"), NoAnswer("gone"), BrokenBody("cut")]
)
def test_a_failure_of_the_network_is_retried(how: Any, failure: Exception) -> None:
    *_, value, sent = how("WithConstant", {"A": [Reply(failure=failure), _yes(how)]})
    assert value == "yes"
    assert sent == [("A", 0), ("A", 200)]


def test_a_stream_cut_off_is_retried() -> None:
    shown, value, sent = streamed_outcome("WithConstant", {"A": [streamed("ha", finish=None), streamed("yes")]})
    assert (shown, value) == (["ha", Reset(2), "yes"], "yes")
    assert sent == [("A", 0), ("A", 200)]


def test_a_round_is_repeated_if_any_member_may_recover() -> None:
    _, sent = outcome("BothInRounds", {"A": refused(503), "B": refused(401)})
    assert sent == [("A", 0), ("B", 0), ("A", 1000), ("B", 1000), ("A", 2000), ("B", 2000)]
    _, sent = outcome("BothInRounds", {"A": refused(404), "B": refused(401)})
    assert sent == [("A", 0), ("B", 0)]


def _yes(how: Any) -> Reply:
    return said("yes") if how is outcome else streamed("yes")


# --- what a policy lists instead


def listed(
    causes: str, replies: Any, function: str = "Say", provider: str = ""
) -> tuple[Any, list[tuple[str, int]]]:
    policy = f"retry_policy P {{ max_retries 2, on [{causes}], strategy {{ delay_ms 100 }} }}\n"
    clients = policy + client("C", "P", model="A") + client("B") + composite("fallback", "CThenB", "C, B")
    program = bamlet.compile_sources({"main.baml": FUNCTIONS.replace("client A", "client C") + clients})
    transport = ScriptedTransport(replies)

    async def body() -> Any:
        async with bamlet.AsyncRuntime(program, transport=transport, clock=LoopClock(), environ={}) as rt:
            try:
                context = bamlet.CallContext(client=provider or None)
                return await rt.call(function, text="x", context=context)
            except bamlet.BamlError as error:
                return error

    return run_virtual(body()), transport.sent


@pytest.mark.parametrize(
    ("causes", "reply", "retried"),
    [
        ("429", refused(429), True),
        ("429", refused(500), False),
        ("4xx", refused(404), True),
        ("5xx, timeout", refused(529), True),
        ("5xx", Reply(failure=ConnectError("no")), False),
        ("network", Reply(failure=ConnectError("no")), True),
        ("timeout", Reply(failure=ConnectTimeout("no")), True),
        ("network", Reply(failure=ConnectTimeout("no")), False),
    ],
)
def test_a_policy_that_lists_causes_retries_these_and_no_others(causes: str, reply: Reply, retried: bool) -> None:
    _, sent = listed(causes, {"A": reply})
    assert sent == [("A", 0), ("A", 100), ("A", 200)][: 3 if retried else 1]


def test_an_answer_that_does_not_fit_is_asked_for_again_where_the_policy_lists_it() -> None:
    good = said('{"name": "nail", "count": 3}')
    value, sent = listed("validation", {"A": [said("no json"), good]}, "Make")
    assert value.count == 3
    assert sent == [("A", 0), ("A", 100)]


def test_what_a_policy_lists_counts_as_a_failure_of_the_client_afterwards() -> None:
    replies = {"A": said("no json"), "B": said('{"name": "nail", "count": 3}')}
    value, sent = listed("validation", replies, "Make", "CThenB")
    assert value.count == 3
    assert sent == [("A", 0), ("A", 100), ("A", 200), ("B", 200)]
    error, sent = listed("5xx", replies, "Make", "CThenB")
    assert isinstance(error, bamlet.BamlValidationError)
    assert sent == [("A", 0)]


# --- how long is waited


@pytest.mark.parametrize(
    ("header", "second"),
    [
        (("retry-after", "1"), 1000),
        (("retry-after", "0.25"), 250),
        (("retry-after-ms", "700"), 700),
        (("retry-after", "0"), 200),
        (("retry-after", "-1"), 200),
        (("retry-after", "soon"), 200),
        (("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT"), 200),
    ],
)
@pytest.mark.parametrize("how", [outcome, streamed_outcome])
def test_the_server_may_ask_for_a_longer_wait(how: Any, header: tuple[str, str], second: int) -> None:
    *_, sent = how("WithConstant", {"A": [refused(429, headers=(*JSON, header)), _yes(how)]})
    assert sent == [("A", 0), ("A", second)]


def test_a_wait_that_is_longer_than_the_time_left_fails_at_once_and_says_why() -> None:
    busy = refused(429, headers=(*JSON, ("retry-after", "1000000000")))
    error, sent = outcome("WithConstant", {"A": busy})
    assert isinstance(error, bamlet.BamlClientHttpError)
    assert sent == [("A", 0)]
    assert "would have to wait 1000000000000 ms, and 600000 ms are left (total_timeout_ms)" in str(error)
    assert error.attempts[0].retry_after_ms == 1_000_000_000_000


def test_a_round_waits_for_the_member_that_is_ready_first() -> None:
    def busy(seconds: int) -> Reply:
        return refused(429, headers=(*JSON, ("retry-after", str(seconds))))

    _, sent = outcome("BothInRounds", {"A": [busy(30), said("yes")], "B": busy(5)})
    assert sent == [("A", 0), ("B", 0), ("A", 5000)]


# --- what is said when nothing worked


def test_the_error_lists_every_attempt() -> None:
    replies = {
        "A": refused(503, head_delay=0.1),
        "B": Reply(failure=ConnectError("refused"), head_delay=0.02),
        "C": refused(401),
    }
    error, _ = outcome("Three", replies)
    assert isinstance(error, bamlet.BamlClientHttpError)
    assert error.status_code == 401
    body = '{"error": {"message": "no"}}'
    unasked = "(no api_key was sent: give one in the client's options)"
    assert error.message == f"Request failed with status code: 401 Unauthorized. {body} {unasked}"
    assert error.detailed_message.splitlines() == [
        "3 failed attempts:",
        "",
        "1. A after 100 ms (status):",
        f"Request failed with status code: 503 Service Unavailable. {body}",
        "",
        "2. B after 20 ms (network):",
        "refused",
        "",
        "3. C after 0 ms (status):",
        f"Request failed with status code: 401 Unauthorized. {body} {unasked}",
    ]
    assert [(a.client_name, a.cause, a.status_code, a.started_ms, a.elapsed_ms) for a in error.attempts] == [
        ("A", "status", 503, 0, 100),
        ("B", "network", None, 100, 20),
        ("C", "status", 401, 120, 0),
    ]
    assert pickle.loads(pickle.dumps(error)).attempts == error.attempts


def test_a_single_attempt_speaks_for_itself() -> None:
    error, _ = outcome("A", {"A": refused(503)})
    message = 'Request failed with status code: 503 Service Unavailable. {"error": {"message": "no"}}'
    assert str(error) == f"BamlClientHttpError(client_name=A, message={message}, status_code=503)"
    assert len(error.attempts) == 1


def test_a_program_can_read_the_attempts() -> None:
    source = FUNCTIONS + "".join([client("A"), client("B"), composite("fallback", "Both", "A, B")])
    source = source.replace("client A\n", "client Both\n")
    source += """
        function main() -> string {
          Say("x") catch (e) {
            e: baml.errors.HttpStatus => {
              let attempts = e.attempts;
              if (attempts == null) { return "none"; }
              attempts[0].client_name + attempts[1].client_name + baml.unstable.string(e.status_code)
            }
            _ => "other",
          }
        }
    """
    transport = ScriptedTransport({"A": refused(500), "B": refused(403)})

    async def body() -> Any:
        rt = bamlet.AsyncRuntime(
            bamlet.compile_sources({"m.baml": source}), transport=transport, clock=LoopClock(), environ={}
        )
        return await rt.call("main")

    assert run_virtual(body()) == "AB403"


# --- failures of the network, and answers that are none


@pytest.mark.parametrize(
    "failure", [ConnectError("refused"), ConnectTimeout("no"), NoAnswer("gone"), BrokenBody("cut")]
)
@pytest.mark.parametrize("how", [outcome, streamed_outcome])
def test_a_failure_of_the_network_goes_to_the_next_client(how: Any, failure: Exception) -> None:
    answer = said("yes") if how is outcome else streamed("yes")
    *_, value, sent = how("Both", {"A": Reply(failure=failure), "B": answer})
    assert value == "yes"
    assert [name for name, _ in sent] == ["A", "B"]


def test_a_body_that_breaks_off_is_a_failed_attempt() -> None:
    half = Reply([b'{"choices": [', BrokenBody("cut")])
    assert outcome("Both", {"A": half, "B": said("yes")})[0] == "yes"


def test_an_answer_that_is_no_answer_is_a_failed_attempt() -> None:
    page = Reply([b"<html>a captive portal</html>"], headers=(("content-type", "text/html"),))
    assert outcome("Both", {"A": page, "B": said("yes")})[0] == "yes"
    assert streamed_outcome("Both", {"A": page, "B": streamed("yes")})[1] == "yes"


# --- what leaves the call at once


@pytest.mark.parametrize("how", [outcome, streamed_outcome])
def test_a_value_that_cannot_be_parsed_is_not_retried(how: Any) -> None:
    answer = said("no json") if how is outcome else streamed("no json")
    *_, error, sent = how("BothInRounds", {"A": answer, "B": answer}, "Make")
    assert isinstance(error, bamlet.BamlValidationError)
    assert error.raw_output == "no json"
    assert sent == [("A", 0)]


@pytest.mark.parametrize("how", [outcome, streamed_outcome])
def test_a_denied_finish_reason_leaves_the_call_at_once(how: Any) -> None:
    make = said if how is outcome else streamed
    *_, error, sent = how("DenyingFirst", {"A": make("cut", finish="length"), "B": make("yes")})
    assert isinstance(error, bamlet.BamlClientFinishReasonError)
    assert error.message == "Finish reason not allowed: length"
    assert (error.finish_reason, error.raw_output) == ("length", "cut")
    assert error.prompt
    assert sent == [("A", 0)]


@pytest.mark.parametrize("how", [outcome, streamed_outcome])
def test_a_prompt_that_cannot_be_rendered_sends_nothing(how: Any) -> None:
    *_, error, sent = how("Both", {}, "Broken")
    assert isinstance(error, bamlet.BamlInvalidArgumentError)
    assert "Broken" in str(error)
    assert sent == []


def test_a_client_without_its_variable_asks_its_own_server_without_a_key() -> None:
    """The server says what it thinks of that, and the next client is asked."""
    value, sent = outcome("KeyedFirst", {"A": refused(401), "B": said("yes")})
    assert value == "yes"
    assert len(sent) == 2


def test_a_client_that_nobody_declares_names_those_that_there_are() -> None:
    error, _ = outcome("Ghost", {})
    assert isinstance(error, bamlet.BamlInvalidArgumentError)
    assert "`Ghost`" in str(error)
    assert "`Both`" in str(error)


def test_a_shorthand_with_an_unknown_provider_is_named() -> None:
    error, _ = outcome("nobody/model-1", {})
    assert isinstance(error, bamlet.BamlInvalidArgumentError)
    assert "nobody" in str(error)


# --- streams


def test_a_stream_without_its_end_goes_to_the_second_client() -> None:
    shown, value, sent = streamed_outcome(
        "Both", {"A": streamed("ha", "lf", finish=None), "B": streamed("who", "le")}
    )
    assert value == "whole"
    assert shown == ["ha", "half", Reset(2), "who", "whole"]
    assert [name for name, _ in sent] == ["A", "B"]


def test_an_attempt_that_showed_nothing_needs_no_reset() -> None:
    shown, value, _ = streamed_outcome("Both", {"A": refused(), "B": streamed("yes")})
    assert (shown, value) == (["yes"], "yes")


def test_an_error_inside_a_stream_is_a_failed_attempt() -> None:
    error = Reply([*streamed("half", finish=None).parts, b'data: {"error": {"message": "overloaded"}}\n\n'])
    shown, value, _ = streamed_outcome("Both", {"A": error, "B": streamed("yes")})
    assert (shown, value) == (["half", Reset(2), "yes"], "yes")


def test_a_client_that_cannot_stream_makes_one_call_and_one_partial() -> None:
    transport = ScriptedTransport({"A": said("yes")})

    async def body() -> None:
        rt = runtime(transport)
        stream = rt.stream("Say", text="x", context=bamlet.CallContext(client="Whole"))
        assert [partial async for partial in stream] == ["yes"]
        assert await stream.final() == "yes"

    run_virtual(body())
    assert "stream" not in transport.bodies[0]


def test_a_whole_answer_where_a_stream_was_asked_for_is_taken() -> None:
    shown, value, _ = streamed_outcome("A", {"A": said("yes")})
    assert (shown, value) == (["yes"], "yes")


# --- counters


def test_turns_go_on_from_call_to_call_and_looking_does_not_take_one() -> None:
    transport = ScriptedTransport({name: said("yes") for name in "ABC"})

    async def body() -> None:
        rt = runtime(transport)
        context = bamlet.CallContext(client="Turns")
        for _ in range(4):
            assert (await rt.request("Say", text="x", context=context)).body.json()["model"] in "ABC"
            assert (await rt.stream_request("Say", text="x", context=context)).body.json()["stream"] is True
            await rt.call("Say", text="x", context=context)

    run_virtual(body())
    assert [name for name, _ in transport.sent] == ["A", "B", "C", "A"]


def test_two_runtimes_of_one_program_count_by_themselves() -> None:
    for _ in range(2):
        _, sent = outcome("Turns", {name: said("yes") for name in "ABC"})
        assert sent == [("A", 0)]


# --- time


def test_the_total_limit_is_for_all_attempts_together() -> None:
    error, sent = outcome("Soon", {name: refused(head_delay=0.1) for name in "AB"})
    assert isinstance(error, bamlet.BamlTimeoutError)
    assert (error.timeout_type, error.configured_value_ms) == ("total", 250)
    assert error.elapsed_ms == 250
    assert "250 ms (total_timeout_ms)" in str(error)
    assert sent == [("A", 0), ("B", 100), ("A", 240)]


def test_a_wait_that_the_total_limit_would_end_is_not_begun() -> None:
    error, sent = outcome("Limited", {name: refused() for name in "AB"})
    assert isinstance(error, bamlet.BamlClientHttpError)
    assert sent == [("A", 0), ("B", 0), ("A", 200), ("B", 200)]
    assert "would have to wait 200 ms, and 50 ms are left (total_timeout_ms)" in str(error)


def test_the_smaller_of_nested_limits_wins_and_ends_only_its_own_client() -> None:
    slow = refused(head_delay=0.4)
    _, sent = outcome("InnerLimit", {"A": slow, "B": slow, "C": said("yes")})
    assert sent == [("A", 0), ("C", 250)]
    error, sent = outcome("OuterLimit", {"A": slow, "B": slow, "C": slow})
    assert isinstance(error, bamlet.BamlTimeoutError)
    assert (error.timeout_type, error.configured_value_ms, error.elapsed_ms) == ("total", 100, 100)
    assert sent == [("A", 0)]


def test_the_total_limit_ends_a_stream() -> None:
    slow = Reply([part for delta in "abcdefgh" for part in (*streamed(delta, finish=None).parts, Wait(0.06))])
    shown, error, sent = streamed_outcome("Limited", dict.fromkeys("AB", slow))
    assert isinstance(error, bamlet.BamlTimeoutError)
    assert (error.timeout_type, error.configured_value_ms, error.elapsed_ms) == ("total", 250, 250)
    assert sent == [("A", 0)]
    assert shown == ["a", "ab", "abc", "abcd", "abcde"]


@pytest.mark.parametrize(
    ("limits", "phase", "sent"),
    [
        ({"request": 0.05}, "request", [("A", 0), ("B", 50)]),
        ({"total": 0.05}, "total", [("A", 0)]),
        ({"total": 7000}, "total", [("A", 0)]),
        ({"request": 0.05, "total": 0.08}, "total", [("A", 0), ("B", 50)]),
    ],
)
def test_a_call_has_limits_of_its_own_and_the_shorter_one_counts(
    limits: dict[str, float], phase: str, sent: list[Any]
) -> None:
    transport = ScriptedTransport({name: said("late", head_delay=900) for name in "AB"})

    async def body() -> Any:
        context = bamlet.CallContext(client="LongRequests", timeouts=bamlet.Timeouts(**limits))
        with pytest.raises(bamlet.BamlTimeoutError) as raised:
            await runtime(transport).call("Say", text="x", context=context)
        return raised.value

    error = run_virtual(body())
    assert error.timeout_type == phase
    assert error.configured_value_ms == min(600_000, round(limits[phase] * 1000))
    assert transport.sent == sent


def test_a_limit_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="the limit `idle` is a number of seconds above 0, not 0"):
        bamlet.Timeouts(idle=0)


def test_text_is_shown_as_the_model_wrote_it_and_its_end_is_announced() -> None:
    """Whoever puts the pieces together must hear when they are void, also while merely iterating."""
    replies = {"A": streamed("ha", "lf", finish=None), "B": streamed("who", "le")}
    heard: list[Any] = []

    async def body() -> list[Any]:
        rt = runtime(ScriptedTransport(replies))
        context = bamlet.CallContext(client="Both", on_delta=heard.append, on_reset=heard.append)
        stream = rt.stream("Say", text="x", context=context, partials="deltas")
        return [piece async for piece in stream]

    assert (
        "".join(str(piece) for piece in run_virtual(body()))
        == "halfReset(attempt=2, reason='truncated', client='B')whole"
    )
    assert "".join(map(str, heard)) == "half2whole"


def test_an_abort_ends_a_wait_between_attempts() -> None:
    transport = ScriptedTransport({"A": refused()})

    async def body() -> float:
        abort = bamlet.AbortController()
        loop = asyncio.get_running_loop()
        loop.call_later(0.15, abort.abort)
        context = bamlet.CallContext(client="WithConstant", cancel=abort)
        with pytest.raises(bamlet.BamlAbortError):
            await runtime(transport).call("Say", text="x", context=context)
        return loop.time()

    assert run_virtual(body()) == pytest.approx(0.15)
    assert transport.sent == [("A", 0)]


def test_a_deadline_of_the_host_ends_a_wait_and_says_so() -> None:
    transport = ScriptedTransport({"A": refused()})

    async def body() -> bamlet.BamlTimeoutError:
        context = bamlet.CallContext(client="WithConstant", deadline=0.15)
        with pytest.raises(bamlet.BamlTimeoutError, match="deadline of 150 ms") as raised:
            await runtime(transport).call("Say", text="x", context=context)
        return raised.value

    error = run_virtual(body())
    assert (error.timeout_type, error.configured_value_ms, error.elapsed_ms) == ("deadline", 150, 150)
