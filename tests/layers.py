"""The rooms of `bamlet/` and their doors as tables; a source tree in, the broken rules out.

A room may import from rooms on earlier lines, never from its own line or a later one. An import under
`TYPE_CHECKING` counts: a type from above is a dependency on what is above.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAYERS = """
digests patterns records uncollected
source deep bounded options regex
diagnostics types jinja
grammar prompt sap wire stdlib
providers
interpreter
sysops
embed
sync
client
baml_py clientgen testing coverage batch
server
cli
""".split("\n")

RANK = {room: rank for rank, line in enumerate(LAYERS) for room in line.split()}

# The same law inside a room: a floor may import itself and floors on earlier lines.
FLOORS = {
    "interpreter": """
facts
declarations runtime
names
check
emit
program
""".split("\n")
}

# What a floor may not reach although it stands above: compiled code's side is no business of the compiler's.
NO_STAIRS = {
    ("interpreter", "names"): {"runtime"},
    ("interpreter", "check"): {"runtime"},
    ("interpreter", "emit"): {"runtime"},
}

# Where the line alone would allow too much: never.
FORBIDDEN = {
    "grammar": {"types", "jinja"},  # syntax only: no meaning of a name
    "wire": {"source", "diagnostics", "types", "jinja"},  # bytes only
    "stdlib": set(RANK),  # the library is text; the language around it is not its business
    "providers": {"diagnostics", "grammar", "sap", "stdlib"},
    "interpreter": {"prompt", "sap", "wire", "providers", "stdlib"},
    "sysops": {"grammar", "stdlib"},
    "sync": {"interpreter", "sysops"},
    "client": {"grammar", "sysops", "wire", "providers"},
    "baml_py": {"interpreter", "sysops"},
    "clientgen": {"embed", "sysops"},
    "testing": {"interpreter", "sysops"},
    "coverage": {"interpreter", "sysops"},
    "server": {"interpreter", "sysops"},
    "batch": {"interpreter", "sysops"},
    "cli": {"interpreter", "sysops"},
}

# Or only through one module.
ONLY_THROUGH = {
    ("sysops", "interpreter"): "bamlet.interpreter.runtime",
    ("client", "interpreter"): "bamlet.interpreter.runtime",
    ("clientgen", "interpreter"): "bamlet.interpreter.facts.interface",
}

_CLOCK = {"sysops.clock"}
_ENVIRONMENT = {"sysops.env", "embed"}
_FILES = {"embed", "stdlib", "bounded", "sysops.fs", "sysops.credential_files", "batch", "cli"}
_TERMINAL = {"cli", "__main__"}

# Outside things, and the modules that may touch them. A name that starts with a dot is a method of anything.
DOORS: dict[str, set[str]] = {
    "dataclasses": {"records", "wire"},  # the look of it; `records` costs nothing at import
    "_blake2": {"digests"},
    "lark": {"grammar"},
    "httpx": {"wire"},
    "h11": {"wire.h1.over_h11"},
    "httptools": {"wire.h1.over_httptools"},
    "uvloop": {"sync"},
    "cryptography": {"wire.rs256"},
    "jinja2": {"jinja"},
    "time": _CLOCK | {"server.parent"},  # which has no loop, and counts by the minute
    "random": _CLOCK,
    "datetime.datetime.now": _CLOCK,
    "datetime.datetime.utcnow": _CLOCK,
    "datetime.date.today": _CLOCK,
    "os.environ": _ENVIRONMENT | {"batch.ray_engine", "batch.crash"},  # what Ray is told, and where tests crash
    "os.getenv": _ENVIRONMENT,
    "subprocess": {"cli.generate"},
    "asyncio.subprocess": {"sysops.process"},
    "asyncio.start_server": {"sysops.sockets"},
    "open": _FILES,
    "io.open": _FILES,
    # Their own package data: the grammar, of which tables are kept, and what each client in TypeScript has.
    ".read_text": _FILES
    | {
        "grammar.tables",
        "clientgen.go",
        "clientgen.ruby",
        "clientgen.rust",
        "clientgen.typescript",
        "server.page",
    },
    ".read_bytes": _FILES | {"grammar.tables"},
    ".write_text": _FILES,
    ".write_bytes": _FILES | {"grammar.tables"},
    "print": _TERMINAL,
    "input": _TERMINAL | {"batch.library"},  # a parameter of that name
    "sys.exit": _TERMINAL,
    "sys.stdin": _TERMINAL,
    "sys.stdout": _TERMINAL,
    "sys.stderr": _TERMINAL | {"sysops.console"},
    "compile": {"interpreter"},
    "exec": {"interpreter", "client.objects", "client.parts", "records"},
    "eval": set(),
    "threading": {"sync", "deep", "client.locks", "batch.journal", "testing.serving"},
    "pydantic": {"client"},
    "sqlite3": {"batch.journal", "batch.jobs"},
    "pyarrow": {"batch.arrow"},
    "multiprocessing": {"batch.processes"},
    "ray": {"batch.ray_engine"},
    "genai_prices": {"embed.prices"},
    "mcp": {"sysops.mcp_sessions"},
    "mcp_types": {"sysops.mcp_sessions"},
    "coverage": {"coverage"},
    "pytest": {"testing.plugin"},
    "starlette": {"server"},
    "uvicorn": {"testing.serving", "server.process"},
    "pydantic_core": {"interpreter.runtime.python_faces", "embed.media"},
    "rich": {"cli", "interpreter.runtime.python_faces"},
}

# The facade and its neighbours stand outside the order; of them, a room may read the version only.
OUTSIDE = {"", "__main__", "_version", "ray"}

BUILTINS = frozenset(vars(builtins))


@dataclass(frozen=True)
class Module:
    """`name` is relative to the package: `wire.sse`, or empty for the package itself."""

    path: Path
    name: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]

    @property
    def package(self) -> list[str]:
        parts = ["bamlet", *filter(None, self.name.split("."))]
        return parts if self.path.name == "__init__.py" else parts[:-1]


def modules(root: Path) -> list[Module]:
    return [_read(root, path) for path in sorted(root.rglob("*.py"))]


def violations(module: Module) -> Iterator[str]:
    """One line a broken rule: file, line and what is used."""
    if module.room not in RANK and module.room not in OUTSIDE:
        yield f"{module.path}:1: {module.room} is not a room of LAYERS"
        return
    for line, target in uses(module):
        may_import = _may_import(module.room, target) and _may_climb(module.name, target)
        if not (_door_is_open(module.name, target) and may_import):
            yield f"{module.path}:{line}: {module.name or 'bamlet'} may not use {target}"


def uses(module: Module) -> Iterator[tuple[int, str]]:
    """What a module imports, in full, and the builtins and attributes it names."""
    imported = dict(_imported_names(module))
    own = imported.keys() | _bound_at_top(module.tree)
    inner = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(module.tree):
        match node:
            case ast.Import():
                yield from ((node.lineno, name.name) for name in node.names)
            case ast.ImportFrom():
                yield from ((node.lineno, target) for _, target in _from_names(module, node))
            case ast.Name(id=name, ctx=ast.Load()) if name in BUILTINS and name not in own:
                yield node.lineno, name
            case ast.Attribute(attr=attribute):
                yield node.lineno, f".{attribute}"
                if id(node) not in inner:
                    yield from _dotted(node, imported)


def _read(root: Path, path: Path) -> Module:
    name = ".".join(path.relative_to(root).with_suffix("").parts)
    tree = ast.parse(path.read_text("utf-8"))
    return Module(path.relative_to(root.parent), name.removesuffix("__init__").removesuffix("."), tree)


def _imported_names(module: Module) -> Iterator[tuple[str, str]]:
    """Each name that an import binds, anywhere in the module, with the full name behind it."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                top = name.name.partition(".")[0]
                yield (name.asname, name.name) if name.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            yield from _from_names(module, node)


