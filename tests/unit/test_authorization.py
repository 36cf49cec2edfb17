"""Tokens that are lent and requests that are signed, against a server of the test.

A program cannot see its own keys, so this is Python.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from base64 import b64encode, urlsafe_b64decode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import bamlet
from bamlet.embed.cassettes import replay_transport
from bamlet.sysops.lent import Lent
from bamlet.wire.http import HttpTransport
from bamlet.wire.message import Request
from bamlet.wire.record import RecordingTransport
from bamlet.wire.signing import AwsKey, Scope, signed
from tests.servers.loopback import Answer, LoopbackServer, Received
from tests.support.provider_streams import CASES

pytestmark = pytest.mark.timeout(30)

PROGRAM = """
client<llm> Gemini {
  provider vertex-ai
  options { model "gemini-x", base_url env.BASE_URL, credentials env.CREDENTIALS }
}
client<llm> Claude {
  provider aws-bedrock
  options { model "anthropic.x-v1:0", region "eu-west-1", endpoint_url env.BASE_URL }
}
client<llm> Shared {
  provider aws-bedrock
  options { model "anthropic.x-v1:0", endpoint_url env.BASE_URL }
}
client<llm> Azure {
  provider azure-openai
  options {
    base_url env.BASE_URL
    authority_host env.BASE_URL
    tenant_id "ten"
    client_id "me"
    client_secret "a&b"
  }
}
function AskAzure(text: string) -> string { client Azure, prompt #"{{ text }}"# }
function Ask(text: string) -> string { client Gemini, prompt #"{{ text }}"# }
function Say(text: string) -> string { client Claude, prompt #"{{ text }}"# }
function SayShared(text: string) -> string { client Shared, prompt #"{{ text }}"# }
"""
JSON = (("content-type", "application/json"),)
FRAMES = (("content-type", "application/vnd.amazon.eventstream"),)
GEMINI = b'data: {"candidates":[{"content":{"parts":[{"text":"fine"}]},"finishReason":"STOP"}]}\r\n\r\n'
CONVERSED = b'{"output":{"message":{"role":"assistant","content":[{"text":"fine"}]}},"stopReason":"end_turn"}'
COMPLETED = b'{"choices":[{"message":{"content":"fine"},"finish_reason":"stop"}]}'
NOBODY = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    "AWS_CONFIG_FILE": "/nowhere",
    "CLOUDSDK_CONFIG": "/nowhere",
}


def token(value: str, seconds: int = 3600) -> Answer:
    body = json.dumps({"access_token": value, "expires_in": seconds, "token_type": "Bearer"})
    return Answer([body.encode()], headers=JSON)


@pytest.fixture(scope="module")
def private_key() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def account(private_key: Any, url: str) -> str:
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = private_key.private_bytes(serialization.Encoding.PEM, *form).decode()
    fields = {"client_email": "me@x", "private_key_id": "k1", "private_key": pem, "token_uri": f"{url}/token"}
    return json.dumps({"type": "service_account", "project_id": "p", **fields})


def runtime(server: LoopbackServer, **environment: str) -> bamlet.Runtime:
    program = bamlet.compile_sources({"main.baml": PROGRAM})
    return bamlet.Runtime(
        program, environ={**NOBODY, "BASE_URL": server.url, **environment}, lend_to=["127.0.0.1"]
    )


def test_a_service_account_gets_one_token_for_many_calls(loopback: LoopbackServer, private_key: Any) -> None:
    loopback.answer(token("tok"), Answer([GEMINI]), Answer([GEMINI]))
    with runtime(loopback, CREDENTIALS=account(private_key, loopback.url)) as rt:
        assert rt.stream("Ask", text="a").final() == "fine"
        assert rt.stream("Ask", text="b").final() == "fine"
    asked, first, second = loopback.requests
    assert (asked.path, asked.header("content-type")) == ("/token", "application/x-www-form-urlencoded")
    check_assertion(asked, private_key, f"{loopback.url}/token")
    assert first.header("authorization") == second.header("authorization") == "Bearer tok"
    assert first.path == "/gemini-x:streamGenerateContent?alt=sse"


def check_assertion(asked: Received, private_key: Any, audience: str) -> None:
    form = parse_qs(asked.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    head, claims, signature = form["assertion"][0].split(".")
    signed_bytes = f"{head}.{claims}".encode()
    private_key.public_key().verify(decoded(signature), signed_bytes, padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(decoded(head)) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    said = json.loads(decoded(claims))
    assert (said["iss"], said["aud"]) == ("me@x", audience)
    assert said["exp"] - said["iat"] == 3600


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_token_is_got_anew_before_its_end(loopback: LoopbackServer, private_key: Any) -> None:
    loopback.answer(token("one", 30), Answer([GEMINI]), token("two", 30), Answer([GEMINI]))
    with runtime(loopback, CREDENTIALS=account(private_key, loopback.url)) as rt:
        rt.stream("Ask", text="a").final()
        rt.stream("Ask", text="b").final()
    keys = [asked.header("authorization") for asked in loopback.requests if asked.path != "/token"]
    assert keys == ["Bearer one", "Bearer two"]


ASK_WITHOUT_CRYPTOGRAPHY = """
import json, sys

sys.modules["cryptography"] = None  # as if it were not installed

import bamlet

program, environment = json.load(sys.stdin)
program = bamlet.compile_sources({"main.baml": program})
with bamlet.Runtime(program, environ=environment, lend_to=["127.0.0.1"]) as runtime:
    try:
        runtime.call("Ask", text="a")
    except bamlet.BamlInvalidArgumentError as error:
        print(error)
"""


def test_without_cryptography_a_service_account_is_told_the_extra(
    loopback: LoopbackServer, private_key: Any
) -> None:
    environment = {**NOBODY, "BASE_URL": loopback.url, "CREDENTIALS": account(private_key, loopback.url)}
    told = subprocess.run(
        [sys.executable, "-c", ASK_WITHOUT_CRYPTOGRAPHY],
        input=json.dumps([PROGRAM, environment]),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=25,
        check=True,
    ).stdout
    assert "client `Gemini`: a service account must sign" in told
    assert "cryptography is not installed: pip install 'bamlet[vertex]'" in told
    assert loopback.requests == []


def test_what_is_lent_is_not_kept_under_a_private_key(loopback: LoopbackServer, private_key: Any) -> None:
    loopback.answer(token("tok"), Answer([GEMINI]), token("az"), Answer([COMPLETED], headers=JSON))
    given = account(private_key, loopback.url)
    with runtime(loopback, CREDENTIALS=given) as rt:
        rt.stream("Ask", text="a").final()
        rt.call("AskAzure", text="a")
        lent = [thing for thing in gc.get_objects() if isinstance(thing, Lent)]
        keys = repr([key for table in lent for key in table._kept])
    assert "google" in keys
    assert "PRIVATE KEY" not in keys
    assert "a%26b" not in keys


def test_a_refresh_token_of_a_file(loopback: LoopbackServer, tmp_path: Path) -> None:
    fields = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({**fields, "token_uri": f"{loopback.url}/token"}))
    loopback.answer(token("tok"), Answer([GEMINI]))
    with runtime(loopback, CREDENTIALS=str(file)) as rt:
        assert rt.stream("Ask", text="a").final() == "fine"
    form = parse_qs(loopback.requests[0].body.decode())
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], ["r"])


def test_a_token_server_that_refuses_is_named_and_nothing_is_sent(
    loopback: LoopbackServer, private_key: Any
) -> None:
    refusal = Answer([b'{"error":"invalid_grant","error_description":"no"}'], status=400, headers=JSON)
    loopback.answer(refusal)
    with (
        runtime(loopback, CREDENTIALS=account(private_key, loopback.url)) as rt,
        pytest.raises(bamlet.BamlInvalidArgumentError, match=r"/token answered with status 400: invalid_grant"),
    ):
        rt.call("Ask", text="a")
    assert len(loopback.requests) == 1


def test_an_identity_of_azure_gets_a_token(loopback: LoopbackServer) -> None:
    loopback.answer(token("tok"), *[Answer([COMPLETED], headers=JSON)] * 2)
    with runtime(loopback) as rt:
        assert rt.call("AskAzure", text="a") == rt.call("AskAzure", text="b") == "fine"
    asked, first, second = loopback.requests
    assert asked.path == "/ten/oauth2/v2.0/token"
    form = {name: value for name, (value,) in parse_qs(asked.body.decode()).items()}
    assert (form["grant_type"], form["client_id"], form["client_secret"]) == ("client_credentials", "me", "a&b")
    assert form["scope"] == "https://cognitiveservices.azure.com/.default"
    assert first.header("authorization") == second.header("authorization") == "Bearer tok"
    assert first.header("api-key") is None


# --- AWS

KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_SESSION_TOKEN": "TOKEN"}
FRAMED = next(case for case in CASES if case.id == "aws-bedrock-text_split_frames")


def test_a_stream_of_frames_is_asked_for_with_a_signature(loopback: LoopbackServer) -> None:
    loopback.answer(Answer([FRAMED.body[:50], FRAMED.body[50:]], headers=FRAMES))
    with runtime(loopback, **KEYS) as rt:
        assert rt.stream("Say", text="é").final() == "ab"
    (asked,) = loopback.requests
    assert asked.path == "/model/anthropic.x-v1%3A0/converse-stream"
    assert asked.header("accept") == "application/vnd.amazon.eventstream"
    check_signature(asked, loopback.url, AwsKey("AKID", "SECRET", "TOKEN"), "eu-west-1")


def check_signature(asked: Received, url: str, key: AwsKey, region: str) -> None:
    """Over what arrived: had anything been changed on the way, the signature would not fit."""
    time, content_type = asked.header("x-amz-date"), asked.header("content-type")
    assert time is not None
    assert content_type is not None
    again = Request("POST", f"{url}{asked.path}", (("content-type", content_type),), asked.body)
    expected = dict(signed(again, key, Scope(region, "bedrock", time)).headers)
    assert asked.header("authorization") == expected["authorization"]
    assert asked.header("x-amz-security-token") == key.session_token


def test_a_profile_gives_key_and_region(loopback: LoopbackServer, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = A\naws_secret_access_key = B%C\n")
    (tmp_path / "config").write_text("[profile work]\nregion = eu-north-1\n")
    loopback.answer(Answer([CONVERSED], headers=JSON))
    files = {"AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/credentials", "AWS_CONFIG_FILE": f"{tmp_path}/config"}
    with runtime(loopback, AWS_PROFILE="work", **files, AWS_REGION="eu-north-1") as rt:
        assert rt.call("SayShared", text="a") == "fine"
    check_signature(loopback.requests[0], loopback.url, AwsKey("A", "B%C"), "eu-north-1")


@pytest.mark.parametrize(
    ("setting", "way"),
    [("sso_session = s", "SSO"), ("role_arn = r", "taking a role on"), ("credential_process = p", "program")],
)
def test_a_profile_of_another_kind_says_what_to_do(
    loopback: LoopbackServer, tmp_path: Path, setting: str, way: str
) -> None:
    (tmp_path / "config").write_text(f"[default]\n{setting}\n")
    with (
        runtime(loopback, AWS_CONFIG_FILE=f"{tmp_path}/config") as rt,
        pytest.raises(bamlet.BamlInvalidArgumentError, match=rf"{way}.*export-credentials"),
    ):
        rt.call("Say", text="a")


def test_a_container_is_lent_a_key(loopback: LoopbackServer) -> None:
    lent = {"AccessKeyId": "A", "SecretAccessKey": "B", "Token": "T", "Expiration": "2099-01-01T00:00:00Z"}
    loopback.answer(Answer([json.dumps(lent).encode()], headers=JSON), *[Answer([CONVERSED], headers=JSON)] * 2)
    told = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{loopback.url}/key", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "me"}
    with runtime(loopback, **told) as rt:
        assert rt.call("Say", text="a") == rt.call("Say", text="b") == "fine"
    asked, first, second = loopback.requests
    assert (asked.path, asked.header("authorization")) == ("/key", "me")
    for sent in (first, second):
        check_signature(sent, loopback.url, AwsKey("A", "B", "T"), "eu-west-1")


def test_without_any_key_the_error_says_what_to_set(loopback: LoopbackServer) -> None:
    with (
        runtime(loopback) as rt,
        pytest.raises(bamlet.BamlClientError, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") as failed,
    ):
        rt.call("Say", text="a")
    assert (failed.value.kind, loopback.requests) == ("missing_key", [])


def test_looking_at_a_request_needs_no_credentials(loopback: LoopbackServer) -> None:
    for keys in ({}, KEYS):
        with runtime(loopback, **keys) as rt:
            request = rt.request("Say", text="a")
        assert request.headers == {"content-type": "application/json", "accept": "application/json"}
        assert request.body.json()["messages"][0]["content"] == [{"text": "a"}]


def test_a_request_that_is_looked_at_holds_its_token(loopback: LoopbackServer, private_key: Any) -> None:
    loopback.answer(token("tok"))
    with runtime(loopback, CREDENTIALS=account(private_key, loopback.url)) as rt:
        assert rt.request("Ask", text="a").headers["authorization"] == "Bearer tok"


# --- cassettes


def test_credentials_are_not_recorded_and_a_replay_needs_none(
    loopback: LoopbackServer, private_key: Any, tmp_path: Path
) -> None:
    lines: list[str] = []
    loopback.answer(token("tok-canary"), Answer([GEMINI]))
    environment = {**NOBODY, "BASE_URL": loopback.url, "CREDENTIALS": account(private_key, loopback.url)}
    program = bamlet.compile_sources({"main.baml": PROGRAM})
    transport = RecordingTransport(HttpTransport(), lines.append, clock=lambda: 0.0)
    with bamlet.Runtime(program, transport=transport, environ=environment, lend_to=["127.0.0.1"]) as rt:
        assert rt.stream("Ask", text="a").final() == "fine"
    assert len(lines) == 1
    assert "canary" not in lines[0]
    assert b64encode(b"canary").decode()[:6] not in lines[0]
    cassette = tmp_path / "ask.jsonl"
    cassette.write_text("".join(lines))
    replayed = replay_transport(cassette, speed=0)
    with bamlet.Runtime(program, transport=replayed, environ={**environment, "CREDENTIALS": "{}"}) as rt:
        assert rt.stream("Ask", text="a").final() == "fine"
