"""How many steps reading an answer takes: work that is counted, not timed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bamlet.sap.automaton import Automaton
from bamlet.sap.extractor import Extractor


class Steps:
    taken = 0


@contextmanager
def counted_steps() -> Iterator[Steps]:
    """Runs the two machines that read text one step at a time, as they run themselves."""
    counter = Steps()

    def run_automaton(a: Automaton) -> None:
        while a.at < len(a.text) and not a.closed:
            counter.taken += 1
            if not a.step(a):
                break

    def run_extractor(x: Extractor) -> None:
        while x._at < len(x._text):
            counter.taken += 1
            if not x._step(x):
                break

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Automaton, "_run", run_automaton)
        patch.setattr(Extractor, "_run", run_extractor)
        yield counter
