"""One dialect a module: a prompt to a request, a response or its events to a completion. Pure, no I/O."""

from ..options.timeouts import Timeouts
from .accumulator import Accumulator, read_body, take_body
from .brackets import Brackets
from .chunks import ChunkType, StreamChunk
from .client import ClientConfigError, ClientOptions, ClientSpec, MissingEnv, MissingKey, WrongAddress
from .completion import Completion, FinishReason, ToolCall, Usage
from .errors import ProviderError, http_error, read_error_text
from .finish import finish_reason_is_allowed
from .registry import Dialect, dialect
from .request import without_key
from .roles import answered_in
from .spoken import SpokenCalls, said_in_words, spoken_calls
from .structured import mode_of
from .structured_answer import StructuredAccumulator
from .tools import are_spoken

__all__ = [
    "Accumulator",
    "Brackets",
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
    "SpokenCalls",
    "StreamChunk",
    "StructuredAccumulator",
    "Timeouts",
    "ToolCall",
    "Usage",
    "WrongAddress",
    "answered_in",
    "are_spoken",
    "dialect",
    "finish_reason_is_allowed",
    "http_error",
    "mode_of",
    "read_body",
    "read_error_text",
    "said_in_words",
    "spoken_calls",
    "take_body",
    "without_key",
]
