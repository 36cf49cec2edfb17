"""The yardsticks count what they say, and nothing that only looks like it."""

from __future__ import annotations

from pathlib import Path

from tests.support.yardsticks import counted

SOURCE = '''"""A head
of two lines, with isinstance( and TODO in it."""

from typing import Any

def first(value: Any) -> int:
    """One line."""
    assert isinstance(value, int)
    try:
        return getattr(value, "x")  # type: ignore
    except Exception:
        # TODO: say why
        raise

def second():
    except_all = 1
    return except_all
'''


def test_what_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SOURCE, "utf-8")
    (tmp_path / "b.py").write_text("x = 1\n", "utf-8")
    found = counted(tmp_path)
    once = ("broad except", "isinstance", "getattr/hasattr", "Any", "type: ignore", "assert", "TODO")
    assert {name: found.uses[name] for name in once} == dict.fromkeys(once, 1)
    assert found.uses["log calls"] == 0
    assert (found.lines, found.comments, found.docstrings) == (15, 1, 3)
    assert (found.files, found.functions) == ([17, 1], [8, 3])
