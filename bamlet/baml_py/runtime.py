"""The low-level names of BAML's bridge: what annotations and command lines need of them, and no more."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, Self

from ..records import dataclass

if TYPE_CHECKING:
    from ..embed import Program

COMPATIBLE_WITH = "0.226.3"


def get_version() -> str:
    """The version of baml-py whose behaviour this is; `bamlet.__version__` is our own."""
    return COMPATIBLE_WITH


def invoke_runtime_cli() -> NoReturn:
    """What `baml-cli` was: the command `bamlet`, with the arguments of the process."""
    sys.argv[0] = "bamlet"
    import_module("bamlet.__main__").main()
    raise AssertionError("the command ends the process")


class BamlRuntime:
    """A program. It is called by `bamlet.Runtime`, and not by the methods that native clients use underneath."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @classmethod
    def from_directory(cls, directory: str | os.PathLike[str], env_vars: Mapping[str, str] | None = None) -> Self:
        """Variables are read at each call, so those that are given here do not matter."""
        from ..embed import load

        return cls(load(directory))

    @classmethod
    def from_files(
        cls, root_path: str, files: Mapping[str, str], env_vars: Mapping[str, str] | None = None
    ) -> Self:
        from ..embed import compile_sources

        return cls(compile_sources({os.path.join(root_path, name): text for name, text in files.items()}))

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(
            f"BamlRuntime.{name} is a call into baml-py's native library; use bamlet.Runtime(runtime.program)"
        )


class FunctionResult:
    """Of the native library: a call of bamlet gives its value itself."""

    def __init__(self) -> None:
        raise NotImplementedError("a call of bamlet.Runtime gives the value itself")


class FunctionResultStream:
    """Of the native library: `bamlet.Runtime.stream` gives a stream to iterate over."""

    def __init__(self) -> None:
        raise NotImplementedError("bamlet.Runtime.stream gives a stream to iterate over")


SyncFunctionResultStream = FunctionResultStream


@dataclass(frozen=True, slots=True)
class TraceStats:
    """Events are delivered while a call runs, so none is ever on its way."""

    started: int = 0
    finalized: int = 0
    submitted: int = 0
    sent: int = 0
    done: int = 0
    failed: int = 0
