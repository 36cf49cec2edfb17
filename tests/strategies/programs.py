"""Legal `.baml` programs as text, for properties and fuzzing: every form of the grammar, with blanks, line breaks
and comments of all kinds between the tokens.

A strategy for a part of a program makes pieces: texts that must stay whole, each a token or a few that no comment
may separate. What goes between them is drawn separately and used in turn, which keeps drawing cheap and lets a
failing program shrink to plain blanks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, wraps
from itertools import chain, cycle, pairwise
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Pieces: TypeAlias = list[str]

DEPTH = 3  # of expressions, types and blocks inside each other


def programs(max_items: int = 4) -> SearchStrategy[str]:
    """Whole files. They parse; names need not mean anything."""
    return _in_file(_spaced(st.lists(_item(), max_size=max_items).map(_concat_lines)))


def items() -> SearchStrategy[str]:
    return _in_file(_spaced(_item()))


def expressions() -> SearchStrategy[str]:
    return _spaced(_expression(DEPTH))


def types() -> SearchStrategy[str]:
    return _spaced(_type(DEPTH))


def _rule(make: Callable[..., SearchStrategy[Pieces]]) -> Callable[..., SearchStrategy[Pieces]]:
    """A strategy made when it is drawn from, and once. Without this the rules, which contain each other, would be
    unfolded into a tree of millions of strategies."""
    made = cache(make)

    @st.composite
    def drawn(draw: st.DrawFn, *arguments: object) -> Pieces:
        return draw(made(*arguments))

    return wraps(make)(drawn)


# --- what stands between pieces

PLAIN_GAPS = ["", " ", "   ", "\n", "\n\n", "\n\n\n  ", "\t", "\r\n"]
COMMENT_GAPS = [
    " // note\n",
    ' // "a { quote\n',
    "\n// own line\n",
    "\n\n// apart\n\n",
    "\n/// doc\n",
    " /// trailing doc\n",
    " /* inline */ ",
    "/* tight */",
    " /* then */\n",
    "\n/* two\n     lines */ ",
    "\n/* one */ /* other */\n",
    " {// old //} ",
    "\n//// ruler\n",
]

_BLANK_FREE_AFTER = re.compile(r"[(\[{,;@]$|[\w)\]]\.$")
_BLANK_FREE_BEFORE = re.compile(r"[)\]},;]")
_WORD_THEN_OPENER = re.compile(r"[A-Za-z_)\]][0-9]*\x00[(\[.:<?|]")


def _spaced(parts: SearchStrategy[Pieces]) -> SearchStrategy[str]:
    gaps = st.one_of(
        st.lists(st.sampled_from(PLAIN_GAPS), min_size=1, max_size=8),
        st.lists(st.sampled_from([*PLAIN_GAPS, *COMMENT_GAPS]), min_size=1, max_size=16),
    )
    return st.builds(_space_out, parts, gaps)


def _in_file(text: SearchStrategy[str]) -> SearchStrategy[str]:
    """With a file's beginning and end."""
    start = ["", "", "\n", "\ufeff", "// head\n\n", "/// doc\n", "/* head */ ", "/* head */\n\n\n"]
    end = ["", "", "\n", " // end", "\n// end", "\n\n/* end */  "]
    return st.tuples(st.sampled_from(start), text, st.sampled_from(end)).map("".join)


def _space_out(pieces: Pieces, gaps: list[str]) -> str:
    text = pieces[:1]
    for gap, (left, right) in zip(cycle(gaps), pairwise(pieces), strict=False):
        is_apart = gap and not (left.endswith("/") and gap.startswith("/"))
        text += (gap if is_apart or _may_touch(left, right) else f" {gap}", right)
    return "".join(text)


def _may_touch(left: str, right: str) -> bool:
    return bool(
        _BLANK_FREE_AFTER.search(left)
        or _BLANK_FREE_BEFORE.match(right)
        or _WORD_THEN_OPENER.search(f"{left[-3:]}\x00{right[:1]}")
    )


def _concat(parts: Sequence[Pieces]) -> Pieces:
    return list(chain.from_iterable(parts))


