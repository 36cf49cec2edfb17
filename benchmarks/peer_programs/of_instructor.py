"""The works of `benchmarks.comparison` as a user of instructor writes them."""

from __future__ import annotations

import instructor
import openai
from pydantic import BaseModel

from benchmarks.peer_programs.works import run


class Item(BaseModel):
    name: str
    quantity: int
    price: float
    note: str


class Basket(BaseModel):
    items: list[Item]


def main(url: str):
    def client(path: str):
        return instructor.from_openai(
            openai.OpenAI(base_url=f"{url}/{path}", api_key="k"), mode=instructor.Mode.JSON
        )

    one, wrong = client("one"), client("wrong")
    asked = {"model": "m", "messages": [{"role": "user", "content": "?"}], "max_retries": 0}

    def stream(size: int) -> int:
        shown = 0
        partials = client(f"basket/{size}").chat.completions.create_partial(response_model=Basket, **asked)
        for partial in partials:
            shown += 1
            len(partial.items or ())
        return shown

    return {
        "call": lambda: one.chat.completions.create(response_model=Item, **asked).name,
        "stream": stream,
        "wrong": lambda: wrong.chat.completions.create(response_model=Item, **asked),
    }


run(main)
