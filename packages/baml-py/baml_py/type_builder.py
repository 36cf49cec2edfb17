"""The builder of types, and its parts."""

from bamlet.baml_py.type_builder import *  # noqa: F403
