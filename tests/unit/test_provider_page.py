"""`docs/providers.md` says what `bamlet.options` says: with --update-snapshots its tables are written anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import groupby
from pathlib import Path

import pytest

from bamlet.options.clients import OPTIONS, of_provider
from bamlet.options.providers import PROVIDERS
from bamlet.options.retry_policies import RETRIES, STRATEGIES
from bamlet.options.timeouts import LIMITS, Timeouts

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"


def providers() -> Iterator[tuple[str, ...]]:
    for name, one in PROVIDERS.items():
        place = f"`{one.base_url}`" if one.base_url else one.place
        key = f"`{one.key_variable}`" if one.key_variable else ""
        yield f"`{name}`", one.asks, place, key, one.default_role, f"`{one.answers}`"


def own_options() -> Iterator[tuple[str, ...]]:
    own = [option for option in OPTIONS if option.about]
    for (provider, about), group in groupby(own, lambda option: (option.providers[0], option.about)):
        yield f"`{provider}`", _listed(option.name for option in group), about


def variables() -> Iterator[tuple[str, ...]]:
    for name, one in PROVIDERS.items():
        for group in one.variables:
            for option, found in group.items():
                if found:
                    yield f"`{name}`", f"`{option}`", _listed(found)


def limits() -> Iterator[tuple[str, ...]]:
    defaults = Timeouts()
    for setting, field in LIMITS.items():
        yield f"`{setting}`", f"{getattr(defaults, field):g} s"


def retries() -> Iterator[tuple[str, ...]]:
    for number in dict.fromkeys(number for numbers in STRATEGIES.values() for number in numbers):
        means = _listed(name for name, numbers in STRATEGIES.items() if number in numbers)
        yield f"`{number}`", means, f"{getattr(RETRIES, number):,}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


TABLES = {
    "Providers": providers,
    "Options of some": own_options,
    "Credentials from the environment": variables,
    "Timeouts": limits,
    "Retry policies": retries,
}


@pytest.mark.parametrize("heading", TABLES)
def test_the_page_has_the_table(heading: str, request: pytest.FixtureRequest) -> None:
    lines = PAGE.read_text("utf-8").split("\n")
    start = next(at for at, line in enumerate(lines) if line.lstrip("#") == f" {heading}")
    first = next(at for at in range(start, len(lines)) if lines[at].startswith("|")) + 2
    last = next(at for at in range(first, len(lines)) if not lines[at].startswith("|"))
    rows = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in TABLES[heading]()]
    if request.config.getoption("--update-snapshots"):
        lines[first:last] = rows
        PAGE.write_text("\n".join(lines), "utf-8")
    else:
        assert lines[first:last] == rows


def test_the_page_names_every_common_option() -> None:
    text = PAGE.read_text("utf-8").partition("## Options of every provider\n")[2].partition("##")[0]
    assert [name for name in of_provider("openai") if f"`{name}`" not in text] == []


def test_every_limit_in_time_can_be_set() -> None:
    assert set(LIMITS.values()) == {field.name for field in fields(Timeouts)}
