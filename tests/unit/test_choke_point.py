"""What the program does not determine passes `invoke`: time that bounds, variables of clients, a replay's word.

Operations are counted by taking the place of `invoke`, which no program can.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.embed.cassettes import replay_transport
from bamlet.sysops.registry import invoke
from tests.support.scripted import LoopClock, ScriptedTransport, run_virtual, said, streamed

SOURCE = """
client<llm> A { provider openai-generic, options { base_url env.THE_URL, api_key env.THE_KEY, model A } }
client<llm> B { provider openai-generic, options { base_url "http://b", model B } }
client<llm> Both { provider fallback, options { strategy [A, B] } }
client<llm> Again { provider openai-generic, retry_policy Twice, options { base_url "http://a", model A } }
client<llm> Aws { provider aws-bedrock, options { model "anthropic.x-v1:0", region "eu-west-1" } }
client<llm> Google { provider vertex-ai, options { model "g", location "l", project_id "p" } }
retry_policy Twice { max_retries 2, strategy { type constant_delay, delay_ms 1 } }

function Ask(text: string) -> string { client A, prompt #"{{ text }}"# }
function AskBoth(text: string) -> string { client Both, prompt #"{{ text }}"# }
function AskAgain(text: string) -> string { client Again, prompt #"{{ text }}"# }
function AskAws(text: string) -> string { client Aws, prompt #"{{ text }}"# }
function AskGoogle(text: string) -> string { client Google, prompt #"{{ text }}"# }
function Slow() -> int { baml.sys.sleep(500); 1 }
function Hedge() -> int { baml.task.hedge([() => Slow(), () => Slow()], 100) }
function Limit() -> int { baml.task.timeout(200, () => Slow()) catch (e) { baml.errors.Timeout => -1 } }
function Caught() -> string { Ask("x") catch (e) { _ => "caught" } }
function Raced() -> string { baml.task.race([() => Ask("x"), () => Ask("y")]) catch (e) { _ => "caught" } }
function Hedged() -> string { baml.task.hedge([() => Ask("x"), () => Ask("y")], 0) catch (e) { _ => "caught" } }
function Settled() -> unknown { await baml.future.all_settled([spawn { Ask("x") }, spawn { Slow() }]) }
function Polled() -> bool { let asked = spawn { Ask("x") }; Slow(); asked.is_error() }
function Looked() -> unknown { let asked = spawn { Ask("x") }; Slow(); asked.state() }
function Unawaited() -> int { let asked = spawn { Ask("x") catch (e) { _ => "caught" } }; 1 }
"""
ENVIRON = {"THE_URL": "http://a", "THE_KEY": "a key that is long"}


class Counted:
    """A runtime on a virtual loop whose operations are listed, each with its arguments."""

    def __init__(self, replies: Mapping[str, Any], environ: Mapping[str, str] = ENVIRON) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        program = bamlet.compile_sources({"main.baml": SOURCE})
        self.runtime = bamlet.AsyncRuntime(
            program, transport=ScriptedTransport(replies), clock=LoopClock(), environ=environ
        )
        self.runtime._calls.invoke = self._listed

    def _listed(self, name: str, context: Any, *arguments: Any) -> Any:
        self.asked.append((name, arguments))
        return invoke(name, context, *arguments)

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [arguments for asked, arguments in self.asked if asked == name]


def test_every_wait_with_a_limit_is_an_operation() -> None:
    counted = Counted({"A": streamed("yes")})

    async def work() -> list[Any]:
        async with counted.runtime as rt:
            return [await rt.call("Hedge"), await rt.call("Limit"), await rt.stream("Ask", text="x").final()]

    assert run_virtual(work()) == [1, -1, "yes"]
    hedge, limit, *grace = [seconds for (seconds,) in counted.of("baml.sys.timer")]
    assert (hedge, limit) == (0.1, 0.2)
    assert all(0 < seconds <= 1 for seconds in grace)


def test_every_variable_that_a_client_reads_is_an_operation() -> None:
    counted = Counted({"A": said("yes")})

    async def work() -> Any:
        async with counted.runtime as rt:
            return await rt.call("Ask", text="x")

    assert run_virtual(work()) == "yes"
    assert {("THE_URL",), ("THE_KEY",)} <= set(counted.of("baml.llm.client_variable"))


AWS = ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED")


@pytest.mark.parametrize(("function", "variables"), [("AskAws", AWS), ("AskGoogle", ("CLOUDSDK_CONFIG",))])
def test_every_variable_that_a_lent_key_needs_is_an_operation(
    function: str, variables: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "application_default_credentials.json").write_text("[]")
    environ = {**dict.fromkeys(variables, str(tmp_path)), "AWS_EC2_METADATA_DISABLED": "true"}
    counted = Counted({}, environ)

    async def work() -> None:
        async with counted.runtime as rt:
            with pytest.raises(bamlet.BamlError, match="credentials"):
                await rt.call(function, text="x")

    run_virtual(work())
    assert {(name,) for name in variables} <= set(counted.of("baml.llm.client_variable"))


UNRECORDED = "Caught Raced Hedged AskBoth AskAgain Settled Polled Looked Unawaited".split()


@pytest.mark.parametrize("function", UNRECORDED)
def test_a_request_that_is_not_recorded_is_taken_by_no_catch(function: str, tmp_path: Any) -> None:
    cassette = tmp_path / "empty.jsonl"
    cassette.write_text("")
    program = bamlet.compile_sources({"main.baml": SOURCE})

    async def work() -> None:
        transport = replay_transport(cassette, 0)
        runtime = bamlet.AsyncRuntime(program, transport=transport, clock=LoopClock(), environ=ENVIRON)
        arguments = {"text": "x"} if function.startswith("Ask") else {}
        async with runtime as rt:
            with pytest.raises(bamlet.BamlInvalidArgumentError, match="not in the cassette"):
                await rt.call(function, arguments)
            assert rt.handles.open_count == 0

    run_virtual(work())
