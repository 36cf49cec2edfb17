"""What the environment says answers instead of a model: for programs that were written to ask one."""

from __future__ import annotations

import os
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


def _replayed(path: str) -> dict[str, Any]:
    from .cassettes import CassetteError, ReplayEnvironment, replay_transport

    try:
        return {"transport": replay_transport(path), "environ": ReplayEnvironment()}
    except (OSError, UnicodeDecodeError, CassetteError) as failure:
        raise BamlError(f"{REPLAY} names no cassette that can be played: {path}: {failure}") from failure


def _invented() -> dict[str, Any]:
    from .offline import OfflineTransport, offline_environment, offline_seed

    try:
        seed = offline_seed()
    except ValueError as mistake:
        raise BamlError(str(mistake)) from None
    return {"transport": OfflineTransport(seed or 0), "environ": offline_environment(None)}
