"""RSASSA-PKCS1-v1_5 with SHA-256: a private key in PEM and bytes in, their signature out.

This is all that a Google service account needs of cryptography, once an hour, so it is done with Python's own
`pow` and no package of native code. The time it takes depends on the key, which nobody but its owner can see here.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64decode
from dataclasses import dataclass, field
from functools import lru_cache

_PEM = re.compile(r"-----BEGIN (RSA )?PRIVATE KEY-----(.*?)-----END (?:RSA )?PRIVATE KEY-----", re.DOTALL)
_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04
# What stands before a SHA-256 digest to say that it is one.
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


class KeyUnreadable(ValueError):
    """The text is no RSA private key in PEM, or an encrypted one."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    modulus: int
    public_exponent: int
    primes: tuple[int, int] = field(repr=False)
    exponents: tuple[int, int] = field(repr=False)
    coefficient: int = field(repr=False)


def sign(pem: str, message: bytes) -> bytes:
    """Raises `KeyUnreadable`."""
    key = read_key(pem)
    size = (key.modulus.bit_length() + 7) // 8
    digest = _DIGEST_INFO + hashlib.sha256(message).digest()
    padding = size - len(digest) - 3
    if padding < 8:
        raise KeyUnreadable("the key is too short for SHA-256")
    block = int.from_bytes(b"\x00\x01" + b"\xff" * padding + b"\x00" + digest)
    (p, q), (at_p, at_q) = key.primes, key.exponents
    first, second = pow(block, at_p, p), pow(block, at_q, q)
    signature = second + q * ((first - second) * key.coefficient % p)
    # A wrong signature made with the two primes apart would give one of them away.
    if pow(signature, key.public_exponent, key.modulus) != block:
        raise KeyUnreadable("the numbers of the key do not belong together")
    return signature.to_bytes(size)


@lru_cache(maxsize=8)
def read_key(pem: str) -> RsaKey:
    """A key as PKCS #8 or PKCS #1. Raises `KeyUnreadable`."""
    found = _PEM.search(pem)
    if found is None:
        raise KeyUnreadable("there is no unencrypted RSA private key in PEM")
    try:
        inner = _Der(b64decode("".join(found[2].split()), validate=True)).sequence()
        version = inner.integer()
        if not found[1]:
            inner.skip()  # which algorithm
            inner = _Der(inner.octets()).sequence()
            version = inner.integer()
        modulus, public, _private, p, q, at_p, at_q, coefficient = (inner.integer() for _ in range(8))
    except (binascii.Error, IndexError) as error:
        raise KeyUnreadable("the RSA private key is damaged") from error
    if version != 0 or min(p, q, public) < 2 or p * q != modulus:
        raise KeyUnreadable("the private key is no RSA key of two primes")
    return RsaKey(modulus, public, (p, q), (at_p, at_q), coefficient)


class _Der:
    """The values of a DER encoding, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def sequence(self) -> _Der:
        return _Der(self._take(_SEQUENCE))

    def integer(self) -> int:
        return int.from_bytes(self._take(_INTEGER), signed=True)

    def octets(self) -> bytes:
        return self._take(_OCTETS)

    def skip(self) -> None:
        self._take(self._data[self._at])

    def _take(self, tag: int) -> bytes:
        if self._data[self._at] != tag:
            raise IndexError(self._at)
        size, start = self._data[self._at + 1], self._at + 2
        if size & 0x80:
            length_size = size & 0x7F
            size = int.from_bytes(self._data[start : start + length_size])
            start += length_size
        self._at = start + size
        if self._at > len(self._data):
            raise IndexError(self._at)
        return self._data[start : self._at]
