"""`.baml` for Pygments: enough of it to colour a page."""

from __future__ import annotations

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

__all__ = ["BamlLexer"]  # what Pygments looks for

_BLOCKS = (
    "class",
    "enum",
    "function",
    "client",
    "test",
    "testset",
    "retry_policy",
    "generator",
    "template_string",
)
_WORDS = (
    *(
        "let",
        "if",
        "else",
        "for",
        "in",
        "while",
        "match",
        "return",
        "break",
        "continue",
        "throw",
        "throws",
        "catch",
    ),
    *("type", "const", "interface", "implements", "defer", "spawn", "await", "assert", "is", "instanceof", "with"),
    *("prompt", "provider", "options", "args", "functions", "tools", "script", "self", "true", "false", "null"),
)
_TYPES = ("string", "int", "float", "bool", "image", "audio", "pdf", "video", "map", "unknown", "void", "never")


class BamlLexer(RegexLexer):
    name = "BAML"
    aliases = ["baml"]  # noqa: RUF012
    filenames = ["*.baml"]  # noqa: RUF012
    tokens = {  # noqa: RUF012
        "root": [
            (r"//[^\n]*", Comment.Single),
            (r'(#+)"(?s:.*?)"\1', String.Heredoc),
            (r'"(?:\\.|[^"\\])*"', String.Double),
            (r"`[^`]*`", String.Backtick),
            (rf"\b({'|'.join(_BLOCKS)})(<llm>)?(\s+)(\w+)", bygroups(Keyword, Text, Text, Name.Class)),
            (words((*_BLOCKS, *_WORDS), r"\b", r"\b"), Keyword),
            (words(_TYPES, r"\b", r"\b"), Keyword.Type),
            (r"@@?[\w.]+", Name.Decorator),
            (r"\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b", Number),
            (r"[\w$]+(?=\()", Name.Function),
            (r"[\w$]+", Name),
            (r"[-+*/%=<>!&|?]+", Operator),
            (r"[{}()\[\],.:;]", Punctuation),
            (r"\s+", Text),
        ]
    }
