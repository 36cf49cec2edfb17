"""A program's interface to a client in Ruby, which calls `bamlet serve` and needs Ruby alone."""

from .package import ruby_package as ruby_package
