"""Rendered messages to those of one client: roles checked, neighbours merged, names changed for the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..prompt import Part, Prompt
from .client import ClientOptions


@dataclass(frozen=True, slots=True)
class Piece:
    """A part with the metadata of the role call it stands under, and those of them that the client sends."""

    part: Part
    sent: Mapping[str, object]
    has_metadata: bool


@dataclass(frozen=True, slots=True)
class RoleMessage:
    role: str
    pieces: tuple[Piece, ...]


def messages_for(client: ClientOptions, prompt: Prompt) -> list[RoleMessage]:
    """A role that is not allowed becomes the default role; only then are equal neighbours merged."""
    merged: list[RoleMessage] = []
    for message in prompt.messages:
        role = message.role if message.role in client.allowed_roles else client.default_role
        sent = _sent(client, message.metadata)
        pieces = tuple(Piece(part, sent, bool(message.metadata)) for part in message.parts)
        if merged and merged[-1].role == role and not message.allow_duplicate_role:
            merged[-1] = RoleMessage(role, merged[-1].pieces + pieces)
        else:
            merged.append(RoleMessage(role, pieces))
    return merged


def remapped(client: ClientOptions, messages: list[RoleMessage]) -> list[RoleMessage]:
    """The last step: what comes before it knows the roles by their usual names."""
    return [
        RoleMessage(client.remap_roles.get(message.role, message.role), message.pieces) for message in messages
    ]


def _sent(client: ClientOptions, metadata: Mapping[str, object]) -> Mapping[str, object]:
    allowed = client.allowed_role_metadata
    return {name: value for name, value in metadata.items() if allowed == "all" or name in allowed}
