"""One call under observation: its record goes to collectors when it begins, and to the log when it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType

from ..sysops.attempts import Record
from ..sysops.host import ClockLike
from . import logs
from .collector import Collector, FunctionLog


class Observed:
    """A `with` block around the call."""

    __slots__ = ("_collectors", "_tags", "record")

    def __init__(
        self,
        clock: ClockLike,
        function_name: str,
        streams: bool,
        collectors: Sequence[Collector],
        tags: Mapping[str, str],
    ) -> None:
        self._collectors = collectors
        self._tags = tags
        keeps = any(collector.bodies for collector in collectors) or logs.wants_prompts()
        self.record = Record(clock, function_name, streams=streams, keeps=keeps)

    def __enter__(self) -> None:
        if self._collectors:
            log = FunctionLog(self.record, self._tags)
            for collector in self._collectors:
                collector.add(log)

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Ended before it is written: both it and a reader of the collector see the same times.
        self.record.end()
        if self.record.attempts:
            logs.write(self.record, failure)
