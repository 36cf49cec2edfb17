"""What the parser hands on beside trees: doc comments, names of broken items, the ranges of items.

Python, since a program cannot see the comments around it, and no program comes of a broken item.
"""

from __future__ import annotations

import time

import pytest

from bamlet.grammar import Parsed, Parser
from bamlet.grammar import nodes as n
from bamlet.grammar.split import split
from bamlet.source import SourceFile

PARSER = Parser()


def parse(text: str) -> Parsed:
    return PARSER.parse(SourceFile("main.baml", text))


def ranges(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in split(text)]


def test_doc_comments_belong_to_what_follows() -> None:
    (placed,) = parse(
        "// no doc\n/// A person.\n/// Somebody.\nclass Person {\n"
        "  /// As called.\n  name string\n  age int\n"
        "  /// Older by one.\n  function older(self) -> int { self.age + 1 }\n}\n"
    ).items
    person = placed.node
    assert isinstance(person, n.ClassDecl)
    assert person.doc == "A person.\nSomebody."
    assert [field.doc for field in person.fields] == ["As called.", None]
    assert [method.doc for method in person.methods] == ["Older by one."]


@pytest.mark.parametrize(
    "item",
    [
        "enum Mood { A }",
        "type Id = int",
        "function F() -> int { 1 }",
        "client<llm> C { provider openai }",
        "retry_policy P { max_retries 1 }",
        "generator G { output_type go }",
        "test T { functions [F] }",
        'template_string S "x"',
        "let X = 1",
    ],
)
def test_every_kind_of_item_has_a_doc_comment(item: str) -> None:
    (placed,) = parse(f"/// Why.\n{item}").items
    assert placed.node.doc == "Why."


def test_enum_values_have_doc_comments() -> None:
    (placed,) = parse("enum Mood {\n  /// Good.\n  Happy, /// Bad.\n  Sad\n}").items
    assert isinstance(placed.node, n.EnumDecl)
    assert [value.doc for value in placed.node.values] == ["Good.", "Bad."]


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("class Person { name string = }", ("Person",)),
        ("/// doc\nclient<llm> my-client { provider }", ("my-client",)),
        ("classs Person { }", ("Person",)),
        ("type /* so */ Id = int |", ("Id",)),
        ("class { }", ()),
        ("test T { functions }", ()),
        ("generator G { output_type }", ()),
        ("}", ()),
    ],
)
def test_broken_items_still_tell_their_names(text: str, broken: tuple[str, ...]) -> None:
    assert parse(text).broken == broken


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("class A {}\nenum B {}", ["class A {}", "enum B {}"]),
        ("// a\nclass A {}\n\n// b\nclass B {}", ["// a\nclass A {}", "// b\nclass B {}"]),
        ("class A {\n  x int\n\nclass B {}", ["class A {\n  x int", "class B {}"]),
        ("class A {} }\nclass B {}", ["class A {}", "}", "class B {}"]),
        ("type A = int\ntypo B = int\nlet c = 1", ["type A = int", "typo B = int", "let c = 1"]),
        ('let a = "x\nclass B { y int }\nlet c = "z"', ['let a = "x', "class B { y int }", 'let c = "z"']),
        ('let a = #"x\nclass B {}\nlet c = #"z"#', ['let a = #"x', "class B {}", 'let c = #"z"#']),
        ('let a = #"\nlet me know {"#\nclass B {}', ['let a = #"\nlet me know {"#', "class B {}"]),
        (
            'class A { x string\nlet p = #"\ntype in the text\n"#',
            ["class A { x string", 'let p = #"\ntype in the text\n"#'],
        ),
        ("class A {\n  type string\n  client int\n}", ["class A {\n  type string\n  client int\n}"]),
        ("// nothing\n", []),
        ("\ufeffclass A {}", ["\ufeffclass A {}"]),
    ],
)
def test_items_are_told_apart(text: str, items: list[str]) -> None:
    assert ranges(text) == items


@pytest.mark.parametrize(
    "piece",
    [
        '#"',
        '"',
        "{//",
        "/* ",
        "{",
        "}",
        "(",
        "class A {\n",
        "/// x\n",
        '#"\nclass A {\n',
        "@",
        "a @\n",
        "[\n",
        "{{",
    ],
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    began = time.process_time()
    parse(f"class A {{ {piece * 20_000}")
    parse(piece * 20_000)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("blank", ["\u2028", "\x1f", "\u00a0"])
def test_a_configuration_value_of_odd_blanks_alone_is_a_diagnostic(blank: str) -> None:
    parsed = parse(f'client<llm> A {{ provider openai, options {{ model {blank}"x" }} }}\n')
    assert [diagnostic.code.slug for diagnostic in parsed.diagnostics] == ["syntax"]
