"""A prompt as data: template, arguments and types in; messages with roles, text and media out."""

from .answer_schema import ANSWER_NAME, AnswerSchema, StructuredAnswer, answer_schema
from .errors import PromptError
from .options import OutputFormatOptions
from .output_format import output_format
from .parts import TOOL_ROLE, Media, MediaKind, Message, Part, Prompt, Text, ToolResult, ToolUse, Unread
from .render import ClientInfo, TemplateString, render_prompt, render_text
from .spoken import call_in_words, in_words
from .tools import Choice, Tool, ToolInput, Tools, tool_input
from .values import ClassValue, EnumValue, MessageValue

__all__ = [
    "ANSWER_NAME",
    "TOOL_ROLE",
    "AnswerSchema",
    "Choice",
    "ClassValue",
    "ClientInfo",
    "EnumValue",
    "Media",
    "MediaKind",
    "Message",
    "MessageValue",
    "OutputFormatOptions",
    "Part",
    "Prompt",
    "PromptError",
    "StructuredAnswer",
    "TemplateString",
    "Text",
    "Tool",
    "ToolInput",
    "ToolResult",
    "ToolUse",
    "Tools",
    "Unread",
    "answer_schema",
    "call_in_words",
    "in_words",
    "output_format",
    "render_prompt",
    "render_text",
    "tool_input",
]
