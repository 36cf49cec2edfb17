"""The editions of the language: one grammar for both; a few names, and `==`, mean something else in each."""

from __future__ import annotations

from typing import Literal, TypeAlias

Edition: TypeAlias = Literal[1, 2]
