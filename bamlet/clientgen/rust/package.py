"""A program's interface to the files of a client in Rust, as texts by their names."""

from __future__ import annotations

from importlib.resources import files

from ...interpreter.facts.interface import Interface
from ..first_line import first_line
from ..package import Made, exported
from .methods import client_file
from .models import type_file

_MODULE = """\
#![allow(dead_code, non_camel_case_types, non_snake_case)]
#![allow(clippy::all)]

pub mod json;
pub mod runtime;
pub mod stream;
pub mod stream_types;
pub mod sync_client;
pub mod types;
pub mod values;

pub use runtime::{BamlError, CancellationToken, Options};
pub use stream::Stream;
pub use sync_client::B;
pub use values::{Check, Checked, Media, StreamState};
"""


def rust_package(interface: Interface) -> Made:
    """A module, which a crate names in its own: `pub mod baml_client;`."""
    functions, warnings = exported(interface)
    texts = {
        "mod.rs": _MODULE,
        "sync_client.rs": client_file(interface, functions),
        "types.rs": type_file(interface, functions, "types"),
        "stream_types.rs": type_file(interface, functions, "stream_types"),
        **{name: _fixed(name) for name in ("json.rs", "runtime.rs", "stream.rs", "values.rs")},
    }
    head = first_line(interface, "//") + "\n"
    return Made({name: head + text for name, text in texts.items()}, warnings)


def _fixed(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
