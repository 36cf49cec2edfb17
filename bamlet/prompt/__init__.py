"""A prompt as data: template, arguments and types in; messages with roles, text and media out."""

from .answer_schema import ANSWER_NAME, AnswerSchema, StructuredAnswer, answer_schema
from .errors import PromptError
from .options import OutputFormatOptions
from .output_format import output_format
from .parts import Media, MediaKind, Message, Part, Prompt, Text
from .render import ClientInfo, TemplateString, render_prompt, render_text
from .values import ClassValue, EnumValue

__all__ = [
    "ANSWER_NAME",
    "AnswerSchema",
    "ClassValue",
    "ClientInfo",
    "EnumValue",
    "Media",
    "MediaKind",
    "Message",
    "OutputFormatOptions",
    "Part",
    "Prompt",
    "PromptError",
    "StructuredAnswer",
    "TemplateString",
    "Text",
    "answer_schema",
    "output_format",
    "render_prompt",
    "render_text",
]
