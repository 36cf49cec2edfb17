"""The prompt of a call as a page of Markdown, to be kept and compared: who is asked, and each message as it is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..interpreter.program.link import Program
from ..prompt import Media, Message, Part
from .context import CallContext
from .errors import BamlError
from .looking import LookingEnvironment
from .runtime import AsyncRuntime
from .tapes import MissingTape
from .writing import write_whole

_HEAD = "---\nclient: "


class SecretInPrompt(ValueError):
    """A page is made to be kept, perhaps for everybody to read."""


async def prompt_page(
    program: Program,
    function: str,
    arguments: Mapping[str, Any],
    context: CallContext,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Nothing is sent, and no media are fetched: a body that would hold some of them is left out.

    Raises `BamlError` for a prompt that cannot be made, and `SecretInPrompt`.
    """
    seen = LookingEnvironment(environ)
    nobody = MissingTape("a page of a prompt fetches nothing")
    async with AsyncRuntime(program, transport=nobody, environ=seen) as runtime:
        prompt = await runtime.prompt(function, arguments, context=context)
        try:
            body = (await runtime.request(function, arguments, context=context)).body.raw()
        except BamlError:
            if not prompt.media():
                raise
            body = None
    text = "".join([_head(program, function, context, body), *map(_message, prompt.messages)])
    if shown := next((name for name, value in seen.secrets.items() if value in text), None):
        raise SecretInPrompt(f"the prompt holds the value of {shown}, so no page of it is made")
    return text


def _head(program: Program, function: str, context: CallContext, body: bytes | None) -> str:
    llm = program.interface.functions[function].llm
    client = context.client or (llm.client if llm is not None else "")
    known = program.interface.clients.get(client)
    provider = known.provider if known is not None else client.partition("/")[0]
    told = "" if body is None else f"body: sha256:{hashlib.sha256(body).hexdigest()}\n"
    return f"{_HEAD}{client}\nprovider: {provider}\n{told}---\n"


def _message(message: Message) -> str:
    text = "".join(map(_part, message.parts))
    end = "" if text.endswith("\n") else "\n"
    return f"\n## {message.role or 'default role'}\n\n{text}{end}"


def _part(part: Part) -> str:
    if not isinstance(part, Media):
        return str(part)
    if part.url is not None:
        return f"![{part.media_type or part.kind} {part.url}]"
    data = base64.b64decode(part.base64 or "")
    digest = hashlib.sha256(data).hexdigest()
    return f"![{part.media_type or part.kind} {len(data):,} bytes sha256:{digest}]"


# --- on disk


def kept_page(path: Path) -> str:
    """A page as it was made: a checkout may have given its lines other ends. Raises `OSError`."""
    return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")


def as_kept(page: str) -> str:
    """A page as `kept_page` gives it back: it may hold halves of characters, and any ends of lines."""
    return page.encode("utf-8", "backslashreplace").decode().replace("\r\n", "\n")


def keep_page(path: Path, page: str) -> None:
    """One that says the same stays as it is: the time of a file tells of changes alone. Raises `OSError`."""
    data = page.encode("utf-8", "backslashreplace")
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)


def pages_below(folder: Path) -> Iterator[Path]:
    """What we have made, and nothing that somebody keeps beside it."""
    for path in folder.rglob("*.md"):
        if path.is_file() and path.read_bytes().startswith(_HEAD.encode()):
            yield path
