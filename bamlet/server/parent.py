"""The parent of processes that serve one address: it forks them, brings back those that die, and ends them all.

It has no loop and no thread, so that a child begins with nothing of another one, also one that is forked late.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from ..records import dataclass
from .peers import keys_of, socket_of
from .process import HANGUP, Listening, bound_path, is_hangup_heard
from .sharing import Share, Table

RESTARTS = 5
RESTART_SECONDS = 60.0  # in which there may be so many
ENDS = (signal.SIGTERM, signal.SIGINT)
HEARD = {*ENDS, HANGUP, signal.SIGCHLD}
ENDING = signal.SIGUSR1
"""The parent's word to a child. Not one of those that all of us get at once, from a terminal or from who stops a
service: a child would have it twice, and the second says to end at once."""

logger = logging.getLogger("bamlet.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Of one child. `orphaned` is a file that has its end when the parent is gone, `is_again` whether one of the
    same number has died before."""

    number: int
    count: int
    folder: Path
    listening: Listening
    orphaned: int
    share: Share
    is_again: bool


Child = Callable[[Place], None]


def run(count: int, child: Child, say: Callable[[str], object]) -> bool:
    """Until a signal, and then until every child has ended. False if they die too often. Raises `OSError`."""
    with _folder() as folder, ExitStack() as sockets, _heard():
        listening = [
            sockets.enter_context(bound_path(socket_of(folder, number))) for number in range(1, count + 1)
        ]
        return _Parent(folder, listening, child, say).run()


class _Parent:
    def __init__(
        self, folder: Path, listening: list[Listening], child: Child, say: Callable[[str], object]
    ) -> None:
        self._folder = folder
        # Bound here, and kept: what comes for a child that has died waits for the one that takes its place.
        self._listening = listening
        self._child = child
        self._say = say
        self._table = Table(len(listening))
        # Nobody writes to it. The parent alone has its other end, so it ends with the parent, however that ends.
        self._orphaned, self._alive = os.pipe()
        self._children: dict[int, int] = {}
        self._deaths: deque[float] = deque(maxlen=RESTARTS + 1)

    def run(self) -> bool:
        try:
            for number in range(1, len(self._listening) + 1):
                self._fork(number, is_again=False)
            return self._wait()
        finally:
            os.close(self._alive)
            os.close(self._orphaned)

    def _wait(self) -> bool:
        is_ending = fails = False
        while self._children:
            told = signal.sigwait(HEARD)
            # One that is ignored is waited for all the same, as it is blocked.
            if told in ENDS or (told == HANGUP and is_hangup_heard() and not is_ending):
                is_ending = True
                self._end()
            if told != signal.SIGCHLD:
                continue
            for number, status in self._reaped():
                if is_ending:
                    continue
                if self._dies_too_often():
                    self._say(
                        f"process {number} {_end_of(status)}; {RESTARTS} in a minute are too many, so all end"
                    )
                    is_ending = fails = True
                    self._end()
                    continue
                self._say(f"process {number} {_end_of(status)}: its runs are lost, and another takes its place")
                self._fork(number, is_again=True)
        return not fails

    def _end(self) -> None:
        for pid in self._children:
            os.kill(pid, ENDING)

    def _reaped(self) -> Iterator[tuple[int, int]]:
        """One signal may stand for several children."""
        for pid in list(self._children):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                yield self._children.pop(pid), status

    def _dies_too_often(self) -> bool:
        self._deaths.append(time.monotonic())
        return len(self._deaths) > RESTARTS and self._deaths[-1] - self._deaths[0] < RESTART_SECONDS

    def _fork(self, number: int, *, is_again: bool) -> None:
        pid = os.fork()
        if pid:
            self._children[pid] = number
            return
        code = 1
        try:
            os.close(self._alive)
            _as_child()
            place = Place(
                number=number,
                count=len(self._listening),
                folder=self._folder,
                listening=self._listening[number - 1],
                orphaned=self._orphaned,
                share=Share(self._table, number),
                is_again=is_again,
            )
            self._child(place)
            code = 0
        except BaseException:
            logger.exception("process %d failed", number)
        finally:
            # Not by an exception: what the parent cleans up is the parent's.
            os._exit(code)


@contextmanager
def _heard() -> Iterator[None]:
    """The signals wait until they are asked for: none is lost, and none comes in the middle of a fork."""
    # One that is ignored would not wait.
    before = signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
        signal.signal(signal.SIGCHLD, before)


def _as_child() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Not ignored: so would be the servers that a program starts, which are ended by it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    if is_hangup_heard():
        signal.signal(HANGUP, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)


@contextmanager
def _folder() -> Iterator[Path]:
    """Of this user alone."""
    made = Path(mkdtemp(prefix=f"bamlet-{os.getpid()}-"))
    try:
        keys_of(made).mkdir()
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _end_of(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
