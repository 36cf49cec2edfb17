"""The environment: the operations behind `env`, and the process's own variables."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..interpreter.runtime.failures import Panic
from .host import Context
from .registry import sysop


def process_environment() -> Mapping[str, str]:
    """Read when it is asked for, so that a change after loading counts."""
    return os.environ


@sysop("env.get", group="env")
def get(context: Context, name: str) -> str | None:
    return context.host.variable(name)


@sysop("baml.sys.argv")
def argv(context: Context) -> list[str]:
    return list(context.host.services.argv)


@sysop("env.get_or_panic", group="env")
def get_or_panic(context: Context, name: str) -> str:
    value = context.host.variable(name)
    if value is None:
        raise Panic(f"the environment variable {name} is not set", "MissingVariable")
    return value
