"""What is logged: BAML's `config`, which sets the logger `bamlet`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any


def set_log_level(level: str) -> None:
    _warn("set_log_level")
    _logs().set_log_level(level)


def get_log_level() -> str:
    level: str = _logs().get_log_level()
    return level


def set_log_json_mode(use_json: bool) -> None:
    _warn("set_log_json_mode")
    _logs().set_log_json_mode(use_json)


def set_log_max_message_length(length: int | None) -> None:
    _warn("set_log_max_message_length")
    _logs().set_log_max_message_length(length)


def set_log_max_chunk_length(length: int | None) -> None:
    _warn("set_log_max_chunk_length")
    _logs().set_log_max_message_length(length)


def reset_baml_env_vars(environment: Mapping[str, str]) -> None:
    """Does nothing: variables are read at each call."""
    _warn("reset_baml_env_vars", "os.environ, which is read at each call")


def _logs() -> Any:
    """Brings `logging`, which a client that only calls does without."""
    return import_module("bamlet.embed.logs")


def _warn(name: str, instead: str = "logging.getLogger('bamlet')") -> None:
    warnings.warn(f"{name} is not needed any more; use {instead}", DeprecationWarning, stacklevel=3)
