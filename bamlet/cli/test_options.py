"""The options of `bamlet test`."""

from __future__ import annotations

import argparse

from .options import (
    add_edition,
    add_environment,
    add_functions,
    add_offline,
    add_replay,
    add_speed,
    at_least,
    rate,
    seconds,
    shard,
)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    test = commands.add_parser(
        "test",
        help="run the tests of a program",
        description="Run the tests of a program. All paths together are one program, and FILE::Function::Test"
        " names one test.",
        epilog="Exit codes: 0 all passed, 1 a test failed or could not be decided, 2 usage, 5 nothing selected,"
        " 65 the source does not compile, 130 interrupted.",
    )
    add_options(test)


def add_options(test: argparse.ArgumentParser) -> None:
    test.add_argument(
        "paths",
        metavar="FILE|DIR",
        nargs="*",
        help="what makes up the program (default: the working folder)",
    )
    add_edition(test)
    _add_selection(test)
    _add_matrix(test)
    _add_answers(test)
    _add_output(test)


def _add_selection(test: argparse.ArgumentParser) -> None:
    for flags, name, what in (
        (("-i", "--include"), "include", "run only"),
        (("-x", "--exclude"), "exclude", "leave out"),
    ):
        test.add_argument(
            *flags,
            dest=name,
            action="append",
            default=[],
            metavar="PATTERN",
            help=f"{what} tests like Function::Test, Function::, ::Test or a name, with * for any characters;"
            " may be given more than once",
        )
    test.add_argument("--lf", dest="last_failed", action="store_true", help="run what failed in the last run")
    test.add_argument("--list", action="store_true", help="print what is selected, and run nothing")
    test.add_argument(
        "--shard", type=shard, metavar="K/N", help="run one part of N, chosen by the names of the tests alone"
    )
    profile = test.add_mutually_exclusive_group()
    profile.add_argument(
        "--profile", metavar="NAME", help="what `[test.profiles.NAME]` of baml.toml says, below this command line"
    )
    profile.add_argument("--no-profile", action="store_true", help="not even the default of baml.toml")
    test.add_argument("--pass-if-no-tests", action="store_true", help="exit with 0 when nothing was selected")


def _add_matrix(test: argparse.ArgumentParser) -> None:
    test.add_argument(
        "--client",
        action="append",
        default=[],
        metavar="NAME",
        help="run with this client, or provider/model, in place of each function's own; a list with commas,"
        " or given more than once",
    )
    test.add_argument("--runs", type=at_least(1, "--runs"), metavar="N", help="repeat each test (default: 1)")
    test.add_argument(
        "--pass-rate", type=rate, metavar="R", help="how many of its runs must pass, from 0 to 1 (default: 1)"
    )
    test.add_argument(
        "-j", "--parallel", type=at_least(1, "-j"), metavar="N", help="how many run at once (default: 10)"
    )
    test.add_argument("--timeout", type=seconds, metavar="S", help="a limit for each run, in seconds")
    test.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="what chance decides in the program, random numbers and jitter, is the same for the same N",
    )
    test.add_argument("--fail-fast", action="store_true", help="stop at the first failure")
    test.add_argument(
        "--max-failures", type=at_least(1, "--max-failures"), metavar="N", help="stop after so many failed runs"
    )


def _add_answers(test: argparse.ArgumentParser) -> None:
    test.add_argument(
        "--record",
        choices=("none", "once", "all"),
        help="none plays the cassette of each run and reaches no network; once records where there is none;"
        " all records anew",
    )
    test.add_argument(
        "--cassettes", metavar="DIR", help="where cassettes are (default: cassettes, in the project)"
    )
    add_replay(test, "answer all tests from one cassette, without a network")
    add_speed(test, 0.0)
    test.add_argument(
        "--no-stream", action="store_true", help="make plain calls; LLM functions are streamed otherwise"
    )
    test.add_argument("--strict", action="store_true", help="fail also when a value loses something of its answer")
    test.add_argument(
        "--prompts",
        choices=("check", "update", "off"),
        help="check compares each prompt with the page that is kept of it, before anything is sent; update writes"
        " the pages (default: check, where there is a folder `prompts`)",
    )
    add_offline(test)
    add_environment(test)
    add_functions(test)


def _add_output(test: argparse.ArgumentParser) -> None:
    test.add_argument(
        "--output-format",
        action="append",
        default=[],
        metavar="FORMAT[=FILE]",
        help="full (on a terminal), concise (elsewhere), json, jsonl, junit or github; may be repeated",
    )
    test.add_argument("--durations", type=at_least(1, "--durations"), metavar="N", help="list the slowest runs")
    much = test.add_mutually_exclusive_group()
    much.add_argument("-v", "--verbose", action="store_true", help="cut no value and no list")
    much.add_argument("-q", "--quiet", action="store_true", help="do not list what passed")
    test.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)"
    )
    test.add_argument(
        "--watch", action="store_true", help="run what a change may have changed, until Ctrl-C (code 0)"
    )
