"""The OpenAPI document as a file that generators of others are run on."""

from __future__ import annotations

import re

from .._version import __version__
from ..interpreter.facts.interface import Interface
from .openapi import document, text
from .package import Made

NAME = "openapi.yaml"  # as BAML calls it, so that commands in `on_generate` find it
_HEADER = f"# Made by bamlet {__version__} from .baml files: change those, and run `bamlet generate`.\n"
# JSON is YAML, except for characters that YAML wants escaped.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def openapi_files(interface: Interface) -> Made:
    """What `bamlet serve` answers at `/openapi.json`, for all functions of the program."""
    escaped = _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text(document(interface)))
    return Made({NAME: _HEADER + escaped}, ())
