"""A pure-Python runtime for `.baml` files.

    import bamlet

    program = bamlet.load("baml_src")
    with bamlet.Runtime(program) as runtime:
        invoice = runtime.call("Extract", text=scan)

Importing this imports next to nothing; each name brings its module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .embed import AbortController as AbortController
    from .embed import AsyncRuntime as AsyncRuntime
    from .embed import AsyncStream as AsyncStream
    from .embed import BamlAbortError as BamlAbortError
    from .embed import BamlClientError as BamlClientError
    from .embed import BamlClientFinishReasonError as BamlClientFinishReasonError
    from .embed import BamlClientHttpError as BamlClientHttpError
    from .embed import BamlError as BamlError
    from .embed import BamlInvalidArgumentError as BamlInvalidArgumentError
    from .embed import BamlTimeoutError as BamlTimeoutError
    from .embed import BamlValidationError as BamlValidationError
    from .embed import CallContext as CallContext
    from .embed import CompileError as CompileError
    from .embed import HTTPRequest as HTTPRequest
    from .embed import Program as Program
    from .embed import UnhandledThrow as UnhandledThrow
    from .embed import compile_sources as compile_sources
    from .embed import load as load
    from .embed import to_plain as to_plain
    from .sync import Runtime as Runtime
    from .sync import Stream as Stream

_FROM_EMBED = (
    "AbortController",
    "AsyncRuntime",
    "AsyncStream",
    "BamlAbortError",
    "BamlClientError",
    "BamlClientFinishReasonError",
    "BamlClientHttpError",
    "BamlError",
    "BamlInvalidArgumentError",
    "BamlTimeoutError",
    "BamlValidationError",
    "CallContext",
    "CompileError",
    "HTTPRequest",
    "Program",
    "UnhandledThrow",
    "compile_sources",
    "load",
    "to_plain",
)
_FROM_SYNC = ("Runtime", "Stream")

__all__ = ["__version__", *_FROM_EMBED, *_FROM_SYNC]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _FROM_EMBED:
        return getattr(import_module(".embed", __name__), name)
    if name in _FROM_SYNC:
        return getattr(import_module(".sync", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
