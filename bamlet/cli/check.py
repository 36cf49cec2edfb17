"""`bamlet check`: what is wrong with a program."""

from __future__ import annotations

import argparse
import sys

from ..diagnostics.render import render_all
from ..embed.load import diagnose
from . import exits
from .terminal import palette


def main(arguments: argparse.Namespace) -> int:
    try:
        diagnostics = diagnose(arguments.path)
    except OSError as failure:
        print(f"bamlet check: {failure}", file=sys.stderr)
        return exits.USAGE
    if diagnostics:
        print(render_all(diagnostics, palette(sys.stdout)))
    wrong = any(diagnostic.severity == "error" for diagnostic in diagnostics)
    return exits.BAD_SOURCE if wrong else exits.OK
