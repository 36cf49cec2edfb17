"""What tests share that run the libraries of others in this process."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def nothing_left_behind() -> Iterator[None]:
    """What the libraries leave to the garbage collector must not be found during somebody else's test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
