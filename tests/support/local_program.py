"""A program whose clients talk to a server of the test: `BASE_URL` in the environment says which."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import bamlet
from tests.servers.loopback import LoopbackServer
from tests.servers.wiremock import WireMockServer
from tests.support.canary import KEY as KEY
from tests.support.scripted import LoopClock, ScriptedTransport

SOURCE = """
class Item {
  name string
  count int
}

retry_policy Twice {
  max_retries 1
  strategy {
    type constant_delay
    delay_ms 1
  }
}

retry_policy Often {
  max_retries 6
  strategy {
    type constant_delay
    delay_ms 1
  }
}

CLIENTS

function Say(text: string) -> string {
  client Local
  prompt #"{{ text }}"#
}

function Make(text: string) -> Item {
  client Local
  prompt #"{{ text }} {{ ctx.output_format }}"#
}

function List(text: string) -> Item[] {
  client Local
  prompt #"{{ text }} {{ ctx.output_format }}"#
}
"""

CLIENT = """
client<llm> {name} {{
  provider {provider}
  {more}
  options {{
    base_url env.BASE_URL
    api_key env.LOCAL_KEY
    model "{name}"
    http {{
      {limits}
    }}
  }}
}}
"""

CLIENTS = {
    "Local": {},
    "OpenAI": {"provider": "openai"},
    "Retried": {"more": "retry_policy Twice"},
    "Patient": {"more": "retry_policy Often"},
    "Connecting": {"limits": "connect_timeout_ms 30"},
    "FirstToken": {"limits": "time_to_first_token_timeout_ms 100"},
    "Idle": {"limits": "idle_timeout_ms 100"},
    "Request": {"limits": "request_timeout_ms 300"},
    "Total": {"limits": "total_timeout_ms 300"},
    "Unlimited": {
        "limits": "\n".join(
            f"{name}_timeout_ms 0" for name in ("connect", "time_to_first_token", "idle", "request", "total")
        )
    },
}


@cache
def program() -> bamlet.Program:
    clients = "".join(
        CLIENT.format(**{"name": name, "provider": "openai-generic", "more": "", "limits": "", **options})
        for name, options in CLIENTS.items()
    )
    return bamlet.compile_sources({"local.baml": SOURCE.replace("CLIENTS", clients)})


def environ(url: str) -> dict[str, str]:
    return {"BASE_URL": url, "LOCAL_KEY": KEY}


def at(server: LoopbackServer | WireMockServer, **options: Any) -> bamlet.AsyncRuntime:
    return bamlet.AsyncRuntime(program(), environ=environ(server.url), **options)


def blocking_at(server: LoopbackServer, **options: Any) -> bamlet.Runtime:
    return bamlet.Runtime(program(), environ=environ(server.url), **options)


def scripted(replies: Mapping[str, Any], **options: Any) -> tuple[bamlet.AsyncRuntime, ScriptedTransport]:
    """A runtime on a script and the time of a virtual loop."""
    transport = ScriptedTransport(replies)
    runtime = bamlet.AsyncRuntime(
        program(), transport=transport, clock=LoopClock(), environ=environ("http://scripted"), **options
    )
    return runtime, transport


def using(client: str) -> bamlet.CallContext:
    return bamlet.CallContext(client=client)


def items(count: int) -> list[dict[str, Any]]:
    return [{"name": f"item {n}", "count": n} for n in range(count)]


def in_pieces(value: Any, size: int = 4) -> Sequence[str]:
    text = json.dumps(value)
    return [text[start : start + size] for start in range(0, len(text), size)]
