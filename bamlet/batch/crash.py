"""Places at which a run dies as by `kill -9`, for tests that aim: `BAMLET_CRASH_AT=NAME`, or `NAME:N` for the N-th
time that it gets there. Nothing else asks for them.
"""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import Literal, TypeAlias

# Answers were told to the database, and not committed · the output is whole, and has no name yet · the errors have
# their name, the output has none · a row of a part, whose file is there in part · a part is whole, and has no name
# yet · all parts are there, and not the word that says so.
Point: TypeAlias = Literal["commit", "whole", "errors", "part-row", "part", "success"]
VARIABLE = "BAMLET_CRASH_AT"

_name, _, _number = os.environ.get(VARIABLE, "").partition(":")
_times = count(1)


def crash_at(point: Point) -> None:
    if point == _name and next(_times) == int(_number or 1):
        os.kill(os.getpid(), signal.SIGKILL)
