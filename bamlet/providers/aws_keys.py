"""Where AWS keys come from: profiles in files, and the answers of the servers that lend them. Pure."""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from datetime import datetime

from ..records import dataclass
from ..wire.message import Request
from ..wire.signing import AwsKey
from .client import ClientConfigError

INSTANCE = "http://169.254.169.254/latest"
CONTAINER = "http://169.254.170.2"
USUAL_LIFETIME = 900

SESSION_REQUEST = Request("PUT", f"{INSTANCE}/api/token", (("x-aws-ec2-metadata-token-ttl-seconds", "300"),))

_ELSEWHERE = {
    "sso_session": "signing in with SSO",
    "sso_start_url": "signing in with SSO",
    "role_arn": "taking a role on",
    "credential_process": "running a program",
}


@dataclass(frozen=True, slots=True)
class LentKey:
    """`expires` is in seconds since the epoch, None where nothing was said."""

    key: AwsKey
    expires: float | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What the files say under one name."""

    name: str
    settings: Mapping[str, str]

    @property
    def region(self) -> str | None:
        return self.settings.get("region")

    def key(self, client_name: str) -> AwsKey | None:
        """Raises `ClientConfigError` for a key that is got in a way that is not known here."""
        settings = self.settings
        if "aws_access_key_id" in settings and "aws_secret_access_key" in settings:
            return AwsKey(
                settings["aws_access_key_id"],
                settings["aws_secret_access_key"],
                settings.get("aws_session_token"),
            )
        for name, way in _ELSEWHERE.items():
            if name in settings:
                raise ClientConfigError(
                    f"client `{client_name}`: the AWS profile `{self.name}` gets its key by {way}, which is not"
                    " done here; run `aws configure export-credentials --format env` and set what it prints"
                )
        return None


def read_profile(name: str, credentials_file: str, config_file: str) -> Profile:
    """The texts of `~/.aws/credentials` and `~/.aws/config`; the former wins."""
    section = name if name == "default" else f"profile {name}"
    return Profile(name, {**_section(config_file, section), **_section(credentials_file, name)})


def container_request(environment: Mapping[str, str | None]) -> Request | None:
    """What a container asks for its key, if it is told whom to ask."""
    relative = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    url = f"{CONTAINER}{relative}" if relative else environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not url:
        return None
    token = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    return Request("GET", url, (("authorization", token),) if token else ())


def instance_request(session: str, role: str = "") -> Request:
    """What a virtual machine asks for its key; without a role, which role it has."""
    url = f"{INSTANCE}/meta-data/iam/security-credentials/{role}"
    return Request("GET", url, (("x-aws-ec2-metadata-token", session),))


def read_lent_key(client_name: str, body: bytes) -> LentKey:
    """Raises `ClientConfigError`, without showing what may be a secret."""
    try:
        answer = json.loads(body)
        key = AwsKey(str(answer["AccessKeyId"]), str(answer["SecretAccessKey"]), answer.get("Token"))
        expires = answer.get("Expiration")
        return LentKey(key, datetime.fromisoformat(expires).timestamp() if expires else None)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ClientConfigError(f"client `{client_name}`: the key server answered without an AWS key") from error


def _section(text: str, name: str) -> Mapping[str, str]:
    parser = configparser.RawConfigParser(strict=False, default_section="", allow_no_value=True)
    try:
        parser.read_string(text)
        return {key: value for key, value in parser.items(name) if value is not None}
    except configparser.Error:
        return {}
