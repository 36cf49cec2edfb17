"""Every handle that any runtime of the suite opens, by the test that opened it; none may be left at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from bamlet.interpreter.runtime.values import Handle
from bamlet.sysops.handles import HandleTable


@pytest.fixture(scope="session", autouse=True)
def no_handle_is_left_open() -> Iterator[None]:
    opened: dict[int, str] = {}
    add, remove = HandleTable.add, HandleTable.remove

    def watched_add(table: HandleTable, kind: str) -> Handle:
        handle = add(table, kind)
        opened[handle.number] = f"{handle!r}, opened in {os.environ.get('PYTEST_CURRENT_TEST')}"
        return handle

    def watched_remove(table: HandleTable, number: int) -> None:
        remove(table, number)
        del opened[number]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HandleTable, "add", watched_add)
        patch.setattr(HandleTable, "remove", watched_remove)
        yield
    assert not opened, "left open:\n" + "\n".join(opened.values())
