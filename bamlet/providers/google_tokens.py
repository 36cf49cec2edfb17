"""Google's credentials to the requests that get a token for them. Pure.

https://developers.google.com/identity/protocols/oauth2/service-account says how.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ..wire.message import Request
from ..wire.rs256 import CryptographyMissing, KeyUnreadable, sign
from .client import ClientConfigError

TOKEN_URL = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LIFETIME = 3600

METADATA_REQUEST = Request(
    "GET",
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
    (("metadata-flavor", "Google"),),
)


def token_request(client_name: str, credentials: Mapping[str, Any], epoch_seconds: int) -> Request:
    """The exchange of what a credentials file holds for a token. Raises `ClientConfigError`."""
    kind = credentials.get("type")
    match kind:
        case "service_account":
            fields = {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": _assertion(client_name, credentials, epoch_seconds),
            }
        case "authorized_user":
            names = ("client_id", "client_secret", "refresh_token")
            given = {name: _text(client_name, credentials, name) for name in names}
            fields = {"grant_type": "refresh_token", **given}
        case _:
            raise ClientConfigError(
                f"client `{client_name}`: credentials of the type {kind!r} are not known here; get a token"
                " yourself and give it as authorization_token"
            )
    form = (("content-type", "application/x-www-form-urlencoded"),)
    return Request("POST", _token_url(credentials), form, urlencode(fields).encode())


def _assertion(client_name: str, account: Mapping[str, Any], epoch_seconds: int) -> str:
    header = {"alg": "RS256", "typ": "JWT"}
    if key_id := account.get("private_key_id"):
        header["kid"] = str(key_id)
    claims = {
        "iss": _text(client_name, account, "client_email"),
        "scope": SCOPE,
        "aud": _token_url(account),
        "iat": epoch_seconds,
        "exp": epoch_seconds + LIFETIME,
    }
    signing_input = f"{_encoded(header)}.{_encoded(claims)}"
    try:
        signature = sign(_text(client_name, account, "private_key"), signing_input.encode())
    except CryptographyMissing as error:
        raise ClientConfigError(f"client `{client_name}`: a service account must sign, and {error}") from error
    except KeyUnreadable as error:
        raise ClientConfigError(f"client `{client_name}`: private_key of the credentials: {error}") from error
    return f"{signing_input}.{_base64(signature)}"


def _token_url(credentials: Mapping[str, Any]) -> str:
    given = credentials.get("token_uri")
    return given if isinstance(given, str) and given else TOKEN_URL


def _text(client_name: str, credentials: Mapping[str, Any], name: str) -> str:
    value = credentials.get(name)
    if not isinstance(value, str) or not value:
        raise ClientConfigError(f"client `{client_name}`: the credentials have no `{name}`")
    return value


def _encoded(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
