"""The embedding API: load a program, call its functions.

    program = load("baml_src")
    async with AsyncRuntime(program) as runtime:
        invoice = await runtime.call("Extract", text=scan)

A `Program` is immutable and may serve many runtimes. A runtime owns everything that must be closed. Names are
imported when they are first used: checking a program needs no event loop, and no HTTP.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..diagnostics import CompileError as CompileError
    from ..interpreter.program.link import Program as Program
    from ..interpreter.runtime.values import to_plain as to_plain
    from ..providers.chunks import LLMResponse as LLMResponse
    from ..providers.chunks import StreamChunk as StreamChunk
    from ..providers.chunks import StreamChunkType as StreamChunkType
    from ..sap import Entry as Entry
    from ..sap import Issue as Issue
    from ..sap import Parsed as Parsed
    from ..sap import Report as Report
    from ..sysops.agent_events import AgentEvent as AgentEvent
    from ..sysops.changes import Change as Change
    from ..sysops.host_function import Refuse as Refuse
    from ..sysops.host_function import ToolContext as ToolContext
    from ..sysops.spent import Spent as Spent
    from ..sysops.views import Skeleton as Skeleton
    from ..wire.message import HttpOptions as HttpOptions
    from .abort import AbortController as AbortController
    from .agents import AgentState as AgentState
    from .agents import BamlPaused as BamlPaused
    from .client_registry import ClientRegistry as ClientRegistry
    from .collector import Collector as Collector
    from .collector import FunctionLog as FunctionLog
    from .collector import LLMCall as LLMCall
    from .collector import LLMStreamCall as LLMStreamCall
    from .collector import SSEResponse as SSEResponse
    from .collector import StreamTiming as StreamTiming
    from .collector import Timing as Timing
    from .collector import Usage as Usage
    from .compiling import check_path as check_path
    from .compiling import check_sources as check_sources
    from .compiling import compile_sources as compile_sources
    from .compiling import load as load
    from .context import Budget as Budget
    from .context import CallContext as CallContext
    from .context import Timeouts as Timeouts
    from .errors import BamlAbortError as BamlAbortError
    from .errors import BamlBudgetError as BamlBudgetError
    from .errors import BamlClientConnectionError as BamlClientConnectionError
    from .errors import BamlClientError as BamlClientError
    from .errors import BamlClientFinishReasonError as BamlClientFinishReasonError
    from .errors import BamlClientHttpError as BamlClientHttpError
    from .errors import BamlError as BamlError
    from .errors import BamlInvalidArgumentError as BamlInvalidArgumentError
    from .errors import BamlTimeoutError as BamlTimeoutError
    from .errors import BamlValidationError as BamlValidationError
    from .errors import FailedAttempt as FailedAttempt
    from .errors import UnhandledThrow as UnhandledThrow
    from .media import Audio as Audio
    from .media import Image as Image
    from .media import Pdf as Pdf
    from .media import Video as Video
    from .offline import OfflineTransport as OfflineTransport
    from .request import HTTPBody as HTTPBody
    from .request import HTTPRequest as HTTPRequest
    from .request import HTTPResponse as HTTPResponse
    from .runtime import AsyncRuntime as AsyncRuntime
    from .runtime import MediaLimits as MediaLimits
    from .stream import AsyncStream as AsyncStream
    from .stream import Reset as Reset
    from .type_builder import FieldType as FieldType
    from .type_builder import TypeBuilder as TypeBuilder

_HOMES = {
    "bamlet.diagnostics": ("CompileError",),
    "bamlet.interpreter.program.link": ("Program",),
    "bamlet.providers.chunks": ("LLMResponse", "StreamChunk", "StreamChunkType"),
    "bamlet.sysops.agent_events": ("AgentEvent",),
    "bamlet.sysops.host_function": ("Refuse", "ToolContext"),
    "bamlet.sap": ("Entry", "Issue", "Parsed", "Report"),
    "bamlet.sysops.changes": ("Change",),
    "bamlet.sysops.spent": ("Spent",),
    "bamlet.sysops.views": ("Skeleton",),
    "bamlet.interpreter.runtime.values": ("to_plain",),
    "bamlet.wire.message": ("HttpOptions",),
    "bamlet.embed.abort": ("AbortController",),
    "bamlet.embed.agents": ("AgentState", "BamlPaused"),
    "bamlet.embed.client_registry": ("ClientRegistry",),
    "bamlet.embed.collector": (
        "Collector",
        "FunctionLog",
        "LLMCall",
        "LLMStreamCall",
        "SSEResponse",
        "StreamTiming",
        "Timing",
        "Usage",
    ),
    "bamlet.embed.context": ("Budget", "CallContext", "Timeouts"),
    "bamlet.embed.errors": (
        "BamlAbortError",
        "BamlBudgetError",
        "BamlClientConnectionError",
        "BamlClientError",
        "BamlClientFinishReasonError",
        "BamlClientHttpError",
        "BamlError",
        "BamlInvalidArgumentError",
        "BamlTimeoutError",
        "BamlValidationError",
        "FailedAttempt",
        "UnhandledThrow",
    ),
    "bamlet.embed.compiling": ("check_path", "check_sources", "compile_sources", "load"),
    "bamlet.embed.media": ("Audio", "Image", "Pdf", "Video"),
    "bamlet.embed.request": ("HTTPBody", "HTTPRequest", "HTTPResponse"),
    "bamlet.embed.offline": ("OfflineTransport",),
    "bamlet.embed.runtime": ("AsyncRuntime", "MediaLimits"),
    "bamlet.embed.stream": ("AsyncStream", "Reset"),
    "bamlet.embed.type_builder": ("FieldType", "TypeBuilder"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [name for names in _HOMES.values() for name in names]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
