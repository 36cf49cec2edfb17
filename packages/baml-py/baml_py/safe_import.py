"""What old generated clients open around their imports."""

from bamlet.baml_py.safe_import import *  # noqa: F403
