"""Faults of a model that is offline: what is written on a command line in, and what goes wrong on the wire out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from ..diagnostics import did_you_mean
from ..patterns import pattern
from ..providers.offline import HTML, Framed, Said, pieces_of, refused
from ..records import dataclass, field, replace
from ..sap.dice import Dice

_SPEC = pattern(
    r"(?P<kind>[a-z0-9-]+?)(?:=(?P<value>[^@:]+?))?(?:/retry-after=(?P<after>[\d.]+))?"
    r"(?:@(?P<where>\d+%?|after=\d+))?(?:x(?P<times>\d+))?(?::(?P<rate>[\d.]+))?"
)
_STEP = pattern(r"([^.\[\]]+)|\[(\d+)\]")
REFUSAL = "I'm sorry, but I can't help with that."
_PAGE = b"<!doctype html><title>Sign in</title><p>Please sign in to continue."
_GARBAGE = "{no JSON"


@dataclass(frozen=True, slots=True)
class Where:
    """Characters, a share of them, or chunks."""

    count: int
    unit: Literal["characters", "percent", "chunks"] = "percent"

    def characters(self, size: int) -> int:
        return size * self.count // 100 if self.unit == "percent" else min(size, self.count)


@dataclass(frozen=True, slots=True)
class Fault:
    """`times` is the number of first attempts that it spoils, `rate` how many of them."""

    spec: str
    kind: str
    value: str = ""
    retry_after: float | None = None
    where: Where = Where(50)
    times: int | None = None
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Wire:
    """What happens below the answer. `end` is where in its text, `seconds` how late its head is."""

    end: Literal["cut", "reset", "stall"] | None = None
    where: Where = Where(100)
    seconds: float = 0.0
    pings: bool = False
    garbage: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer on its way to the wire: the data, then the text, then what the provider says of it.

    `instead` is sent in its place. What a script has said `is_text`, and has no value that could be spoilt.
    """

    value: Any
    said: Said = field(default_factory=Said)
    instead: Framed | None = None
    wire: Wire = Wire()
    is_text: bool = False


def read_fault(spec: str) -> Fault:
    """Raises `ValueError` with what there is instead."""
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise ValueError(f"`{spec}` is no fault; one is written KIND[@WHERE][xN][:RATE], such as cut@60%x1")
    kind = match["kind"]
    if kind not in KINDS and kind not in _STATUSES:
        hint = did_you_mean(kind, KINDS) or f"there are {', '.join(KINDS)}, and 401, 429, 500, 529"
        raise ValueError(f"there is no fault `{kind}`; {hint}")
    if (kind in _VALUED) != (match["value"] is not None):
        raise ValueError(f"the fault `{kind}` {'needs' if kind in _VALUED else 'takes no'} value: {kind}=…")
    if kind == "finish" and match["value"] not in _FINISHES:
        raise ValueError(f"a finish is {' or '.join(_FINISHES)}, not {match['value']}")
    if kind == "status" and match["value"] not in _STATUSES:
        raise ValueError(f"a status is one of {', '.join(_STATUSES)}, not {match['value']}")
    if kind == "slow-head" and not re.fullmatch(r"[\d.]+s?", match["value"]):
        raise ValueError(f"slow-head is a number of seconds, not {match['value']}")
    rate = float(match["rate"] or 1)
    if rate > 1:
        raise ValueError(f"the rate of a fault is between 0 and 1, not {match['rate']}")
    return Fault(
        spec,
        kind,
        match["value"] or "",
        float(match["after"]) if match["after"] else None,
        _where(match["where"]),
        int(match["times"]) if match["times"] else None,
        rate,
    )


def _where(text: str | None) -> Where:
    if text is None:
        return Where(50)
    if text.startswith("after="):
        return Where(int(text[6:]), "chunks")
    return Where(int(text[:-1])) if text.endswith("%") else Where(int(text), "characters")


def chosen(faults: Sequence[Fault], attempt: int, *seed: object) -> list[Fault]:
    """Those that befall an attempt, counted from 1. `any` becomes one of the others."""
    found = []
    for fault in faults:
        dice = Dice(*seed, attempt, fault.spec)
        if (fault.times is None or attempt <= fault.times) and dice.below(1_000_000) < fault.rate * 1_000_000:
            found.append(read_fault(dice.choice(_ANY)) if fault.kind == "any" else fault)
    return found


# --- the value


def _steps(path: str) -> list[str | int]:
    return [name if name else int(index) for name, index in _STEP.findall(path)]


def _changed(value: Any, steps: list[str | int], change: Callable[[Any, str | int], None]) -> Any:
    """A copy with one place changed; as it is where there is no such place."""
    copy = json.loads(json.dumps(value))
    at = copy
    try:
        for step in steps[:-1]:
            at = at[step]
        change(at, steps[-1])
    except (KeyError, IndexError, TypeError):
        return value
    return copy


def _drop(holder: Any, step: Any) -> None:
    del holder[step]


def _mistype(holder: Any, step: Any) -> None:
    holder[step] = {"unexpected": True} if not isinstance(holder[step], dict | list) else "unexpected"


def _missing(fault: Fault, answer: Answer) -> Answer:
    return replace(answer, value=_changed(answer.value, _steps(fault.value), _drop))


def _wrong_type(fault: Fault, answer: Answer) -> Answer:
    return replace(answer, value=_changed(answer.value, _steps(fault.value), _mistype))


