"""A program's interface to the files of a client in Ruby, as texts by their names."""

from __future__ import annotations

from importlib.resources import files

from ...interpreter.facts.interface import Interface
from ..first_line import first_line
from ..package import Made, exported
from .methods import client_file
from .models import type_file

_MAGIC = "# frozen_string_literal: true\n\n"
_ENTRY = 'require_relative "baml_client/client"\n'


def ruby_package(interface: Interface) -> Made:
    """A folder, and a file beside it: with both on the load path, `require "baml_client"` finds the client."""
    functions, warnings = exported(interface)
    texts = {
        "../baml_client.rb": _ENTRY,
        "client.rb": client_file(interface, functions),
        "types.rb": type_file(interface, "types"),
        "stream_types.rb": type_file(interface, "stream_types"),
        **{name: _fixed(name) for name in ("errors.rb", "runtime.rb", "stream.rb", "values.rb")},
    }
    head = first_line(interface, "#") + _MAGIC
    return Made({name: head + text for name, text in texts.items()}, warnings)


def _fixed(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
