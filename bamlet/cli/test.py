"""`bamlet test`: once, or whenever something has changed."""

from __future__ import annotations

import argparse
import sys

from ..embed.cassettes import CassetteError
from . import exits
from .options import environment, offline
from .reports import CannotReport
from .test_choice import choose
from .test_run import run_chosen
from .test_settling import Refused, settle


def main(arguments: argparse.Namespace) -> int:
    try:
        settle(arguments)
        environ = environment(arguments)
        arguments.offline = offline(arguments)
        if arguments.watch:
            from .test_watch import watch

            return watch(arguments, environ)
        chosen = choose(arguments)
        if isinstance(chosen, int):
            return chosen
        return run_chosen(chosen, arguments, environ)
    except BrokenPipeError:
        if arguments.list:
            raise
        # Whoever read the results has left before the last of them: nobody knows whether all would have passed.
        sys.stdout = None
        return exits.FAILED
    except CannotReport as failure:
        print(f"bamlet test: {failure}", file=sys.stderr)
        return exits.FAILED
    except (OSError, ValueError, CassetteError, Refused) as failure:
        print(f"bamlet test: {failure}", file=sys.stderr)
        return exits.USAGE
