"""Rendered messages to those of one client: roles checked, neighbours merged, names changed for the wire."""

from __future__ import annotations

from collections.abc import Mapping

from ..options.providers import PROVIDERS
from ..prompt import TOOL_ROLE, Message, Part, Prompt, ToolResult, ToolUse, Unread
from ..records import dataclass
from .client import ClientOptions


@dataclass(slots=True)
class Piece:
    """A part, and whether it is the last under its role call. `metadata` are the call's own, `sent` those of
    them that the client sends. Not frozen, as the next one: they are made per request."""

    part: Part
    sent: Mapping[str, object]
    metadata: Mapping[str, object]
    is_last: bool


@dataclass(slots=True)
class RoleMessage:
    role: str
    pieces: tuple[Piece, ...]


def messages_for(client: ClientOptions, prompt: Prompt) -> list[RoleMessage]:
    """A role that is not allowed becomes the default role; only then are equal neighbours merged."""
    merged: list[RoleMessage] = []
    for message in prompt.messages:
        role = _role(client, message)
        sent = _sent(client, message.metadata)
        parts = [
            part for part in message.parts if not isinstance(part, Unread) or part.dialect == answered_in(client)
        ]
        if message.parts and not parts:
            continue
        last = len(parts) - 1
        pieces = tuple([Piece(part, sent, message.metadata, place == last) for place, part in enumerate(parts)])
        if merged and merged[-1].role == role and not message.allow_duplicate_role:
            merged[-1] = RoleMessage(role, merged[-1].pieces + pieces)
        else:
            merged.append(RoleMessage(role, pieces))
    return merged


def _role(client: ClientOptions, message: Message) -> str:
    """Of a history the roles are what its calls and results make them, whatever a client allows in a prompt."""
    role = message.role if message.role in client.allowed_roles else client.default_role
    for part in message.parts:
        if isinstance(part, ToolResult):
            return TOOL_ROLE
        if isinstance(part, ToolUse):
            role = "assistant"
    return role


def answered_in(client: ClientOptions) -> str:
    """The dialect in which a client is answered, and gets back what it has said."""
    answers = client.client_response_type or PROVIDERS[client.provider].answers
    return "google" if answers == "vertex" else answers


def results_as_user(messages: list[RoleMessage]) -> list[RoleMessage]:
    """For dialects in which the results of tools are what the user says next."""
    return [RoleMessage("user", message.pieces) if message.role == TOOL_ROLE else message for message in messages]


def remapped(client: ClientOptions, messages: list[RoleMessage]) -> list[RoleMessage]:
    """The last step: what comes before it knows the roles by their usual names."""
    if not client.remap_roles:
        return messages
    return [
        RoleMessage(client.remap_roles.get(message.role, message.role), message.pieces) for message in messages
    ]


def hoisted(messages: list[RoleMessage]) -> tuple[tuple[Piece, ...], list[RoleMessage]]:
    """The system message apart from the others, for dialects that know none among them.

    Only the first message can be it, and only if others follow of which the first is not the
    model's: there the user begins. Any other speaks as the user, without being merged with its neighbours.
    """
    system: tuple[Piece, ...] = ()
    if len(messages) > 1 and messages[0].role == "system" and messages[1].role != "assistant":
        system, messages = messages[0].pieces, messages[1:]
    spoken = [RoleMessage("user", message.pieces) if message.role == "system" else message for message in messages]
    return system, spoken


def _sent(client: ClientOptions, metadata: Mapping[str, object]) -> Mapping[str, object]:
    if not metadata:
        return metadata
    allowed = client.allowed_role_metadata
    return {name: value for name, value in metadata.items() if allowed == "all" or name in allowed}
