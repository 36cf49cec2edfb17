"""Tokens, the patterns they are made of, and what the lexer says when it cannot go on."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

from ..diagnostics import Code, catalogue
from ..patterns import pattern


class Token:
    """What the parser reads. Attribute names are those that Lark looks at; `doc` holds `///` lines before it."""

    __slots__ = ("doc", "end", "start", "type", "value")

    # Lark copies these into its end token and its errors; ours are offsets only.
    line = column = end_line = end_column = None

    def __init__(self, type: str, value: str, start: int, end: int, doc: str | None = None) -> None:
        self.type = type
        self.value = value
        self.start = start
        self.end = end
        self.doc = doc

    @property
    def start_pos(self) -> int:
        return self.start

    @property
    def end_pos(self) -> int:
        return self.end

    def __repr__(self) -> str:
        return f"{self.type}({self.value!r})"


class LexError(Exception):
    """The text cannot be cut into tokens at this place."""

    def __init__(self, code: Code, start: int, end: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.start = start
        self.end = end
        self.message = message
        self.hint = hint


def unclosed_comment(trivia: str, offset: int = 0) -> LexError | None:
    """What to say of a block comment that goes on to the end of the text."""
    last = deque(COMMENT.finditer(trivia), maxlen=1)
    if not last or not last[0][0].startswith("/*") or (last[0][0].endswith("*/") and len(last[0][0]) > 3):
        return None
    start = offset + last[0].start()
    return LexError(catalogue.UNCLOSED, start, start + 2, "this comment is never closed", "close it with `*/`")


# Comments count as blanks everywhere but inside strings, templates and unquoted text. `{//` opens a block
# comment only when a `//}` follows; otherwise it is a brace and a line comment.
TRIVIA = pattern(r"(?:[ \t\r\n\f\ufeff]+|///?[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|\{//[\s\S]*?//\})+")
COMMENT = pattern(r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|\{//[\s\S]*?//\}")
DOC_LINE = pattern(r"///(?!/)[ \t]?([^\n]*)")
RAW = pattern(r'(#+)"([\s\S]*?)"\1(?!#)')
STRING = pattern(r'"((?:[^"\\]|\\[\s\S])*)"')
WORD = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
HYPHEN_WORD = pattern(r"[A-Za-z_][A-Za-z0-9_]*(?:-+[A-Za-z0-9_]+)*")
NUMBER = pattern(
    r"0[xX][0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*|0[oO][0-7]+(?:_[0-7]+)*|0[bB][01]+(?:_[01]+)*"
    r"|[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?"
)
# `2nd`, `0x1G`, `1.` and `.5`; but `1.to_string` may be.
NO_NUMBER = pattern(r"[0-9]+(?:\.[0-9]+)*[A-Za-z_][\w.]*|[0-9]+(?:\.[0-9]+)?\.(?![\w.])|(?<![\w)\]}\"])\.[0-9]+")


def is_float(number: str) -> bool:
    return "." in number or (number[:2].lower() != "0x" and "e" in number.lower())


def int_value(number: str) -> int:
    """Of digits, or of a number with `0x`, `0o` or `0b` before it."""
    base = {"0x": 16, "0o": 8, "0b": 2}.get(number[:2].lower(), 10)
    return int(number, base)


# Two braces inside would be the next constraint: this one is not closed.
JINJA = pattern(r"""\{\{((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^{}"']|\{(?!\{)|\}(?!\}))*)\}\}""")
# A language tag before a raw string was legal once; it is read and forgotten.
RAW_TAG = pattern(r'[A-Za-z]+(?=#+")')

UNQUOTED = pattern(r"""(?:(?![ \t]+(?://|/\*))[^#@{(\[<})\]>,';"`\r\n])+""")
# A template string that is called. Text without quotes holds no parentheses.
CONFIG_CALL = pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\(")
UNQUOTED_ARGUMENT = pattern(r'[^(){}",\r\n#]+')

OPERATOR = pattern(
    r"<<=|>>=|\.\.\.|\.\.|\?\.(?![0-9])|->|=>|==|!=|<=|>=|&&|\|\||<<|\+=|-=|\*=|/=|%=|&=|\|=|\^=|\+\+|--|@@|[-+*/%<>=!&|^~?:;,.(){}\[\]@]"
)

EXPR_KEYWORDS = {
    word: word.upper()
    for word in (
        "let if else for while in break continue return throw match catch catch_all assert watch instanceof "
        "true false null"
    ).split()
}

# Words that are keywords where nothing else can stand, and names everywhere else.
WORDS_OF_PLACE = frozenset("is throws test testset await spawn with defer catch_all_panics endif endfor".split())
TEST_FOLLOWS = pattern(r'[ \t]+(?:["`]|[A-Za-z_])')
IS_FOLLOWS = pattern(r'\s+["A-Za-z_0-9]')
AWAIT_FOLLOWS = pattern(r"[ \t]+[A-Za-z_0-9(\"`\[]")
SPAWN_FOLLOWS = pattern(r'\s*(?:[{"`]|with\b|(?!with\b)[A-Za-z_][\w.]*\s*(?:\{|with\b))')
# A brace that opens no fields of a class of that name.
DEFER_FOLLOWS = pattern(r"\s*\{(?!\s*(?:[A-Za-z_]\w*\s*:|\.\.\.))")
CATCH_FOLLOWS = pattern(r"\s*(?:\(\s*\w+\s*(?:,\s*\w+\s*)?\)\s*)?\{")
THROWS_FOLLOWS = pattern(r'\s+["(A-Za-z_]')
HOLE_ENDS = pattern(r"\s*\}")
DOT_FOLLOWS = pattern(r"\s*\.")
# What a function of a model can do beside being called: `Read$parse`, or `Read@parse`; or what is misspelt so.
COMPANION = pattern(r"[$@](?:parse|render_prompt|build_request|stream|spec)\b|\$[A-Za-z_]\w*(?=\()")

TEMPLATE_OPENER = pattern("`+")
TEMPLATE_MARK = pattern(r"\\[\s\S]|`+|\$\{")

TYPE_LIST_PIECE = pattern(rf'[\w.,|?\[\]]+|=(?![=>])|[<>]|"(?:[^"\\]|\\[\s\S])*"|{TRIVIA.pattern}')

# In every look ahead, comments count as blanks; atomic, or a long run of blanks would be cut in all possible ways.
_BLANK = f"(?>{TRIVIA.pattern})"
_DECLARED_NAME = pattern(
    rf"{_BLANK}?(?!(?:test|testset|generator|implements)\b)[A-Za-z_][\w-]*(?:\s*<[^>\n]*>)?{_BLANK}({HYPHEN_WORD.pattern})"
)
KEY_COLON = pattern(f"{_BLANK}?:")
NAME_FOLLOWS = pattern(f"{_BLANK}[A-Za-z_]")
# How a test begins that lists functions and arguments; any other is a body of statements. A key beside its value
# is no expression, so that a misspelt one is told as such.
LISTED_TEST = pattern(
    rf"(?:functions|args|type_builder){_BLANK}?(?![\w(.=])|@@"
    rf"|(?!(?:{'|'.join(EXPR_KEYWORDS)}|test|testset)\b)(?:[A-Za-z_][\w-]*|\"[^\"\n]*\")"
    rf"(?:{_BLANK}?:|[ \t]+(?!(?:is|instanceof|catch|catch_all|catch_all_panics)\b)[\w\"\[#])"
)
_TYPE_PARAMS = r"<[^<>(){}]*(?:<[^<>(){}]*>[^<>(){}]*)*>"
METHOD_FOLLOWS = pattern(rf"{_BLANK}[\w-]+{_BLANK}?(?:{_TYPE_PARAMS}{_BLANK}?)?\(")
# A field of that name has no brace behind its type.
IMPLEMENTS_FOLLOWS = pattern(rf"{_BLANK}[A-Za-z_][\w.]*{_BLANK}?(?:{_TYPE_PARAMS}{_BLANK}?)?\{{")
MAP_START = pattern(rf'(?:\}}|"(?:[^"\\]|\\[\s\S])*"{_BLANK}?:|[A-Za-z_][A-Za-z0-9_]*{_BLANK}?:)')
# `client catch …` and `client instanceof …` are expressions about a variable of that name.
LLM_CLIENT = pattern(
    r'client[ \t]*:?[ \t]+(?:"|#|(?!(?:catch|catch_all|catch_all_panics|instanceof)\b)[A-Za-z_])'
    r'|client[ \t]*:?[ \t]*["#]'
)
LLM_PROMPT = pattern(rf'prompt{_BLANK}?:?{_BLANK}?[A-Za-z]*(?:#+"|"|`)')

# A word and a string beside each other are no expression; of `raise "…"` the checker says what is meant.
LLM_MISSPELT = pattern(rf'(?!(?:{"|".join(EXPR_KEYWORDS)}|test|testset|raise)\b)[A-Za-z_]\w*:?[ \t]+#*"')

# What other languages write, where it can mean nothing in this one.
FOREIGN = pattern(
    r"(?P<let>(?:const|var)[ \t]+[A-Za-z_]\w*[ \t]*[=:][^=])"
    r"|(?P<new>new[ \t]+[A-Z]\w*[ \t]*[{(])"
    r"|(?P<elif>(?:elif|elsif|elseif)[ \t]*\([^\n]*\{)"
    r"|(?P<try>try[ \t]*\{)"
    r"|(?P<finally>finally[ \t]*\{)"
)
INSTEAD = {
    "let": "write `let`",
    "new": "take it away: a class and its fields in braces make a value",
    "elif": "write `else if`",
    "finally": "write `defer { … }` before what may fail: it is done when the block is left",
    "try": "write `catch` behind the expression that may throw: `f() catch (e) { … }`",
}

CLOSING = {"{": "}", "(": ")", "[": "]"}
PUNCTUATION = {
    "{": "LBRACE",
    "}": "RBRACE",
    "(": "LPAR",
    ")": "RPAR",
    "[": "LSQB",
    "]": "RSQB",
    "<": "LT",
    ">": "GT",
    "<=": "LE",
    ">=": "GE",
    "==": "EQEQ",
    "!=": "NE",
    "<<": "SHL",
    "&&": "AND",
    "||": "OR",
    "+": "PLUS",
    "-": "MINUS",
    "*": "STAR",
    "/": "SLASH",
    "%": "PERCENT",
    "&": "AMP",
    "|": "PIPE",
    "^": "CARET",
    "!": "BANG",
    "~": "TILDE",
    "?": "QUESTION",
    ":": "COLON",
    ";": "SEMI",
    ",": "COMMA",
    ".": "DOT",
    "?.": "QDOT",
    "..": "DOTDOT",
    "...": "ELLIPSIS",
    "->": "ARROW",
    "=>": "FAT_ARROW",
    "=": "EQUAL",
    "@": "AT",
    "@@": "ATAT",
    "++": "INCREMENT",
    "--": "DECREMENT",
    **dict.fromkeys(("+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="), "ASSIGN_OP"),
}

ITEM_KEYWORDS = {
    "class": "CLASS",
    "interface": "INTERFACE",
    "implements": "IMPLEMENTS",
    "enum": "ENUM",
    "type": "TYPE",
    "function": "FUNCTION",
    "client": "CLIENT",
    "retry_policy": "RETRY_POLICY",
    "generator": "GENERATOR",
    "test": "TEST",
    "testset": "TESTSET",
    "template_string": "TEMPLATE_STRING",
    "string_template": "TEMPLATE_STRING",
    "let": "LET",
    "dynamic": "DYNAMIC",
}

# Items whose body is a configuration.
CONFIGURED = frozenset({"client", "retry_policy", "generator", "test"})

# What `FOREIGN` begins with: looked at before it, for it is asked of every word.
FOREIGN_WORDS = frozenset({"const", "var", "new", "elif", "elsif", "elseif", "try", "finally"})

_ESCAPE = pattern(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([\s\S]))")
_SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "'": "'", '"': '"', "\\": "\\"}


def unescape(text: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """The value of a quoted string's inside. `more` are escapes beside the usual; others keep their backslash."""
    if "\\" not in text:
        return text
    value = _ESCAPE.sub(lambda match: _escape_value(match, more), text)
    # Two \\u halves of a pair make one character; a half alone cannot be encoded later.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _escape_value(match: re.Match[str], more: Mapping[str, str]) -> str:
    digits = match[1] or match[2] or match[3]
    if digits:
        number = int(digits, 16)
        return chr(number) if number <= 0x10FFFF else match[0]
    return more.get(match[4]) or _SIMPLE_ESCAPES.get(match[4], match[0])


def end_of_type_list(text: str, at: int) -> tuple[int, str] | None:
    """Where the `>` of the type list stands that begins here, and the character behind it. `f<T>(x)` is a generic
    call and `C<T> {` a constructor only with such a list; everything else is a comparison."""
    depth = 0
    while piece := TYPE_LIST_PIECE.match(text, at):
        at = piece.end()
        depth += {"<": 1, ">": -1}.get(piece[0], 0)
        if depth == 1 and piece[0] == "=":  # an argument by name, behind a comparison
            return None
        if depth == 0:
            blank = TRIVIA.match(text, at)
            behind = blank.end() if blank else at
            return at - 1, text[behind : behind + 1]
    return None


def declared_name(item: str) -> str | None:
    """The name that an item declares, told from its first words. Tests and generators declare none."""
    match = _DECLARED_NAME.match(item)
    return match[1] if match else None


def doc_lines(trivia: str) -> list[str]:
    """The texts of the `///` comments among blanks and comments. `////` is a ruler and no doc."""
    docs = (DOC_LINE.match(comment[0]) for comment in COMMENT.finditer(trivia))
    return [doc[1].rstrip() for doc in docs if doc]


def dedent(text: str) -> str:
    """The value of a raw string's inside: outer blank lines and the common indentation are taken off."""
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    # The first line counts like any other: text on the opening line is indented by nothing.
    cut = min(indents, default=0)
    return "\n".join(line[cut:] if line.strip() else "" for line in lines).rstrip()
