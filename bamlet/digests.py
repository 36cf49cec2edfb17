"""Bytes to a digest of them, by which we know again what we wrote or read.

Not by `hashlib`: that loads OpenSSL, which takes longer than all that a start has to digest.
"""

from __future__ import annotations

try:
    from _blake2 import blake2b  # that of `hashlib`, where Python has one of its own
except ImportError:
    from hashlib import blake2b

__all__ = ["blake2b"]
