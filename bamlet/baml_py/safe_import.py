"""What old generated clients open around their imports, to tell of a `baml_py` that is too old."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class EnsureBamlPyImport:
    def __init__(self, target_version: str | None = None) -> None:
        self.target_version = target_version

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def raise_if_incompatible_version(self, current_version: str) -> None:
        """Any version of the generator is fine."""
