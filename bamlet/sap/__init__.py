"""Schema-aligned parsing: model text and a type in, a value out, whole or as it arrives."""

from ..types.nothing import NOTHING, Nothing
from .coerce import MIN_PIECE
from .constraints import Check, Holds
from .factory import Factory, PlainFactory, State
from .limits import DEFAULT_LIMITS, Limits
from .pieces import Pauses
from .plain import read_plain
from .policy import EXACT, USUAL
from .report import Entry, Issue, Parsed, ParseFailure, Report
from .stream import PartialParser, parse

__all__ = [
    "DEFAULT_LIMITS",
    "EXACT",
    "MIN_PIECE",
    "NOTHING",
    "USUAL",
    "Check",
    "Entry",
    "Factory",
    "Holds",
    "Issue",
    "Limits",
    "Nothing",
    "ParseFailure",
    "Parsed",
    "PartialParser",
    "Pauses",
    "PlainFactory",
    "Report",
    "State",
    "parse",
    "read_plain",
]
