"""The test servers as pytest fixtures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.loopback import LoopbackServer
from tests.servers.wiremock import WireMockServer

_WIREMOCK = pytest.StashKey[WireMockServer]()


@pytest.fixture
def loopback() -> Iterator[LoopbackServer]:
    """A fresh server for one test."""
    with LoopbackServer() as server:
        yield server


@pytest.fixture
def wiremock(request: pytest.FixtureRequest) -> WireMockServer:
    """The session's one WireMock, started for its first user and emptied for every other."""
    stash = request.session.stash
    if _WIREMOCK not in stash:
        stash[_WIREMOCK] = server = WireMockServer()
        request.session.addfinalizer(server.stop)
    stash[_WIREMOCK].reset()
    return stash[_WIREMOCK]
