"""The settings of bamlet's logger."""

from bamlet.baml_py.logging import *  # noqa: F403