def _extra(fault: Fault, answer: Answer) -> Answer:
    return replace(
        answer, value={**answer.value, fault.value: "extra"} if isinstance(answer.value, dict) else answer.value
    )


# --- the text, and how it ends


def _text(answer: Answer, text: str) -> Answer:
    size = max(map(len, answer.said.pieces), default=4)
    return replace(answer, said=replace(answer.said, pieces=pieces_of(text, size)))


def _malformed(fault: Fault, answer: Answer) -> Answer:
    """A brace or a quote is lost, the first behind the place."""
    text = answer.said.text
    at = next(
        (place for place in range(fault.where.characters(len(text)), len(text)) if text[place] in '}"]'), None
    )
    return answer if at is None else _text(answer, text[:at] + text[at + 1 :])


def _prose(fault: Fault, answer: Answer) -> Answer:
    return _text(answer, f"Sure! Here you go:\n\n{answer.said.text}\n\nAnything else?")


def _fence(fault: Fault, answer: Answer) -> Answer:
    return _text(answer, f"```json\n{answer.said.text}\n```")


def _twice(fault: Fault, answer: Answer) -> Answer:
    """A poorer value first, without its last field, and then a better one."""
    value = answer.value
    if not isinstance(value, dict) or not value:
        return answer
    poorer = json.dumps(dict(list(value.items())[:-1]), ensure_ascii=False, indent=2)
    return _text(answer, f"{poorer}\n\nLet me look again. It is:\n\n{answer.said.text}")


def _refusal(fault: Fault, answer: Answer) -> Answer:
    return replace(answer, said=replace(answer.said, pieces=(), calls=(), refusal=REFUSAL, finish="refusal"))


def _empty(fault: Fault, answer: Answer) -> Answer:
    return replace(answer, said=replace(answer.said, pieces=(), calls=()))


def _finish(fault: Fault, answer: Answer) -> Answer:
    finish: Any = fault.value
    text = answer.said.text
    cut = _text(answer, text[: fault.where.characters(len(text))])
    return replace(cut, said=replace(cut.said, finish=finish))


# --- the wire


def _on_wire(**fields: Any) -> Callable[[Fault, Answer], Answer]:
    def changed(fault: Fault, answer: Answer) -> Answer:
        wire = replace(answer.wire, where=fault.where) if "end" in fields else answer.wire
        return replace(answer, wire=replace(wire, **fields))

    return changed


def _slow_head(fault: Fault, answer: Answer) -> Answer:
    return replace(answer, wire=replace(answer.wire, seconds=float(fault.value.removesuffix("s"))))


def _html(fault: Fault, answer: Answer) -> Answer:
    return replace(answer, instead=Framed(HTML, (_PAGE,)))


Change = Callable[[Fault, Answer], Answer]
_OF_VALUE: Mapping[str, Change] = {"missing": _missing, "extra": _extra, "wrong-type": _wrong_type}
_OF_TEXT: Mapping[str, Change] = {
    "malformed": _malformed,
    "prose": _prose,
    "fence": _fence,
    "twice": _twice,
    "refusal": _refusal,
    "empty": _empty,
    "finish": _finish,
}
_OF_WIRE: Mapping[str, Change] = {
    "cut": _on_wire(end="cut"),
    "reset": _on_wire(end="reset"),
    "stall": _on_wire(end="stall"),
    "ping": _on_wire(pings=True),
    "event-garbage": _on_wire(garbage=True),
    "slow-head": _slow_head,
    "html": _html,
}
_STATUSES = ("400", "401", "403", "404", "429", "500", "503", "529")
_FINISHES = ("length", "content_filter")
_VALUED = {"missing", "extra", "wrong-type", "finish", "status", "slow-head"}
KINDS = (*_OF_WIRE, *_OF_TEXT, *_OF_VALUE, "status", "any")
_ANY = (
    "cut@60%",
    "reset@40%",
    "malformed@50%",
    "event-garbage",
    "prose",
    "fence",
    "twice",
    "refusal",
    "finish=length",
    "finish=content_filter",
    "empty",
    "429/retry-after=0",
    "status=500",
    "401",
    "html",
    "ping",
)


def spoil_value(faults: Sequence[Fault], answer: Answer) -> Answer:
    return answer if answer.is_text else _applied(_OF_VALUE, faults, answer)


def spoil(faults: Sequence[Fault], answer: Answer, response_type: str) -> Answer:
    """What the provider says, and what becomes of it on the way."""
    answer = _applied(_OF_WIRE, faults, _applied(_OF_TEXT, faults, answer))
    for fault in faults:
        status = fault.kind if fault.kind in _STATUSES else fault.value if fault.kind == "status" else None
        if status is not None:
            answer = replace(answer, instead=refused(response_type, int(status), fault.retry_after))
    return answer


def _applied(table: Mapping[str, Change], faults: Sequence[Fault], answer: Answer) -> Answer:
    for fault in faults:
        if fault.kind in table:
            answer = table[fault.kind](fault, answer)
    return answer


def garbage_event(headers: Sequence[tuple[str, str]]) -> bytes:
    """Something between two events that is none."""
    kind = headers[0][1]
    if kind == "text/event-stream":
        return f"data: {_GARBAGE}\n\n".encode()
    if kind.endswith("eventstream"):
        from ..wire.eventstream import encode_frame

        return encode_frame({":message-type": "event", ":event-type": "garbage"}, _GARBAGE.encode())
    return f"{_GARBAGE}\n".encode()
