"""The logger `bamlet`: one record for each call of an LLM function, and nothing on the terminal unless asked.

It is INFO, also of a call that failed, for then the error speaks for itself; prompts and answers are DEBUG.
`BAML_LOG`, if it is set, puts a handler on standard error, for which `BAML_LOG_JSON`,
`BAML_LOG_MAX_MESSAGE_LENGTH` and `BAML_LOG_COLOR_MODE` are.
"""

from __future__ import annotations

import json
import logging
import os
from itertools import groupby
from typing import Any

from ..sysops.attempts import Attempt, Record
from ..sysops.console import is_terminal, to_standard_error

TRACE = 5
OFF = logging.CRITICAL + 10
LEVELS = {
    "off": OFF,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}
MAX_MESSAGE_LENGTH = 64_000  # characters of a record on standard error, unless it is said
_COLORS = {"ERROR": "\033[31m", "WARNING": "\033[33m", "INFO": "\033[32m", "DEBUG": "\033[36m"}
_RESET = "\033[0m"

logger = logging.getLogger("bamlet")
# A library does not print: without a handler of its own Python would show warnings.
logger.addHandler(logging.NullHandler())


class StandardErrorHandler(logging.Handler):
    """What `BAML_LOG` and `set_log_level` ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.as_json = False
        self.max_length: int | None = MAX_MESSAGE_LENGTH
        self.color_mode = "auto"

    def emit(self, record: logging.LogRecord) -> None:
        try:
            to_standard_error(self._line(record))
        except Exception:  # as every handler: a log that fails stops no program
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if self.max_length is not None and len(text) > self.max_length:
            text = f"{text[: self.max_length]}…"
        if self.as_json:
            fields = getattr(record, "baml", {})
            return json.dumps({"level": record.levelname.lower(), "message": text, **fields}, ensure_ascii=False)
        level = record.levelname
        if self._is_colored():
            level = f"{_COLORS.get(level, '')}{level}{_RESET}"
        return f"[BAML {level}] {text}"

    def _is_colored(self) -> bool:
        if self.color_mode == "auto":
            return is_terminal() and "NO_COLOR" not in os.environ
        return self.color_mode == "always"


def set_up_from_environment() -> None:
    """Called when a runtime is made; what is there already stays."""
    level = os.environ.get("BAML_LOG", "").strip().lower()
    if not level or _handler() is not None:
        return
    if level not in LEVELS:
        logger.warning("BAML_LOG is one of %s, not %r", ", ".join(LEVELS), level)
        return
    set_log_level(level)
    handler = _handler()
    assert handler is not None
    handler.as_json = os.environ.get("BAML_LOG_JSON", "").strip().lower() in ("1", "true")
    handler.color_mode = os.environ.get("BAML_LOG_COLOR_MODE", "auto").strip().lower()
    length = os.environ.get("BAML_LOG_MAX_MESSAGE_LENGTH", "").strip()
    if length.isdecimal():
        handler.max_length = int(length) or None


def set_log_level(level: str) -> None:
    """off, error, warn, info, debug or trace; records go to standard error from here on."""
    found = LEVELS.get(level.strip().lower())
    if found is None:
        raise ValueError(f"a log level is one of {', '.join(LEVELS)}, not {level!r}")
    logger.setLevel(found)
    if _handler() is None:
        logger.addHandler(StandardErrorHandler())


def get_log_level() -> str:
    """What is written on standard error; off if nothing was asked for."""
    if _handler() is None:
        return "OFF"
    return next((name.upper() for name, level in LEVELS.items() if level == logger.level), "OFF")


def set_log_json_mode(use_json: bool) -> None:
    _asked_handler().as_json = bool(use_json)


def set_log_max_message_length(length: int | None) -> None:
    """Longer records are cut; 0 and None are no limit."""
    _asked_handler().max_length = length or None


def _handler() -> StandardErrorHandler | None:
    return next((found for found in logger.handlers if isinstance(found, StandardErrorHandler)), None)


def _asked_handler() -> StandardErrorHandler:
    """Settings may come before a level: until then the handler gets nothing."""
    if (found := _handler()) is None:
        found = StandardErrorHandler()
        logger.addHandler(found)
        logger.setLevel(OFF)
    return found


# --- what calls write


def wants_prompts() -> bool:
    return logger.isEnabledFor(logging.DEBUG)


def write(record: Record, failure: BaseException | None) -> None:
    """Of a call that is over: a record for each LLM function that it called."""
    if not logger.isEnabledFor(logging.INFO):
        return
    for _, attempts in groupby(sorted(record.attempts, key=lambda a: a.run), key=lambda a: a.run):
        _write_run(list(attempts), failure)


def _write_run(attempts: list[Attempt], failure: BaseException | None) -> None:
    last = next((attempt for attempt in attempts if attempt.selected), attempts[-1])
    fields = _fields(last, attempts, failure)
    told = " ".join(f"{name}={value}" for name, value in fields.items() if name != "function")
    logger.info("%s %s", last.function_name, told, extra={"baml": fields})
    if wants_prompts():
        fields = {"function": last.function_name, "client": last.client_name}
        logger.debug("%s asked:\n%s", last.function_name, last.prompt, extra={"baml": fields})
        told = last.without_secrets(last.text or "")
        logger.debug("%s was told:\n%s", last.function_name, told, extra={"baml": fields})


def _fields(last: Attempt, attempts: list[Attempt], failure: BaseException | None) -> dict[str, Any]:
    usage = last.usage
    fields = {
        "function": last.function_name,
        "client": last.client_name,
        "model": last.model,
        "ms": round((attempts[-1].started - attempts[0].started + (attempts[-1].ended or 0)) * 1000),
        "input_tokens": usage.input_tokens if usage is not None else None,
        "output_tokens": usage.output_tokens if usage is not None else None,
        "stop": last.finish_reason,
        "attempts": len(attempts) if len(attempts) > 1 else None,
        "failed": None if last.selected else last.cause or type(failure).__name__,
    }
    return {name: value for name, value in fields.items() if value is not None}
