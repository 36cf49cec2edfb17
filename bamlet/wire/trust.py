"""Whom to trust: the certificates of the system, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name."""

from __future__ import annotations

import ssl

import httpx


class Trust:
    """Read on first use or before it: that takes some 60 ms, which another thread may have. Two that read them at
    once do it twice, and no harm."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = httpx.create_ssl_context()
        return self._context
