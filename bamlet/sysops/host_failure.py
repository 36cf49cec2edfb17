"""What the host handed in and what then raised: told apart from failures of operations and of the program."""

from __future__ import annotations


class HostFailure(Exception):
    """What the host handed in has raised: a callback, or a transport. It passes through the program unchanged."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(failure)
        self.failure = failure