def _concat_lines(parts: Sequence[Pieces]) -> Pieces:
    """Items: each begins a line."""
    return _concat([["\n" + first, *rest] for first, *rest in parts])


def _row(*parts: str | SearchStrategy[Pieces]) -> SearchStrategy[Pieces]:
    """Parts one after the other; a text is a piece."""
    return st.tuples(*(st.just([part]) if isinstance(part, str) else part for part in parts)).map(_concat)


def _maybe(part: SearchStrategy[Pieces]) -> SearchStrategy[Pieces]:
    return st.one_of(st.just([]), part)


def _word(*words: str) -> SearchStrategy[Pieces]:
    return st.sampled_from(words).map(lambda word: [word])


def _many(part: SearchStrategy[Pieces], least: int = 0, most: int = 3) -> SearchStrategy[Pieces]:
    return st.lists(part, min_size=least, max_size=most).map(_concat)


def _separated(
    part: SearchStrategy[Pieces], *, least: int = 0, most: int = 3, end: bool = True
) -> SearchStrategy[Pieces]:
    """Parts with commas between them, and perhaps one at the end."""

    def with_commas(drawn: tuple[list[Pieces], bool]) -> Pieces:
        parts, trailing = drawn
        pieces = _concat([[*part, ","] for part in parts])
        return pieces if trailing and end else pieces[:-1]

    return st.tuples(st.lists(part, min_size=least, max_size=most), st.booleans()).map(with_commas)


# --- words and literals

NAMES = _word("a", "b2", "value", "some_longer_name", "_x", "self", "prompt", "options", "type", "test")
UPPER = _word("A", "Invoice", "Line_2", "SomeQuiteLongNameForAType")
HYPHENED = _word("a", "my-key", "x-trace", "url", "class", "map", "temperature", "retry_policy")
STRINGS = _word(
    '""',
    '"s"',
    r'"a\n\"q\" \u{1f600} \q"',
    '"// no comment {"',
    '"two\nlines"',
    '"a rather long text, for lines to end"',
)
RAWS = _word('#""#', '#"one"#', '##"a "# b"##', '#"\n    {{ x }} // no\n\n      {% if y %}"#', '#"{ // }"#')
TEXTS = st.one_of(STRINGS, RAWS)
NUMBERS = _word("0", "7", "007", "1.5", "9223372036854775808", "12345.0")
JINJA = _word("{{ this > 0 }}", '{{ this|length > 1 and "}}" != this }}', "{{this}}", "{{ _.x\n  > 1 }}")


# --- types


@_rule
def _attribute(sign: str = "@") -> SearchStrategy[Pieces]:
    bare = _word("name", "two words", "a/b-c", "https://h", "'q'")
    argument = st.one_of(TEXTS, JINJA)
    arguments: SearchStrategy[list[str]] = st.one_of(
        st.just([]),
        bare.map(lambda words: [words[0] + "\n"]),
        st.tuples(bare, argument).map(lambda two: [two[0][0] + ",", *two[1]]),
        st.tuples(bare, argument).map(lambda two: [two[0][0] + "\n", *two[1], ","]),
        _separated(argument, least=1, most=2),
    )
    name = st.one_of(_word("alias", "check", "dynamic", "skip"), _row("stream", ".", _word("done", "not_null")))
    return _row(sign, name, _maybe(_row("(", arguments, ")")))


@_rule
def _type(depth: int, attributes: bool = True) -> SearchStrategy[Pieces]:
    member = _type_member(depth, attributes)
    return st.one_of(member, _row(member, "|", member), _row(member, "|", member, "|", member))


@_rule
def _type_member(depth: int, attributes: bool = True) -> SearchStrategy[Pieces]:
    atoms = [
        UPPER,
        _word("int", "string", "null", "true", "unknown"),
        _row("baml", ".", "http", ".", "Request"),
        TEXTS,
    ]
    atoms += [_row("-", _word("1", "2.5")), _word("3")]
    if depth > 0:
        inner = _type(depth - 1, attributes)
        plain = _type(depth - 1, attributes)
        atoms += [
            _row("map", "<", plain, ",", plain, ">"),
            _row("(", inner, ")"),
            _row("(", inner, ",", inner, _maybe(st.just([","])), ")"),
            _row("(", inner, ",", ")"),
            _row("(", _separated(_row("p", ":", inner), most=2), ")", "->", _type_member(depth - 1, False)),
        ]
    suffixes = _many(st.one_of(st.just(["?"]), st.just(["[", "]"])), most=2)
    return _row(st.one_of(atoms), suffixes, _many(_attribute(), most=2) if attributes else st.just([]))


