"""Which addresses are public: requests that a stranger may have worded must reach no others."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterator
from typing import TypeAlias

from .message import ConnectError, InvalidRequest

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


async def public_address(host: str, port: int) -> str:
    """An address of the host. Raises `InvalidRequest` if it has one that is not public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as failure:
        raise ConnectError(f"cannot connect to {host}: the host name is unknown") from failure
    addresses = [str(place[0]) for *_, place in found]
    for address in addresses:
        if not is_public(address):
            raise InvalidRequest(f"{host} leads to {address}, which is no public address")
    return addresses[0]


def is_public(address: str) -> bool:
    """Also of what an IPv6 address carries inside: an IPv4 address has many such disguises."""
    return all(each.is_global and not each.is_multicast for each in _meant(ipaddress.ip_address(address)))


def _meant(address: _Address) -> Iterator[_Address]:
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    inner = address.ipv4_mapped
    if inner is not None:
        yield inner
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
