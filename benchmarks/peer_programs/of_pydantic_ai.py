"""The works of `benchmarks.comparison` as a user of pydantic-ai writes them."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel
from pydantic_ai import Agent, PromptedOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from benchmarks.peer_programs.works import run


class Item(BaseModel):
    name: str
    quantity: int
    price: float
    note: str


class Basket(BaseModel):
    items: list[Item]


def main(url: str):
    def agent(path: str, kind: type[BaseModel]):
        model = OpenAIChatModel("m", provider=OpenAIProvider(base_url=f"{url}/{path}", api_key="k"))
        return Agent(model, output_type=PromptedOutput(kind), retries=0)

    one, wrong = agent("one", Item), agent("wrong", Item)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def streamed(size: int) -> int:
        shown = 0
        async with agent(f"basket/{size}", Basket).run_stream("?") as result:
            async for partial in result.stream_output(debounce_by=None):
                shown += 1
                len(partial.items)
        return shown

    return {
        "call": lambda: one.run_sync("?").output.name,
        "stream": lambda size: loop.run_until_complete(streamed(size)),
        "wrong": lambda: wrong.run_sync("?"),
    }


run(main)