# --- expressions


@_rule
def _expression(depth: int, starts_statement: bool = False) -> SearchStrategy[Pieces]:
    """A statement may begin with a block, but then goes on with nothing but `catch` and `.name`."""
    operand = _operand(depth)
    first = _operand(depth, starts_statement)
    operator = _word(*"+ - * / % == != < <= >= && || & | ^ <<".split())
    shift = st.just([">", ">"])
    return st.one_of(
        first,
        first,
        _row(first, operator, operand),
        _row(first, st.one_of(operator, shift), operand, operator, operand),
        _row(first, "instanceof", UPPER, _maybe(_row("&&", operand))),
    )


@_rule
def _operand(depth: int, starts_statement: bool = False) -> SearchStrategy[Pieces]:
    simple = st.one_of(NAMES, NAMES, NUMBERS, TEXTS, _word("true", "false", "null"), _row("a", ".", NAMES))
    if depth <= 0:
        return simple
    operands = [
        simple,
        _postfixed(depth - 1),
        _row(_word("-", "!", "~", "++", "--"), _operand(depth - 1)),
        _literal_with_parts(depth - 1),
        _row("(", "throw", _expression(depth - 1), ")"),
    ]
    return st.one_of(operands if starts_statement else [*operands, _block_like(depth - 1)])


@_rule
def _postfixed(depth: int) -> SearchStrategy[Pieces]:
    inner = _expression(depth)
    head = st.one_of(NAMES, _row("baml", ".", "llm", ".", NAMES), _row("(", inner, ")"))
    arguments = _row("(", _separated(inner), ")")
    call = st.one_of(arguments, arguments, _row(".", NAMES, arguments), _row("[", inner, "]"), _row(".", NAMES))
    generic = _row(NAMES, "<", _separated(_generic_type(), least=1, most=2, end=False), ">", arguments)
    return _row(st.one_of(_row(head, call), generic), _many(call, most=2), _maybe(_catch(depth)))


@_rule
def _generic_type() -> SearchStrategy[Pieces]:
    return st.one_of(
        UPPER, _row(UPPER, "[", "]"), _row("map", "<", "string", ",", UPPER, ">"), _row('"s"', "|", UPPER)
    )


@_rule
def _literal_with_parts(depth: int) -> SearchStrategy[Pieces]:
    inner = _expression(depth)
    key = _row(_word("a", "value", "if", "null", '"k"', '"two words"'), ":")
    field = st.one_of(_row(_word("a", "in", "test"), ":", inner), _row("...", NAMES))
    entries = st.lists(_row(key, inner), max_size=3)
    return st.one_of(
        _row("[", _separated(inner), "]"),
        _row(UPPER, "{", _separated(field), "}"),
        entries.map(lambda drawn: ["(", "{", *_concat([[*entry, ","] for entry in drawn]), "}", ")"]),
    )


@_rule
def _block_like(depth: int) -> SearchStrategy[Pieces]:
    inner = _expression(depth)
    block = _block(depth)
    chain = _many(_row("else", "if", "(", inner, ")", block), most=1)
    branches = _row("if", "(", inner, ")", block, chain, _maybe(_row("else", block)))
    matched = _row("match", "(", inner, _maybe(_row(":", UPPER)), ")", "{", _arms(depth), "}")
    return st.one_of(branches, matched)


@_rule
def _catch(depth: int) -> SearchStrategy[Pieces]:
    return _row(_word("catch", "catch_all"), _maybe(st.just(["(", "e", ")"])), "{", _arms(depth), "}")


@_rule
def _arms(depth: int) -> SearchStrategy[Pieces]:
    jump = st.one_of(_word("break", "continue"), _row(_word("return", "throw"), _word("1", "x")))
    body = st.one_of(
        _row(_block(depth), _maybe(st.just([","]))), _row(st.one_of(_expression(depth, True), jump), ",")
    )
    return _many(_row(_pattern(depth), _maybe(_row("if", NAMES)), "=>", body))


