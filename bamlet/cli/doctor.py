"""`bamlet doctor`: what is installed, kept, set and reachable, in the words of a report that can be passed on.

Of the environment it tells names alone, and of addresses no passwords. It asks nobody unless `--reach` is given.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from .. import embed
from .._version import __version__
from ..embed.dotenv import environment_with, read_env_file
from ..embed.opening import http_transport
from ..embed.store import cache_folder, variable
from ..embed.wanted_variables import Wanted, wanted_variables
from ..options.providers import PROVIDERS
from ..records import dataclass
from ..wire.message import Request, TransportError
from ..wire.redact import redact_url
from . import exits
from .options import ENV_FILE

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_OF_TLS = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OF_OURS = (
    *("BAMLET_CACHE_DIR", "BAMLET_OFFLINE", "BAMLET_REPLAY", "BAMLET_TOKEN", "BAMLET_PRICES"),
    *("BAML_LOG", "BAML_PASSWORD"),
)
REACH_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Line:
    """`wrong` is what keeps a program from running as it stands."""

    section: str
    text: str
    wrong: bool = False


def main(arguments: argparse.Namespace) -> int:
    environ = _environment()
    wanted, project = _project(arguments.path)
    lines = [*_versions(), *_extras(), *_cache(), *_variables(environ, wanted), *project]
    lines += [line for one in wanted for line in _client(one, environ)]
    if arguments.reach:
        lines += asyncio.run(_reached(wanted))
    section = ""
    for line in lines:
        if line.section != section:
            section = line.section
            print(section)
        print(f"  {'! ' if line.wrong else ''}{line.text}")
    return exits.FAILED if any(line.wrong for line in lines) else exits.OK


# --- what is installed


def _versions() -> Iterator[Line]:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield Line("versions", f"bamlet {__version__}, {python}, {platform.system()} {platform.machine()}")
    needed = ", ".join(f"{name} {_version(name)}" for extra, name in _required() if extra is None)
    yield Line("versions", needed)


def _extras() -> Iterator[Line]:
    by_extra: dict[str, list[str]] = {}
    for extra, name in _required():
        if extra is not None:
            by_extra.setdefault(extra, []).append(name)
    for extra, names in sorted(by_extra.items()):
        if lacking := [name for name in names if _version(name) is None]:
            yield Line("extras", f"{extra}: no {', '.join(lacking)}; pip install 'bamlet[{extra}]' brings it")
        else:
            yield Line("extras", f"{extra}: {', '.join(f'{name} {_version(name)}' for name in names)}")


def _required(distribution: str = "bamlet") -> Iterator[tuple[str | None, str]]:
    """What a distribution asks for, each with the extra that it belongs to."""
    try:
        requirements = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:  # run from a folder of sources
        requirements = []
    for requirement in requirements:
        found = re.match(r"(?P<name>[\w.-]+)(?:\[(?P<inner>[\w-]+)\])?", requirement)
        of = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        if found is not None:
            extra = of[1] if of else None
            yield extra, found["name"]
            if found["inner"]:
                yield from ((extra, name) for inner, name in _required(found["name"]) if inner == found["inner"])


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _cache() -> Iterator[Line]:
    folder = cache_folder()
    if folder is None:
        why = "switched off" if variable("BAMLET_CACHE_DIR") == "" else "others may write into its folder"
        yield Line("cache", f"not used ({why}): every start compiles anew")
        return
    sizes = [path.stat().st_size for path in Path(folder).glob("*") if path.is_file()]
    yield Line("cache", f"{folder}: {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB; it may be deleted at any time")


# --- what is set


def _environment() -> Mapping[str, str]:
    path = Path(ENV_FILE)
    return environment_with([read_env_file(path)] if path.is_file() else [])


def _variables(environ: Mapping[str, str], wanted: list[Wanted]) -> Iterator[Line]:
    of_providers = {
        name for one in PROVIDERS.values() for group in one.variables for names in group.values() for name in names
    }
    of_clients = {name for one in wanted for name in (*one.names, *(n for group in one.any_of for n in group))}
    known = sorted(of_providers | of_clients | {*_PROXIES, *_OF_TLS, *_OF_OURS})
    found = [name for name in known if environ.get(name) or (name in _PROXIES and environ.get(name.lower()))]
    yield Line("environment (names alone)", f"set: {', '.join(found) or 'none that a provider reads'}")
    if Path(ENV_FILE).is_file():
        yield Line("environment (names alone)", f"{ENV_FILE} in this folder is read by `run`, `test` and `serve`")


# --- the program


def _project(path: str) -> tuple[list[Wanted], list[Line]]:
    section = "program"
    try:
        program, diagnostics = embed.check_path(path)
    except (OSError, ValueError) as failure:
        return [], [Line(section, f"none here: {failure}", wrong=path != ".")]
    if program is None:
        count = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
        return [], [Line(section, f"{count} errors; `bamlet check {path}` shows them", wrong=True)]
    contents = repr(program).removeprefix("<Program: ").removesuffix(">")
    lines = [Line(section, f"edition {program.edition}, {contents}, compiles")]
    return wanted_variables(program.interface), lines


def _client(one: Wanted, environ: Mapping[str, str]) -> Iterator[Line]:
    missing = one.missing(environ)
    where = f" at {redact_url(one.base_url)}" if one.base_url else ""
    if missing:
        text = f"{one.client} ({one.provider}{where}): {', '.join(missing)} not set; --offline runs without"
    else:
        text = f"{one.client} ({one.provider}{where}): has what it reads"
    yield Line("clients", text, wrong=bool(missing))


# --- the network


async def _reached(wanted: list[Wanted]) -> list[Line]:
    """One request without a key to each address; whatever answers is reached."""
    urls = sorted({one.base_url for one in wanted if one.base_url})
    if not urls:
        return [Line("reach", "no client has an address that is written out")]
    transport = http_transport(None)
    try:
        return [await _reach(transport, url) for url in urls]
    finally:
        await transport.aclose()


async def _reach(transport: embed.Transport, url: str) -> Line:
    clock = asyncio.get_running_loop().time
    begun = clock()
    try:
        async with asyncio.timeout(REACH_SECONDS):
            response = await transport.open(Request("GET", url), connect_timeout=REACH_SECONDS)
            await response.aclose()
    except (TransportError, TimeoutError) as failure:
        told = str(failure) or f"no answer within {REACH_SECONDS} s"
        return Line("reach", f"{redact_url(url)}: {told}", wrong=True)
    milliseconds = (clock() - begun) * 1000
    return Line("reach", f"{redact_url(url)}: answers ({response.status}) after {milliseconds:.0f} ms")
