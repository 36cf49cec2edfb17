"""The names of the native module `baml_py.baml_py`."""

from ..embed import AbortController as AbortController
from ..embed import Audio as BamlAudioPy
from ..embed import ClientRegistry as ClientRegistry
from ..embed import Collector as Collector
from ..embed import FunctionLog as FunctionLog
from ..embed import HTTPBody as HTTPBody
from ..embed import HTTPRequest as HTTPRequest
from ..embed import HTTPResponse as HTTPResponse
from ..embed import Image as BamlImagePy
from ..embed import LLMCall as LLMCall
from ..embed import LLMStreamCall as LLMStreamCall
from ..embed import Pdf as BamlPdfPy
from ..embed import SSEResponse as SSEResponse
from ..embed import StreamTiming as StreamTiming
from ..embed import Timing as Timing
from ..embed import Usage as Usage
from ..embed import Video as BamlVideoPy
from .errors import BamlAbortError as BamlAbortError
from .errors import BamlClientError as BamlClientError
from .errors import BamlError as BamlError
from .errors import BamlInvalidArgumentError as BamlInvalidArgumentError
from .logging import get_log_level as get_log_level
from .logging import set_log_json_mode as set_log_json_mode
from .logging import set_log_level as set_log_level
from .logging import set_log_max_chunk_length as set_log_max_chunk_length
from .runtime import BamlRuntime as BamlRuntime
from .runtime import FunctionResult as FunctionResult
from .runtime import FunctionResultStream as FunctionResultStream
from .runtime import SyncFunctionResultStream as SyncFunctionResultStream
from .runtime import TraceStats as TraceStats
from .runtime import get_version as get_version
from .runtime import invoke_runtime_cli as invoke_runtime_cli
from .type_builder import ClassBuilder as ClassBuilder
from .type_builder import ClassPropertyBuilder as ClassPropertyBuilder
from .type_builder import EnumBuilder as EnumBuilder
from .type_builder import EnumValueBuilder as EnumValueBuilder
from .type_builder import FieldType as FieldType
from .type_builder import TypeBuilder as TypeBuilder

__all__ = [
    "AbortController",
    "BamlAbortError",
    "BamlAudioPy",
    "BamlClientError",
    "BamlError",
    "BamlImagePy",
    "BamlInvalidArgumentError",
    "BamlPdfPy",
    "BamlRuntime",
    "BamlVideoPy",
    "ClassBuilder",
    "ClassPropertyBuilder",
    "ClientRegistry",
    "Collector",
    "EnumBuilder",
    "EnumValueBuilder",
    "FieldType",
    "FunctionLog",
    "FunctionResult",
    "FunctionResultStream",
    "HTTPBody",
    "HTTPRequest",
    "HTTPResponse",
    "LLMCall",
    "LLMStreamCall",
    "SSEResponse",
    "StreamTiming",
    "SyncFunctionResultStream",
    "Timing",
    "TraceStats",
    "TypeBuilder",
    "Usage",
    "get_log_level",
    "get_version",
    "invoke_runtime_cli",
    "set_log_json_mode",
    "set_log_level",
    "set_log_max_chunk_length",
]
