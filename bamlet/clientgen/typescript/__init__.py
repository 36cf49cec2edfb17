"""A program's interface to a client in TypeScript, which calls `bamlet serve` and needs nothing but `fetch`."""

from .package import typescript_package as typescript_package
