"""Lines for the host: the operations behind `print` and `log`."""

from __future__ import annotations

from .host import Context
from .host_failure import HostFailure
from .registry import sysop


@sysop("baml.sys.print")
def print_(context: Context, text: str) -> None:
    try:
        context.host.services.print(text)
    except Exception as failure:
        raise HostFailure(failure) from failure


@sysop("log.write")
def write_log(context: Context, level: str, text: str) -> None:
    try:
        context.host.services.log(level, text)
    except Exception as failure:
        raise HostFailure(failure) from failure
