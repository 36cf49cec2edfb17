"""Heads of functions to symbols: parameters, result, what is thrown, and what kind of body there is."""

from __future__ import annotations

from collections.abc import Iterable

from ...diagnostics import Note, catalogue
from ...grammar import nodes as n
from ...records import dataclass, replace
from ...types.ty import ERROR, NEVER, STRING, UNKNOWN, ListTy, MapTy, ParameterTy, Ty
from ..declarations.attributes import describe
from ..facts.code_names import arguments_name, prompt_name
from ..facts.interface import AgentInfo, Param
from ..facts.report import Report
from ..facts.symbols import FunctionSymbol, Names
from .aliases import AliasReader
from .type_params import EMPTY, Scope


def _told(placed: n.Placed[n.Item], written: n.TypeNode) -> tuple[str | None, str | None]:
    """What a model is told of a parameter: another name, and a description."""
    if not isinstance(written, n.AttributedType):
        return None, None
    found = describe(written.attributes, "parameter", placed, Report())  # reported with the type
    return found.alias, found.description


@dataclass(slots=True)
class SignatureReader:
    names: Names
    report: Report
    types: AliasReader
    is_library: bool

    def signature(
        self,
        placed: n.Placed[n.Item],
        node: n.FunctionDecl,
        name: str,
        owner: str | None = None,
        scope: Scope = EMPTY,
        outer: tuple[ParameterTy, ...] = (),
        self_ty: Ty = ERROR,
    ) -> FunctionSymbol:
        own = self.types.params(placed, node.type_params, scope)
        scope = {**scope, **{param.name: param for param in own}}
        types = self.types.scoped(placed, scope)
        params = self.params(placed, node.params, owner, scope, self_ty)
        result = ERROR if node.result is None else self.types.types(placed, "result", scope).resolve(node.result)
        if node.result is None and not isinstance(node.body, n.LlmBody):
            message = f"`{node.name.name}` has no return type"
            hint = "write `-> int` behind the parameters, for example, or `-> null` if it has no value"
            self.report.at(placed, node.name, catalogue.SYNTAX.for_lack(), message, hint=hint)
        throws = None if node.throws is None else types.resolve(node.throws)
        static = owner is not None and not (node.params and node.params[0].name.name == "self")
        symbol = FunctionSymbol(
            name,
            params,
            result,
            throws,
            "code",
            owner,
            static,
            (*outer, *own),
            len(outer),
            scope,
            thrown=throws or NEVER,
            doc=node.doc,
            placed=placed,
            node=node,
        )
        match node.body:
            case n.SysopStub(suspends=suspends):
                if not self.is_library:
                    message = "only the standard library declares native operations"
                    self.report.at(placed, node.body, catalogue.SYSOP_STUB, message)
                return replace(symbol, kind="stub", suspends=suspends)
            case n.HostStub():
                return self._of_host(placed, node, replace(symbol, kind="host", suspends=True))
            case n.LlmBody():
                from ..declarations.blocks import Block
                from ..declarations.llm_bodies import holes_of, read_llm_body

                if own:
                    message = "a function of a model knows what it asks for: it has no type parameters"
                    self.report.at(placed, node.type_params[0], catalogue.UNSUPPORTED, message)
                llm = read_llm_body(Block(placed, self.report), node, node.body)
                if llm is not None and "/" not in llm.client:
                    llm = replace(llm, client=self.names.full(llm.client, placed.file.name))
                if llm is not None and llm.tools:
                    full = (self.names.full(name, placed.file.name) for name in llm.tools)
                    llm = replace(llm, tools=tuple(full))
                if llm is not None and llm.loop is not None:
                    llm = replace(llm, loop=self.names.full(llm.loop, placed.file.name))
                if llm is not None and llm.agent is not None:
                    llm = replace(llm, agent=self._agent(placed, llm.agent))
                if llm is not None and llm.holes:
                    self._prompt(placed, node, symbol, holes_of(placed, node.body))
                if any(param.has_default for param in params):
                    self._arguments(placed, node, symbol)
                return replace(symbol, kind="llm", suspends=True, llm=llm)
            case _:
                return symbol

    def _agent(self, placed: n.Placed[n.Item], agent: AgentInfo) -> AgentInfo:
        file = placed.file.name
        choose, done = (name and self.names.full(name, file) for name in (agent.choose, agent.done))
        return replace(agent, choose=choose, done=done)

    def _of_host(self, placed: n.Placed[n.Item], node: n.FunctionDecl, symbol: FunctionSymbol) -> FunctionSymbol:
        """The host knows a function by its name alone, and gives what its signature says."""
        assert node.body is not None
        if self.is_library or symbol.owner is not None or symbol.type_params:
            message = "the host gives functions of a program, and no methods; they have no type parameters"
            self.report.at(placed, node.body, catalogue.SYSOP_STUB, message)
        self.refuse_defaults(placed, node.params, "a function of the host")
        return symbol

    def params(
        self,
        placed: n.Placed[n.Item],
        nodes: Iterable[n.Param],
        owner: str | None,
        scope: Scope = EMPTY,
        self_ty: Ty = ERROR,
    ) -> tuple[Param, ...]:
        params: dict[str, Param] = {}
        places: dict[str, n.Identifier] = {}
        for at, node in enumerate(nodes):
            name = node.name.name
            if name in params:
                message = f"two parameters are called `{name}`"
                note = Note(placed.span(places[name]), "declared here first")
                self.report.at(
                    placed, node.name, catalogue.DUPLICATE_NAME, message, note, hint="rename one of them"
                )
                continue
            places[name] = node.name
            has_default = node.default is not None
            if node.type is not None:
                ty = self.types.types(placed, "parameter", scope).resolve(node.type)
                params[name] = Param(name, ty, has_default, *_told(placed, node.type))
            elif name == "self" and at == 0 and owner is not None:
                params[name] = Param(name, ERROR if owner in self.names.broken else self_ty)
            else:
                message = f"parameter `{name}` has no type"
                hint = f"write `{name}: string`, for example"
                self.report.at(placed, node.name, catalogue.SYNTAX, message, hint=hint)
                params[name] = Param(name, ERROR)
        return tuple(params.values())

    def _prompt(
        self, placed: n.Placed[n.Item], node: n.FunctionDecl, symbol: FunctionSymbol, holes: tuple[n.Expr, ...]
    ) -> None:
        """A hidden function of the same parameters, whose value is the list of what stands in the holes."""
        start, end = holes[0].start, holes[-1].end
        body = n.Block(start, end, (), n.ListLiteral(start, end, holes))
        name = prompt_name(symbol.name)
        # When a prompt is rendered nothing is left out any more.
        params = tuple(param.replaced(default=None) for param in node.params)
        given = tuple(replace(param, has_default=False) for param in symbol.params)
        function = n.FunctionDecl(start, end, node.name, (), params, None, None, body, None)
        self.names.functions[name] = FunctionSymbol(
            name, given, ListTy(UNKNOWN), None, "code", symbol.owner, placed=placed, node=function
        )

    def _arguments(self, placed: n.Placed[n.Item], node: n.FunctionDecl, symbol: FunctionSymbol) -> None:
        """A hidden function of the same parameters and defaults, whose value is all of them by name. Every way to
        ask the model passes it once: whatever asks again, asks with the same arguments."""
        start, end = node.params[0].start, node.params[-1].end
        entries = tuple(
            n.MapEntry(
                at.start, at.end, n.StringLiteral(at.start, at.end, at.name), n.Path(at.start, at.end, (at,))
            )
            for at in (param.name for param in node.params)
        )
        body = n.Block(start, end, (), n.MapLiteral(start, end, entries))
        name = arguments_name(symbol.name)
        function = n.FunctionDecl(start, end, node.name, (), node.params, None, None, body, None)
        self.names.functions[name] = FunctionSymbol(
            name, symbol.params, MapTy(STRING, UNKNOWN), None, "code", placed=placed, node=function
        )

    def refuse_defaults(self, placed: n.Placed[n.Item], params: Iterable[n.Param], what: str) -> None:
        for param in params:
            if param.default is not None:
                message = f"a parameter of {what} has no default value"
                hint = "make its type optional with `?`"
                self.report.at(placed, param.default, catalogue.UNSUPPORTED, message, hint=hint)
