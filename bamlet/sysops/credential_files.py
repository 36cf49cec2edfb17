"""Files that hold credentials, where the tools of Google and AWS leave them. The door to them.

They are files like any other: a host that denies `fs` denies them. To name one is then a panic; those that are
only looked for are not there.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..bounded import bytes_of
from ..providers import Dialect
from .host import Context, Host, client_variable

if TYPE_CHECKING:
    from ..providers.aws_keys import Profile


def with_files(context: Context, found: Dialect, options: dict[str, object]) -> dict[str, object]:
    """The options with the contents of files that they name, and the region that an AWS profile says."""
    filled = dict(options)
    for name in found.files:
        value = filled.get(name)
        if isinstance(value, str) and not value.lstrip().startswith("{"):
            filled[name] = _read_named(context.host, value, name) or value
    if found.authorization == "aws" and not filled.keys() & {"region", "endpoint_url"}:
        if region := aws_profile(context, filled.get("profile")).region:
            filled["region"] = region
    return filled


def aws_profile(context: Context, name: object) -> Profile:
    from ..providers.aws_keys import read_profile

    credentials = client_variable(context, "AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    config = client_variable(context, "AWS_CONFIG_FILE") or "~/.aws/config"
    read, profile = (_read_usual, "default") if name is None else (partial(_read_named, what="profile"), str(name))
    return read_profile(profile, read(context.host, credentials) or "", read(context.host, config) or "")


def google_default_credentials(context: Context) -> str | None:
    """What `gcloud auth application-default login` has written."""
    folder = client_variable(context, "CLOUDSDK_CONFIG") or "~/.config/gcloud"
    return _read_usual(context.host, f"{folder}/application_default_credentials.json")


def _read_named(host: Host, path: str, what: str) -> str | None:
    host.services.check("fs", f"the file of {what}")
    return _read_text(path)


def _read_usual(host: Host, path: str) -> str | None:
    return None if "fs" in host.services.denied else _read_text(path)


def _read_text(path: str) -> str | None:
    """None for what is not there, or cannot be read as text."""
    try:
        return bytes_of(Path(path).expanduser()).decode()
    except (OSError, ValueError, RuntimeError):
        return None
