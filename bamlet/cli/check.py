"""`bamlet check`: what is wrong with a program."""

from __future__ import annotations

import argparse
import sys

from ..diagnostics.render import render_all
from ..embed.load import check_path
from . import exits
from .terminal import palette


def main(arguments: argparse.Namespace) -> int:
    try:
        program, diagnostics = check_path(arguments.path)
    except OSError as failure:
        print(f"bamlet check: {failure}", file=sys.stderr)
        return exits.USAGE
    if diagnostics:
        print(render_all(diagnostics, palette(sys.stdout)))
    return exits.OK if program is not None else exits.BAD_SOURCE
