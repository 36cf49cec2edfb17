"""A model that is nowhere: its answers read without loss, are the same for a seed, and go wrong as they are told.

What goes over a wire is nothing that the language observes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.embed.faults import KINDS, read_fault
from bamlet.embed.offline import OfflineTransport, offline_environment
from bamlet.providers import ToolCall, read_body
from bamlet.providers.offline import RESPONSE_TYPES, Said, framed, pieces_of
from bamlet.providers.registry import ACCUMULATORS
from bamlet.sap.dice import Dice
from bamlet.sap.invent import MAX_PARTS, STYLES, invent, written
from bamlet.sap.invent_depths import CannotInvent, refuse_impossible
from bamlet.sysops.parser import make_parser
from bamlet.types.schema import ClassSchema, Field, Schemas
from bamlet.types.ty import INT, ClassTy, ListTy, MediaTy, Ty
from bamlet.wire.framing import decoder_for
from bamlet.wire.message import ConnectError, Request
from tests.support.faults import OPTIONS
from tests.support.golden import Goldens
from tests.support.scripted import run_virtual

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "fixtures" / "sap_schemas.jsonl").read_text("utf-8").splitlines()
]
SEEDS = 20

CLIENT = """
retry_policy Once {{
  max_retries 1
  strategy {{
    type constant_delay
    delay_ms 500
  }}
}}

client<llm> Plain {{
  provider {provider}
  options {{
    model "m"
    {options}
    http {{
      idle_timeout_ms 1000
    }}
  }}
}}

client<llm> Retried {{
  provider {provider}
  retry_policy Once
  options {{
    model "m"
    {options}
  }}
}}
"""
ORDER = """
class Item {
  name string
  price float
}

class Order {
  id string @alias("number")
  items Item[]
  total float @assert(positive, {{ this > 0 }})
}

function Extract(text: string) -> Order {
  client Plain
  prompt #"{{ text }} {{ ctx.output_format }}"#
}
"""
ENVIRON = {"BASE_URL": "http://127.0.0.1:9"}


@cache
def program(provider: str = "openai") -> bamlet.Program:
    return bamlet.compile_sources(
        {"order.baml": CLIENT.format(provider=provider, options=OPTIONS[provider]) + ORDER}
    )


def asked(
    faults: Sequence[str] = (),
    provider: str = "openai",
    *,
    client: str | None = None,
    streams: bool = True,
    **more: Any,
) -> tuple[Any, bamlet.Report]:
    """A call on a clock that jumps: its value and report. Nothing is left of it."""

    async def body() -> tuple[Any, bamlet.Report]:
        reports: list[bamlet.Report] = []
        context = bamlet.CallContext(client=client, on_report=reports.append)
        transport = OfflineTransport(7, faults=faults, **more)
        async with bamlet.AsyncRuntime(program(provider), transport=transport, environ=ENVIRON) as rt:
            try:
                if streams:
                    value = await rt.stream("Extract", text="x", context=context).final()
                else:
                    value = await rt.call("Extract", text="x", context=context)
                return bamlet.to_plain(value), reports[-1]
            finally:
                assert rt.handles.open_count == 0

    return run_virtual(body())


# --- what is invented


def test_t12_every_answer_reads_without_loss() -> None:
    """For each type of the fixtures and each seed, within a few tries; a stream's last partial is the value."""
    never: list[str] = []
    tries = 0
    for row in ROWS:
        compiled = bamlet.compile_sources({"a.baml": row["baml"]})
        output, schemas = compiled.interface.functions["Fn"].result, compiled.interface.schemas
        refuse_impossible(output, schemas)
        for seed in range(SEEDS):
            for attempt in range(200):
                tries += 1
                text = written(invent(output, schemas, Dice(seed, attempt)), "json")
                parser = make_parser(output, schemas, compiled.space)
                parser.feed(text)
                try:
                    parsed = parser.finish(strict=True)
                except Exception:
                    continue
                if not parsed.report.losses:
                    assert without_states(bamlet.to_plain(parser.partial())) == bamlet.to_plain(parsed.value)
                    break
            else:
                never.append(f"{row['name']} {seed}")
    assert never == []
    assert tries < 1.05 * len(ROWS) * SEEDS


