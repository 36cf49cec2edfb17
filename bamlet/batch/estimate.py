"""Tokens, money and time of the rows that are to be asked, before they are: for a person to look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from statistics import mean
from typing import Any

from ..embed.prices import Price, Prices, cost
from ..embed.runtime import AsyncRuntime, Program
from ..providers.prices import CHARACTERS_PER_TOKEN
from ..records import dataclass
from ..types.ty import ClassTy, EnumTy, ListTy, LiteralTy, MapTy, PrimitiveTy, Ty, UnionTy, bare
from .money import LIKELY, clients_of, max_tokens_of, prompt_size, size_of
from .options import MapOptions
from .report import dollars, duration, short

RENDERED_ROWS = 200
SECONDS_A_CALL = 2.0  # what is assumed of a model; only limits are known
PLACES = 64  # what is assumed of `auto`


@dataclass(frozen=True, slots=True)
class Estimate:
    client: str
    model: str
    rows: int
    prompts: Sequence[int]  # tokens of those that were rendered
    prompt_sum: int
    low: int
    likely: int
    high: int | None
    likely_from: str
    price: Price | None
    counted_by: str

    def lines(self, options: MapOptions) -> list[str]:
        ordered = sorted(self.prompts) or [0]
        p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        rendered = f"({len(self.prompts):,} rows rendered, {self.counted_by})"
        sizes = f"mean {round(mean(ordered)):,}  p95 {p95:,}  sum {short(self.prompt_sum)}"
        high = f"{self.high:,}" if self.high is not None else "unknown"
        answers = f"low {self.low:,}  likely {self.likely:,}  high {high}"
        return [
            f"asked first     {self.client} ({self.model})",
            f"prompt tokens   {sizes}    {rendered}",
            f"answer tokens   {answers}   ({self.likely_from})",
            f"cost            {self._money()}",
            f"time            {self._time(options)}",
        ]

    def _money(self) -> str:
        if self.price is None:
            return "unknown: no price is known of this model"
        told = [("low", self.low), ("likely", self.likely), ("high", self.high)]
        return "  ".join(
            f"{name} {dollars(cost(self.price, self.prompt_sum, tokens * self.rows))}"
            if tokens is not None
            else f"{name} unknown"
            for name, tokens in told
        )

    def _time(self, options: MapOptions) -> str:
        places = options.concurrency or PLACES
        tokens = self.prompt_sum + self.likely * self.rows
        found = {f"{places} in flight": self.rows / places * SECONDS_A_CALL}
        if options.rpm:
            found["rpm"] = self.rows / options.rpm * 60
        if options.tpm:
            found["tpm"] = tokens / options.tpm * 60
        slowest = max(found, key=lambda name: found[name])
        limits = [
            f"{options.rpm:g} rpm" if options.rpm else "",
            f"{short(options.tpm)} tpm" if options.tpm else "",
        ]
        told = ", ".join(filter(None, [f"at {places} in flight, {SECONDS_A_CALL:g} s a call", *limits]))
        return f"{told}: {duration(found[slowest])} ({slowest} decides)"


async def estimated(
    runtime: AsyncRuntime, function: str, prices: Prices, rows: Iterable[Mapping[str, Any]], median: int | None
) -> Estimate:
    program = runtime.program
    asks_model = program.interface.functions[function].llm is not None
    client = next(iter(clients_of(program, function)), "nobody")
    rendered: list[int] = []
    frames: list[int] = []
    iterator = iter(rows)
    for arguments in islice(iterator, RENDERED_ROWS):
        size = await prompt_size(runtime, function, arguments) if asks_model else 0
        rendered.append(size)
        frames.append(max(0, size - size_of(arguments)))
    frame = mean(frames) if frames else 0
    # What was not rendered is as long as its row and what stood around the others.
    rest = [frame + size_of(arguments) for arguments in iterator]
    characters = sum(rendered) + sum(rest)
    low = smallest(program, program.interface.functions[function].result)
    likely = median if median is not None else LIKELY * low
    known = "from the type; p50 of known rows" if median is not None else "from the type"
    return Estimate(
        client,
        model_of(program, client),
        len(rendered) + len(rest),
        [tokens_of(size) for size in rendered],
        tokens_of(characters),
        low,
        likely,
        max_tokens_of(program, client),
        known,
        prices.of_client(client),
        f"characters ÷ {CHARACTERS_PER_TOKEN}",
    )


def tokens_of(characters: float) -> int:
    return round(characters / CHARACTERS_PER_TOKEN)


def model_of(program: Program, client: str) -> str:
    info = program.interface.clients.get(client)
    return client if info is None else f"{info.provider}/{info.options.get('model', '?')}"


def smallest(program: Program, ty: Ty) -> int:
    """Tokens of the smallest JSON of a type."""
    return max(1, tokens_of(_characters(program, ty, ())))


def _characters(program: Program, ty: Ty, above: tuple[str, ...]) -> int:
    schemas = program.interface.schemas
    match bare(ty):
        case ClassTy(name=name):
            if name in above:
                return 2
            fields = schemas.classes[name].fields
            return 2 + sum(len(f.name) + 4 + _characters(program, f.ty, (*above, name)) for f in fields)
        case EnumTy(name=name):
            return 2 + min((len(member.name) for member in schemas.enums[name].members), default=0)
        case UnionTy(members=members):
            return min(_characters(program, member, above) for member in members)
        case ListTy() | MapTy():
            return 2
        case LiteralTy(value=value):
            return len(str(value))
        case PrimitiveTy(name="string"):
            return 2
        case _:
            return 1
