"""What Python tests may ask for: programs, runtimes over cassettes or nobody, prompts, and a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .options import SOURCES, answers_for, option
from .programs import loaded_at

if TYPE_CHECKING:
    from ...embed import AsyncRuntime, Program
    from ...sync import Runtime
    from ..serving import Mock


@pytest.fixture
def bamlet_program(request: pytest.FixtureRequest) -> Program:
    """The program of `@pytest.mark.bamlet(path)`, or of `baml_src` in the root of the project."""
    marker = request.node.get_closest_marker("bamlet")
    named = Path(marker.args[0] if marker is not None else SOURCES)
    beside = request.path.parent / named
    path = beside if beside.exists() else request.config.rootpath / named
    return loaded_at(path.resolve(), request.config).program


@pytest.fixture
def bamlet_runtime(request: pytest.FixtureRequest, bamlet_program: Program) -> Iterator[Runtime]:
    """A blocking runtime over the cassette of this test, `cassettes/MODULE/TEST.jsonl`, by `--bamlet-record`."""
    from ...sync import Runtime

    with (
        _means(request) as means,
        Runtime(bamlet_program, transport=means.transport, environ=means.environ) as made,
    ):
        yield made
        assert made.asynchronous.handles.open_count == 0, "a stream was left open"


@pytest.fixture
def bamlet_async_runtime(request: pytest.FixtureRequest, bamlet_program: Program) -> Callable[[], Any]:
    """The same for `async with bamlet_async_runtime() as runtime`, in the event loop of whoever asks."""
    from ...embed import AsyncRuntime

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncRuntime]:
        with _means(request) as means:
            async with AsyncRuntime(bamlet_program, transport=means.transport, environ=means.environ) as made:
                yield made
                assert made.handles.open_count == 0, "a stream was left open"

    return opened


@contextmanager
def _means(request: pytest.FixtureRequest) -> Iterator[Any]:
    folder = option(request.config, "cassettes")
    base = Path(request.config.rootpath, folder) if folder else request.path.parent / "cassettes"
    means = answers_for(base.parent, request.config).means_at(base, request.path.stem, request.node.name)
    yield means
    if problems := means.after(True):
        pytest.fail("\n".join(problems), pytrace=False)


@pytest.fixture
def bamlet_offline(bamlet_program: Program) -> Iterator[Callable[..., Runtime]]:
    """`bamlet_offline(seed=0, faults=[…], script=[…])`: a runtime that asks nobody."""
    from ...embed.offline import OfflineTransport, offline_environment
    from ...sync import Runtime
    from ..script import script as scripted

    made: list[Runtime] = []

    def opened(seed: int = 0, faults: tuple[str, ...] | list[str] = (), script: Any = None) -> Runtime:
        answers = [script] if isinstance(script, str) else script
        transport = scripted(*answers, faults=faults) if answers else OfflineTransport(seed, faults=faults, pace=0)
        made.append(Runtime(bamlet_program, transport=transport, environ=offline_environment(None)))
        return made[-1]

    yield opened
    for runtime in made:
        runtime.close()


@pytest.fixture
def bamlet_prompt(bamlet_program: Program) -> Callable[..., str]:
    """`bamlet_prompt("Extract", text="…")`: what the model would be told, as text."""
    from ...embed.offline import OfflineTransport, offline_environment
    from ...sync import Runtime

    def prompt(function: str, **arguments: Any) -> str:
        with Runtime(bamlet_program, transport=OfflineTransport(), environ=offline_environment(None)) as runtime:
            return str(runtime.prompt(function, arguments))

    return prompt


@pytest.fixture
def bamlet_mock(request: pytest.FixtureRequest) -> Iterator[Mock]:
    """A server that answers as providers do, on a port of its own: `.url`, `.requests`, `.play(cassette)`.

    It invents answers, also of the program of `@pytest.mark.bamlet(path)`.
    """
    try:
        from ..serving import Mock
    except ImportError:
        pytest.fail("bamlet_mock needs the extra `serve`: pip install 'bamlet[serve]'", pytrace=False)
    marked = request.node.get_closest_marker("bamlet") is not None
    with Mock.started(request.getfixturevalue("bamlet_program") if marked else None) as mock:
        yield mock