def without_states(value: Any) -> Any:
    """A partial in the types of the final value."""
    if isinstance(value, dict):
        if value.keys() == {"value", "state"}:
            return without_states(value["value"])
        return {key: without_states(item) for key, item in value.items()}
    return [without_states(item) for item in value] if isinstance(value, list) else value


def test_t12_the_same_seed_gives_the_same_answer_everywhere(golden: Goldens) -> None:
    """Ten answers, written down: they must not differ between platforms and Pythons."""
    schemas, output = program().interface.schemas, program().interface.functions["Extract"].result
    answers = [written(invent(output, schemas, Dice(seed)), STYLES[seed % len(STYLES)]) for seed in range(10)]
    golden("offline/answers.txt", "\n---\n".join(answers) + "\n")


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_readable(style: Any) -> None:
    value, report = asked(style=style)
    assert value == asked()[0]
    assert report.losses == ()


def test_a_type_without_a_value_names_its_cycle() -> None:
    """No program has one, since the checker refuses it; a type builder's may."""
    classes = {name: ClassSchema(name, (Field("x", ClassTy(other)),)) for name, other in (("A", "B"), ("B", "A"))}
    with pytest.raises(CannotInvent, match="no finite value: A -> B -> A"):
        refuse_impossible(ClassTy("A"), Schemas(classes))
    with pytest.raises(CannotInvent, match="an image"):
        refuse_impossible(MediaTy("image"), Schemas())


def test_lists_of_lists_do_not_double_for_ever() -> None:
    ty: Ty = INT
    for _ in range(60):
        ty = ListTy(ty)
    text = written(invent(ty, Schemas(), Dice(1)), "json")
    assert text.count("[") < 2 * MAX_PARTS


@pytest.mark.parametrize(
    ("constraint", "type_name", "told"),
    [
        ("this|length == 100000000", "int[]", "more than 10,000 parts"),
        ("this|length == 100000000", "map<string, int>", "more than 10,000 parts"),
        ("this|length > 100000000", "string", "more than 100,000 characters"),
    ],
)
def test_what_would_be_too_large_is_refused(constraint: str, type_name: str, told: str) -> None:
    with pytest.raises(CannotInvent, match=told):
        first_tries(type_name, constraint)


def test_a_type_that_goes_deeper_than_answers_are_read_is_refused_at_once() -> None:
    inner = {f"D{n}": ClassSchema(f"D{n}", (Field("d", ClassTy(f"D{n + 1}")),)) for n in range(300)}
    classes = {**inner, "D300": ClassSchema("D300", ())}
    with pytest.raises(CannotInvent, match="nested deeper than 200"):
        refuse_impossible(ClassTy("D0"), Schemas(classes))


@pytest.mark.parametrize(
    "constraint",
    [
        "this > 17 and this < 20",
        "10 <= this <= 12",
        "this in [3, 5]",
        "this == 1234567",
        "not (this < 900 or this > 903)",
    ],
)
def test_constraints_of_numbers_are_solved(constraint: str) -> None:
    assert first_tries("int", constraint) == []


@pytest.mark.parametrize(
    "constraint",
    [
        'this|regex_match("^[A-Z]{3}-\\d{4,6}$")',
        "this|length == 33",
        "this|length < 5",
        'this.startswith("INV-")',
        'this.endswith(".pdf") and this|length > 40',
        'this in ["red", "green"]',
    ],
)
def test_constraints_of_texts_are_solved(constraint: str) -> None:
    assert first_tries("string", constraint) == []