@_rule
def _pattern(depth: int) -> SearchStrategy[Pieces]:
    atom = st.one_of(
        _word("1", '"s"', "null", "_", "true", "int"),
        _row("-", "2"),
        _row("Mood", ".", "Happy"),
        _row("let", "r"),
    )
    binder = st.one_of(_row("r", ":", _type(0, False)), _row("let", "r", ":", UPPER))
    if depth > 0:
        atom = st.one_of(atom, _row("(", _pattern(depth - 1), ")"))
    return st.one_of(atom, _row(atom, "|", st.one_of(atom, binder)), binder)


# --- statements


@_rule
def _block(depth: int) -> SearchStrategy[Pieces]:
    tail = st.just([]) if depth <= 0 else _maybe(st.one_of(_expression(depth - 1, True), _block_like(depth - 1)))
    return _row("{", _maybe(st.just([";"])), _statements(depth), tail, "}")


@_rule
def _statements(depth: int) -> SearchStrategy[Pieces]:
    """Each ends in `;`, or in the brace of a block, or, where nothing can be mistaken, in nothing."""
    if depth <= 0:
        return _many(_row("x", ";"), most=1)
    inner = _expression(depth - 1)
    typed = _maybe(_row(":", _type(1, False)))
    let = _row(_maybe(st.just(["watch"])), "let", NAMES, typed, "=", inner)
    target = st.one_of(NAMES, _row("a", ".", "b"), _row("m", "[", inner, "]"))
    assign = _row(target, _word("=", "+=", "-=", "<<=", "|="), inner)
    closed = _row(
        st.one_of(
            let,
            assign,
            _expression(depth - 1, True),
            _row(_word("assert", "throw"), inner),
            _row("return", _maybe(inner)),
        ),
        ";",
    )
    looping = _row(st.one_of(_row("while", "(", inner, ")"), _loop_head(inner)), _block(depth - 1))
    standing = _row(_block_like(depth - 1), _maybe(_word(";")))
    before_let = _row(st.one_of(let, assign), let, ";")
    empty = _row("f", "(", ")", "{", "}")
    statement = st.one_of(
        closed, closed, looping, standing, before_let, empty, _row("{", "y", ";", "}"), st.just([";"])
    )
    return _many(statement)


def _loop_head(inner: SearchStrategy[Pieces]) -> SearchStrategy[Pieces]:
    start = _maybe(_row("let", "i", "=", inner))
    step = _maybe(_row("i", "+=", inner))
    return _row(
        "for",
        "(",
        st.one_of(_row(_maybe(st.just(["let"])), "x", "in", inner), _row(start, ";", _maybe(inner), ";", step)),
        ")",
    )


# --- configuration


BARE_VALUES = _word(
    "gpt-4o", "openai/gpt-4.1:latest", "env.KEY", "0.2", "two words", "https://h/a", ": odd", "true"
)
SLASHED_VALUES = _word("https://h/a//b", "a//b")  # in one line with braces the `//` would be a comment to some


def _ended(value: SearchStrategy[Pieces], *ends: str) -> SearchStrategy[Pieces]:
    """Text without quotes, and what it ends at: one piece."""
    return st.tuples(value, _word(*ends)).map(lambda two: [two[0][0] + two[1][0]])


@_rule
def _bare_value() -> SearchStrategy[Pieces]:
    line_ends = ("\n", "\n\n", " // note\n", ",\n", " /* c */\n")
    return st.one_of(_ended(BARE_VALUES, ",", *line_ends), _ended(SLASHED_VALUES, *line_ends))


@_rule
def _bracketed_value(depth: int) -> SearchStrategy[Pieces]:
    values = [STRINGS, RAWS]
    if depth > 0:
        element = st.one_of(_bare_value(), _bracketed_value(depth - 1))
        values += [_row("{", _config_entries(depth - 1), "}"), _row("[", _many(element), "]")]
    return _row(st.one_of(values), _maybe(_word(",")))


