"""What is denied is denied on the way to a token, too, and what is lent goes to its provider.

A program must not see its own credentials, so this is Python.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bamlet
from bamlet.providers.lending import is_among, is_host_of
from bamlet.wire.message import Request
from tests.servers.loopback import Answer, LoopbackServer

pytestmark = pytest.mark.timeout(30)

JSON = (("content-type", "application/json"),)
GEMINI = Answer([b'{"candidates":[{"content":{"parts":[{"text":"fine"}]},"finishReason":"STOP"}]}'], headers=JSON)
TOKEN = Answer([b'{"access_token":"tok-canary","expires_in":3600}'], headers=JSON)
STRANGER = """
client<llm> Named { provider vertex-ai, options { base_url "URL", model "m", credentials "FILE" } }
client<llm> Usual { provider vertex-ai, options { base_url "URL", model "m" } }
client<llm> Bedrock { provider aws-bedrock, options { endpoint_url "URL", model "m", region "eu-west-1" } }
client<llm> Profile {
  provider aws-bedrock
  options { endpoint_url "URL", model "m", region "eu-west-1", profile "work" }
}
function AskNamed() -> string { client Named, prompt #"Hi"# }
function AskUsual() -> string { client Usual, prompt #"Hi"# }
function AskBedrock() -> string { client Bedrock, prompt #"Hi"# }
function AskProfile() -> string { client Profile, prompt #"Hi"# }
"""


@pytest.fixture
def home(tmp_path: Path, loopback: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who is signed in with the tools of Google and AWS."""
    fields = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
    text = json.dumps({**fields, "token_uri": f"{loopback.url}/token"})
    for path in (tmp_path / ".config/gcloud/application_default_credentials.json", tmp_path / "sa.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / ".aws").mkdir()
    keys = "aws_access_key_id = AKID\naws_secret_access_key = secret-canary\n"
    (tmp_path / ".aws/credentials").write_text(f"[default]\n{keys}[work]\n{keys}")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def program(home: Path, url: str) -> bamlet.Program:
    return bamlet.compile_sources(
        {"main.baml": STRANGER.replace("URL", url).replace("FILE", str(home / "sa.json"))}
    )


@pytest.mark.parametrize("function", ["AskNamed", "AskUsual", "AskBedrock", "AskProfile"])
@pytest.mark.parametrize("denied", [["fs", "env"], ["fs"]])
def test_a_program_without_files_gets_nothing_of_what_they_hold(
    home: Path, loopback: LoopbackServer, function: str, denied: list[Any]
) -> None:
    """Also where the host lends to that server: then files and environment are what it still denies."""
    environ = {"AWS_EC2_METADATA_DISABLED": "true"}
    rt = bamlet.Runtime(program(home, loopback.url), deny=denied, environ=environ, lend_to=["127.0.0.1"])
    # Without any file Google's credentials are those of the machine, which are of its environment.
    if (function, denied) == ("AskUsual", ["fs"]):
        rt = bamlet.Runtime(program(home, loopback.url), deny=denied, environ=environ, transport=NoMetadata())
    with rt, pytest.raises(bamlet.BamlError):
        rt.call(function)
    assert loopback.requests == []


class NoMetadata:
    """A machine that lends nothing."""

    async def open(self, request: Request, *, connect_timeout: float | None) -> Any:
        raise AssertionError(f"{request.url} is asked")

    async def aclose(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "group"), [("AskNamed", "fs"), ("AskProfile", "fs"), ("AskUsual", "env"), ("AskBedrock", "env")]
)
def test_what_is_denied_is_named(home: Path, loopback: LoopbackServer, function: str, group: str) -> None:
    found = program(home, loopback.url)
    with (
        bamlet.Runtime(found, deny=["fs", "env"], environ={}, lend_to=["127.0.0.1"]) as rt,
        pytest.raises(bamlet.BamlError, match=f"may not reach `{group}`"),
    ):
        rt.call(function)


@pytest.mark.parametrize("function", ["AskNamed", "AskUsual", "AskBedrock", "AskProfile"])
def test_a_token_or_a_signature_goes_to_no_stranger(home: Path, loopback: LoopbackServer, function: str) -> None:
    with (
        bamlet.Runtime(program(home, loopback.url), environ={}) as rt,
        pytest.raises(bamlet.BamlInvalidArgumentError, match=r"lent to hosts of the provider only.*lend_to"),
    ):
        rt.call(function)
    assert loopback.requests == []


TAKING = """
client<llm> Named {
  provider vertex-ai
  options { location "global", project_id "p", model "m", credentials "FILE" }
}
function Ask() -> string { client Named, prompt #"Hi"# }
function Take(url: string) -> string {
  let primitive = baml.llm.resolve_client("Named");
  let request = primitive.build_request(primitive.render_prompt("Ask", {}));
  let held = primitive.authorize(request).headers;
  let sent = baml.http.Request {
    method: "POST", url: url, headers: held, body: "{}", timeouts: null, client_name: null,
  };
  baml.http.send(sent) catch (e) { refused: baml.errors.InvalidArgument => { return refused.message; } };
  held["authorization"]
}
"""


def test_a_program_holds_no_token_that_it_could_send_on(home: Path, loopback: LoopbackServer) -> None:
    loopback.answer(TOKEN)
    found = bamlet.compile_sources({"main.baml": TAKING.replace("FILE", str(home / "sa.json"))})
    with bamlet.Runtime(found, environ={}) as rt:
        assert "lent to hosts of the provider only" in rt.call("Take", url=f"{loopback.url}/steal")
    assert [asked.path for asked in loopback.requests] == ["/token"]


def test_a_host_may_lend_to_more(home: Path, loopback: LoopbackServer) -> None:
    loopback.answer(TOKEN, GEMINI)
    here = loopback.url.removeprefix("http://")
    with bamlet.Runtime(program(home, loopback.url), environ={}, lend_to=[here]) as rt:
        assert rt.call("AskNamed") == "fine"
    assert loopback.requests[1].header("authorization") == "Bearer tok-canary"


@pytest.mark.parametrize(
    ("owner", "url", "allowed"),
    [
        ("google", "https://us-central1-aiplatform.googleapis.com/v1/x", True),
        ("google", "https://aiplatform.eu.rep.googleapis.com:443/x", True),
        ("google", "http://aiplatform.googleapis.com/x", False),
        ("google", "https://aiplatform.googleapis.com.example.com/", False),
        ("google", "https://example.com\\@aiplatform.googleapis.com/", False),
        ("google", "https://example.com#aiplatform.googleapis.com", False),
        ("google", "https://storage.googleapis.com/bucket", False),
        ("aws", "https://bedrock-runtime.us-gov-west-1.amazonaws.com/model", True),
        ("aws", "https://vpce-0a.bedrock-runtime.us-east-1.vpce.amazonaws.com/x", True),
        ("aws", "https://x.execute-api.us-east-1.amazonaws.com/", False),
        ("aws", "https://bedrock.s3.amazonaws.com/", False),
        ("azure", "https://mine.openai.azure.com/openai/deployments/d", True),
        ("azure", "https://mine.azurewebsites.net/", False),
    ],
)
def test_a_provider_is_known_by_its_own_hosts(owner: str, url: str, allowed: bool) -> None:
    assert is_host_of(owner, url) is allowed


def test_hosts_are_compared_whole() -> None:
    assert is_among({"gateway.example"}, "http://Gateway.example:8080/v1")
    assert is_among({"gateway.example:8080"}, "http://gateway.example:8080/v1")
    assert not is_among({"gateway.example:8080"}, "http://gateway.example/v1")
    assert not is_among({"gateway.example"}, "http://gateway.example@other.example/")
    assert not is_among({"gateway.example"}, "http://not-gateway.example/")
