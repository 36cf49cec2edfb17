"""One dialect a module: a prompt to a request, a response or its events to a completion. Pure, no I/O."""

from ..options import Timeouts
from .accumulator import Accumulator, read_body
from .chunks import ChunkType, StreamChunk
from .client import ClientConfigError, ClientOptions, ClientSpec, MissingEnv, MissingKey, WrongAddress
from .completion import Completion, FinishReason, ToolCall, Usage
from .errors import ProviderError, http_error, read_error_text
from .finish import finish_reason_is_allowed
from .registry import Dialect, dialect
from .request import without_key
from .roles import answered_in
from .structured import mode_of
from .structured_answer import StructuredAccumulator

__all__ = [
    "Accumulator",
    "ChunkType",
    "ClientConfigError",
    "ClientOptions",
    "ClientSpec",
    "Completion",
    "Dialect",
    "FinishReason",
    "MissingEnv",
    "MissingKey",
    "ProviderError",
    "StreamChunk",
    "StructuredAccumulator",
    "Timeouts",
    "ToolCall",
    "Usage",
    "WrongAddress",
    "answered_in",
    "dialect",
    "finish_reason_is_allowed",
    "http_error",
    "mode_of",
    "read_body",
    "read_error_text",
    "without_key",
]
