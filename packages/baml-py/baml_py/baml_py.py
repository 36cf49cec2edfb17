"""The names of what is a native module in BAML's package."""

from bamlet.baml_py.baml_py import *  # noqa: F403
