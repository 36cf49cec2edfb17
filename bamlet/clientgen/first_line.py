"""The first line of a client that speaks to a server: who made it, the protocol, and of what interface."""

from __future__ import annotations

from hashlib import sha256

from .._version import __version__
from ..interpreter.facts.interface import Interface
from .openapi import document, text

WIRE = 1  # of `bamlet serve`, and not of the client in Python


def first_line(interface: Interface, comment: str) -> str:
    """Two clients of one interface have the same, whatever else the program does."""
    digest = sha256(text(document(interface)).encode()).hexdigest()[:12]
    return (
        f"{comment} Made by bamlet {__version__} (protocol {WIRE}, interface {digest}) from .baml files: "
        f"change those, and run `bamlet generate`.\n"
    )
