"""Files that hold credentials, where the tools of Google and AWS leave them. The door to them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..providers import Dialect
from .host import Host

if TYPE_CHECKING:
    from ..providers.aws_keys import Profile


def with_files(host: Host, found: Dialect, options: dict[str, object]) -> dict[str, object]:
    """The options with the contents of files that they name, and the region that an AWS profile says."""
    filled = dict(options)
    for name in found.files:
        value = filled.get(name)
        if isinstance(value, str) and not value.lstrip().startswith("{"):
            filled[name] = read_text(value) or value
    if found.authorization == "aws" and not filled.keys() & {"region", "endpoint_url"}:
        if region := aws_profile(host, filled.get("profile")).region:
            filled["region"] = region
    return filled


def aws_profile(host: Host, name: object) -> Profile:
    from ..providers.aws_keys import read_profile

    credentials = host.variable("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    config = host.variable("AWS_CONFIG_FILE") or "~/.aws/config"
    profile = name if isinstance(name, str) else "default"
    return read_profile(profile, read_text(credentials) or "", read_text(config) or "")


def google_default_credentials(host: Host) -> str | None:
    """What `gcloud auth application-default login` has written."""
    folder = host.variable("CLOUDSDK_CONFIG") or "~/.config/gcloud"
    return read_text(f"{folder}/application_default_credentials.json")


def read_text(path: str) -> str | None:
    """None for what is not there, or cannot be read as text."""
    try:
        return Path(path).expanduser().read_text("utf-8")
    except (OSError, ValueError, RuntimeError):
        return None
