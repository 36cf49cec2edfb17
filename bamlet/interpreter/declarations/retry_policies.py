"""Retry policy blocks to plain data. What their strategy does not know is a warning, as programs have it."""

from __future__ import annotations

from typing import Literal

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...options.retry_policies import CAUSES, RETRIES, STATUS, STRATEGIES
from ..facts.interface import RetryPolicyInfo, Setting
from .blocks import Block, Shape
from .clients import run_on
from .settings import setting

_POLICY = Shape(
    "a retry policy",
    ("max_retries", "strategy", "on", "options"),
    catalogue.RETRY_PROPERTY,
    catalogue.RETRY_PROPERTY,
    {"max_retries": "max_retries 3"},
)


def read_retry_policy(block: Block, node: n.RetryPolicyDecl) -> RetryPolicyInfo | None:
    given = block.check(node.name, node.config.entries, _POLICY)
    strategy = _strategy(block, given.get("strategy"))
    causes = _causes(block, given["on"]) if "on" in given else None
    retries = setting(given["max_retries"].value) if "max_retries" in given else None
    if not isinstance(retries, int) or isinstance(retries, bool):
        if "max_retries" in given:
            message = "`max_retries` is a whole number"
            block.wrong(given["max_retries"].value, catalogue.RETRY_PROPERTY, message, "write `max_retries 3`")
        return None
    if strategy is None:
        return None
    kind, numbers = strategy
    return RetryPolicyInfo(
        node.name.name,
        max(0, retries),
        kind,
        int(numbers.get("delay_ms", RETRIES.delay_ms)),
        float(numbers.get("multiplier", RETRIES.multiplier)),
        int(numbers.get("max_delay_ms", RETRIES.max_delay_ms)),
        float(numbers.get("jitter", RETRIES.jitter)),
        causes,
    )


_Kind = Literal["constant_delay", "exponential_backoff"]


def _strategy(block: Block, entry: n.ConfigEntry | None) -> tuple[_Kind, dict[str, float]] | None:
    if entry is None:
        return "constant_delay", {}
    if not isinstance(entry.value, n.Config):
        hint = "write strategy { type constant_delay, delay_ms 200 }, for example"
        block.wrong(entry.value, catalogue.RETRY_PROPERTY, "a strategy is a block", hint)
        return None
    given = block.entries(entry.value.entries)
    kind_entry = given.pop("type", None)
    kind = _kind(block, kind_entry)
    if kind is None:
        return None
    numbers: dict[str, float] = {}
    for key, delay in given.items():
        value = setting(delay.value)
        if key not in STRATEGIES[kind]:
            hint = did_you_mean(key, STRATEGIES[kind]) or f"it may have {', '.join(STRATEGIES[kind])}"
            message = f"`{key}` has no effect on {kind}"
            block.wrong(delay.key, catalogue.IGNORED_OPTION, message, hint)
        elif key == "jitter" and not (_is_number(value) and value <= 1):  # type: ignore[operator]
            hint = "0.25 makes each wait up to a quarter shorter"
            message = "`jitter` is a number from 0 to 1"
            block.wrong(delay.value, catalogue.RETRY_PROPERTY, message, hint)
        elif _is_number(value):
            numbers[key] = value  # type: ignore[assignment]
        else:
            block.wrong(delay.value, catalogue.RETRY_PROPERTY, f"`{key}` is a number, and not negative")
    return kind, numbers


def _kind(block: Block, entry: n.ConfigEntry | None) -> _Kind | None:
    given = "constant_delay" if entry is None else str(setting(entry.value))
    if given == "constant_delay":
        return "constant_delay"
    if given == "exponential_backoff":
        return "exponential_backoff"
    assert entry is not None
    hint = (
        run_on(given, STRATEGIES)
        or did_you_mean(given, STRATEGIES)
        or f"strategies are {' and '.join(STRATEGIES)}"
    )
    block.wrong(entry.value, catalogue.RETRY_PROPERTY, f"no strategy is called `{given}`", hint)
    return None


def _is_number(value: Setting) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _causes(block: Block, entry: n.ConfigEntry) -> tuple[str, ...] | None:
    """What is retried, instead of everything that another try could help."""
    if not isinstance(entry.value, n.ConfigList) or not entry.value.items:
        is_list = isinstance(entry.value, n.ConfigList)
        message = "`on` lists what is retried, and lists nothing" if is_list else "`on` is a list"
        block.wrong(entry.value, catalogue.RETRY_PROPERTY, message, "write on [timeout, 429, 5xx], for example")
        return None
    causes: list[str] = []
    for item in entry.value.items:
        word = str(setting(item)) if isinstance(item, n.ConfigText) else None
        if word in CAUSES or (word is not None and STATUS.fullmatch(word)):
            causes.append(word)
            continue
        hint = did_you_mean(word or "", CAUSES) or f"causes are {', '.join(CAUSES)}, and statuses such as 429"
        message = f"no attempt fails with `{word}`" if word is not None else "a cause is a word or a status"
        block.wrong(item, catalogue.RETRY_PROPERTY, message, hint)
    return tuple(causes)
