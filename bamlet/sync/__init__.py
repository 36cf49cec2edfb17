"""The blocking face: the same runtime, driven by one event loop in a background thread."""

from .background import iterate as iterate
from .background import wait_for as wait_for
from .runtime import Runtime as Runtime
from .runtime import close_at_exit as close_at_exit
from .stream import Stream as Stream
