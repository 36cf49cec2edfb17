"""Where a token or a signature of a provider may go: a URL in, whether its host is the provider's own out.

Hosts of a cloud are its customers' as well, so the names are those of the one service and not all of the cloud's.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ..patterns import pattern

# The URL as a whole is looked at, since two readers of an odd one may disagree about its host.
_URL = pattern(r"https://([a-z0-9.-]+)(?::443)?(?:[/?].*)?", re.IGNORECASE | re.DOTALL)
_ANY_URL = pattern(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d+)?(?:[/?].*)?", re.IGNORECASE | re.DOTALL)
_LABEL = "[a-z0-9-]+"
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d+"

_HOSTS = {
    "google": pattern(rf"(?:{_LABEL}-)?aiplatform(?:\.{_LABEL}\.rep)?\.googleapis\.com"),
    "azure": pattern(rf"{_LABEL}\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)"),
    "aws": pattern(
        rf"(?:bedrock(?:-runtime|-mantle)?(?:-fips)?\.{_REGION}\.(?:amazonaws\.com(?:\.cn)?|api\.aws)"
        rf"|{_LABEL}\.bedrock-runtime\.{_REGION}\.vpce\.amazonaws\.com(?:\.cn)?)"
    ),
}


def is_host_of(authorization: str, url: str) -> bool:
    """Whether the URL leads to the provider's own service, encrypted."""
    found = _URL.fullmatch(url)
    return found is not None and _HOSTS[authorization].fullmatch(found[1].lower()) is not None


def is_among(hosts: Collection[str], url: str) -> bool:
    """Whether the host of the URL, or its host and port, is one of these."""
    found = _ANY_URL.fullmatch(url)
    if found is None:
        return False
    host = found[1].lower()
    return host in hosts or f"{host}{found[2] or ''}" in hosts
