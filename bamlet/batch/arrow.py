"""The door to Arrow, which is an extra."""

from __future__ import annotations

from typing import Any

from .engines import Refused


def arrow() -> Any:
    """Raises `Refused` where it is missing."""
    try:
        import pyarrow
    except ImportError:
        raise Refused("Parquet needs the extra `table`: pip install 'bamlet[table]'") from None
    return pyarrow


def parquet() -> Any:
    """Raises `Refused`."""
    arrow()
    from pyarrow import parquet as found

    return found
