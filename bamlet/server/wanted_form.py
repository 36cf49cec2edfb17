"""What a request says about the form of a stream, to that form."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import refused
from .foreign import AgUi, Foreign, UIMessageStream
from .forms import Form, Lines, ServerSentEvents, Text, Values, chosen_kinds

PROTOCOLS: Mapping[str, type[Foreign]] = {"ui-message-stream": UIMessageStream, "ag-ui": AgUi}


def wants_tags(types: str | None) -> bool:
    """What the header `Bamlet-Types` says. Raises `Refused`."""
    if types not in (None, "tagged"):
        raise refused(400, "bad_request", "`Bamlet-Types` is `tagged`, or is left out")
    return types == "tagged"


def form_for(
    accept: str, events: str | None, patch: str | None, protocol: str | None = None, *, has_tags: bool = False
) -> Form:
    """`protocol` is one of others, which has events of its own. Raises `Refused`."""
    if protocol is not None:
        return _foreign(protocol, events)
    if patch not in (None, "append", "rfc6902"):
        raise refused(400, "bad_request", f"`patch` is append or rfc6902, not `{patch}`")
    rfc6902 = patch == "rfc6902"
    if rfc6902 and has_tags:
        raise refused(400, "bad_request", "`Bamlet-Types` goes with the patches of bamlet, not with rfc6902")
    if any(kind in accept for kind in ("application/jsonl", "application/x-ndjson")):
        return Lines(chosen_kinds(events, "typed"), rfc6902, has_tags)
    if "text/plain" in accept and "text/event-stream" not in accept:
        return Text()
    if events in (None, "values"):
        return Values()
    return ServerSentEvents(chosen_kinds(events, "typed"), rfc6902, has_tags)


def _foreign(protocol: str, events: str | None) -> Form:
    if protocol not in PROTOCOLS:
        raise refused(400, "bad_request", f"`as` is one of {', '.join(PROTOCOLS)}, not `{protocol}`")
    if events is not None:
        raise refused(400, "bad_request", f"{protocol} has events of its own; leave `events` out")
    return PROTOCOLS[protocol]()
