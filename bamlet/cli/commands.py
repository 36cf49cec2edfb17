"""The commands, each with its options."""

from __future__ import annotations

import argparse

from .._version import __version__
from . import serve_options, test_options
from .map_options import add_map
from .options import (
    add_address,
    add_cassette,
    add_edition,
    add_environment,
    add_groups,
    add_lent,
    add_media,
    add_offline,
    add_speed,
)
from .parser import Parser


def make_parser(command: str | None = None) -> argparse.ArgumentParser:
    """With a command's name it knows that one alone: to make all of them takes as long as a small check."""
    parser: argparse.ArgumentParser = Parser(
        prog="bamlet",
        description="Run, check and stream .baml programs.",
        epilog="Exit codes: 0 fine, 1 the program or a test failed, 2 usage, 3 some rows failed, 4 stopped by a"
        " limit, 5 nothing was selected, 65 the source does not compile, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"bamlet {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    known = {
        "run": _add_run,
        "test": test_options.add,
        "init": _add_init,
        "mock": _add_mock,
        "render": _add_render,
        "check": _add_check,
        "fmt": _add_fmt,
        "explain": _add_explain,
        "generate": _add_generate,
        "serve": serve_options.add_serve,
        "dev": serve_options.add_dev,
        "map": add_map,
        "doctor": _add_doctor,
        "completions": _add_completions,
    }
    for name in (command,) if command in known else known:
        known[name](commands)
    return parser


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="call a function and print its value as JSON",
        description="Call a function of a program and print its value as JSON on standard output.",
    )
    run.add_argument(
        "path",
        metavar="FILE|DIR|-",
        nargs="?",
        default=".",
        help="a .baml file, or a folder of them (default: the working folder); - reads standard input",
    )
    _add_call(run)
    run.add_argument(
        "--stream",
        choices=("auto", "jsonl", "events", "off"),
        default="auto",
        help="auto draws partial values on a terminal; jsonl prints one event a line, events what an agent"
        " does; off does not stream",
    )
    run.add_argument("--raw", action="store_true", help="print a string as it is, and not as JSON")
    run.add_argument(
        "--usage",
        action=argparse.BooleanOptionalAction,
        help="end with a line of attempts, tokens and time, on standard error (default: on a terminal)",
    )
    add_groups(run)
    run.add_argument(
        "--argv", action="append", default=[], metavar="TEXT", help="what `baml.sys.argv` gives, once for each"
    )
    run.add_argument("--strict-input", action="store_true", help="`baml.io.input` fails at the end of the input")
    add_lent(run)
    run.add_argument(
        "--trace", action="store_true", help="tell on standard error what is asked, waited for, shown and closed"
    )
    add_cassette(run)
    add_offline(run)
    add_environment(run)


def _add_call(command: argparse.ArgumentParser) -> None:
    """A function and its arguments."""
    command.add_argument(
        "function",
        metavar="FUNCTION",
        nargs="?",
        help="default: `main`, or the only function; without arguments those of its first test are used",
    )
    command.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument: JSON, or plain text for a string; NAME=@FILE reads a file, NAME=@@TEXT is @TEXT",
    )
    command.add_argument(
        "--args", metavar="JSON", help="all arguments as one JSON object; @FILE reads one from a file"
    )
    add_edition(command)
    add_media(command)