def _from_names(module: Module, node: ast.ImportFrom) -> Iterator[tuple[str, str]]:
    package = module.package
    base = package[: len(package) + 1 - node.level] if node.level else []
    for name in node.names:
        yield name.asname or name.name, ".".join([*base, *filter(None, [node.module]), name.name])


def _bound_at_top(tree: ast.Module) -> set[str]:
    """Functions and variables of the module: a `compile` of its own is not the builtin."""
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def _dotted(node: ast.Attribute, imported: dict[str, str]) -> Iterator[tuple[int, str]]:
    """`dt.datetime.now` in full, unless the import at its start is already a use of its own."""
    parts: list[str] = []
    value: ast.expr = node
    while isinstance(value, ast.Attribute):
        parts.append(value.attr)
        value = value.value
    start = imported.get(value.id) if isinstance(value, ast.Name) else None
    if start is not None and start not in DOORS and not start.startswith("bamlet."):
        yield node.lineno, ".".join([start, *reversed(parts)])


def _door_is_open(here: str, target: str) -> bool:
    return all(
        any(f"{here}.".startswith(f"{door}.") for door in allowed)
        for thing, allowed in DOORS.items()
        if f"{target}.".startswith(f"{thing}.")
    )


def _may_import(room: str, target: str) -> bool:
    if room in OUTSIDE or not f"{target}.".startswith("bamlet."):
        return True
    other = [*target.split("."), ""][1]
    if other in (room, "_version"):
        return True
    through = ONLY_THROUGH.get((room, other))
    return (
        RANK.get(other, len(LAYERS)) < RANK[room]
        and other not in FORBIDDEN.get(room, set())
        and (through is None or f"{target}.".startswith(f"{through}."))
    )


def _may_climb(here: str, target: str) -> bool:
    """Whether a module may use another of its own room."""
    room, floor = [*here.split("."), ""][:2]
    _, other_room, other, *_ = [*target.split("."), "", "", ""]
    if not target.startswith("bamlet.") or other_room != room or room not in FLOORS:
        return True
    rank = {name: number for number, line in enumerate(FLOORS[room]) for name in line.split()}
    if floor not in rank or other not in rank:
        return False
    return other == floor or (rank[other] < rank[floor] and other not in NO_STAIRS.get((room, floor), set()))
