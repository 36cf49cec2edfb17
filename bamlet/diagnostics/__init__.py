"""Every message as data in one catalogue, and its drawing for people."""

from .compile_error import CompileError
from .diagnostic import Code, Diagnostic, Note, Severity
from .render import render, render_all, summary
from .suggest import did_you_mean, misspelling_of, nearest

__all__ = [
    "Code",
    "CompileError",
    "Diagnostic",
    "Note",
    "Severity",
    "did_you_mean",
    "misspelling_of",
    "nearest",
    "render",
    "render_all",
    "summary",
]
