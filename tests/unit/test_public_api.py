"""What `import bamlet` offers, by name and signature; the language cannot see it.

The golden tells a reviewer that a change is one that users see. The two faces are held to be the same by a test,
since the blocking one is written by hand (docs/decisions/0008).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

import bamlet
from tests.support.golden import Goldens
from tests.support.public_api import described

FACES = [(bamlet.AsyncRuntime, bamlet.Runtime), (bamlet.AsyncStream, bamlet.Stream)]

TWINS = {
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
}

# What one face has for the other one to be made of.
ASYNC_ONLY = {"acts", "batches", "bind", "handles", "prepare", "prepare_resume", "prepare_value", "visible"}
BLOCKING_ONLY = {"asynchronous"}


def offered(face: type) -> set[str]:
    return {name for name in vars(face) if name in {*TWINS, *TWINS.values()} or not name.startswith("_")}


def test_the_public_names(golden: Goldens) -> None:
    golden("api/bamlet.txt", described(bamlet))


@pytest.mark.parametrize(("waiting", "blocking"), FACES, ids=["runtime", "stream"])
def test_both_faces_offer_the_same(waiting: type, blocking: type) -> None:
    theirs = {TWINS.get(name, name) for name in offered(waiting) - ASYNC_ONLY}
    assert theirs == offered(blocking) - BLOCKING_ONLY


@pytest.mark.parametrize(
    ("waiting", "blocking", "name"),
    [
        (theirs, ours, name)
        for theirs, ours in FACES
        for name in sorted(offered(theirs) - ASYNC_ONLY)
        if callable(vars(theirs)[name])
    ],
)
def test_both_faces_take_the_same(waiting: type, blocking: type, name: str) -> None:
    theirs, ours = vars(waiting)[name], vars(blocking)[TWINS.get(name, name)]
    assert shape(theirs) == shape(ours)


def test_a_blocking_runtime_is_made_like_the_other() -> None:
    assert shape(bamlet.AsyncRuntime.__init__) == shape(bamlet.Runtime.__init__)


def shape(function: Callable[..., object]) -> tuple[list[inspect.Parameter], str]:
    """Its parameters with kind, type and default, and its result with the words for waiting left out."""
    signature = inspect.signature(function)
    return list(signature.parameters.values()), str(signature.return_annotation).replace("Async", "")
