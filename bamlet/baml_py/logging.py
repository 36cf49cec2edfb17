"""The settings of the logger `bamlet` under BAML's names."""

from ..embed.logs import get_log_level as get_log_level
from ..embed.logs import set_log_json_mode as set_log_json_mode
from ..embed.logs import set_log_level as set_log_level
from ..embed.logs import set_log_max_message_length as set_log_max_message_length


def set_log_max_chunk_length(length: int) -> None:
    """Chunks of a stream are not logged by themselves, so there is nothing to cut."""
