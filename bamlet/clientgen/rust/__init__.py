"""A program's interface to a client in Rust, which calls `bamlet serve` and needs the standard library alone."""

from .package import rust_package as rust_package
