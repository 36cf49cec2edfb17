"""What the clients of a function may be asked, and what a row will cost: what is reserved while it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..embed import BamlError, to_plain
from ..embed.prices import Price, Prices, cost
from ..embed.runtime import AsyncRuntime, Program
from ..providers.prices import CHARACTERS_PER_TOKEN
from ..providers.prices import max_tokens_of as max_tokens_of_options
from ..records import dataclass
from .budget import Rate
from .engines import Done, Refused
from .options import MapOptions
from .pace import Limits

LIKELY = 3  # times the smallest answer, where none is known


def clients_of(program: Program, function: str) -> list[str]:
    """The primitive clients that may answer, the first to be asked first; of a function that is none of a model,
    all."""
    info = program.interface.functions[function]
    if info.llm is not None:
        return list(dict.fromkeys(_primitives(program, info.llm.client)))
    return [name for name, client in program.interface.clients.items() if "strategy" not in client.options]


def _primitives(program: Program, name: str) -> Iterator[str]:
    info = program.interface.clients.get(name)
    members = info.options.get("strategy") if info is not None else None
    if isinstance(members, list | tuple):
        for member in members:
            yield from _primitives(program, str(member))
    else:
        yield name


def max_tokens_of(program: Program, client: str) -> int | None:
    info = program.interface.clients.get(client)
    return max_tokens_of_options(info.options) if info is not None else None


def client_limits(program: Program, options: MapOptions, client: str) -> Limits:
    """What the run is told, then what the client says of itself."""
    info = program.interface.clients.get(client)
    own = info.options.get("rate") if info is not None else None
    rate: Mapping[str, Any] = own if isinstance(own, Mapping) else {}
    rpm = options.rpm if options.rpm is not None else rate.get("rpm")
    tpm = options.tpm if options.tpm is not None else rate.get("tpm")
    return Limits(options.concurrency, Rate(rpm, tpm), answer_tokens=max_tokens_of(program, client) or 0)


def check_prices(program: Program, function: str, prices: Prices) -> None:
    """For a limit of money. Raises `Refused` where somebody could answer of whom no price is known."""
    unknown = [name for name in clients_of(program, function) if prices.of_client(name) is None]
    if unknown:
        raise Refused(
            f"--max-cost: nobody knows what `{unknown[0]}` costs; write `price {{ input 0.15, output 0.6 }}` into"
            " its options, or name a table with BAMLET_PRICES"
        )


@dataclass(slots=True)
class Reserve:
    """How much a row may cost at most, as far as that can be known.

    `frame` are the characters of a prompt beside its row; the tokens of a character are learnt from answers.
    """

    price: Price
    max_tokens: int | None
    frame: int = 0
    tokens_per_character: float = 1 / CHARACTERS_PER_TOKEN
    longest_answer: int = 0

    def of(self, arguments: Mapping[str, Any]) -> float:
        answer = self.max_tokens if self.max_tokens is not None else max(self.longest_answer, 1)
        return cost(self.price, round(self.characters(arguments) * self.tokens_per_character), answer)

    def characters(self, arguments: Mapping[str, Any]) -> int:
        return self.frame + size_of(arguments)

    def learn(self, arguments: Mapping[str, Any], done: Done) -> None:
        if done.attempts and done.input_tokens:
            seen = done.input_tokens / done.attempts / max(1, self.characters(arguments))
            self.tokens_per_character = max(self.tokens_per_character, seen)
        self.longest_answer = max(self.longest_answer, done.output_tokens or 0)


def size_of(arguments: Mapping[str, Any]) -> int:
    return len(json.dumps(to_plain(dict(arguments)), ensure_ascii=False, default=repr))


async def reserve_for(
    runtime: AsyncRuntime, function: str, prices: Prices, first: Mapping[str, Any] | None
) -> Reserve | None:
    """By the dearest client that may answer. None where no price is known."""
    program = runtime.program
    clients = clients_of(program, function)
    known = [found for name in clients if (found := prices.of_client(name)) is not None]
    if not known:
        return None
    price = max(known, key=lambda found: found.input + found.output)
    limits = [max_tokens_of(program, client) for client in clients]
    limit = None if None in limits else max(found for found in limits if found is not None)
    reserve = Reserve(price, limit)
    if first is not None and program.interface.functions[function].llm is not None:
        reserve.frame = max(0, await prompt_size(runtime, function, first) - size_of(first))
    return reserve


async def prompt_size(runtime: AsyncRuntime, function: str, arguments: Mapping[str, Any]) -> int:
    """Characters; 0 for a prompt that cannot be rendered, which the call itself will tell."""
    try:
        return len(str(await runtime.prompt(function, arguments)))
    except BamlError:
        return 0
