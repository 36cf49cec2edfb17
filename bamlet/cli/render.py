"""`bamlet render`: what a call would send, without sending it."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

from .. import embed
from ..diagnostics.render import render_all
from ..embed.prompt_page import SecretInPrompt, prompt_page
from . import exits
from .choose import Choice, choose
from .stdin import compiled
from .terminal import palette


def main(arguments: argparse.Namespace) -> int:
    try:
        program, diagnostics = compiled(arguments.path, arguments.edition)
        if diagnostics:
            print(render_all(diagnostics, palette(sys.stderr)), file=sys.stderr)
        if program is None:
            return exits.BAD_SOURCE
        choice = choose(program, arguments)
    except (OSError, ValueError) as failure:
        print(f"bamlet render: {failure}", file=sys.stderr)
        return exits.USAGE
    info = program.interface.functions.get(choice.function)
    if info is None or info.llm is None:
        print(f"bamlet render: there is no LLM function `{choice.function}`", file=sys.stderr)
        return exits.USAGE
    try:
        print(asyncio.run(_rendered(program, choice, arguments)), end="")
    except embed.BamlInvalidArgumentError as failure:
        print(f"bamlet render: {failure}", file=sys.stderr)
        return exits.USAGE
    except (embed.BamlError, SecretInPrompt) as failure:
        print(f"bamlet render: {failure}", file=sys.stderr)
        return exits.FAILED
    return exits.OK


async def _rendered(program: embed.Program, choice: Choice, arguments: argparse.Namespace) -> str:
    from ..embed.looking import LookingEnvironment, LookingTransport
    from ..embed.request_text import as_curl, as_json, as_python

    context = embed.CallContext(client=arguments.client)
    if arguments.form == "markdown":
        return await prompt_page(program, choice.function, choice.arguments, context)
    environ = LookingEnvironment()
    limits = embed.MediaLimits(private_addresses=arguments.allow_private_media)
    async with embed.AsyncRuntime(program, environ=environ, transport=LookingTransport(), media=limits) as runtime:
        if arguments.form == "text":
            return f"{await runtime.prompt(choice.function, choice.arguments, context=context)}\n"
        ask = runtime.stream_request if arguments.stream else runtime.request
        request = await ask(choice.function, choice.arguments, context=context)
    shown: dict[str, Any] = {"variables": environ.secrets, "show_secrets": arguments.show_secrets}
    if arguments.form == "curl":
        return as_curl(request, **shown)
    if arguments.form == "python":
        return as_python(request, **shown)
    return json.dumps(as_json(request, **shown), ensure_ascii=False, indent=2) + "\n"
