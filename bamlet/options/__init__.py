"""What a client, a retry policy and a timeout may be told: one table for checker, providers and documentation.

Pure facts: nothing here reads a program or builds a request.
"""

from .clients import (
    BEDROCK_INFERENCE,
    MEDIA_KINDS,
    MEDIA_MODES,
    OFFLINE_STYLES,
    OPTIONS,
    OUTPUT_MODES,
    Kind,
    Option,
    of_provider,
)
from .providers import ALIASES, COMPOSITES, PROVIDERS, RESPONSE_TYPES, Needs, Provider, Variables
from .retry_policies import CAUSES, RETRIES, STATUS, STRATEGIES
from .timeouts import COMPOSITE_LIMITS, LIMITS, Timeouts

__all__ = [
    "ALIASES",
    "BEDROCK_INFERENCE",
    "CAUSES",
    "COMPOSITES",
    "COMPOSITE_LIMITS",
    "LIMITS",
    "MEDIA_KINDS",
    "MEDIA_MODES",
    "OFFLINE_STYLES",
    "OPTIONS",
    "OUTPUT_MODES",
    "PROVIDERS",
    "RESPONSE_TYPES",
    "RETRIES",
    "STATUS",
    "STRATEGIES",
    "Kind",
    "Needs",
    "Option",
    "Provider",
    "Timeouts",
    "Variables",
    "of_provider",
]