def _add_render(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    render = commands.add_parser(
        "render",
        help="show the prompt or the request of a call, without sending it",
        description="Show what a call of an LLM function would send, without sending it. Keys need not be set.",
    )
    render.add_argument(
        "path", metavar="FILE|DIR|-", help="a .baml file, or a folder of them; - reads standard input"
    )
    _add_call(render)
    render.add_argument(
        "--as",
        dest="form",
        choices=("text", "markdown", "json", "curl", "python"),
        default="text",
        help="text (default) is the prompt; markdown is the page that `bamlet test --prompts` keeps of it; json is"
        " the request; curl and python can be run",
    )
    render.add_argument("--client", metavar="NAME", help="another client, or provider/model")
    render.add_argument("--stream", action="store_true", help="the request of a stream")
    render.add_argument("--show-secrets", action="store_true", help="write keys out, and not as variables")


def _add_init(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    init = commands.add_parser(
        "init",
        help="write a project to begin with",
        description="Write a project that runs and passes its tests at once, without a key.",
    )
    init.add_argument(
        "folder", metavar="DIR", nargs="?", default=".", help="where to (default: the working folder)"
    )
    init.add_argument("--edition", type=int, choices=(1, 2), help="pin the edition of the language in baml.toml")
    init.add_argument("--empty", action="store_true", help="without the example")
    init.add_argument(
        "--force", action="store_true", help="also into a folder that is not empty; no file is overwritten"
    )


def _add_mock(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    mock = commands.add_parser(
        "mock",
        help="serve a cassette, or invented answers, as the providers do",
        description="Serve a cassette, or invented answers, as OpenAI, Anthropic, Gemini and Ollama do.",
    )
    mock.add_argument(
        "source",
        metavar="CASSETTE|FILE|DIR",
        nargs="?",
        help="a cassette, which is played; or a program: answers are invented for the function whose output format"
        " stands in a prompt, as they are for a schema in a request",
    )
    add_address(mock, 4010)
    add_speed(mock, 1.0)
    mock.add_argument("--loop", action="store_true", help="play each exchange of a cassette again and again")
    mock.add_argument("--record", metavar="FILE", help="write what --to answers to a cassette")
    mock.add_argument("--to", metavar="URL", help="pass requests on to a provider")
    add_offline(mock)


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser(
        "check",
        help="report what is wrong with a program, without running it",
        description="Report what is wrong with a program, without running it. All paths together are one program.",
    )
    check.add_argument(
        "paths",
        metavar="FILE|DIR|-",
        nargs="*",
        help="what makes up the program; - reads standard input (default: the working folder)",
    )
    check.add_argument(
        "--output-format",
        choices=("full", "concise", "json", "sarif", "github"),
        default="full",
        help="full (default) draws the code; concise is one line each; the others are for machines",
    )
    add_edition(check)
    check.add_argument("-v", "--verbose", action="store_true", help="say which edition the program is, and why")
    check.add_argument("--strict", action="store_true", help="let warnings fail too")
    check.add_argument("--watch", action="store_true", help="check again on every change, until Ctrl-C (code 0)")


def _add_fmt(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fmt = commands.add_parser(
        "fmt",
        help="lay files out in the one style",
        description="Lay .baml files out in the one style, in place. Meaning and comments stay as they are.",
    )
    fmt.add_argument(
        "paths",
        metavar="FILE|DIR|-",
        nargs="*",
        help="what to lay out; - reads standard input and writes standard output (default: the working folder)",
    )
    fmt.add_argument(
        "--check", action="store_true", help="write nothing; list the files that would change (code 1)"
    )
    fmt.add_argument("--diff", action="store_true", help="write nothing; show what would change (code 1)")


def _add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    explain = commands.add_parser(
        "explain",
        help="show what a diagnostic means, with a wrong and a right program",
        description="Show what a diagnostic means, with a wrong and a right program.",
    )
    explain.add_argument("code", metavar="CODE", nargs="?", help="a slug or a number; without one, all are listed")


def _add_generate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    generate = commands.add_parser(
        "generate",
        help="write the clients of a program",
        description="Write the client packages and documents that the generator blocks of a program ask for.",
    )
    generate.add_argument(
        "path", metavar="DIR", nargs="?", help="the folder of sources (default: baml_src, here or above)"
    )
    generate.add_argument("--from", dest="source", metavar="DIR", help="the same")
    generate.add_argument("--output-dir", metavar="DIR", help="where the packages go, in place of output_dir")
    generate.add_argument(
        "--stubs", metavar="DIR", help="write a package of stubs that type a plain Runtime, and nothing else"
    )
    generate.add_argument(
        "--check", action="store_true", help="write nothing; name the files that are not up to date (code 1)"
    )
    generate.add_argument(
        "--watch", action="store_true", help="write again on every change, until Ctrl-C (code 0)"
    )
    generate.add_argument("--no-tests", action="store_true", help="leave the tests out of the package")
    generate.add_argument("--no-version-check", action="store_true", help=argparse.SUPPRESS)


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="tell what is installed, kept and set, and what a program lacks here",
        description="Tell versions, extras, the cache, which variables are set (names alone), and whether the"
        " clients of a program have what they read.",
    )
    doctor.add_argument(
        "path",
        metavar="FILE|DIR",
        nargs="?",
        default=".",
        help="a .baml file, or a folder of them (default: the working folder)",
    )
    doctor.add_argument(
        "--reach", action="store_true", help="ask each address of the clients, without a key, whether it answers"
    )


def _add_completions(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    completions = commands.add_parser(
        "completions",
        help="print completions for a shell",
        description='Print completions for a shell: eval "$(bamlet completions bash)", in its start file.',
    )
    completions.add_argument("shell", choices=("bash", "zsh", "fish"), help="whose language to write")
