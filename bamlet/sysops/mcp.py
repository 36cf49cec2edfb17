"""The operations behind `baml.mcp`: tools that a server outside of the program has. What a server says is data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..interpreter.runtime.context import Context as AnyContext
from ..interpreter.runtime.context import EnvRef
from ..interpreter.runtime.failures import Panic
from ..interpreter.runtime.values import FunctionValue, Instance, Opaque
from ..prompt import AnswerSchema, ToolInput
from ..types.ty import STRING, UNKNOWN, MapTy
from .agent import MAX_RESULT, TIMEOUT_MS, Input, remote_name
from .host import Context
from .mcp_sessions import (
    Address,
    McpBroken,
    McpMissing,
    McpRefused,
    McpServer,
    McpSessions,
    Process,
    RemoteTool,
)
from .registry import Failure, sysop

MAX_DESCRIPTION = 4 << 10
MAX_SCHEMA = 64 << 10
MAX_SCHEMA_DEPTH = 32
MAX_REMOTE_RESULT = 8 << 20


@sysop("baml.mcp.tools", throws=("Io", "InvalidArgument"), group="mcp")
async def tools(context: Context, server: str) -> list[Instance]:
    try:
        found = await _sessions(context, server).tools(_server(context, server))
    except (McpBroken, McpRefused) as failure:
        raise Failure("Io", str(failure)) from failure
    except McpMissing as failure:
        raise Failure("InvalidArgument", str(failure)) from failure
    return [_tool(context, server, tool) for tool in found]


@sysop("baml.mcp.call", throws=("Io", "InvalidArgument", "baml.mcp.Failed"), group="mcp")
async def call(context: Context, server: str, name: str, arguments: Mapping[str, Any]) -> Any:
    try:
        result = await _sessions(context, server).call(_server(context, server), name, arguments)
    except McpBroken as failure:
        raise Failure("Io", str(failure)) from failure
    except McpRefused as failure:
        raise Failure("baml.mcp.Failed", str(failure)) from failure
    except McpMissing as failure:
        raise Failure("InvalidArgument", str(failure)) from failure
    return _result(context, server, name, result)


def _sessions(context: Context, server: str) -> McpSessions:
    services = context.host.services
    if server not in services.mcp:
        message = f"this program may not reach the MCP server `{server}`: its host names it in `mcp={{…}}`, or not"
        if server in context.program.mcp_servers:
            message += f"; on the command line it is `--allow-mcp {server}`"
        raise Panic(message, "AccessDenied")
    return services.mcp_here()


def _server(context: Context, name: str) -> McpServer:
    """As the host gives it, or as the program declares it."""
    given = context.host.services.mcp[name]
    if given is not None:
        return McpServer(name, given)
    declared = context.program.mcp_servers[name]
    options = {key: _value(context, name, value) for key, value in declared.options.items()}
    if declared.provider == "http":
        address = Address(options["url"], options.get("headers", {}))
        context.host.secrets |= _secrets(address)
        return McpServer(name, address)
    args = tuple(options.get("args", ()))
    return McpServer(name, Process(options["command"], args, options.get("env", {}), options.get("cwd")))


def _secrets(address: Address) -> set[str]:
    """What must not be shown, whatever a server that fails says back."""
    from ..wire.redact import SECRET_HEADERS, secrets_of_url

    own = {value for name, value in address.headers.items() if name.lower() in SECRET_HEADERS}
    return own | set(secrets_of_url(address.url))


def _value(context: Context, server: str, value: Any) -> Any:
    """With the variables in it. A session is shared by all calls, so that none has variables of its own here."""
    match value:
        case EnvRef(name=name):
            found = context.host.shared_variable(name)
            if found is None:
                raise Failure("InvalidArgument", f"MCP server `{server}` needs the variable `{name}`: set it")
            return found
        case Mapping():
            return {key: _value(context, server, item) for key, item in value.items()}
        case list():
            return [_value(context, server, item) for item in value]
        case _:
            return value


def _tool(context: Context, server: str, tool: RemoteTool) -> Instance:
    schema = _checked(server, tool)
    shape = ToolInput(MapTy(STRING, UNKNOWN), context.program.schemas, AnswerSchema(schema, is_strict=False))

    async def run(inner: AnyContext[Any], arguments: Mapping[str, Any]) -> Any:
        return await inner.invoke("baml.mcp.call", inner, server, tool.name, arguments)

    return context.space.instance(
        "baml.agent.Tool",
        {
            "name": remote_name(tool.name),
            "description": tool.description[:MAX_DESCRIPTION],
            "input": Opaque("baml.agent.Input", Input(shape, server)),
            "run": FunctionValue(tool.name, run, suspends=True, needs_context=True),
            "timeout_ms": TIMEOUT_MS,
            "retries": 0,
            "alone": False,
            "early": False,
            "once": False,
            "max_result": MAX_RESULT,
        },
    )


def _checked(server: str, tool: RemoteTool) -> Mapping[str, Any]:
    """A schema goes into every request of a run."""
    what = f"MCP server `{server}`: the schema of `{tool.name[:64]}`"
    if _depth(tool.schema) > MAX_SCHEMA_DEPTH:
        raise Failure("Io", f"{what} is deeper than {MAX_SCHEMA_DEPTH}")
    if len(json.dumps(tool.schema)) > MAX_SCHEMA:
        raise Failure("Io", f"{what} is larger than {MAX_SCHEMA >> 10} KiB")
    return tool.schema


def _depth(schema: Any) -> int:
    """Counted no further than needed: it may be as deep as its sender likes."""
    level, depth = [schema], 0
    while level and depth <= MAX_SCHEMA_DEPTH:
        depth += 1
        inner = [value.values() if isinstance(value, Mapping) else value for value in level if _holds(value)]
        level = [value for values in inner for value in values if _holds(value)]
    return depth


def _holds(value: Any) -> bool:
    return isinstance(value, Mapping | list)


def _result(context: Context, server: str, name: str, result: Any) -> Any:
    """What is structured, where there is that; else the texts, and media among them."""
    size = len(result.model_dump_json())
    if size > MAX_REMOTE_RESULT:
        told = f"MCP server `{server}`: the result of `{name}` is larger than {MAX_REMOTE_RESULT >> 20} MiB"
        raise Failure("baml.mcp.Failed", told)
    parts = [_part(context, part) for part in result.content]
    if result.is_error:
        raise Failure("baml.mcp.Failed", "\n".join(part for part in parts if isinstance(part, str)) or "it failed")
    if result.structured_content is not None:
        return result.structured_content
    return parts[0] if len(parts) == 1 else parts


def _part(context: Context, part: Any) -> Any:
    match part.type:
        case "text":
            return part.text
        case "image" | "audio" as kind:
            made = {"base64": part.data, "media_type": part.mime_type}
            return context.host.services.make_media(kind, made)
        case _:
            return part.model_dump(mode="json", exclude_none=True)
