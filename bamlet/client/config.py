"""What is logged: the settings of BAML's `config`, on the logger `bamlet`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

_LEVELS = {"OFF": 60, "ERROR": 40, "WARN": 30, "INFO": 20, "DEBUG": 10, "TRACE": 5}


def set_log_level(level: str) -> None:
    _warn("set_log_level", "logging.getLogger('bamlet').setLevel")
    if level.upper() not in _LEVELS:
        raise ValueError(f"there is no level {level!r}, only {', '.join(_LEVELS)}")
    _logger().setLevel(_LEVELS[level.upper()])


def get_log_level() -> str:
    level: int = _logger().level or _LEVELS["OFF"]
    return min(_LEVELS, key=lambda name: abs(_LEVELS[name] - level))


def set_log_json_mode(on: bool) -> None:
    _warn("set_log_json_mode", "a formatter of logging")


def set_log_max_chunk_length(length: int) -> None:
    _warn("set_log_max_chunk_length", "a formatter of logging")


def set_log_max_message_length(length: int) -> None:
    _warn("set_log_max_message_length", "a formatter of logging")


def reset_baml_env_vars(environment: Mapping[str, str]) -> None:
    """Does nothing: variables are read at each call."""
    _warn("reset_baml_env_vars", "os.environ, which is read at each call")


def _logger() -> Any:
    import logging

    return logging.getLogger("bamlet")


def _warn(name: str, instead: str) -> None:
    warnings.warn(f"{name} is not needed any more; use {instead}", DeprecationWarning, stacklevel=3)
