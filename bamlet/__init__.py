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
    from .batch import MappedRow as MappedRow
    from .batch import MapReport as MapReport
    from .batch import amap as amap
    from .batch import map as map
    from .batch import map_file as map_file
    from .embed import AbortController as AbortController
    from .embed import AgentEvent as AgentEvent
    from .embed import AgentState as AgentState
    from .embed import AsyncRuntime as AsyncRuntime
    from .embed import AsyncStream as AsyncStream
    from .embed import Audio as Audio
    from .embed import BamlAbortError as BamlAbortError
    from .embed import BamlBudgetError as BamlBudgetError
    from .embed import BamlClientConnectionError as BamlClientConnectionError
    from .embed import BamlClientError as BamlClientError
    from .embed import BamlClientFinishReasonError as BamlClientFinishReasonError
    from .embed import BamlClientHttpError as BamlClientHttpError
    from .embed import BamlError as BamlError
    from .embed import BamlInvalidArgumentError as BamlInvalidArgumentError
    from .embed import BamlPaused as BamlPaused
    from .embed import BamlTimeoutError as BamlTimeoutError
    from .embed import BamlValidationError as BamlValidationError
    from .embed import Budget as Budget
    from .embed import CallContext as CallContext
    from .embed import Change as Change
    from .embed import ClientRegistry as ClientRegistry
    from .embed import Collector as Collector
    from .embed import CompileError as CompileError
    from .embed import Entry as Entry
    from .embed import FailedAttempt as FailedAttempt
    from .embed import FieldType as FieldType
    from .embed import FunctionLog as FunctionLog
    from .embed import HTTPBody as HTTPBody
    from .embed import HttpOptions as HttpOptions
    from .embed import HTTPRequest as HTTPRequest
    from .embed import HTTPResponse as HTTPResponse
    from .embed import Image as Image
    from .embed import Issue as Issue
    from .embed import LLMCall as LLMCall
    from .embed import LLMResponse as LLMResponse
    from .embed import LLMStreamCall as LLMStreamCall
    from .embed import MediaLimits as MediaLimits
    from .embed import OfflineTransport as OfflineTransport
    from .embed import Parsed as Parsed
    from .embed import Pdf as Pdf
    from .embed import Program as Program
    from .embed import Refuse as Refuse
    from .embed import Report as Report
    from .embed import Reset as Reset
    from .embed import Skeleton as Skeleton
    from .embed import Spent as Spent
    from .embed import SSEResponse as SSEResponse
    from .embed import StreamChunk as StreamChunk
    from .embed import StreamChunkType as StreamChunkType
    from .embed import StreamTiming as StreamTiming
    from .embed import Timeouts as Timeouts
    from .embed import Timing as Timing
    from .embed import ToolContext as ToolContext
    from .embed import TypeBuilder as TypeBuilder
    from .embed import UnhandledThrow as UnhandledThrow
    from .embed import Usage as Usage
    from .embed import Video as Video
    from .embed import compile_sources as compile_sources
    from .embed import load as load
    from .embed import to_plain as to_plain
    from .sync import Runtime as Runtime
    from .sync import Stream as Stream

__all__ = [
    "AbortController",
    "AgentEvent",
    "AgentState",
    "AsyncRuntime",
    "AsyncStream",
    "Audio",
    "BamlAbortError",
    "BamlBudgetError",
    "BamlClientConnectionError",
    "BamlClientError",
    "BamlClientFinishReasonError",
    "BamlClientHttpError",
    "BamlError",
    "BamlInvalidArgumentError",
    "BamlPaused",
    "BamlTimeoutError",
    "BamlValidationError",
    "Budget",
    "CallContext",
    "Change",
    "ClientRegistry",
    "Collector",
    "CompileError",
    "Entry",
    "FailedAttempt",
    "FieldType",
    "FunctionLog",
    "HTTPBody",
    "HTTPRequest",
    "HTTPResponse",
    "HttpOptions",
    "Image",
    "Issue",
    "LLMCall",
    "LLMResponse",
    "LLMStreamCall",
    "MapReport",
    "MappedRow",
    "MediaLimits",
    "OfflineTransport",
    "Parsed",
    "Pdf",
    "Program",
    "Refuse",
    "Report",
    "Reset",
    "Runtime",
    "SSEResponse",
    "Skeleton",
    "Spent",
    "Stream",
    "StreamChunk",
    "StreamChunkType",
    "StreamTiming",
    "Timeouts",
    "Timing",
    "ToolContext",
    "TypeBuilder",
    "UnhandledThrow",
    "Usage",
    "Video",
    "__version__",
    "amap",
    "compile_sources",
    "load",
    "map",
    "map_file",
    "to_plain",
]
_ROOMS = {
    **dict.fromkeys(("Runtime", "Stream"), ".sync"),
    **dict.fromkeys(("MapReport", "MappedRow", "amap", "map", "map_file"), ".batch"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .uncollected import uncollected

    with uncollected():
        return getattr(import_module(_ROOMS.get(name, ".embed"), __name__), name)


def __dir__() -> list[str]:
    """For completion and `help`, which see only what was used already."""
    return sorted({*globals(), *__all__})
