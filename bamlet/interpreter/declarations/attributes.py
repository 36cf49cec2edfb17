"""Attributes to what they mean: `@alias` and its kin describe the declaration, `@check`, `@assert` and
`@stream.*` its type. What is misplaced, unknown, repeated or malformed is reported."""

from __future__ import annotations

from collections.abc import Iterable

from ...diagnostics import Note, catalogue, did_you_mean
from ...grammar import nodes as n
from ...records import dataclass
from ...types.ty import NO_ATTRIBUTES, AnnotatedTy, Constraint, Ty, TypeAttributes
from ..facts.report import Report

_DESCRIBING = {"alias", "description", "skip"}
_TYPE = {"check", "assert", "strict", "stream.done", "stream.not_null", "stream.with_state"}
_SHOWN = {"alias", "description"}
_REPEATABLE = {"check", "assert"}

# Where an attribute may stand, by the words that messages use for the place.
ALLOWED: dict[str, set[str]] = {
    "field": _DESCRIBING | _TYPE,
    "type": _TYPE,
    "type alias": {"check", "assert"},
    "parameter": {"assert", *_SHOWN},
    "enum value": _DESCRIBING,
    "class": {
        "alias",
        "description",
        "dynamic",
        "stream.done",
        "stream.not_null",
        "stream.with_state",
        "check",
        "assert",
    },
    "enum": {"alias", "description", "dynamic", "check", "assert"},
    "test": {"check", "assert"},
}
# Two names for one attribute: today's, and the one that all tables here go by.
_SAME = {"stream.must_exist": "stream.not_null"}
_ONE_OF_TWO = "take one of them away"
_BLOCKS = ("class", "enum", "test")  # their attributes stand inside, as `@@name`
_KNOWN = set().union(*ALLOWED.values())


@dataclass(frozen=True, slots=True)
class Description:
    """`expressions` are those of the constraints in `stream`, where they are written."""

    alias: str | None = None
    description: str | None = None
    skip: bool = False
    dynamic: bool = False
    stream: TypeAttributes = NO_ATTRIBUTES
    expressions: tuple[n.AttributeArgument, ...] = ()


def describe(
    attributes: Iterable[n.Attribute], place: str, placed: n.Placed[n.Item], report: Report
) -> Description:
    """All attributes of one declaration or type together."""
    seen: dict[str, n.Attribute] = {}
    texts: dict[str, str | None] = {}
    constraints: list[Constraint] = []
    expressions: list[n.AttributeArgument] = []
    for attribute in attributes:
        if not _is_allowed(attribute, place, placed, report):
            continue
        name = _SAME.get(attribute.name, attribute.name)
        if name in seen and name not in _REPEATABLE:
            first = Note(placed.span(seen[name]), "first written here")
            message = f"`{_written(attribute)}` is written twice"
            report.at(placed, attribute, catalogue.DUPLICATE_ATTRIBUTE, message, first, hint=_ONE_OF_TWO)
            continue
        seen[name] = attribute
        if attribute.name in ("alias", "description"):
            texts[attribute.name] = _text_argument(attribute, placed, report)
        elif attribute.name in ("check", "assert"):
            if constraint := _constraint(attribute, placed, report):
                constraints.append(constraint)
                expressions += (attribute.arguments or ())[-1:]
        elif attribute.arguments:
            message = f"`{_written(attribute)}` takes no arguments"
            hint = f"write {_written(attribute)} alone"
            report.at(placed, attribute, catalogue.UNEXPECTED_ARGUMENT, message, hint=hint)
    stream = TypeAttributes(
        "stream.done" in seen,
        "stream.not_null" in seen,
        "stream.with_state" in seen,
        tuple(constraints),
        "strict" in seen,
    )
    told = texts.get("alias"), texts.get("description"), "skip" in seen, "dynamic" in seen
    return Description(*told, stream, tuple(expressions))


def annotate(ty: Ty, attributes: TypeAttributes) -> Ty:
    return ty if attributes == NO_ATTRIBUTES else AnnotatedTy(ty, attributes)


def _written(attribute: n.Attribute) -> str:
    return f"{'@@' if attribute.block else '@'}{attribute.name}"


def _is_allowed(attribute: n.Attribute, place: str, placed: n.Placed[n.Item], report: Report) -> bool:
    name, written = _SAME.get(attribute.name, attribute.name), _written(attribute)
    if name not in _KNOWN:
        message = f"there is no attribute `{written}`"
        known = [f"{'@@' if attribute.block else '@'}{other}" for other in sorted(_KNOWN)]
        hint = did_you_mean(written, known) or f"attributes are {', '.join(known)}"
        report.at(placed, attribute, catalogue.UNKNOWN_ATTRIBUTE, message, hint=hint)
        return False
    if name in _SHOWN and place == "result":
        message = f"`{written}` has no effect: no prompt shows it for a result"
        hint = "write it on a field of a class, or say it in the prompt"
        report.at(placed, attribute, catalogue.IGNORED_OPTION, message, hint=hint)
        return False
    place = "type" if place == "result" else place
    if name not in ALLOWED[place]:
        allowed = [other for other in ALLOWED if name in ALLOWED[other]]
        message = f"`{written}` means nothing on {_a(place)}"
        places = [_a(other) for other in allowed]
        hint = f"it may stand on {' or '.join(filter(None, (', '.join(places[:-1]), places[-1])))}"
        report.at(placed, attribute, catalogue.MISPLACED_ATTRIBUTE, message, hint=hint)
        return False
    if place in _BLOCKS and not attribute.block:
        message = f"`{written}` stands in the block of {_a(place)}, so it has two @"
        report.at(placed, attribute, catalogue.MISPLACED_ATTRIBUTE, message, hint=f"write @@{name}")
        return False
    return True


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _text_argument(attribute: n.Attribute, placed: n.Placed[n.Item], report: Report) -> str | None:
    arguments, written = attribute.arguments or (), _written(attribute)
    if len(arguments) == 1 and arguments[0].kind != "jinja":
        return arguments[0].text.strip() if arguments[0].kind == "bare" else arguments[0].text
    message = f"`{written}` takes one text"
    hint = f'write {written}("…")'
    report.at(placed, attribute, catalogue.ATTRIBUTE_ARGUMENT, message, hint=hint)
    return None


def _constraint(attribute: n.Attribute, placed: n.Placed[n.Item], report: Report) -> Constraint | None:
    arguments, written = list(attribute.arguments or ()), _written(attribute)
    expression = arguments.pop() if arguments and arguments[-1].kind == "jinja" else None
    if expression is None or len(arguments) > 1 or any(argument.kind == "jinja" for argument in arguments):
        message = f"`{written}` takes a name and a Jinja expression"
        hint = f"write {written}(name, {{{{ this > 0 }}}})"
        report.at(placed, attribute, catalogue.ATTRIBUTE_ARGUMENT, message, hint=hint)
        return None
    name = arguments[0].text.strip() if arguments else None
    if name is None and attribute.name == "check":
        message = "a check needs a name, by which its result is found"
        hint = f"write {written}(name, {{{{ … }}}})"
        report.at(placed, attribute, catalogue.ATTRIBUTE_ARGUMENT.for_lack(), message, hint=hint)
        return None
    return Constraint("check" if attribute.name == "check" else "assert", name, expression.text)
