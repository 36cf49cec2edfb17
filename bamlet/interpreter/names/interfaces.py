"""Interfaces and implementations: what is demanded, what each class or other type has for it, what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from ...diagnostics import Note, catalogue, did_you_mean
from ...grammar import nodes as n
from ...records import dataclass, replace
from ...types.show import show
from ...types.ty import ERROR, NEVER, UNKNOWN, ClassTy, EnumTy, ErrorTy, InterfaceTy, ParameterTy, Ty
from ...types.variables import replaced
from ..facts.implementations import TO_STRING, Implementation, InterfaceSymbol, head_of
from ..facts.report import Report
from ..facts.symbols import FunctionSymbol, Names
from .resolve_types import TypeResolver
from .type_params import Scope, declared_params


class Signature(Protocol):
    """Makes a function of its declaration: under a full name, in a scope, with what `self` is."""

    def __call__(
        self,
        placed: n.Placed[n.Item],
        node: n.FunctionDecl,
        name: str,
        owner: str | None,
        scope: Scope,
        outer: tuple[ParameterTy, ...],
        self_ty: Ty,
    ) -> FunctionSymbol: ...


@dataclass(slots=True)
class InterfaceReader:
    """`names` takes what is found; `view` has the library's below."""

    names: Names
    view: Names
    report: Report
    types: Callable[[n.Placed[n.Item], Scope], TypeResolver]
    signature: Signature

    # --- interfaces

    def associated(self, placed: n.Placed[n.Item], node: n.InterfaceDecl, key: str) -> None:
        """What its own types are by default: asked for wherever the interface is named."""
        symbol = self.names.interfaces[key]
        types = self.types(placed, self._scope(placed, node, key))
        found = {one.name.name: None if one.type is None else types.resolve(one.type) for one in node.associated}
        self.names.interfaces[key] = replace(symbol, associated=found)

    def _scope(self, placed: n.Placed[n.Item], node: n.InterfaceDecl, key: str) -> dict[str, Ty]:
        params = self.names.interfaces[key].params
        scope: dict[str, Ty] = {param.name: param for param in params}
        for one in node.associated:
            own = ParameterTy(f"Self.{one.name.name}")
            if one.bound is not None:
                bound = self.types(placed, scope).resolve(one.bound)
                own = ParameterTy(own.name, (bound,))
            scope[one.name.name] = scope[own.name] = own
        return scope

    def interface(self, placed: n.Placed[n.Item], node: n.InterfaceDecl, key: str) -> None:
        scope = self._scope(placed, node, key)
        params = declared_params(
            node.type_params, {}, lambda outer: self.types(placed, outer), placed, self.report
        )
        scope |= {param.name: param for param in params}
        requires = tuple(self._required(placed, node, scope))
        symbol = self.names.interfaces[key]
        own = tuple((name, scope[name]) for name in sorted(symbol.associated))
        itself = InterfaceTy(key, params, own)
        scope["Self"] = ParameterTy("Self", (itself, *requires))
        outer = (ParameterTy("Self", (itself, *requires)), *params)
        outer += tuple(
            ty for name, ty in scope.items() if name.startswith("Self.") and isinstance(ty, ParameterTy)
        )
        methods: dict[str, str] = {}
        for method in node.methods:
            if method.name.name in methods:
                message = f"`{node.name.name}` has two members called `{method.name.name}`"
                self.report.at(placed, method.name, catalogue.DUPLICATE_FIELD, message, hint="rename one of them")
                continue
            full = f"{key}.{method.name.name}"
            methods[method.name.name] = full
            made = self.signature(placed, method, full, key, scope, outer, scope["Self"])
            if made.static:
                message = f"`{method.name.name}` has no `self`, and an interface speaks of values"
                self.report.at(placed, method.name, catalogue.INTERFACE_METHOD, message, hint="write `self` first")
            if method.body is None:
                self.names.demands[full] = made
            else:
                self.names.functions[full] = made
        self.names.interfaces[key] = replace(
            symbol, params=params, requires=requires, methods=methods, span=placed.span(node.name)
        )

    def _required(self, placed: n.Placed[n.Item], node: n.InterfaceDecl, scope: Scope) -> Iterator[InterfaceTy]:
        for one in node.requires:
            ty = self.types(placed, scope).resolve(one)
            if isinstance(ty, InterfaceTy):
                yield ty
            elif ty != ERROR:
                self._not_an_interface(placed, one, ty)

    def _not_an_interface(self, placed: n.Placed[n.Item], node: n.Node, ty: Ty) -> None:
        hint = (
            "a class has no parents: hold a value of the other class in a field"
            if isinstance(ty, ClassTy)
            else None
        )
        message = f"`{show(ty)}` is no interface"
        self.report.at(placed, node, catalogue.NOT_AN_INTERFACE, message, hint=hint)

    # --- implementations

    def implemented(
        self,
        placed: n.Placed[n.Item],
        node: n.Implements,
        target: Ty,
        params: tuple[ParameterTy, ...],
    ) -> Implementation | None:
        """One block: its methods are functions of the program, and what it does not write is inherited."""
        scope: dict[str, Ty] = {param.name: param for param in params}
        resolver = self.types(placed, {**scope, "Self": target})
        resolver.as_written = True
        ty = resolver.resolve(node.interface)
        head = head_of(target)
        if not isinstance(ty, InterfaceTy) or head is None:
            if not isinstance(ty, InterfaceTy | ErrorTy):
                self._not_an_interface(placed, node.interface, ty)
            elif head is None and target != ERROR:
                message = f"`{show(target)}` is not one kind of value at run time, so that it implements nothing"
                self.report.at(placed, node.interface, catalogue.NOT_AN_INTERFACE, message)
            return None
        symbol = self.view.interfaces[ty.name]
        if (ty.name, head) in self.names.implementations:
            other = self.names.implementations[ty.name, head].span
            notes = [Note(other, "implemented here first")] if other else []
            message = f"`{show(target)}` implements `{ty.name}` already"
            self.report.at(placed, node.interface, catalogue.DUPLICATE_IMPLEMENTATION, message, *notes)
            return None
        if ty.name == TO_STRING and not isinstance(target, ClassTy | EnumTy):
            message = f"`{TO_STRING}` is for classes and enums: how a `{show(target)}` is shown is fixed"
            self.report.at(placed, node.interface, catalogue.ORPHAN_IMPLEMENTS, message)
            return None
        if not self._is_near(placed, symbol, target):
            message = f"neither `{ty.name}` nor `{show(target)}` is declared in this namespace"
            hint = "implement it where one of the two is declared"
            self.report.at(placed, node.interface, catalogue.ORPHAN_IMPLEMENTS, message, hint=hint)
            return None
        whole = replace(ty, bindings=self._bindings(placed, node, symbol, ty, {**scope, "Self": target}))
        scope |= {"Self": target, **symbol.seen_as(whole), **dict(whole.bindings)}
        scope |= {param.name: param for param in params}
        methods = dict(symbol.methods)
        owner = target.name if isinstance(target, ClassTy) else head
        for method in node.methods:
            name = method.name.name
            full = f"{owner}.{ty.name}.{name}"
            made = self.signature(placed, method, full, owner, scope, params, target)
            if name not in symbol.methods:
                hint = (
                    did_you_mean(name, symbol.methods)
                    or "a method of the class alone stands outside of these braces"
                )
                message = f"`{ty.name}` has no method `{name}`"
                self.report.at(placed, method.name, catalogue.INTERFACE_METHOD, message, hint=hint)
                continue
            demanded = self.view.method(symbol.methods[name]).throws
            if made.throws is None and demanded is not None:
                throws = replaced(demanded, {"Self": target, **symbol.seen_as(whole)})
                made = replace(made, throws=throws, thrown=throws)
            self.names.functions[full] = made
            methods[name] = full
        self._check_missing(placed, node, symbol, whole, target, methods)
        links = {link.name.name: link.own.name for link in node.links}
        found = Implementation(whole, target, params, methods, links, placed.span(node.interface))
        self.names.implementations[found.key] = found
        return found

    def _is_near(self, placed: n.Placed[n.Item], symbol: InterfaceSymbol, target: Ty) -> bool:
        """Whoever looks for it finds it with the interface or with the type."""
        own = [name for name in (symbol.name, getattr(target, "name", "")) if self._is_own(name)]
        here = self.names.spaces.get(placed.file.name)
        return bool(own) if here is None else any(name.rpartition(".")[0] == here for name in own)

    def _is_own(self, name: str) -> bool:
        return any(name in kind for kind in (self.names.interfaces, self.names.classes, self.names.enums))

    def _bindings(
        self,
        placed: n.Placed[n.Item],
        node: n.Implements,
        symbol: InterfaceSymbol,
        ty: InterfaceTy,
        scope: Mapping[str, Ty],
    ) -> tuple[tuple[str, Ty], ...]:
        """What each type of the interface is here: inside of the braces, behind the name, or by default."""
        found: dict[str, Ty] = dict(ty.bindings)
        for one in node.associated:
            name = one.name.name
            if name not in symbol.associated or one.type is None:
                hint = did_you_mean(name, symbol.associated)
                lacks = f"`{symbol.name}` names no type `{name}`" if one.type else f"`{name}` is no type yet"
                self.report.at(placed, one.name, catalogue.INTERFACE_METHOD, lacks, hint=hint)
                continue
            found[name] = self.types(placed, {**scope, **found}).resolve(one.type)
        for name, default in symbol.associated.items():
            if name not in found:
                if default is None:
                    message = f"`{symbol.name}` wants to know the type `{name}`"
                    hint = f"write `type {name} = …` inside of the braces"
                    self.report.at(placed, node.interface, catalogue.MISSING_METHOD, message, hint=hint)
                seen = symbol.seen_as(replace(ty, bindings=tuple(found.items())))
                found[name] = ERROR if default is None else replaced(default, {**seen, "Self": scope["Self"]})
        return tuple(sorted(found.items()))

    def _check_missing(
        self,
        placed: n.Placed[n.Item],
        node: n.Implements,
        symbol: InterfaceSymbol,
        ty: InterfaceTy,
        target: Ty,
        methods: Mapping[str, str],
    ) -> None:
        found = {**symbol.seen_as(ty), "Self": target}
        missing = [self.view.demands[full] for full in methods.values() if full in self.view.demands]
        if not missing:
            return
        names = ", ".join(f"`{demand.name.rpartition('.')[2]}`" for demand in missing)
        shown = "; ".join(signature_text(demand, found) for demand in missing)
        message = f"`{show(target)}` does not have all of `{ty.name}`: {names} is missing"
        hint = f"write inside of the braces: {shown}"
        self.report.at(placed, node.interface, catalogue.MISSING_METHOD, message, hint=hint)

    # --- what can be told once everything is declared

    def check(self, implementations: Iterable[tuple[n.Placed[n.Item], n.Implements, Implementation]]) -> None:
        relation = self.view.relation()
        for placed, node, found in implementations:
            symbol = self.view.interfaces[found.interface.name]
            seen = {**symbol.seen_as(found.interface), "Self": found.target}
            for base in symbol.requires:
                wanted = replaced(base, seen)
                if not relation.is_subtype(found.target, wanted) and isinstance(base, InterfaceTy):
                    target = show(found.target)
                    message = f"`{symbol.name}` requires `{show(wanted)}`, which `{target}` does not implement"
                    hint = f"add `implements {base.name} {{ … }}`"
                    self.report.at(placed, node.interface, catalogue.MISSING_METHOD, message, hint=hint)
            self._check_fields(placed, node, symbol, found, seen)
            for method in node.methods:
                full = symbol.methods.get(method.name.name)
                own = self.names.functions.get(found.methods.get(method.name.name, ""))
                if full is not None and own is not None:
                    self._check_method(placed, method, own, self.view.method(full), seen)

    def _check_fields(
        self,
        placed: n.Placed[n.Item],
        node: n.Implements,
        symbol: InterfaceSymbol,
        found: Implementation,
        seen: Mapping[str, Ty],
    ) -> None:
        relation = self.view.relation()
        own: dict[str, Ty] = {}
        if isinstance(found.target, ClassTy):
            own = {field.name: field.ty for field in self.view.classes[found.target.name].schema.fields}
        for link in node.links:
            if link.name.name not in {field.name for field in symbol.fields}:
                message = f"`{symbol.name}` demands no field `{link.name.name}`"
                self.report.at(placed, link.name, catalogue.INTERFACE_METHOD, message)
            elif link.name.name in own:
                message = f"`{link.name.name}` is a field of `{show(found.target)}` itself"
                self.report.at(placed, link.name, catalogue.DUPLICATE_FIELD, message, hint="rename one of them")
        for field in symbol.fields:
            name, wanted = found.links.get(field.name, field.name), replaced(field.ty, seen)
            if name not in own:
                message = f"`{symbol.name}` demands a field `{field.name}: {show(wanted)}`"
                hint = f"declare it, or write `{field.name} as other` for a field of another name"
                self.report.at(placed, node.interface, catalogue.MISSING_METHOD, message, hint=hint)
            elif not (relation.is_usable(own[name], wanted) and relation.is_usable(wanted, own[name])):
                message = (
                    f"the field `{name}` is `{show(own[name])}`, and `{symbol.name}` demands `{show(wanted)}`"
                )
                self.report.at(placed, node.interface, catalogue.INTERFACE_METHOD, message)

    def _check_method(
        self,
        placed: n.Placed[n.Item],
        node: n.FunctionDecl,
        own: FunctionSymbol,
        demand: FunctionSymbol,
        seen: Mapping[str, Ty],
    ) -> None:
        """It takes at least what is demanded, gives no more, and throws no more."""
        theirs, ours = demand.type_params[demand.outer :], own.type_params[own.outer :]
        renamed = {a.name: b for a, b in zip(theirs, ours, strict=False)}
        throws = UNKNOWN if demand.throws is None else demand.throws
        wanted = replaced(replace(demand.ty, throws=throws), {**seen, **renamed})
        relation = self.view.relation()
        given = (
            own.ty if own.throws is not None else replace(own.ty, throws=NEVER)
        )  # its body is held to the demand
        alike = len(theirs) == len(ours) and not own.static
        if alike and any(ty == ERROR for ty in (own.result, *(param.ty for param in own.params))):
            return
        if not alike or not relation.is_usable(given, wanted):
            shown = signature_text(demand, {**seen, **renamed})
            message = f"this is not what the interface demands: `{shown}`"
            self.report.at(
                placed,
                node.name,
                catalogue.INTERFACE_METHOD,
                message,
                hint=f"here it is `{signature_text(own, {})}`",
            )


def signature_text(symbol: FunctionSymbol, found: Mapping[str, Ty]) -> str:
    """A method as one would write it."""
    params = [
        param.name if at == 0 and param.name == "self" else f"{param.name}: {show(replaced(param.ty, found))}"
        for at, param in enumerate(symbol.params)
    ]
    own = ", ".join(param.name for param in symbol.type_params[symbol.outer :])
    generic = f"<{own}>" if own else ""
    throws = "" if symbol.throws is None else f" throws {show(replaced(symbol.throws, found))}"
    name = symbol.name.rpartition(".")[2]
    return f"function {name}{generic}({', '.join(params)}) -> {show(replaced(symbol.result, found))}{throws}"
