"""How a diagnostic is drawn. The spec shows it for programs; these are texts that nobody writes on purpose."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bamlet.diagnostics import Note, render, render_all
from bamlet.diagnostics.catalogue import DUPLICATE_NAME, PROMPT_NAME, SYNTAX, UNEXPECTED_END
from bamlet.diagnostics.cells import cells
from bamlet.diagnostics.render import COLOURED, Palette
from bamlet.source import SourceFile, Span


def frame(text: str, marked: str, name: str = "main.baml") -> list[str]:
    """The lines below the headline for a diagnostic at the first `marked` of `text`."""
    start = text.index(marked)
    return frame_of(Span(SourceFile(name, text), start, start + len(marked)))


def frame_of(span: Span) -> list[str]:
    return render(SYNTAX.at(span, "told")).split("\n")[1:]


def test_one_line() -> None:
    assert frame("let a = 1\nlet b = totl\n", "totl") == [
        " --> main.baml:2:9",
        "  |",
        "2 | let b = totl",
        "  |         ^^^^",
    ]


def test_lines_with_more_digits_move_the_gutter() -> None:
    assert frame("\n" * 99 + "let b = totl", "totl") == [
        "   --> main.baml:100:9",
        "    |",
        "100 | let b = totl",
        "    |         ^^^^",
    ]


def test_a_span_over_two_lines_marks_both() -> None:
    assert frame("f(a,\n  b) + 1", "f(a,\n  b)") == [
        " --> main.baml:1:1",
        "  |",
        "1 | f(a,",
        "  | ^^^^",
        "2 |   b) + 1",
        "  |   ^^",
    ]


def test_a_span_over_many_lines_marks_the_first_and_the_last() -> None:
    text = "\n" * 8 + "  match (x) {\n    1 => 2\n  }\n"
    assert frame(text, "match (x) {\n    1 => 2\n  }") == [
        "  --> main.baml:9:3",
        "   |",
        " 9 |   match (x) {",
        "   |   ^^^^^^^^^^^",
        "...",
        "11 |   }",
        "   |   ^",
    ]


def test_the_white_space_at_the_end_of_a_span_is_no_line_of_its_own() -> None:
    assert frame("let a\n\n\nlet b", "let a\n\n\n") == [" --> main.baml:1:1", "  |", "1 | let a", "  | ^^^^^"]


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_line_endings_are_not_drawn(ending: str) -> None:
    text = ending.join(["f(a,", "  b)", ""])
    assert frame(text, text.rstrip()) == frame("f(a,\n  b)\n", "f(a,\n  b)")


def test_the_end_of_the_file_has_a_caret_behind_the_text() -> None:
    text = "type A ="
    span = Span(SourceFile("main.baml", text), len(text), len(text))
    assert frame_of(span)[-2:] == ["1 | type A =", "  |         ^"]


def test_the_end_of_the_file_behind_a_line_break_is_an_empty_line() -> None:
    text = "type A =\n"
    span = Span(SourceFile("main.baml", text), len(text), len(text))
    assert frame_of(span) == [" --> main.baml:2:1", "  |", "2 |", "  | ^"]


def test_an_empty_file_can_be_pointed_into() -> None:
    assert frame_of(Span(SourceFile("main.baml", ""), 0, 0)) == [" --> main.baml:1:1", "  |", "1 |", "  | ^"]


def test_tabs_become_blanks_so_that_carets_stay_under_their_text() -> None:
    assert frame("\tlet a =\ttotl", "totl")[-2:] == ["1 |     let a =    totl", "  |                ^^^^"]


@pytest.mark.parametrize(
    ("before", "marked", "carets"),
    [
        ("名前 ", "値", "^^"),  # two cells each
        ("e\u0301 ", "e\u0301e", "^^"),  # a letter and an accent of its own share a cell
        ("🧾 ", "totl", "^^^^"),
        ("ｱ ", "totl", "^^^^"),  # half width
    ],
)
def test_carets_count_cells_not_characters(before: str, marked: str, carets: str) -> None:
    drawn = frame(before + marked, marked)
    assert drawn[-2] == f"1 | {before}{marked}"
    assert drawn[-1] == "  | " + " " * cells(before) + carets


@pytest.mark.parametrize("char", ["\x1b", "\x07", "\x0c", "\x85", "\u2028", "\u202e", "\u200b", "\ud800"])
def test_characters_that_would_move_the_rest_are_dots(char: str) -> None:
    drawn = frame(f'"{char}" totl', "totl")
    assert drawn[-2:] == ['1 | "·" totl', "  |     ^^^^"]
    message = render(SYNTAX.at(Span(SourceFile("main.baml", "x"), 0, 1), f"found `{char}`", hint=f"drop `{char}`"))
    assert char not in message
    assert message.count("`·`") == 2


def test_a_long_line_is_cut_around_what_is_marked() -> None:
    drawn = frame("a" * 500 + " totl " + "b" * 500, "totl")
    shown, carets = drawn[-2].removeprefix("1 | "), drawn[-1].removeprefix("  | ")
    assert (len(shown), shown[0], shown[-1]) == (160, "…", "…")
    assert shown[carets.index("^") : carets.index("^") + 4] == "totl"


def test_a_long_line_of_wide_characters_is_cut_by_cells() -> None:
    drawn = frame("名" * 500 + "totl" + "前" * 500, "totl")
    shown, carets = drawn[-2].removeprefix("1 | "), drawn[-1].removeprefix("  | ")
    assert cells(shown) <= 160
    assert cells(shown[: shown.index("totl")]) == carets.index("^")


def test_a_long_span_is_cut_with_its_carets() -> None:
    drawn = frame("let a = " + "b" * 500, "b" * 500)
    assert len(drawn[-2]) == len(drawn[-1]) == 4 + 160
    assert drawn[-2].endswith("b…")


def test_a_note_in_another_file_has_a_frame_of_its_own() -> None:
    first, second = SourceFile("a.baml", "class A {}\n"), SourceFile("b.baml", "\nenum A {}\n")
    note = Note(Span(first, 6, 7), "declared here first")
    assert render(DUPLICATE_NAME.at(Span(second, 6, 7), "`A` is declared twice", note)).split("\n") == [
        "error[duplicate-name]: `A` is declared twice",
        " --> b.baml:2:6",
        "  |",
        "2 | enum A {}",
        "  |      ^",
        " --> a.baml:1:7",
        "  |",
        "1 | class A {}",
        "  |       - declared here first",
    ]


def test_the_label_of_a_note_stands_at_its_last_line() -> None:
    file = SourceFile("main.baml", "f(a,\n  b)")
    drawn = render(SYNTAX.at(Span(file, 0, 1), "told", Note(Span(file, 0, 9), "of this")))
    assert drawn.split("\n")[-4:] == ["1 | f(a,", "  | ----", "2 |   b)", "  |   -- of this"]


def test_colours_change_nothing_but_colours() -> None:
    file = SourceFile("main.baml", "f(a,\n\n  b)")
    found = [
        UNEXPECTED_END.at(Span(file, 0, 9), "told", Note(Span(file, 0, 1), "here"), hint="go on"),
        PROMPT_NAME.at(Span(file, 9, 9), "told"),
    ]
    coloured = render_all(found, COLOURED)
    for field in fields(Palette):
        escape = getattr(COLOURED, field.name)
        assert escape in coloured
        coloured = coloured.replace(escape, "")
    assert coloured == render_all(found)


def test_the_last_line_counts() -> None:
    at = Span(SourceFile("main.baml", "x"), 0, 1)
    error, warning = SYNTAX.at(at, "told"), PROMPT_NAME.at(at, "told")
    endings = [render_all(found).split("\n")[-1] for found in ([error], [error, error], [warning, error])]
    assert endings == ["found 1 error", "found 2 errors", "found 1 error and 1 warning"]
