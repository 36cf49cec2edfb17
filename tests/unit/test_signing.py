"""Signatures, against vectors that were worked by hand and against the makers' own libraries.

What is signed is bytes on the wire, which the language cannot see.
"""

from __future__ import annotations

import datetime as dt
import random
import string
from typing import Any
from unittest import mock

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from bamlet.wire.message import Request
from bamlet.wire.rs256 import KeyUnreadable, sign
from bamlet.wire.signing import AwsKey, Scope, signed

KEY = AwsKey("AKIDEXAMPLE", "wJalrXUtnFEMI/EXAMPLEKEY")
SCOPE = Scope("us-east-1", "bedrock", "20261121T020304Z")
URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-x-v1%3A0/converse-stream"
JSON = (("content-type", "application/json"),)
PKCS8 = serialization.PrivateFormat.PKCS8
PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL
NOT_ENCRYPTED = serialization.NoEncryption()


def authorization(request: Request) -> str:
    return dict(request.headers)["authorization"]


@pytest.mark.parametrize(
    ("key", "signature"),
    [
        (KEY, "7ce433e59d13da0c9d503712d9632358bcff632e96a3ea9bd17005918d85c678"),
        (
            AwsKey(KEY.access_key_id, KEY.secret_access_key, "TOKEN"),
            "0e15d67c9cd1306a5672f0ccd4e8b229bad833d708bac149212882a3e9dbd0a9",
        ),
    ],
    ids=["own", "lent"],
)
def test_a_signature_worked_by_hand(key: AwsKey, signature: str) -> None:
    request = signed(Request("POST", URL, JSON, b'{"messages":[]}'), key, SCOPE)
    assert authorization(request).endswith(f"Signature={signature}")
    assert "Credential=AKIDEXAMPLE/20261121/us-east-1/bedrock/aws4_request" in authorization(request)


def test_signatures_are_those_of_botocore() -> None:
    rng = random.Random(7)
    for _ in range(200):
        request, key, scope = random_request(rng)
        assert authorization(signed(request, key, scope)) == of_botocore(request, key, scope), request


def random_request(rng: random.Random) -> tuple[Request, AwsKey, Scope]:
    def text(characters: str, most: int) -> str:
        return "".join(rng.choices(characters, k=rng.randint(1, most)))

    model = "m" + text(string.ascii_letters + "-._", 9) + rng.choice(["", "%3A0", "%2Fx%2Fy", "~", "%20"])
    query = rng.choice(["", "?b=2&a=1", "?a=x%20y&a=b", "?flag="])
    headers = (*JSON, ("x-amz-one", f" {text(string.ascii_letters, 5)}  {text(string.digits, 5)} "))
    host = rng.choice(["h.amazonaws.com", "localhost:8080", "h.amazonaws.com:443"])
    request = Request(
        "POST",
        f"https://{host}/model/{model}/converse{query}",
        rng.choice([JSON, headers]),
        rng.randbytes(rng.randint(0, 99)),
    )
    key = AwsKey(text(string.ascii_uppercase, 9), text(string.printable.strip(), 40), rng.choice([None, "TOKEN"]))
    return request, key, Scope(rng.choice(["eu-west-1", "us-east-2"]), "bedrock", "20261121T020304Z")


def of_botocore(request: Request, key: AwsKey, scope: Scope) -> str:
    theirs = AWSRequest(request.method, request.url, dict(request.headers), request.body)
    moment = dt.datetime.strptime(scope.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    credentials = Credentials(key.access_key_id, key.secret_access_key, key.session_token)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=moment):
        SigV4Auth(credentials, scope.service, scope.region).add_auth(theirs)
    value: str = theirs.headers["Authorization"]
    return value


def test_no_repr_shows_a_key() -> None:
    assert "EXAMPLEKEY" not in repr(KEY)


# --- RS256


@pytest.fixture(scope="module")
def private_key() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any, form: Any, encryption: Any = NOT_ENCRYPTED) -> str:
    text: bytes = key.private_bytes(serialization.Encoding.PEM, form, encryption)
    return text.decode()


@pytest.mark.parametrize("form", [PKCS8, PKCS1], ids=["pkcs8", "pkcs1"])
def test_a_signature_of_a_service_account_is_verified_by_its_public_key(private_key: Any, form: Any) -> None:
    for message in (b"", b"header.claims", bytes(range(256))):
        signature = sign(pem(private_key, form), message)
        private_key.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "no private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----", "or it is damaged"),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", "or it is damaged"),
        (pem(ed25519.Ed25519PrivateKey.generate(), PKCS8), "no RSA key"),
        (
            pem(ed25519.Ed25519PrivateKey.generate(), PKCS8, serialization.BestAvailableEncryption(b"word")),
            "is encrypted",
        ),
    ],
    ids=["empty", "cut", "no base64", "another kind", "encrypted"],
)
def test_a_key_that_cannot_be_read(key: str, message: str) -> None:
    with pytest.raises(KeyUnreadable, match=message):
        sign(key, b"")
