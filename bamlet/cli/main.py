"""The command line. A command's module is imported when it is chosen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from ..uncollected import uncollected
from . import exits


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code."""
    with uncollected():
        chosen = plain(arguments) or _parsed(arguments)
        if isinstance(chosen, int):
            return chosen
    try:
        with uncollected():
            command = import_module(f".{chosen.command}", __package__)
        code: int = command.main(chosen)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain once more when it flushes at exit.
        sys.stdout = None
        return exits.OK
    except OSError as failure:  # such as a full disk under our output
        sys.stdout = None
        print(f"bamlet: {failure}", file=sys.stderr)
        return exits.FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return exits.INTERRUPTED
    except Exception as failure:
        if not _is_usage(failure):
            raise
        print(f"bamlet {chosen.command}: {failure}", file=sys.stderr)
        return exits.USAGE


def plain(arguments: Sequence[str]) -> Any:
    """What a parser makes of a check of some paths, without one: to load and to make it takes as long as to check
    what was edited. None for any other command, and where there are options."""
    if not arguments or arguments[0] != "check" or any(word.startswith("-") for word in arguments):
        return None
    asked = {"output_format": "full", "edition": None, "verbose": False, "strict": False, "watch": False}
    return SimpleNamespace(command="check", paths=list(arguments[1:]), **asked)


def _parsed(arguments: Sequence[str]) -> Any:
    """What is asked for; or the exit code, where it was said what is wrong, or what there is."""
    from .commands import make_parser

    parser = make_parser(arguments[0] if arguments else None)
    try:
        chosen = parser.parse_args(arguments)
    except SystemExit as leaving:  # argparse has printed what is wrong, or the help
        return leaving.code if isinstance(leaving.code, int) else exits.USAGE
    if chosen.command is None:
        parser.print_help(sys.stderr)
        return exits.USAGE
    return chosen


def _is_usage(failure: Exception) -> bool:
    """Whether a runtime refuses what its options say, such as functions that the program does not want."""
    from ..embed import BamlInvalidArgumentError

    return isinstance(failure, BamlInvalidArgumentError)
