"""Clocks that a host may give a runtime."""

from ..sysops.clock import SeededClock as SeededClock
