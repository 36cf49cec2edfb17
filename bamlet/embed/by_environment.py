"""What the environment says answers instead of a model: for programs that were written to ask one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .errors import BamlError

REPLAY = "BAMLET_REPLAY"
OFFLINE = "BAMLET_OFFLINE"


def answers_named_by_environment() -> dict[str, Any]:
    """What a runtime takes so that a cassette answers, or an offline model; nothing if neither is named."""
    path, seed = os.environ.get(REPLAY), os.environ.get(OFFLINE)
    if path and seed:
        raise BamlError(f"{OFFLINE} asks nobody, so there is nothing to replay; unset it, or {REPLAY}")
    if path:
        return _replayed(path)
    return _invented() if seed else {}


def offline_seed(environ: Mapping[str, str] | None = None) -> int | None:
    """What `BAMLET_OFFLINE` says; None if it says nothing. Raises `ValueError`."""
    text = (os.environ if environ is None else environ).get(OFFLINE, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{OFFLINE} is a seed, a whole number, not {text!r}") from None


def _replayed(path: str) -> dict[str, Any]:
    from .cassettes import CassetteError, ReplayEnvironment, replay_transport

    try:
        return {"transport": replay_transport(path), "environ": ReplayEnvironment()}
    except (OSError, UnicodeDecodeError, CassetteError) as failure:
        raise BamlError(f"{REPLAY} names no cassette that can be played: {path}: {failure}") from failure


def _invented() -> dict[str, Any]:
    from .offline import OfflineTransport, offline_environment

    try:
        seed = offline_seed()
    except ValueError as mistake:
        raise BamlError(str(mistake)) from None
    return {"transport": OfflineTransport(seed or 0), "environ": offline_environment(None)}
