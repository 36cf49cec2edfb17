# Made by bamlet 0.2.0 from .baml files: change those, and run `bamlet generate`.
# ruff: noqa: E501, E741, E742, E743, RUF001, RUF002, RUF100

"""A part of `stream_types`."""

from __future__ import annotations

from . import types as _types

Str = str | None
MaybeStr = str | None
Num = int | float | None
ListOfLane = list[_types.Lane]
