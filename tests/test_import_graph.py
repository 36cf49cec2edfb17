"""No two files of `bamlet/` need each other: each can be read after those that it imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.import_graph import ROOT, circles, import_graph


@pytest.mark.timeout(300)  # it reads every file
def test_files_import_each_other_in_no_circle() -> None:
    assert list(circles(import_graph(ROOT))) == []


def test_a_circle_is_found_wherever_its_imports_stand(tmp_path: Path) -> None:
    root = made_up(
        tmp_path,
        {
            "__init__.py": "",
            "source.py": "",
            "sap/view.py": "from ..source import Span\nfrom . import node\n",
            "sap/node.py": "def show():\n    from .shown import show\n",
            "sap/shown.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import bamlet.sap.view\n",
            "wire/http.py": "from ..sap.view import View\n",
        },
    )
    graph = import_graph(root)
    assert graph["sap.view"] == {"source", "sap.node"}
    assert list(circles(graph)) == [["sap.node", "sap.shown", "sap.view"]]


def test_a_package_that_names_its_modules_is_in_no_circle_with_them(tmp_path: Path) -> None:
    files = {"__init__.py": "", "sap/__init__.py": "from .view import View\n", "sap/view.py": ""}
    assert list(circles(import_graph(made_up(tmp_path, files)))) == []


def made_up(folder: Path, files: dict[str, str]) -> Path:
    root = folder / "bamlet"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root
