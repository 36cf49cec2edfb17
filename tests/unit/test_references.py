"""Definitions and references, as an editor asks for them. Python, since the language cannot ask about itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from bamlet.embed.project import Project

MAIN = """\
/// A line of an order.
class Line {
  name string
  /// how many
  quantity int
  function cost(self, price: float) -> float { self.quantity * price }
}

enum Mood { Happy, Sad }

type Lines = Line[]

let LIMIT = 3;

retry_policy Twice { max_retries 1 }
client<llm> Fast {
  provider openai
  retry_policy Twice
  options { model m }
}

function Extract(text: string) -> Line {
  client Fast
  prompt #"{{ text }}"#
}

function total(lines: Lines, mood: Mood) -> float {
  let sum = 0.0;
  for (let line in lines) {
    sum += line.cost(2.0);
  }
  let made = Line { name: "x", quantity: LIMIT };
  match (mood) {
    Mood.Happy => sum,
    Mood.Sad => total([made], Mood.Happy),
  }
}

test T {
  functions [total]
  args { lines [], mood Sad }
}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    path: Path = tmp_path_factory.mktemp("project") / "main.baml"
    path.write_text(MAIN, "utf-8")
    return Project(path), str(path)


def at(text: str, inside: str) -> int:
    """The place of `inside` in the first line that holds `text`."""
    start = MAIN.index(text)
    return start + text.index(inside)


@pytest.mark.parametrize(
    ("place", "name", "kind"),
    [
        (at("-> Line {", "Line"), "Line", "class"),
        (at("type Lines = Line[]", "Line[]"), "Line", "class"),
        (at("lines: Lines", "Lines"), "Lines", "type"),
        (at("mood: Mood", "Mood"), "Mood", "enum"),
        (at("Mood.Happy => sum", "Happy"), "Mood.Happy", "enum value"),
        (at("total([made]", "total"), "total", "function"),
        (at("[made], Mood.Happy", "Happy"), "Mood.Happy", "enum value"),
        (at("line.cost(2.0)", "cost"), "Line.cost", "method"),
        (at("line.cost(2.0)", "line"), "line", "variable"),
        (at("sum += line", "sum"), "sum", "variable"),
        (at("in lines)", "lines"), "lines", "parameter"),
        (at('made = Line { name: "x"', "name"), "Line.name", "field"),
        (at("quantity: LIMIT", "LIMIT"), "LIMIT", "constant"),
        (at("  client Fast", "Fast"), "Fast", "client"),
        (at("  retry_policy Twice", "Twice"), "Twice", "retry policy"),
        (at("functions [total]", "total"), "total", "function"),
        (at("class Line", "Line"), "Line", "class"),
    ],
)
def test_a_name_leads_to_its_definition(project: tuple[Project, str], place: int, name: str, kind: str) -> None:
    checked, path = project
    found = checked.symbols().definition_at(path, place)
    assert found is not None
    assert (found.name, found.kind) == (name, kind)


def test_a_definition_knows_its_references(project: tuple[Project, str]) -> None:
    symbols = project[0].symbols()
    spans = symbols.references_to(symbols.definitions["Mood.Happy"])
    assert [MAIN[span.start - 5 : span.end] for span in spans] == ["Mood.Happy", "Mood.Happy"]


def test_doc_comments_stand_with_the_definition(project: tuple[Project, str]) -> None:
    definitions = project[0].symbols().definitions
    assert definitions["Line"].doc == "A line of an order."
    assert definitions["Line.quantity"].doc == "how many"


def test_a_broken_program_still_has_symbols(tmp_path: Path) -> None:
    path = tmp_path / "main.baml"
    path.write_text("class A { b B }\nfunction f(a: A) -> int { a.nope }\nclass Broken {", "utf-8")
    symbols = Project(path).symbols()
    assert {"A", "f", "A.b"} <= symbols.definitions.keys()
    assert [reference.definition.name for reference in symbols.references] == ["A", "a"]


def test_names_of_namespaces_are_apart(tmp_path: Path) -> None:
    files = {
        "main.baml": "// bamlet: edition 2\nclass Item { name: string }",
        "ns_other/other.baml": "function F(item: root.shop.Item) -> int { item.price }",
        "ns_shop/shop.baml": "class Item { price: int }\nfunction Make() -> Item { Item { price: 1 } }",
    }
    for name, text in files.items():
        path = tmp_path / "baml_src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    found = Project(tmp_path / "baml_src").symbols()
    assert {"Item", "Item.name", "shop.Item", "shop.Item.price", "shop.Make"} <= set(found.definitions)
    meant = [reference.definition.name for reference in found.references]
    assert meant.count("shop.Item") == 3
    assert "Item" not in meant
