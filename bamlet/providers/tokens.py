"""Tokens that OAuth servers lend for some time. Pure."""

from __future__ import annotations

import json

from ..records import dataclass, field
from .client import ClientConfigError

USUAL_LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class Token:
    value: str = field(repr=False)
    lifetime_seconds: float


def read_token(client_name: str, body: bytes) -> Token:
    """Raises `ClientConfigError`, without showing what may be a secret."""
    try:
        answer = json.loads(body)
        return Token(str(answer["access_token"]), float(answer.get("expires_in", USUAL_LIFETIME)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ClientConfigError(f"client `{client_name}`: the token server answered without a token") from error