@_rule
def _config_entries(depth: int) -> SearchStrategy[Pieces]:
    """Text without quotes stands on the line of its key, as does the colon."""
    key = st.tuples(st.one_of(HYPHENED, _word('"quoted key"')), st.sampled_from(["", ":", " :"])).map(
        lambda two: [two[0][0] + two[1]]
    )
    with_text = st.tuples(key, _bare_value()).map(lambda two: [f"{two[0][0]} {two[1][0]}"])
    return _many(st.one_of(with_text, _row(key, _bracketed_value(depth))))


def _config(*members: SearchStrategy[Pieces]) -> SearchStrategy[Pieces]:
    member = st.one_of(_config_entries(2), *members)
    return _row("{", _many(member), "}")


# --- items


@_rule
def _item() -> SearchStrategy[Pieces]:
    return st.one_of(
        _class(),
        _enum(),
        _alias(),
        _function(),
        _llm_function(),
        _configured(),
        _test(),
        _template_string(),
        _row("let", "LIMIT", _maybe(_row(":", "int")), "=", "(", _expression(1), ")", _maybe(_word(";"))),
    )


@_rule
def _class() -> SearchStrategy[Pieces]:
    field = _row(NAMES, _maybe(_word(":")), _type(2), _maybe(_word(",")))
    method = _row("function", "size", "(", _maybe(st.just(["self"])), ")", "->", "int", _stub_or_block())
    block_attribute = _row(_attribute("@@"))
    member = st.one_of(field, field, method, block_attribute)
    return _row("class", _word("A", "Line_2"), "{", _many(member), "}")


@_rule
def _stub_or_block() -> SearchStrategy[Pieces]:
    return st.one_of(st.just(["{", "$sysop", "}"]), _block(2))


@_rule
def _enum() -> SearchStrategy[Pieces]:
    value = _row(UPPER, _many(_attribute(), most=2), _maybe(_word(",")))
    return _row("enum", "Mood", "{", _many(st.one_of(value, value, _attribute("@@"))), "}")


@_rule
def _alias() -> SearchStrategy[Pieces]:
    return _row("type", "Ids", "=", _type(2), _maybe(_word(";")))


@_rule
def _signature() -> SearchStrategy[Pieces]:
    param = st.one_of(_row(NAMES, ":", _type(1)), _row(NAMES, UPPER), _word("self"))
    result = _maybe(_row("->", _type(1)))
    throws = _maybe(_row("throws", _type(1, False)))
    return _row("function", _word("go", "Do_it"), "(", _separated(param), ")", result, throws)


@_rule
def _function() -> SearchStrategy[Pieces]:
    return _row(_signature(), st.one_of(_block(DEPTH), _stub_or_block()))


@_rule
def _llm_function() -> SearchStrategy[Pieces]:
    client = _word('client "openai/gpt-4o"', "client Fast\n", "client: Fast\n", "client openai/gpt-4o // c\n")
    prompt = st.one_of(_row("prompt", TEXTS), _word('prompt jinja#"{{ x }}"#'))
    return _row(_signature(), "{", st.one_of(_row(client, prompt), _row(prompt, client)), "}")


@_rule
def _configured() -> SearchStrategy[Pieces]:
    head = st.one_of(
        _row("client", "<", "llm", ">", UPPER),
        _row("client", "X"),
        _row("retry_policy", "Patient"),
        _row("generator", "target"),
    )
    return _row(head, _config())


@_rule
def _test() -> SearchStrategy[Pieces]:
    inner = st.one_of(
        _class(), _enum(), _row("dynamic", _class()), _row("type", "Ids", "=", UPPER, "[", "]", _maybe(_word(";")))
    )
    builder = _row("type_builder", "{", _many(inner), "}")
    head = _row("test", _word("T", '"named so"'), _maybe(st.just(["(", ")"])))
    return _row(head, _config(_attribute("@@"), builder))


@_rule
def _template_string() -> SearchStrategy[Pieces]:
    params = _maybe(_row("(", _separated(_row(NAMES, ":", _type(1))), ")"))
    return _row(_word("template_string", "string_template"), "Row", params, _maybe(_word("=")), TEXTS)
