"""`python -m benchmarks [SECTION ...]`: all sections, or those named, as one table."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator

from . import answers, calls, checking, clients, language, many, parsing, prompts, startup, streams
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
    "answers": answers.rows,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        print(f"no section is called {', '.join(unknown)}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or SECTIONS:
        print(f"measuring {name} ...", file=sys.stderr)
        rows += SECTIONS[name]()
    print(f"Python {platform.python_version()}, {platform.machine()}; median (lowest-highest)\n")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
