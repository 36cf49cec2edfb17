"""`python -m benchmarks [SECTION ...]`: all sections, or those named, as one table.

`--record` before them adds a line to the history, `--compare` tells what has moved since the line before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from . import (
    answers,
    calls,
    checking,
    clients,
    history,
    language,
    many,
    mapping,
    parsing,
    peers,
    prompts,
    startup,
    streams,
)
from .measure import Row, table

SECTIONS: dict[str, Callable[[], Iterator[Row]]] = {
    "startup": startup.rows,
    "parsing": parsing.rows,
    "checking": checking.rows,
    "language": language.rows,
    "prompts": prompts.rows,
    "calls": calls.rows,
    "clients": clients.rows,
    "streams": streams.rows,
    "many": many.rows,
    "mapping": mapping.rows,
    "answers": answers.rows,
}
ASIDE = {"peers": peers.rows}  # of others, who may not be installed


def main(names: list[str]) -> int:
    if names == ["--compare"]:
        print("\n".join(history.compared(history.HISTORY)))
        return 0
    is_recorded = names[:1] == ["--record"]
    names = names[1:] if is_recorded else names
    known = SECTIONS | ASIDE
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no section is called {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or SECTIONS:
        print(f"measuring {name} ...", file=sys.stderr)
        rows += known[name]()
    around = "; ".join(f"{what}: {value}" for what, value in history.surroundings().items())
    print(f"{around}\nmedian (lowest-highest)\n")
    print(table(rows))
    if is_recorded:
        history.record(rows, history.HISTORY)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
