"""The streams of generated clients, under BAML's module name."""

from ..client.streams import BamlStream as BamlStream
from ..client.streams import BamlSyncStream as BamlSyncStream

__all__ = ["BamlStream", "BamlSyncStream"]
