# Made by bamlet 0.2.0 from .baml files: change those, and run `bamlet generate`.
# ruff: noqa: E501, E741, E742, E743, RUF001, RUF002, RUF100

"""The sync client."""

from __future__ import annotations

import typing as _typing

from bamlet import client as _client

from . import types as _types
from .globals import (
    DO_NOT_USE_DIRECTLY_UNLESS_YOU_KNOW_WHAT_YOURE_DOING_RUNTIME as _PACKAGE,
)

if _typing.TYPE_CHECKING:
    from ._sync_request import BamlHttpRequestClient, BamlHttpStreamRequestClient
    from ._sync_stream import BamlStreamClient
    from .parser import LlmResponseParser, LlmStreamParser


class BamlSyncClient(_client.SyncCaller):
    """Calls the functions of the program."""

    @property
    def stream(self) -> BamlStreamClient:
        return self._part("_sync_stream", "BamlStreamClient")

    @property
    def request(self) -> BamlHttpRequestClient:
        return self._part("_sync_request", "BamlHttpRequestClient")

    @property
    def stream_request(self) -> BamlHttpStreamRequestClient:
        return self._part("_sync_request", "BamlHttpStreamRequestClient")

    @property
    def parse(self) -> LlmResponseParser:
        return self._part("parser", "LlmResponseParser")

    @property
    def parse_stream(self) -> LlmStreamParser:
        return self._part("parser", "LlmStreamParser")

    def Forms(
        self,
        p: _types.Plain,
        lane: _types.Lane,
        o: int | None,
        l: list[str],
        u: int | _types.Inner | None = None,
        baml_options: _client.Options = None,
    ) -> _types.Plain:
        return self._call("Forms", (p, lane, o, l, u), baml_options)

    def Wraps(self, text: str, baml_options: _client.Options = None) -> _types.Wrapped:
        return self._call("Wraps", (text,), baml_options)

    def Helpers(
        self, text: str, any: _types.Any, baml_options: _client.Options = None
    ) -> _types.Literal | _types.Check:
        return self._call("Helpers", (text, any), baml_options)

    def Number(self, text: str, baml_options: _client.Options = None) -> int:
        return self._call("Number", (text,), baml_options)

    def MaybeNumber(self, text: str, baml_options: _client.Options = None) -> int | None:
        return self._call("MaybeNumber", (text,), baml_options)

    def Json(self, text: str, baml_options: _client.Options = None) -> _types.JSON:
        return self._call("Json", (text,), baml_options)

    def CheckedResult(
        self, text: str, baml_options: _client.Options = None
    ) -> _client.Checked[_types.CheckedInner, _typing.Literal["blk"]]:
        return self._call("CheckedResult", (text,), baml_options)

    def Nothing(self, img: _client.Image, a: _client.Audio | None = None, baml_options: _client.Options = None) -> None:
        self._call("Nothing", (img, a), baml_options)

    def Items(
        self,
        an_argument_with_a_long_name: str,
        another_argument_with_a_long_name: dict[str, list[_types.Inner]],
        third_argument: list[int | str | bool],
        baml_options: _client.Options = None,
    ) -> list[_types.DoneInner]:
        return self._call(
            "Items", (an_argument_with_a_long_name, another_argument_with_a_long_name, third_argument), baml_options
        )


b = BamlSyncClient(_PACKAGE)
