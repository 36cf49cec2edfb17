"""The options of `bamlet map`."""

from __future__ import annotations

import argparse

from .options import add_environment, add_groups, add_lent, add_media, add_offline, add_replay, add_speed

PROMISE = """\
Every input row is in OUTPUT or in the errors file, exactly once, whatever was killed when. OUTPUT is there in
whole or not at all. A row whose answer was stored is never asked again. A row is asked twice only if the process
died between its answer and the next commit; the summary says how many that can be at most. A bad row never stops
the others. With --output - rows come as they are ready, and a pipe can promise no whole.

Exit codes: 0 all rows are in OUTPUT, 2 wrong use, said before the first call, 3 finished and the errors file is
not empty, 4 stopped by a limit, 65 the source does not compile, 130 interrupted. After 4 and 130 the same command
goes on.
"""


def add_map(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "map",
        help="call a function for each row of a file",
        description="Call a function for each row of a file, and write the answers in the order of the rows.",
        epilog=PROMISE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("path", metavar="FILE|DIR", help="a .baml file, or a folder of them")
    command.add_argument("function", metavar="FUNCTION", help="what is called for each row")
    _add_tables(command)
    _add_state(command)
    _add_limits(command)
    _add_engine(command)
    _add_looks(command)
    _add_runtime(command)


def _add_tables(command: argparse.ArgumentParser) -> None:
    command.add_argument("--input", required=True, metavar="FILE|'GLOB'|-", help="JSONL, CSV, TSV or Parquet")
    command.add_argument("--format", choices=("jsonl", "csv", "tsv", "parquet"), help="when the name does not say")
    command.add_argument(
        "--output", required=True, metavar="FILE|DIR/|-", help="of the format its name says; a folder gets parts"
    )
    command.add_argument(
        "--bind", action="append", default=[], metavar="PARAM=COLUMN", help="PARAM=. takes the row as a whole"
    )
    command.add_argument(
        "--set", action="append", default=[], metavar="PARAM=VALUE", help="the same value for all rows"
    )
    command.add_argument("--keep", default="none", metavar="COL,COL|all|none", help="input columns in the output")
    shape = command.add_mutually_exclusive_group()
    shape.add_argument("--flat", action="store_true", help="fields of the answer as columns (default for CSV)")
    shape.add_argument("--nested", action="store_true", help="the answer in one column, `result` (default)")
    command.add_argument(
        "--keep-failed", action="store_true", help="rows that failed are in the output, too, as null"
    )
    command.add_argument("--id", metavar="COLUMN", help="what a row is called in the errors file")
    command.add_argument("--errors", metavar="FILE", help="default: OUTPUT with .errors.jsonl")
    command.add_argument("--part-rows", type=_count, default=100_000, metavar="N", help="rows of a part of DIR/")
    command.add_argument("--rows", type=_count, metavar="N", help="the first N rows only")
    command.add_argument(
        "--sample", type=_count, metavar="N", help="N rows by chance, the same for the same --seed"
    )
    command.add_argument(
        "--seed", type=int, default=0, help="which rows a sample takes: the same for the same seed (default: 0)"
    )


def _add_state(command: argparse.ArgumentParser) -> None:
    command.add_argument("--state", metavar="DIR", help="where answers are kept (default: OUTPUT.state)")
    command.add_argument("--fresh", action="store_true", help="forget the answers of the state")
    command.add_argument(
        "--retry-errors", nargs="?", const="", metavar="CLASS,CLASS", help="ask rows again that have failed"
    )
    command.add_argument(
        "--dup",
        choices=("once", "each", "error"),
        default="once",
        help="rows that ask the same: one call for all (default), one each, or exit 2",
    )


def _add_limits(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--concurrency",
        type=_concurrency,
        default="auto",
        metavar="auto|N",
        help="requests under way; auto grows until the provider refuses (default)",
    )
    command.add_argument("--rpm", type=_amount, metavar="N", help="requests a minute of each client")
    command.add_argument("--tpm", type=_amount, metavar="N", help="tokens a minute of each client")
    command.add_argument("--max-cost", type=_amount, metavar="USD", help="of all runs on the state together")
    command.add_argument("--max-errors", metavar="N|P%%", help="stop when more rows have failed")
    command.add_argument("--deadline", type=_duration, metavar="2h", help="stop after so much time: 90s, 5m, 2h")
    command.add_argument("--no-canary", action="store_true", help="do not wait for the first row")


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--engine",
        choices=("local", "ray", "provider-batch"),
        default="local",
        help="who works: this machine (default), a Ray cluster, or the provider's batches, for half the price",
    )
    command.add_argument(
        "--ray-address", metavar="auto|HOST:PORT", help="a cluster that runs (default: one of this machine)"
    )
    command.add_argument(
        "--workers", type=_count, metavar="N", help="actors on Ray (default: one for each processor)"
    )
    command.add_argument(
        "--procs", type=_count, default=1, metavar="N", help="processes of this machine (default: 1)"
    )
    command.add_argument(
        "--leftovers",
        choices=("live", "batch", "error"),
        default="live",
        help="what becomes of rows that a provider's batch did not answer: asked now (default), sent with another"
        " batch, or failed",
    )
    command.add_argument(
        "--detach", action="store_true", help="end when the provider has its batches; the same command reads them"
    )
    command.add_argument(
        "--cancel",
        action="store_true",
        help="have the provider cancel its batches; the same command without it reads what they had answered",
    )


def _add_looks(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--export", action="store_true", help="write the rows that have ended so far to OUTPUT, and ask nothing"
    )
    command.add_argument("--dry-run", action="store_true", help="bind and count the rows, and ask nothing")
    command.add_argument("--estimate", action="store_true", help="tell tokens, money and time, and ask nothing")
    command.add_argument("--yes", action="store_true", help="with --estimate: go on afterwards")
    command.add_argument(
        "--progress",
        choices=("auto", "plain", "json", "off"),
        default="auto",
        help="how far it is, on standard error: auto draws on a terminal, plain and json write lines",
    )


def _add_runtime(command: argparse.ArgumentParser) -> None:
    command.set_defaults(record=None)  # the state keeps the answers
    add_replay(command)
    add_speed(command, 1.0)
    add_offline(command)
    add_environment(command)
    add_groups(command)
    add_lent(command)
    add_media(command)


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"write a whole number of 1 or more, not {text!r}")
    return number


def _concurrency(text: str) -> int | str:
    try:
        return text if text == "auto" else _count(text)
    except argparse.ArgumentTypeError as failure:
        raise argparse.ArgumentTypeError(f"{failure}; or auto") from None


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise argparse.ArgumentTypeError(f"a limit is a number above 0, not {text!r}")
    return amount


def _duration(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    unit = units.get(text[-1:])
    return _amount(text[:-1]) * unit if unit else _amount(text)
