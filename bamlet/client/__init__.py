"""What generated Python clients stand on. Each name brings its module when it is first used.

A generated package imports this, its own files and pydantic, and nothing else of bamlet.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..embed.media import Audio as Audio
    from ..embed.media import Image as Image
    from ..embed.media import Pdf as Pdf
    from ..embed.media import Video as Video
    from ..embed.request import HTTPRequest as HTTPRequest
    from .calls import AsyncCaller as AsyncCaller
    from .calls import AsyncRequester as AsyncRequester
    from .calls import AsyncStreamer as AsyncStreamer
    from .calls import Reader as Reader
    from .calls import SyncCaller as SyncCaller
    from .calls import SyncRequester as SyncRequester
    from .calls import SyncStreamer as SyncStreamer
    from .models import Checked as Checked
    from .models import Enum as Enum
    from .models import Model as Model
    from .models import StreamState as StreamState
    from .options import UNSET as UNSET
    from .options import BamlCallOptions as BamlCallOptions
    from .options import Options as Options
    from .package import Package as Package
    from .parts import Parts as Parts
    from .protocol import require as require
    from .streams import BamlStream as BamlStream
    from .streams import BamlSyncStream as BamlSyncStream
    from .tracing import Context as Context

_HOMES = {
    "calls": (
        "AsyncCaller",
        "AsyncRequester",
        "AsyncStreamer",
        "Reader",
        "SyncCaller",
        "SyncRequester",
        "SyncStreamer",
    ),
    "models": ("Checked", "Enum", "Model", "StreamState"),
    "options": ("UNSET", "BamlCallOptions", "Options"),
    "package": ("Package",),
    "parts": ("Parts",),
    "protocol": ("require",),
    "streams": ("BamlStream", "BamlSyncStream"),
    "tracing": ("Context",),
}
_HOME_OF = {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
_HOME_OF |= {"HTTPRequest": "bamlet.embed.request"}
_HOME_OF |= dict.fromkeys(("Audio", "Image", "Pdf", "Video"), "bamlet.embed.media")

__all__ = [name for name in _HOME_OF]  # noqa: C416 checkers of `__all__` know this form


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)
