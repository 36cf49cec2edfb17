"""A cassette in; `docs/receipt.svg` out: what `bamlet run` draws on a terminal, in its own time.

    python -m website.picture

Each frame is what `bamlet.cli.unfinished` makes of a partial value, shown when that came. The same cassette
gives the same bytes.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Sequence
from pathlib import Path

import bamlet
from bamlet.cli.unfinished import Line, lines
from bamlet.wire.cassette import read_cassette
from bamlet.wire.replay import ReplayTransport
from tests.support.scripted import LoopClock, run_virtual

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "receipt"
PICTURE = ROOT / "docs" / "receipt.svg"
COMMAND = "$ bamlet run examples/receipt"
COLUMNS, FONT, ROW = 46, 14, 19
CELL = 8.43  # of a monospaced font of that size
SECONDS_BETWEEN_FRAMES = 0.12
REST = 3.0  # seconds that the whole value stays

Frame = tuple[float, Sequence[Line]]


def frames(example: Path) -> list[Frame]:
    """When the screen changes, and to what; the last one is the value."""
    return run_virtual(_played(example))


async def _played(example: Path) -> list[Frame]:
    program = bamlet.load(example)
    (test,) = program.tests
    cassette = read_cassette((example / "receipt.cassette.jsonl").read_text("utf-8"))
    transport = ReplayTransport(cassette, 1.0, asyncio.sleep)
    loop = asyncio.get_running_loop()
    shown: list[Frame] = [(0.0, [])]
    begun = loop.time()
    async with bamlet.AsyncRuntime(
        program, transport=transport, environ={"OPENAI_API_KEY": "k"}, clock=LoopClock()
    ) as runtime:
        stream = runtime.stream(test.function, dict(test.arguments), partials="every")
        async for partial in stream:
            _show(shown, loop.time() - begun, lines(bamlet.to_plain(partial)))
        final = bamlet.to_plain(await stream.final())
        shown.append((loop.time() - begun, [Line(line.text, False) for line in lines(final)]))
    return shown


def _show(shown: list[Frame], at: float, now: Sequence[Line]) -> None:
    if at - shown[-1][0] >= SECONDS_BETWEEN_FRAMES and now != shown[-1][1]:
        shown.append((at, now))


def drawn(shown: Sequence[Frame]) -> str:
    """Every frame is a group that is seen for its own time; where nothing moves, the last one is."""
    total = shown[-1][0] + REST
    height = (max(len(text) for _, text in shown) + 3) * ROW
    width = round(COLUMNS * CELL) + 24
    ends = [*(at for at, _ in shown[1:]), total]
    seen = enumerate(zip(shown, ends, strict=True))
    rules = "".join(_rule(number, at / total, end / total) for number, ((at, _), end) in seen)
    groups = "".join(_group(number, text) for number, (_, text) in enumerate(shown))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<title>bamlet run: a receipt fills in while the model writes it</title>
<style>
text {{ font: {FONT}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
text {{ fill: #d8dee9; white-space: pre }}
.dim {{ fill: #6b7484 }}
.command {{ fill: #8fbcbb }}
g {{ visibility: hidden; animation: {total:.2f}s step-end infinite }}
@media (prefers-reduced-motion: reduce) {{
  g {{ animation: none !important }}
  #f{len(shown) - 1} {{ visibility: visible }}
}}
{rules}</style>
<rect width="100%" height="100%" rx="8" fill="#20242c"/>
<text class="command" x="12" y="{ROW + 6}">{html.escape(COMMAND)}</text>
{groups}</svg>
"""


def _rule(number: int, start: float, end: float) -> str:
    """Percents of the whole, seen between the two."""
    before = "" if start == 0 else "0% { visibility: hidden } "
    after = "" if end >= 1 else f" {end:.3%} {{ visibility: hidden }}"
    return (
        f"#f{number} {{ animation-name: k{number} }} "
        f"@keyframes k{number} {{ {before}{start:.3%} {{ visibility: visible }}{after} }}\n"
    )


def _group(number: int, text: Sequence[Line]) -> str:
    rows = "".join(_row(at, line) for at, line in enumerate(text))
    return f'<g id="f{number}">{rows}</g>\n'


def _row(at: int, line: Line) -> str:
    paint = 'class="dim" ' if line.is_unfinished else ""
    return f'<text {paint}x="12" y="{(at + 2) * ROW + 10}">{html.escape(line.text, quote=False)}</text>'


def picture() -> str:
    return drawn(frames(EXAMPLE))


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
