"""Which proxy stands between us and a URL: that of the options, or that of the environment."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

import httpx


class Proxies:
    """The environment is read once, as the clients read it. `given` is the URL of a proxy for everything."""

    def __init__(self, given: str | None) -> None:
        self._given = given
        self._found = {} if given else getproxies()

    def before(self, url: httpx.URL) -> str | None:
        if not self._found or proxy_bypass(url.host):
            return self._given
        return self._found.get(url.scheme) or self._found.get("all")


def shown(proxy: str) -> str:
    """For a message: without the user and the password. Never raises, also for what is no URL."""
    scheme, colon, rest = proxy.rpartition("://")
    return f"{scheme}{colon}{rest.rpartition('@')[2].split('/')[0]}"
