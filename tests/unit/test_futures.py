"""Tasks of `spawn`: random programs against a model, and what a host sees of them. Time is virtual."""

from __future__ import annotations

import asyncio
import os
from random import Random
from typing import Any

import pytest

import bamlet
from tests.support.scripted import LoopClock, run_virtual
from tests.support.task_model import Model, random_program, text_of

PROGRAMS = int(os.environ.get("BAMLET_TASK_PROGRAMS", "300"))
BATCH = 25


def run(source: str, **options: Any) -> tuple[Any, list[tuple[int, str]]]:
    """The value or error of `main`, which must leave no task, and what it has printed, with the time in ms."""
    program = bamlet.compile_sources({"main.baml": f"// bamlet: edition 2\n{source}"})
    said: list[tuple[int, str]] = []

    async def body() -> Any:
        loop = asyncio.get_running_loop()
        began, before = loop.time(), asyncio.all_tasks()

        def hear(line: str) -> None:
            said.append((round((loop.time() - began) * 1000), line))

        async with bamlet.AsyncRuntime(program, clock=LoopClock(), environ={}, on_print=hear, **options) as rt:
            try:
                return await rt.call("main")
            except bamlet.BamlError as error:
                return error
            finally:
                assert asyncio.all_tasks() == before
                assert rt.handles.open_count == 0

    return run_virtual(body()), said


def shown(end: Any) -> Any:
    """An error as the list of what was thrown, panics by their names."""
    if not isinstance(end, bamlet.BamlError):
        return end
    values = [error.value for error in (end, *end.others)]
    return [getattr(value, "__class_name__", value) for value in values]


@pytest.mark.parametrize("batch", range(0, PROGRAMS, BATCH))
def test_random_programs_do_what_the_model_says(batch: int) -> None:
    for seed in range(batch, min(batch + BATCH, PROGRAMS)):
        program = random_program(Random(seed))
        model = Model(program)
        end, said = run(text_of(program))
        assert (seed, shown(end), sorted(said)) == (seed, model.end, sorted(model.said))
