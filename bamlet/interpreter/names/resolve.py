"""Trees to names: what each item declares, with its types looked up. Bodies are left to the checker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ...diagnostics import catalogue
from ...grammar import nodes as n
from ...grammar.walk import walk
from ...records import dataclass, field, replace
from ...types.reach import constraints_of
from ...types.schema import ClassSchema
from ...types.ty import ERROR, NULL
from ..declarations.blocks import Block
from ..declarations.client_values import as_block
from ..declarations.clients import ClientReader, check_client, check_references
from ..declarations.generators import read_generators
from ..declarations.llm_bodies import client_of
from ..declarations.prompts import simple_text
from ..declarations.retry_policies import read_retry_policy
from ..declarations.testcases import TestReader
from ..facts.code_names import is_hidden
from ..facts.implementations import InterfaceSymbol
from ..facts.interface import TemplateInfo, TestBodyInfo
from ..facts.report import Report
from ..facts.symbols import ClassSymbol, ConstantSymbol, FunctionSymbol, Names
from .aliases import AliasReader
from .classes import ClassReader
from .declared import Declared
from .signatures import SignatureReader
from .type_params import plain_params

Items = Sequence[n.Placed[n.Item]]


def resolve(
    items: Items,
    library: Names | None,
    namespaces: Mapping[str, str] | None = None,
    broken: Iterable[str] = (),
) -> tuple[Names, Report]:
    """The names that `items` declare. `namespaces` gives files, by name, a prefix: the library's have one.

    `broken` are names whose declarations could not be read.
    """
    work = _Resolver(Declared(library, namespaces or {}))
    work.names.spaces.update(namespaces or {})
    work.names.broken.update(broken)
    work.run(items)
    return work.names, work.report


@dataclass(slots=True)
class _Resolver:
    declared: Declared
    names: Names = field(init=False)
    view: Names = field(init=False)
    report: Report = field(init=False)
    aliases: AliasReader = field(init=False)
    signatures: SignatureReader = field(init=False)
    classes: ClassReader = field(init=False)

    def __post_init__(self) -> None:
        self.names, self.view, self.report = self.declared.names, self.declared.view, self.declared.report
        self.aliases = AliasReader(self.names, self.view, self.report)
        is_library = self.declared.library is None
        self.signatures = SignatureReader(self.names, self.report, self.aliases, is_library)
        self.classes = ClassReader(self.declared, self.aliases, self.signatures)

    def run(self, items: Items) -> None:
        items = list(self._blocks(items))
        for placed in items:
            if not isinstance(placed.node, n.TestDecl | n.GeneratorDecl):
                self.declared.declare(placed)
        self._declare_types()
        for name, placed in self.aliases.check():
            self._guarded(placed, partial(self._alias, name))
        steps: dict[type, Callable[[n.Placed[n.Item], Any], None]] = {
            n.InterfaceDecl: self.classes.interface,
            n.ClassDecl: self.classes.class_decl,
            n.ImplementsDecl: self.classes.implements,
            n.FunctionDecl: self._function,
            n.TemplateStringDecl: self._template_string,
            n.LetDecl: self._constant,
            n.TestBody: self._test,
            n.TestSet: self._test,
            n.RetryPolicyDecl: self._retry_policy,
            n.ClientDecl: self._client,
        }
        for key, (placed, node) in self.declared.of(n.InterfaceDecl).items():
            self.classes.interfaces.associated(placed, node, key)
        for kind, step in steps.items():
            for placed in self.declared.items.values():
                if isinstance(placed.node, kind):
                    self._guarded(placed, step)
        self.classes.check_classes()
        self.classes.check_generics()
        check_references(self.names, self.view, self.declared.of(n.ClientDecl), self.report)
        self._check_llm_clients()
        self._check_llm_parameters()
        self._check_llm_tools()
        self._find_asserted()
        self._check_texts(items)
        generators = [(p, p.node) for p in items if isinstance(p.node, n.GeneratorDecl)]
        self.names.generators += read_generators(generators, self.report)
        tests = TestReader(
            self.names, self.report, lambda inner: resolve(inner, self.view, broken=self.names.broken)
        )
        for placed in items:
            if isinstance(placed.node, n.TestDecl):
                self.names.tests += tests.read(placed, placed.node)

    def _guarded(self, placed: n.Placed[n.Item], step: Callable[[n.Placed[n.Item], Any], object]) -> None:
        """Types are resolved by recursion; one nested deeper than Python's stack is the program's mistake."""
        try:
            step(placed, placed.node)
        except RecursionError:
            name = placed.node.name
            self.names.broken.add(self.declared.full(placed, name.name))
            self.report.at(placed, name, catalogue.NESTING_LIMIT, "a type in this is nested too deeply")

    def _blocks(self, items: Items) -> Iterable[n.Placed[n.Item]]:
        """A client that is a value as the block that says the same."""
        for placed in items:
            if not isinstance(placed.node, n.ClientValueDecl):
                yield placed
            elif (node := as_block(Block(placed, self.report), placed.node)) is not None:
                yield n.Placed(node, placed.file, placed.offset)
            else:
                self.names.broken.add(placed.node.name.name)

    def _declare_types(self) -> None:
        """Names of types come first, since fields and signatures may name any of them."""
        for key, placed in self.declared.items.items():
            node = placed.node
            match node:
                case n.ClassDecl():
                    params = plain_params(node.type_params)
                    self.names.classes[key] = ClassSymbol(ClassSchema(key, ()), {}, params=params)
                case n.InterfaceDecl():
                    associated = dict.fromkeys(one.name.name for one in node.associated)
                    params = plain_params(node.type_params)
                    self.names.interfaces[key] = InterfaceSymbol(key, params, associated)
                case n.EnumDecl():
                    self.names.enums[key] = self.classes.enum(placed, node, key)
                case n.AliasDecl():
                    self.aliases.declare(key, placed)

    # --- functions, templates, constants

    def _alias(self, name: str, _: n.Placed[n.Item], node: n.AliasDecl) -> None:
        self.aliases.resolve(name, node)

    def _function(self, placed: n.Placed[n.Item], node: n.FunctionDecl) -> None:
        name = self.declared.key(placed)
        self.names.functions[name] = self.signatures.signature(placed, node, name)

    def _test(self, placed: n.Placed[n.Item], node: n.TestBody | n.TestSet) -> None:
        """A function that no program can call: whoever runs tests does."""
        name = self.declared.key(placed)
        if not isinstance(node.label, n.StringLiteral) and getattr(node.label, "text", None) is None:
            message = "the label of a test at the top of a file is a string without holes"
            self.report.at(placed, node.label, catalogue.TEST_PROPERTY, message, hint="put it into a testset")
            return
        body = node.body.body
        assert isinstance(body, n.Block)
        function = n.FunctionDecl(node.start, node.end, node.name, (), (), None, None, body, node.doc)
        self.names.functions[name] = FunctionSymbol(
            name, (), NULL, None, "code", doc=node.doc, placed=placed, node=function
        )
        label = node.name.name.partition(" ")[2]
        is_set = isinstance(node, n.TestSet) and not node.is_one_test
        info = TestBodyInfo(label, name, is_set, placed.span(node.name))
        self.names.bodies.append(info)

    def _check_texts(self, items: Items) -> None:
        """A configuration is read before anything runs, so that its texts have no holes."""
        for placed in items:
            if isinstance(placed.node, n.ClientDecl | n.RetryPolicyDecl | n.GeneratorDecl | n.TestDecl):
                for node in walk(placed.node):
                    if isinstance(node, n.Template):
                        message = "a text of a configuration has no holes"
                        hint = "write it out, or take it from the environment with `env.NAME`"
                        self.report.at(placed, node, catalogue.TEMPLATE_HOLE, message, hint=hint)

    def _check_llm_clients(self) -> None:
        for symbol in self.names.functions.values():
            if symbol.llm is not None and symbol.placed is not None and symbol.node is not None:
                check_client(self.names, symbol.placed, client_of(symbol.node), self.report)

    def _check_llm_tools(self) -> None:
        if any(symbol.llm is not None and symbol.llm.tools for symbol in self.names.functions.values()):
            from .tools import check_tools  # most programs have none

            check_tools(self.names, self.view, self.report)

    def _check_llm_parameters(self) -> None:
        """A `@check` wraps a value in its outcome, and a prompt would show that in its place."""
        schemas = self.view.schemas()
        if not any("@check" in placed.span(placed.node).text for placed in self.declared.items.values()):
            return
        for symbol in self.names.functions.values():
            if symbol.llm is None or symbol.placed is None or symbol.node is None:
                continue
            for node in symbol.node.params:
                param = next((param for param in symbol.params if param.name == node.name.name), None)
                reached = constraints_of(param.ty, schemas) if param else ()
                found = next((at for at in reached if at.constraint.kind == "check"), None)
                if found is not None and found.place is not None:
                    message = f"`{node.name.name}` has a check in it: `@check` of `{found.place}`"
                    hint = "a prompt takes a class without checks, or with `@assert` in their place"
                    self.report.at(symbol.placed, node, catalogue.MISPLACED_ATTRIBUTE, message, hint=hint)

    def _find_asserted(self) -> None:
        """The parameters of code that must be looked at when it is called, by whomever."""
        if not any("@assert" in placed.span(placed.node).text for placed in self.declared.items.values()):
            return
        schemas = self.view.schemas()
        for name, symbol in list(self.names.functions.items()):
            if symbol.kind != "code" or is_hidden(name):
                continue
            params = symbol.params[1:] if symbol.owner is not None and not symbol.static else symbol.params
            asserted = (
                param.name
                for param in params
                if any(reached.constraint.kind == "assert" for reached in constraints_of(param.ty, schemas))
            )
            self.names.functions[name] = replace(symbol, asserted=tuple(asserted))

    def _template_string(self, placed: n.Placed[n.Item], node: n.TemplateStringDecl) -> None:
        self.signatures.refuse_defaults(placed, node.params, "a template string")
        params = self.signatures.params(placed, node.params, None)
        text, wrong = simple_text(placed, node.body)
        for hole in wrong:
            message = "a hole of a template string is a name, a field or a call of another one"
            hint = "hand it in as a parameter, or write a function that gives a string"
            self.report.at(placed, hole, catalogue.TEMPLATE_HOLE, message, hint=hint)
        self.names.templates[self.declared.key(placed)] = TemplateInfo(node.name.name, params, text)

    def _constant(self, placed: n.Placed[n.Item], node: n.LetDecl) -> None:
        name = self.declared.key(placed)
        ty = ERROR if node.type is None else self.aliases.types(placed).resolve(node.type)
        self.names.constants[name] = ConstantSymbol(name, ty, placed=placed, node=node)

    def _retry_policy(self, placed: n.Placed[n.Item], node: n.RetryPolicyDecl) -> None:
        if info := read_retry_policy(Block(placed, self.report), node):
            self.names.retry_policies[self.declared.key(placed)] = info
        else:
            self.names.broken.add(node.name.name)

    def _client(self, placed: n.Placed[n.Item], node: n.ClientDecl) -> None:
        if node.kind == "mcp":
            from ..declarations.mcp_servers import read_mcp_server  # few programs have one

            server = read_mcp_server(Block(placed, self.report), node)
            if server is not None:
                self.names.mcp_servers[self.declared.key(placed)] = server
            else:
                self.names.broken.add(node.name.name)
        elif info := ClientReader(Block(placed, self.report), node).read():
            self.names.clients[self.declared.key(placed)] = info
        else:
            self.names.broken.add(node.name.name)
