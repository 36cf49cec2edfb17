"""Which engine carries an exchange: a table of options and of what is installed, which no program can change."""

from __future__ import annotations

from typing import Any

import pytest

from bamlet.wire.engines import check_engine, parser_for
from bamlet.wire.message import HttpOptions

ALL = {"httptools", "h2"}


@pytest.mark.parametrize(
    ("options", "installed", "parser"),
    [
        (HttpOptions(), ALL, "httptools"),
        (HttpOptions(), set(), "h11"),
        (HttpOptions(engine="h11"), ALL, "h11"),
        (HttpOptions(engine="httptools"), ALL, "httptools"),
        (HttpOptions(engine="httpx"), ALL, None),
        (HttpOptions(http2=True), ALL, None),
    ],
)
def test_what_reads_an_answer(options: HttpOptions, installed: set[str], parser: str | None) -> None:
    check_engine(options, installed.__contains__)
    assert parser_for(options, installed.__contains__) == parser


@pytest.mark.parametrize(
    ("options", "installed", "told"),
    [
        ({"engine": "httptools"}, {"h2"}, r"httptools is not installed: pip install 'bamlet\[fast\]'"),
        ({"http2": True}, {"httptools"}, r"HTTP/2 is not installed: pip install 'bamlet\[http2\]'"),
        ({"engine": "httptools", "http2": True}, ALL, "httptools speaks no HTTP/2: use the engine httpx"),
        ({"engine": "aiohttp"}, ALL, r"the engine aiohttp is gone: .*pip install 'bamlet\[fast\]'"),
        ({"engine": "aiohttp", "http2": True}, ALL, "the engine aiohttp is gone"),
        ({"engine": "curl"}, ALL, "there is no engine 'curl': there are auto, h11, httptools and httpx"),
    ],
)
def test_what_cannot_be_had_is_told_with_what_to_do(options: Any, installed: set[str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check_engine(HttpOptions(**options), installed.__contains__)
