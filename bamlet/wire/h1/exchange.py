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


@dataclass(slots=True, repr=False)
class Outgoing:
    """A request as it goes over the wire. Without a `repr`, which would show keys."""

    method: str
    data: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """How requests begin that differ in their bodies alone: clients send such again and again, and to look at a
    head is a tenth of what a call costs. `size` is the length of the body that its own headers tell."""

    method: str
    lines: bytes
    size: str | None

    def before(self, body: bytes) -> Outgoing:
        """Raises `InvalidRequest` if the length that was given is not that of the body."""
        if self.size is not None:
            if self.size != str(len(body)):
                raise _wrong_length()
            return Outgoing(self.method, b"%b\r\n%b" % (self.lines, body))
        if body or self.method in _WITH_BODY:
            return Outgoing(self.method, b"%bcontent-length: %d\r\n\r\n%b" % (self.lines, len(body), body))
        return Outgoing(self.method, self.lines + b"\r\n")


class Ending(Protocol):
    """Where an answer ends, and whether its connection serves again."""

    ended: bool
    """Whether the answer is whole."""
    keeps: bool
    """Whether the connection may carry another one, which is known once this one has ended."""
    failure: Unreadable | None
    """Why the body cannot be read on. What came before is handed out first."""

    def feed(self, data: bytes) -> bytes:
        """The bytes of the body in it. Not to be called once the answer has ended."""
        ...

    def finish(self, head: Head) -> None:
        """The peer says that nothing more comes. Sets `ended` if that is where the body ends."""
        ...


class Framing(Ending, Protocol):
    """The same as a parser tells it, for one exchange after another."""

    def begin(self, method: str, head: Head) -> None:
        """The answer to such a request begins. Of its head, `of_framing` is told."""
        ...


def opening_of(method: str, target: str, authority: str, headers: tuple[tuple[str, str], ...]) -> Opening:
    """With what HTTP asks for, unless it is given. Method, target and headers have been looked at: none holds the
    end of a line. Raises `InvalidRequest` if what is given does not fit.
    """
    names = [name.lower() for name, _ in headers]
    if "transfer-encoding" in names:
        raise InvalidRequest("the request cannot be sent: its header 'transfer-encoding' is for us to choose")
    sizes = [value for (_, value), name in zip(headers, names, strict=True) if name == "content-length"]
    if len(sizes) > 1:
        raise _wrong_length()
    fields = headers if "host" in names else (("host", authority), *headers)
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields])
    return Opening(method, f"{method} {target} HTTP/1.1\r\n{lines}".encode("ascii"), sizes[0] if sizes else None)


def _wrong_length() -> InvalidRequest:
    return InvalidRequest("the request cannot be sent: its header 'content-length' is not the length of its body")
