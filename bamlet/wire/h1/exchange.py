"""What goes out over a connection, and to whom; and what a parser of answers must be able to tell."""

from __future__ import annotations

from typing import Protocol

from ...records import dataclass, replace
from ..heads import Head, Unreadable
from ..message import InvalidRequest

_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose connection it is. Over TLS it is the owner of `host` who must be there, also if it was settled before
    at which `address`."""

    host: str
    port: int
    over_tls: bool
    address: str | None = None

    def at(self, address: str | None) -> Origin:
        return self if address is None else replace(self, address=address)


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """Without a `repr`, which would show keys."""

    method: str
    target: str
    fields: list[tuple[str, str]]
    body: bytes

    def on_the_wire(self) -> bytes:
        """Method, target and fields have been looked at: none holds the end of a line."""
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.fields]
        lines.append("\r\n")
        return "\r\n".join(lines).encode("ascii") + self.body


class Framing(Protocol):
    """Where an answer ends, and whether its connection serves again: a parser, for one exchange after another."""

    ended: bool
    """Whether the answer is whole."""
    keeps: bool
    """Whether the connection may carry another one, which is known once this one has ended."""
    failure: Unreadable | None
    """Why the body cannot be read on. What came before is handed out first."""

    def begin(self, method: str, head: Head) -> None:
        """The answer to such a request begins. Of its head, `of_framing` is told."""
        ...

    def feed(self, data: bytes) -> bytes:
        """The bytes of the body in it. Not to be called once the answer has ended."""
        ...

    def finish(self, head: Head) -> None:
        """The peer says that nothing more comes. Sets `ended` if that is where the body ends."""
        ...


def outgoing_fields(
    method: str, authority: str, headers: tuple[tuple[str, str], ...], body: bytes
) -> list[tuple[str, str]]:
    """With what HTTP asks for, unless it is given. Raises `InvalidRequest` if what is given does not fit."""
    given = {name.lower(): value for name, value in headers}
    if "transfer-encoding" in given:
        raise InvalidRequest("the request cannot be sent: its header 'transfer-encoding' is for us to choose")
    fields = [*headers] if "host" in given else [("host", authority), *headers]
    size = str(len(body))
    if "content-length" not in given:
        if body or method in _WITH_BODY:
            fields.append(("content-length", size))
    elif given["content-length"] != size or sum(name.lower() == "content-length" for name, _ in headers) > 1:
        raise InvalidRequest(
            "the request cannot be sent: its header 'content-length' is not the length of its body"
        )
    return fields
