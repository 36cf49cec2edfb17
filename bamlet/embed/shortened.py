"""Tracebacks for a person: an error that leaves us shows the host's frames and the program's, and none of ours."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from .. import stdlib
from .errors import BamlError

MAX_SHOWN_FRAMES = 4  # of the program, the innermost; `trace` has them all
LIBRARY = str(Path(stdlib.__file__).parent)


class Shortened:
    """What a public method runs in.

    Python adds a frame to a traceback where an exception is raised or passes a call, and not where a `with` hands
    it on: so the method itself is not in it either, and the host's frames are added to what is left here.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, BamlError):
            # The exception of the program is at hand as the context, but not drawn: its text may be the answer's.
            origin = error.__context__ if error.__suppress_context__ else None
            found = _of_the_program(origin.__traceback__ if origin is not None else None)
            error.__traceback__ = found or _of_the_program(error.__traceback__)


SHORTENED = Shortened()


def _of_the_program(trace: TracebackType | None) -> TracebackType | None:
    own: list[TracebackType] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if trace.tb_frame.f_globals.get("__name__") == "baml" and not code.co_filename.startswith(LIBRARY):
            own.append(trace)
        trace = trace.tb_next
    chain: TracebackType | None = None
    for place in reversed(own[-MAX_SHOWN_FRAMES:]):
        chain = TracebackType(chain, place.tb_frame, place.tb_lasti, place.tb_lineno)
    return chain
