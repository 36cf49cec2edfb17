"""BAML's names for what is bamlet's: `from baml_py import Collector, Image, errors` and the like.

The package `baml_py` of `packages/baml-py` says the same names again; generated clients take them from here.
Classes live where their work is done, so `baml_py.Image` is `bamlet.Image`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..client import BamlStream as BamlStream
    from ..client import BamlSyncStream as BamlSyncStream
    from ..embed import AbortController as AbortController
    from ..embed import Audio as Audio
    from ..embed import ClientRegistry as ClientRegistry
    from ..embed import Collector as Collector
    from ..embed import FunctionLog as FunctionLog
    from ..embed import HTTPBody as HTTPBody
    from ..embed import HTTPRequest as HTTPRequest
    from ..embed import HTTPResponse as HTTPResponse
    from ..embed import Image as Image
    from ..embed import LLMCall as LLMCall
    from ..embed import LLMStreamCall as LLMStreamCall
    from ..embed import Pdf as Pdf
    from ..embed import SSEResponse as SSEResponse
    from ..embed import StreamTiming as StreamTiming
    from ..embed import Timing as Timing
    from ..embed import Usage as Usage
    from ..embed import Video as Video
    from .errors import BamlAbortError as BamlAbortError
    from .errors import BamlClientError as BamlClientError
    from .errors import BamlClientFinishReasonError as BamlClientFinishReasonError
    from .errors import BamlClientHttpError as BamlClientHttpError
    from .errors import BamlError as BamlError
    from .errors import BamlInvalidArgumentError as BamlInvalidArgumentError
    from .errors import BamlTimeoutError as BamlTimeoutError
    from .errors import BamlValidationError as BamlValidationError
    from .runtime import BamlRuntime as BamlRuntime
    from .runtime import FunctionResult as FunctionResult
    from .runtime import FunctionResultStream as FunctionResultStream
    from .runtime import TraceStats as TraceStats
    from .runtime import get_version as get_version
    from .runtime import invoke_runtime_cli as invoke_runtime_cli

MODULES = ("baml_py", "errors", "logging", "safe_import", "stream", "type_builder")

_HOMES = {
    "bamlet.embed": (
        *("AbortController", "Audio", "ClientRegistry", "Collector", "FunctionLog", "HTTPBody", "HTTPRequest"),
        *("HTTPResponse", "Image", "LLMCall", "LLMStreamCall", "Pdf", "SSEResponse", "StreamTiming", "Timing"),
        *("Usage", "Video"),
    ),
    "bamlet.client": ("BamlStream", "BamlSyncStream"),
    "bamlet.baml_py.errors": (
        *("BamlAbortError", "BamlClientError", "BamlClientFinishReasonError", "BamlClientHttpError", "BamlError"),
        *("BamlInvalidArgumentError", "BamlTimeoutError", "BamlValidationError"),
    ),
    "bamlet.baml_py.runtime": (
        *("BamlRuntime", "FunctionResult", "FunctionResultStream", "TraceStats"),
        *("get_version", "invoke_runtime_cli"),
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [name for names in _HOMES.values() for name in names]


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return import_module(f".{name}", __name__)
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES, *__all__})
