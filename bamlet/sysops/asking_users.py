"""Lines from the host's user: the operation behind `baml.io.input`."""

from __future__ import annotations

from .host import Context
from .host_failure import HostFailure, in_thread
from .registry import Failure, sysop


@sysop("baml.io.read_line", throws=("Io",))
async def read_line(context: Context, prompt: str | None) -> str:
    """In a thread of its own, for whoever answers takes his time."""
    ask = context.host.services.input
    if ask is None:
        return ""
    try:
        line = await in_thread(ask, prompt or "")
    except EOFError as failure:
        raise Failure("Io", str(failure) or "there is no more input") from failure
    except Exception as failure:
        raise HostFailure(failure) from failure
    return line or ""
