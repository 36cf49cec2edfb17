"""BAML's errors; they are bamlet's own classes."""

from bamlet.baml_py.errors import *  # noqa: F403
