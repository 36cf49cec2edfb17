"""What PyPI shows: README.md with links to GitHub written out. Run by hatchling when a wheel is built."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

REPOSITORY = "https://github.com/bamlet/bamlet/blob/main/"
PICTURES = "https://raw.githubusercontent.com/bamlet/bamlet/main/"


class Readme(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": written_out(text)}


def written_out(text: str) -> str:
    linked = re.sub(r"\]\((?![a-z]+:|#)([^)\s]+)\)", rf"]({REPOSITORY}\1)", text)
    return re.sub(r'src="(?![a-z]+:)([^"]+)"', rf'src="{PICTURES}\1"', linked)
