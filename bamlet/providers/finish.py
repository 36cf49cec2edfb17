"""Finish reasons: the provider's word to ours, and whether a client accepts an answer that ended so."""

from __future__ import annotations

from collections.abc import Collection


def finish_reason_is_allowed(
    reason: str | None, allow: Collection[str] | None, deny: Collection[str] | None
) -> bool:
    """Compared without case, against the provider's own word. A provider that names no reason passes."""
    if reason is None:
        return True
    folded = reason.casefold()
    if allow is not None and folded not in {word.casefold() for word in allow}:
        return False
    return deny is None or folded not in {word.casefold() for word in deny}
