"""Options that several commands have, and what they mean. Each brings what it needs when it is used."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ENV_FILE = ".env"

Options = argparse._ActionsContainer  # a command, or a group of its options


def add_edition(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--edition",
        type=int,
        choices=(1, 2),
        help="the edition of the language; without it, settings, comments and what the files hold decide",
    )


def add_environment(command: Options) -> None:
    command.add_argument(
        "--env-file",
        action="append",
        default=[],
        metavar="FILE",
        help="read variables from a file, below those of the environment; may be given more than once"
        " (default: .env in the working folder, if there is one)",
    )
    command.add_argument("--no-env-file", action="store_true", help="do not read .env")


def environment(arguments: argparse.Namespace) -> Mapping[str, str] | None:
    """The environment of the program; None is that of the process. Raises `ValueError` and `OSError`."""
    from ..embed.dotenv import environment_with, read_env_file

    if arguments.no_env_file and arguments.env_file:
        raise ValueError("either --env-file or --no-env-file")
    if arguments.no_env_file:
        return None
    given = [Path(name) for name in arguments.env_file]
    files = given or [path for path in (Path(ENV_FILE),) if path.is_file()]
    if not files:
        return None
    for path in given:
        if not path.exists():
            raise ValueError(f"there is no file {path} to read variables from")
    found = [read_env_file(path) for path in files]
    for path, names in zip(files, found, strict=True):
        print(f"reading {path} ({len(names)} name{'s' if len(names) != 1 else ''})", file=sys.stderr)
    return environment_with(found)


def add_groups(command: Options) -> None:
    command.add_argument(
        "--deny",
        action="append",
        default=[],
        choices=("env", "fs", "net"),
        help="let the program reach no environment, no files or no network; may be given more than once",
    )
    command.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=("process", "sockets"),
        help="let the program start other programs, or wait for connections; may be given more than once",
    )
    add_functions(command)


def add_functions(command: Options) -> None:
    command.add_argument(
        "--functions",
        type=functions,
        metavar="FILE.py",
        help="run a file of Python, and take from it what the program declares with $host",
    )
    command.add_argument(
        "--allow-mcp",
        action="append",
        default=[],
        metavar="NAME",
        help="let the program reach a server that it declares as client<mcp>, which may start a process;"
        " may be given more than once",
    )


def functions(text: str) -> Mapping[str, Callable[..., Any]]:
    """Those of a file. It is run when the command line is read: a mistake in it is told before all else."""
    from ..embed import BamlInvalidArgumentError
    from ..embed.declared_functions import functions_in

    try:
        return functions_in(Path(text))
    except (OSError, BamlInvalidArgumentError, SyntaxError, ImportError) as failure:
        raise argparse.ArgumentTypeError(str(failure)) from None


def add_lent(command: Options) -> None:
    command.add_argument(
        "--lend-to",
        action="append",
        default=[],
        metavar="HOST",
        help="a host that may have tokens of Google, Azure and AWS beside their own; may be given more than once",
    )


def add_media(command: Options) -> None:
    command.add_argument(
        "--allow-private-media",
        action="store_true",
        help="fetch images and other media also from this machine and its network",
    )


REPLAYED = "answer from a cassette, without a network"


def add_replay(command: Options, told: str = REPLAYED) -> None:
    command.add_argument("--replay", metavar="FILE", help=told)


def add_speed(command: Options, default: float) -> None:
    command.add_argument(
        "--speed",
        type=speed,
        default=default,
        metavar="X",
        help=f"pace of a cassette: 1 is as recorded, 2 is twice as fast, 0 does not wait (default: {default:g})",
    )


def add_cassette(command: Options, told: str = REPLAYED) -> None:
    """For one cassette, which is written or played."""
    either = command.add_mutually_exclusive_group()
    either.add_argument("--record", metavar="FILE", help="write every exchange to a cassette")
    add_replay(either, told)
    command.add_argument("--force", action="store_true", help="with --record: record over a cassette that exists")
    add_speed(command, 1.0)


def add_address(command: Options, default: int) -> None:
    command.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="HOST",
        help="where to listen (default: 127.0.0.1, this machine alone)",
    )
    command.add_argument(
        "--port", type=port, default=default, metavar="PORT", help=f"0 takes a free one (default: {default})"
    )
    command.add_argument("--port-file", metavar="FILE", help="write the port there once it is open")


def reach(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the program may reach, as the runtime is told."""
    return {
        "deny": arguments.deny,
        "allow": arguments.allow,
        "functions": arguments.functions,
        "mcp": tuple(arguments.allow_mcp),
    }


def add_offline(command: Options) -> None:
    command.add_argument(
        "--offline",
        nargs="?",
        type=int,
        const=0,
        metavar="SEED",
        help="ask nobody: answers are invented from the types, the same for the same SEED (default: 0); also"
        " BAMLET_OFFLINE=SEED",
    )
    command.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="SPEC",
        help="let an offline answer go wrong: KIND[@WHERE][xN][:RATE], such as cut@60%%, 429/retry-after=2x1,"
        " malformed:0.2 or any:0.1; may be given more than once",
    )


def offline(arguments: argparse.Namespace) -> int | None:
    """The seed, if nobody is to be asked. Raises `ValueError`."""
    from ..embed.by_environment import offline_seed
    from ..embed.faults import read_fault

    seed: int | None = arguments.offline
    if seed is None and not (arguments.replay or arguments.record):
        seed = offline_seed()
    if seed is not None and (arguments.replay or arguments.record):
        raise ValueError("--offline asks nobody, so there is nothing to record or to replay")
    if arguments.fault and seed is None:
        raise ValueError("--fault spoils offline answers; add --offline")
    for spec in arguments.fault:
        read_fault(spec)
    return seed


def at_least(least: int, what: str) -> Callable[[str], int]:
    """A whole number with a lower bound."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{what} is {least} or more, not {value}")
        return value

    number.__name__ = "number"  # argparse names it in its messages
    return number


def rate(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"a rate is between 0 and 1, not {text}")
    return value


def seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"a limit is a number of seconds above 0, not {text}")
    return value


def speed(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("a speed is 0 or more")
    return value


def port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"a port is between 0 and 65535, not {text}")
    return number


def shard(text: str) -> tuple[int, int]:
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"a shard is 2/5, for example: the second of five; not {text}")
    return int(number), int(count)
