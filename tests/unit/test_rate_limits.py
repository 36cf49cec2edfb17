"""Headers about limits, in the ways of several providers, and a program that asks for them."""

from __future__ import annotations

import pytest

import bamlet
from bamlet.providers.rate_limits import RateLimit, rate_limits
from tests.servers.loopback import Answer, LoopbackServer

OPENAI = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-remaining-tokens": "29000",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-reset-tokens": "1m2.5s",
}
DATE = {"date": "Sat, 21 Nov 2026 02:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        (OPENAI, [RateLimit("requests", 500, 0, 120), RateLimit("tokens", 30000, 29000, 62500)]),
        (
            {
                "anthropic-ratelimit-input-tokens-limit": "10",
                "Anthropic-RateLimit-Input-Tokens-Reset": "2026-11-21T02:00:30Z",
                **DATE,
            },
            [RateLimit("input-tokens", 10, None, 30000)],
        ),
        (
            {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "1795226405000", **DATE},
            [RateLimit("requests", None, 3, 5000)],
        ),
        ({"x-ratelimit-reset-tokens": "7"}, [RateLimit("tokens", None, None, 7000)]),
        ({"x-ratelimit-reset-tokens": "1h2m"}, [RateLimit("tokens", None, None, 3_720_000)]),
        (
            {"x-ratelimit-remaining-tokens": "many", "x-ratelimit-reset-tokens": "2026-99"},
            [RateLimit("tokens", None, None, None)],
        ),
        ({"retry-after": "1", "content-type": "x"}, []),
    ],
)
def test_headers_are_read(headers: dict[str, str], limits: list[RateLimit]) -> None:
    assert rate_limits(headers) == limits


PROGRAM = """
function Left(url: string) -> map<string, int?> throws unknown {
  let request = baml.http.Request { method: "GET", url: url, headers: {}, body: "" };
  let headers: map<string, string> = {};
  let stream = baml.http.fetch_sse(request) catch (error) {
    baml.errors.HttpStatus => { headers = error.headers; null }
  };
  if (stream != null) {
    headers = stream.headers();
    stream.close();
  }
  let left: map<string, int?> = {};
  for (let limit in baml.http.rate_limits(headers)) { left[limit.name] = limit.remaining; }
  left
}
"""


@pytest.mark.parametrize("status", [200, 429])
def test_a_program_sees_the_limits_of_an_answer_and_of_an_error(loopback: LoopbackServer, status: int) -> None:
    headers = (("content-type", "text/event-stream"), *OPENAI.items())
    loopback.answer(Answer([b"data: 1\n\n"], status=status, headers=headers))
    with bamlet.Runtime(bamlet.compile_sources({"main.baml": PROGRAM})) as rt:
        assert bamlet.to_plain(rt.call("Left", url=loopback.url)) == {"requests": 0, "tokens": 29000}
