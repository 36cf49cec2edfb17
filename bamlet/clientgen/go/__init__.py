"""A program's interface to a client in Go, which calls `bamlet serve` and needs the standard library alone."""

from .package import go_package as go_package
