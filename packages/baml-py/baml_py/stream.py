"""The streams of generated clients."""

from bamlet.baml_py.stream import *  # noqa: F403
