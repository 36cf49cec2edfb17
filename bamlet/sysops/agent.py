"""The operations behind `baml.agent`: functions as tools, histories in prompts, results in words for a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args

from ..diagnostics import did_you_mean
from ..interpreter.runtime.calling import begin_value, call_back
from ..interpreter.runtime.context import Context as AnyContext
from ..interpreter.runtime.tools import AgentInfo, FunctionInfo, gives_tools, in_order, tool_name
from ..interpreter.runtime.values import FunctionValue, Instance, Opaque, to_plain
from ..patterns import pattern
from ..prompt import PromptError, Tool, ToolInput, Tools, in_words, tool_input
from ..prompt.tools import Choice
from ..providers import are_spoken
from ..records import dataclass, replace
from ..sap import ParseFailure
from ..types.schema import Field
from .agent_arguments import ArgumentsReader, SpokenReader, read_arguments
from .answer_values import validation
from .clients import primitive_of
from .history import as_messages, compact_json
from .host import Context
from .registry import Failure, sysop

TIMEOUT_MS = 60_000
MAX_RESULT = 20_000
MAX_TOLD = 2_048  # characters of an error

_NO_NAME = pattern(r"[^A-Za-z0-9_-]")
_DESCRIBED = pattern(r"(\w+): (.*)")


# --- functions as tools


@dataclass(frozen=True, slots=True)
class Input:
    """The parameters of a tool, as a model is told of them. `server` is the MCP server that has it, if one has."""

    shape: ToolInput
    server: str | None = None


@sysop("baml.agent.tool", throws=("InvalidArgument",))
def tool(context: Context, f: Any) -> Instance:
    if not isinstance(f, FunctionValue):
        raise Failure("InvalidArgument", f"a tool is made of a function, not of {f!r}")
    info = context.program.functions.get(f.name)
    if info is None:
        hint = "declare a function, so that the model can be told its name, its parameters and what it does"
        raise Failure("InvalidArgument", f"a lambda or an operation of the library is no tool: {hint}")
    return _tool(context, f, info)


@sysop("baml.agent.declared", throws=("InvalidArgument",))
async def declared(context: Context, function_name: str) -> list[Instance]:
    info = context.program.functions.get(function_name)
    if info is None or info.llm is None:
        raise Failure("InvalidArgument", f"there is no LLM function `{function_name}`")
    found: list[Instance] = []
    for name in info.llm.tools:
        if name in context.program.mcp_servers:
            found += await context.invoke("baml.mcp.tools", context, name)
            continue
        function, named = context.space.functions[name], context.program.functions[name]
        if gives_tools(named.result):
            given = await call_back(context, function)
            found += given if isinstance(given, list) else [given]
        else:
            found.append(_tool(context, function, named))
    return found


@sysop("baml.agent.apart")
def apart(context: Context, tools: list[Instance]) -> list[Instance]:
    """A server does not know what others call their tools, so those of servers make room."""
    names = Counter(map(tool_name_of, tools))
    return [_named(context, one) if names[tool_name_of(one)] > 1 else one for one in tools]


def _named(context: Context, given: Any) -> Instance:
    server = given.input.payload.server
    if server is None:
        found: Instance = given
        return found
    fields = {name: getattr(given, name) for name in given.__fields__}
    return context.space.instance("baml.agent.Tool", {**fields, "name": remote_name(f"{server}_{given.name}")})


def remote_name(text: str) -> str:
    """What providers take as a name of what a server calls it."""
    return _NO_NAME.sub("_", text)[:64] or "_"


def _tool(context: Context, function: FunctionValue, info: FunctionInfo) -> Instance:
    description, of_params = _described(info)
    fields: list[tuple[Field, bool]] = []
    for param in info.params:
        told = param.description if param.description is not None else of_params.get(param.name)
        fields.append((Field(param.name, param.ty, param.alias, told), param.has_default))
    shape = tool_input(info.name, fields, context.program.schemas)
    try:
        shape.schema()
    except PromptError:
        message = f"`{info.name}` is no tool: a model can write no image, function, handle or stream for it"
        raise Failure("InvalidArgument", message) from None
    made = Input(shape)

    def run(inner: AnyContext[Any], arguments: Mapping[str, Any]) -> Any:
        return begin_value(inner, function, *in_order(info, arguments))

    return context.space.instance(
        "baml.agent.Tool",
        {
            "name": tool_name(info.name),
            "description": description,
            "input": Opaque("baml.agent.Input", made),
            "run": FunctionValue(info.name, run, function.suspends, needs_context=True),
            "timeout_ms": TIMEOUT_MS,
            "retries": 0,
            "alone": False,
            "early": False,
            "once": False,
            "max_result": MAX_RESULT,
        },
    )


def _described(info: FunctionInfo) -> tuple[str, dict[str, str]]:
    """The comment of a function without its lines `name: text` about parameters, and those lines."""
    names = {param.name for param in info.params}
    lines, of_params = [], {}
    for line in (info.doc or "").splitlines():
        found = _DESCRIBED.fullmatch(line.strip())
        if found is not None and found[1] in names:
            of_params[found[1]] = found[2]
        else:
            lines.append(line)
    return "\n".join(lines).strip(), of_params


@sysop("baml.agent.Input.json_schema")
def json_schema(context: Context, given: Opaque) -> str:
    return compact_json(given.payload.shape.schema().schema)


@sysop("baml.agent.Input.read", throws=("Validation", "InvalidArgument"))
def read_input(context: Context, given: Opaque, text: str) -> dict[str, Any]:
    try:
        return read_given(context, given.payload, text)
    except ParseFailure as failure:
        raise validation(context, failure, failure.told, None) from failure


def read_given(context: Context, given: Input, text: str) -> dict[str, Any]:
    """Raises `ParseFailure`, and for what is asserted of a parameter `Failure`."""
    return read_arguments(given.shape, context.space, text or "{}")


# --- what is asked


@sysop("baml.agent.with_history", throws=("InvalidArgument",))
def with_history(
    context: Context,
    client: Opaque,
    prompt: Opaque,
    messages: list[Any],
    tools: list[Instance],
    choice: str,
    step: int,
) -> Opaque:
    if twice := _twice(tool_name_of(one) for one in tools):
        raise Failure("InvalidArgument", f"there are two tools called `{twice}`")
    history = tuple(as_messages(messages))
    given = prompt.payload
    declared = tuple(map(_told, tools))
    told = Tools(declared, _chosen(choice, declared)) if tools else None
    shapes = [*map(_shape, tools)]
    spoken = are_spoken(primitive_of(client).options)
    if told is not None and spoken:
        made = in_words(given, told, shapes, history)
    else:
        made = replace(given, messages=(*given.messages, *history), tools=told)
    context.host.asking.prompt = made
    known = {tool.name: shape for tool, shape in zip(declared, shapes, strict=True)}
    reader = ArgumentsReader(known, context.space, step)
    context.host.voice.read_arguments = SpokenReader(reader.take).take if spoken else reader.take
    return Opaque("baml.llm.Prompt", made)


def _chosen(choice: str, declared: tuple[Tool, ...]) -> Choice | Tool:
    if choice in get_args(Choice):
        return cast(Choice, choice)
    found = next((tool for tool in declared if tool.name == choice), None)
    if found is None:
        hint = did_you_mean(choice, [tool.name for tool in declared]) or "write auto, required, none or its name"
        raise Failure("InvalidArgument", f"a choice of a tool that there is not: `{choice}`; {hint}")
    return found


def _shape(given: Any) -> ToolInput:
    found: ToolInput = given.input.payload.shape
    return found


def _told(given: Any) -> Tool:
    return Tool(given.name, given.description, given.input.payload.shape.schema())


def tool_name_of(given: Any) -> str:
    return str(given.name)


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


# --- what is told


@sysop("baml.agent.content_of")
def content_of(context: Context, value: Any, limit: int) -> Any:
    plain = value if isinstance(value, str) else to_plain(value)
    text = plain if isinstance(plain, str) else compact_json(plain)
    if len(text) <= limit:
        return plain
    kept = max(limit, 0) // 2
    left_out = len(text) - 2 * kept
    return f"{text[:kept]} … {left_out:,} characters left out … {text[len(text) - kept :]}"


@sysop("baml.agent.told_of")
def told_of(context: Context, error: Any) -> str:
    text = getattr(error, "message", None) if isinstance(error, Instance) else error
    if not isinstance(text, str):
        text = compact_json(to_plain(error))
    return context.host.hide(text if len(text) <= MAX_TOLD else f"{text[:MAX_TOLD]}…")


@sysop("baml.agent.loop_of")
def loop_of(context: Context, function_name: str) -> FunctionValue | None:
    info = context.program.functions.get(function_name)
    name = info.llm.loop if info is not None and info.llm is not None else None
    return None if name is None else context.space.functions[name]


@sysop("baml.agent.declared_options")
def declared_options(context: Context, function_name: str) -> Instance:
    info = context.program.functions.get(function_name)
    found = (info.llm.agent if info is not None and info.llm is not None else None) or AgentInfo()
    functions = {name: context.space.functions[name] for name in (found.choose, found.done) if name is not None}
    fields = {
        "max_steps": found.max_steps,
        "parallel": found.parallel,
        "answer_retries": found.answer_retries,
        "choose": functions.get(found.choose or ""),
        "done": functions.get(found.done or ""),
    }
    return context.space.instance("baml.agent.Options", fields)
