"""`python -m bamlet` and the `bamlet` command."""

import gc
import os
import sys

from .uncollected import uncollected

INTERRUPTED = 130  # that of `cli.exits`, which is not loaded yet when it is wanted


def main() -> None:
    _open_closed_streams()
    try:
        with uncollected():
            from .cli.main import run
        code = run(sys.argv[1:])
        gc.freeze()  # at the end Python looks once more for what is held by itself alone, which ends anyway
        sys.exit(code)
    except KeyboardInterrupt:  # before there was a command to be told
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)


def _open_closed_streams() -> None:
    """Whoever starts us may close them (`>&-`). Python has None in their place then, and the next file that is
    opened would get their number, and with it what others print."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


if __name__ == "__main__":
    main()
