"""The tools of LLM functions: functions that there are, of types that a model can write, and servers of tools."""

from __future__ import annotations

from collections.abc import Mapping

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...types.show import show
from ...types.ty import BOOL, ClassTy, FunctionTy, FutureTy, InterfaceTy, ListTy, MediaTy, Ty
from ..declarations.agent_blocks import steering_of
from ..declarations.llm_bodies import loop_of, tools_of
from ..facts.interface import gives_tools, tool_name
from ..facts.report import Report
from ..facts.symbols import FunctionSymbol, Names
from .kinds import reached

# What has no JSON that a model could write.
_UNWRITABLE: Mapping[type[Ty], str] = {
    FunctionTy: "a function",
    FutureTy: "a task",
    MediaTy: "an image, audio, pdf or video",
    InterfaceTy: "an interface",
}


def check_tools(names: Names, view: Names, report: Report) -> None:
    for symbol in names.functions.values():
        if symbol.llm is None or symbol.placed is None or symbol.node is None:
            continue
        loop = loop_of(symbol.node)
        if loop is not None and symbol.llm.loop is not None:
            _check_steering(names, view, symbol, (loop, symbol.llm.loop, "loop"), report)
        for name, node in steering_of(symbol.node):
            if (full := getattr(symbol.llm.agent, name)) is not None:
                _check_steering(names, view, symbol, (node, full, name), report)
        taken: dict[str, str] = {}
        for node, full in zip(tools_of(symbol.node), symbol.llm.tools, strict=True):
            tool = view.functions.get(full)
            if tool is None:
                if full not in view.broken and full not in names.mcp_servers:
                    known = [*names.functions, *names.mcp_servers]
                    hint = did_you_mean(full, known) or "name a function of the program, or a client<mcp>"
                    message = f"no function is called `{full}`"
                    report.at(symbol.placed, node, catalogue.UNKNOWN_NAME, message, hint=hint)
                continue
            _check(view, symbol, node, tool, report)
            name = tool_name(full)
            if name in taken:
                message = f"a model would know `{taken[name]}` and `{full}` by one name: `{name}`"
                hint = "take one of them away, or rename its function"
                report.at(symbol.placed, node, catalogue.TOOL_TYPE, message, hint=hint)
            taken[name] = full


_STATE, _TOOLS = ClassTy("baml.agent.State"), ListTy(ClassTy("baml.agent.Tool"))
# What steers an agent: its type, a declaration to write, and what it is there for.
_STEERING: Mapping[str, tuple[FunctionTy, str, str]] = {
    "loop": (
        FunctionTy((_STATE, _TOOLS), _STATE),
        "(state: baml.agent.State, tools: baml.agent.Tool[]) -> baml.agent.State { … }",
        "makes the steps of an agent",
    ),
    "choose": (
        FunctionTy((_STATE,), ClassTy("baml.agent.Plan")),
        "(state: baml.agent.State) -> baml.agent.Plan { … }",
        "says what a step of an agent is told",
    ),
    "done": (
        FunctionTy((_STATE,), BOOL),
        "(state: baml.agent.State) -> bool { … }",
        "says when an agent has done enough",
    ),
}


def _check_steering(
    names: Names, view: Names, symbol: FunctionSymbol, given: tuple[n.ConfigValue, str, str], report: Report
) -> None:
    assert symbol.placed is not None
    node, full, key = given
    if full in view.broken:
        return
    wanted, written, purpose = _STEERING[key]
    found = view.functions.get(full)
    if found is None:
        message = f"no function is called `{full}`"
        hint = did_you_mean(full, names.functions) or f"declare it: function {full}{written}"
        report.at(symbol.placed, node, catalogue.UNKNOWN_NAME, message, hint=hint)
    elif not view.relation().is_subtype(found.ty, wanted):
        message = f"`{full}` {purpose}, and must be `{show(wanted)}`; it is `{show(found.ty)}`"
        hint = f"write function {full}{written}"
        report.at(symbol.placed, node, catalogue.TYPE_MISMATCH, message, hint=hint)


def _check(view: Names, symbol: FunctionSymbol, node: n.ConfigValue, tool: FunctionSymbol, report: Report) -> None:
    assert symbol.placed is not None
    if tool.kind == "stub" or tool.owner is not None or tool.type_params:
        message = f"`{tool.name}` is no tool: a tool is a function of the program, without type parameters"
        report.at(symbol.placed, node, catalogue.TOOL_TYPE, message, hint="declare a function that calls it")
        return
    if gives_tools(tool.result):
        if tool.params:
            message = f"`{tool.name}` gives tools, and takes `{tool.params[0].name}`, which nobody knows here"
            hint = "let it take nothing, or call `baml.agent.run` with its tools"
            report.at(symbol.placed, node, catalogue.TOOL_TYPE, message, hint=hint)
        return
    for param in tool.params:
        if (what := _unwritable(view, param.ty)) is not None:
            message = f"a model cannot write `{param.name}` of `{tool.name}`: `{show(param.ty)}` holds {what}"
            hint = "take a text, a number, or a class of such"
            report.at(symbol.placed, node, catalogue.TOOL_TYPE, message, hint=hint)
            return
    if tool.doc is None:
        message = f"nothing tells the model what `{tool.name}` does"
        report.at(
            symbol.placed, node, catalogue.TOOL_WITHOUT_DOC, message, hint=f"write `/// …` above `{tool.name}`"
        )


def _unwritable(view: Names, ty: Ty) -> str | None:
    for part in reached(view, ty):
        if (what := _UNWRITABLE.get(type(part))) is not None:
            return what
        if isinstance(part, ClassTy) and part.name in view.classes and view.classes[part.name].opaque:
            return "a handle"
    return None