def first_tries(ty: str, constraint: str) -> list[str]:
    """What does not hold of the first answers of fifty seeds."""
    source = f"""
class Held {{
  value {ty} @assert(it, {{{{ {constraint} }}}})
}}
function Fn(x: string) -> Held {{
  client "openai/m"
  prompt #"{{{{ x }}}}"#
}}
"""
    compiled = bamlet.compile_sources({"a.baml": source})
    schemas, output = compiled.interface.schemas, compiled.interface.functions["Fn"].result
    bad = []
    for seed in range(50):
        text = written(invent(output, schemas, Dice(seed)), "json")
        parser = make_parser(output, schemas, compiled.space)
        parser.feed(text)
        try:
            parser.finish(strict=True)
        except Exception as failure:
            bad.append(f"{text}: {failure}")
    return bad


# --- how it is said


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("response_type", RESPONSE_TYPES)
def test_what_is_framed_is_read_back(response_type: str, streams: bool) -> None:
    text = '{"größe": "🙂 \\"x\\""}'
    assert set(RESPONSE_TYPES) == set(ACCUMULATORS)
    sent = framed(response_type, Said(pieces_of(text, 3), asked=9), streams=streams)
    completion = _read(response_type, sent, streams)
    assert completion.text == text
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (3, -(-len(text) // 4))
    assert completion.finish_reason in ("stop", None)
    if response_type != "openai-transcription":
        call = ToolCall("c1", "answer", '{"a":1}')
        sent = framed(response_type, Said(calls=(call,), finish="tool_calls"), streams=streams)
        (read,) = _read(response_type, sent, streams).tool_calls
        assert (read.name, json.loads(read.arguments)) == ("answer", {"a": 1})


def _read(response_type: str, sent: Any, streams: bool) -> Any:
    accumulator = ACCUMULATORS[response_type]()
    if not streams:
        return read_body(accumulator, sent.parts[0].decode())
    kind = sent.headers[0][1]
    decoder = decoder_for(kind, kind)
    for part in sent.parts:
        for event in decoder.feed(part):
            accumulator.feed(event)
    return accumulator.finish()


@pytest.mark.parametrize("provider", [*OPTIONS])
def test_every_provider_answers_offline(provider: str) -> None:
    expected, _ = asked()
    for streams in (True, False):
        value, report = asked(provider=provider, streams=streams)
        assert (value, report.losses) == (expected, ())


@pytest.mark.parametrize("mode", ["json_schema", "tool"])
def test_structured_answers_come_as_they_were_asked_for(mode: str) -> None:
    source = CLIENT.format(
        provider="openai", options=OPTIONS["openai"] + f"\n    output_mode {mode}"
    ) + ORDER.replace("-> Order", "-> Order[]")
    compiled = bamlet.compile_sources({"order.baml": source})
    with bamlet.Runtime(compiled, transport=OfflineTransport(7, pace=0), environ=ENVIRON) as rt:
        for orders in (rt.call("Extract", text="x"), rt.stream("Extract", text="x").final()):
            assert orders
            assert all(order.total > 0 for order in orders)


def test_a_client_of_the_program_may_ask_nobody() -> None:
    source = ORDER.replace("client Plain", 'client "offline/7"')
    with bamlet.Runtime(bamlet.compile_sources({"order.baml": source})) as rt:
        value = rt.call("Extract", text="x")
    assert bamlet.to_plain(value) == asked()[0]


def test_nobody_answers_what_is_no_question_to_a_model() -> None:
    transport = OfflineTransport()
    with pytest.raises(ConnectError, match="offline: nobody knows what GET http://example"):
        run_virtual(transport.open(Request("GET", "http://example.com"), connect_timeout=None))


# --- what goes wrong

FAILS: Mapping[str, type[bamlet.BamlError]] = {
    "cut@60%": bamlet.BamlClientError,
    "cut@after=2": bamlet.BamlClientError,
    "reset@20": bamlet.BamlClientError,
    "stall@40%": bamlet.BamlTimeoutError,
    "429/retry-after=2": bamlet.BamlClientHttpError,
    "status=500": bamlet.BamlClientHttpError,
    "401": bamlet.BamlClientHttpError,
    "html": bamlet.BamlClientError,
}
READS = [
    "ping",
    "prose",
    "fence",
    "twice",
    "malformed@50%",
    "slow-head=5s",
    "extra=note",
    "wrong-type=total",
    "missing=items[0].price",
    "event-garbage",
]
TOLD = ["refusal", "empty", "finish=length", "finish=content_filter"]


@pytest.mark.parametrize("provider", [*OPTIONS])
@pytest.mark.parametrize("fault", [*FAILS])
def test_t13_a_fault_of_the_wire_fails_the_attempt(fault: str, provider: str) -> None:
    with pytest.raises(FAILS[fault]):
        asked([fault], provider)


@pytest.mark.parametrize("provider", [*OPTIONS])
@pytest.mark.parametrize("fault", [*READS, *TOLD])
def test_t13_any_other_fault_ends_in_a_value_or_in_its_error(fault: str, provider: str) -> None:
    told: object
    try:
        told = set(asked([fault], provider)[0])
    except bamlet.BamlError as failure:
        told = type(failure)
    assert told in (
        {"id", "items", "total"},
        bamlet.BamlClientError,
        bamlet.BamlValidationError,
        bamlet.BamlClientFinishReasonError,
    )


def test_t13_every_kind_of_fault_is_tried_here() -> None:
    tried = {read_fault(spec).kind for spec in (*FAILS, *READS, *TOLD)} | {"any"}
    assert set(KINDS) <= tried


def test_a_spoilt_value_is_told_by_the_report() -> None:
    expected, _ = asked()
    value, report = asked(["missing=items[0].price"])
    assert (value["items"], report.losses[0].path) == (expected["items"][1:], "$.items[0]")


def test_t14_a_fault_of_the_first_attempt_shows_that_a_retry_helps() -> None:
    """On a virtual clock, without sleeping."""
    expected, _ = asked(client="Plain")
    with pytest.raises(bamlet.BamlClientHttpError):
        asked(["status=500"], client="Retried")
    value, _ = asked(["status=500x1"], client="Retried")
    assert value.keys() == expected.keys()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("refusall", "did you mean `refusal`"),
        ("cut@", "is no fault"),
        ("missing", "needs"),
        ("prose=x", "takes no"),
        ("finish=stop", "length or content_filter"),
        ("cut:2", "between 0 and 1"),
    ],
)
def test_a_fault_that_is_none(spec: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        OfflineTransport(faults=[spec])


def test_an_offline_stream_takes_its_time_on_the_clock_of_the_runtime() -> None:
    async def body() -> float:
        begun = asyncio.get_running_loop().time()
        async with bamlet.AsyncRuntime(program(), transport=OfflineTransport(7), environ=ENVIRON) as rt:
            await rt.stream("Extract", text="x").final()
        return asyncio.get_running_loop().time() - begun

    assert 1 < run_virtual(body()) < 60


def test_keys_need_not_be_set() -> None:
    source = ORDER.replace("client Plain", 'client "openai/gpt-4o-mini"')
    environ = offline_environment({})
    with bamlet.Runtime(
        bamlet.compile_sources({"o.baml": source}), transport=OfflineTransport(pace=0), environ=environ
    ) as rt:
        assert rt.call("Extract", text="x").total > 0


def test_in_python_keys_need_not_be_set_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OFFLINE_TEST_KEY", raising=False)
    source = """
    client<llm> C { provider openai, options { model m, api_key env.OFFLINE_TEST_KEY } }
    function F() -> string { client C, prompt #"x"# }
    """
    program = bamlet.compile_sources({"main.baml": source})
    with bamlet.Runtime(program, transport=OfflineTransport(pace=0)) as runtime:
        assert runtime.call("F")
    with (
        bamlet.Runtime(program, transport=OfflineTransport(pace=0), environ={}) as runtime,
        pytest.raises(bamlet.BamlError, match="OFFLINE_TEST_KEY"),
    ):
        runtime.call("F")
