"""`--engine provider-batch`: rows that a provider answers in its own time, from one that behaves like theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bamlet.batch.engines import Refused
from tests.servers.rows import Behaviour
from tests.support.canary import KEY
from tests.support.mapped import Table, source, texts

ROWS = 200
PRICE = "price { input 1.0, output 2.0 }"
LIVE = (100 * 1.0 + 20 * 2.0) / 1e6  # dollars for a row
PROVIDERS = ("openai", "anthropic")


class Died(Exception):
    """A process that is killed here."""


def program(provider: str) -> str:
    return source(PRICE).replace("openai-generic", provider)


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def table(tmp_path: Path, provider: str) -> Table:
    table = Table(tmp_path, Behaviour(latency=1, batch=provider))
    table.write(texts(range(ROWS)))
    return table


def mapped(table: Table, provider: str, **options: Any) -> Any:
    return table.run(program=program(provider), engine="provider-batch", keep="n", **options)


def is_right(table: Table) -> bool:
    found = [(row["n"], row["result"]["label"]) for row in table.output()]
    return found == [(number, str(number)) for number in range(ROWS)]


def test_what_a_batch_leaves_over_is_asked_live(table: Table, provider: str) -> None:
    """15."""
    report = mapped(table, provider)
    assert (report.reason, report.ok, report.failed) == ("done", ROWS, 0)
    assert is_right(table)
    assert table.batches is not None
    (job,) = table.batches.jobs.values()
    assert len(job.lines) == ROWS
    # Some of all kinds: 8 % of so many rows.
    assert 4 <= table.calls <= 40
    batched = ROWS - table.calls
    assert report.cost == pytest.approx((batched / 2 + table.calls) * LIVE)


def test_a_second_run_asks_nothing(table: Table, provider: str) -> None:
    mapped(table, provider)
    assert mapped(table, provider).known == ROWS
    assert table.calls == 0
    assert table.batches is not None
    assert len(table.batches.jobs) == 1


def test_leftovers_may_be_errors_or_go_with_another_batch(table: Table, provider: str) -> None:
    report = mapped(table, provider, leftovers="error")
    assert report.failed > 0
    classes = {letter["class"] for letter in table.errors()}
    assert classes == {"HttpStatus", "Validation"}
    # What says a key back does not bring it into a file.
    assert any("your key was <redacted>" in letter["raw"] for letter in table.errors())
    assert KEY not in json.dumps(table.errors())
    assert table.calls == 0
    again = mapped(table, provider, leftovers="batch", retry_errors=())
    # The same rows expire each time, so that they are given up in the end.
    assert (again.failed, table.calls) == (report.failed, 0)
    assert table.batches is not None
    assert len(table.batches.jobs) == 4


def test_a_detached_run_is_read_later(table: Table, provider: str) -> None:
    report = mapped(table, provider, detach=True)
    assert report.reason == "detached"
    assert "200 rows in 1 batches" in report.message
    assert mapped(table, provider).ok == ROWS
    assert is_right(table)
    assert table.batches is not None
    assert len(table.batches.jobs) == 1


def test_batches_are_cancelled_on_demand_and_what_they_left_is_asked(table: Table, provider: str) -> None:
    assert mapped(table, provider, detach=True).reason == "detached"
    report = mapped(table, provider, cancel=True)
    assert report.reason == "cancelled"
    assert "to cancel 1 batches" in report.message
    assert table.batches is not None
    assert [job.cancelled for job in table.batches.jobs.values()] == [True]
    assert mapped(table, provider).ok == ROWS
    assert is_right(table)


@pytest.mark.parametrize("step", ["intend", "send", "sent", "state", "results", "close"])
def test_killed_at_each_step_nothing_is_sent_twice(
    table: Table, provider: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """15. The process dies behind the step: what it had done is done, and nothing after it is."""
    from bamlet.batch import jobs, provider_batches

    kinds = {"openai": provider_batches.Uploaded, "anthropic": provider_batches.SentAlong}
    owner: Any = jobs.Jobs if step in ("intend", "sent", "close") else kinds[provider]
    real = getattr(owner, step)
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, _dying(real, step))
        with pytest.raises(Died):
            mapped(table, provider)
    report = mapped(table, provider)
    assert (report.reason, report.ok) == ("done", ROWS)
    assert is_right(table)
    assert table.batches is not None
    assert len(table.batches.jobs) == 1


def _dying(real: Any, step: str) -> Any:
    if step in ("intend", "sent", "close"):

        def now(*given: Any) -> Any:
            real(*given)
            raise Died

        return now
    if step == "results":

        async def reading(*given: Any) -> Any:
            async for line in real(*given):
                yield line
            raise Died

        return reading

    async def later(*given: Any) -> Any:
        await real(*given)
        raise Died

    return later


def test_a_job_that_nobody_finds_is_sent_again_and_counted(
    table: Table, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        from bamlet.batch.jobs import Jobs

        patch.setattr(Jobs, "sent", _refuse)
        with pytest.raises(Died):
            mapped(table, provider)
    assert table.batches is not None
    table.batches.lists = False
    report = mapped(table, provider)
    assert report.ok == ROWS
    assert report.paid_twice >= ROWS
    assert len(table.batches.jobs) == 2


def _refuse(*given: Any) -> None:
    raise Died


def test_who_has_no_batch_interface_is_told(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.write(texts(range(3)))
    with pytest.raises(Refused, match="openai-generic has no batch interface here"):
        table.run(engine="provider-batch")


def test_a_batch_has_a_largest_size(table: Table, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from bamlet.batch import provider_batches

    for kind in (provider_batches.Uploaded, provider_batches.SentAlong):
        monkeypatch.setattr(kind, "most_rows", 90)
    assert mapped(table, provider).ok == ROWS
    assert table.batches is not None
    assert [len(job.lines) for job in table.batches.jobs.values()] == [90, 90, 20]
