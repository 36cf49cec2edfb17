"""Jinja in prompts and constraints: what does not parse is an error, a name that nothing declares a warning.

Warnings only: a template reads undefined names as nothing, and types may be extended at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ... import jinja
from ...diagnostics import Code, catalogue, did_you_mean
from ...grammar import nodes as n
from ...grammar.raw import source_offset
from ...grammar.walk import functions_of, walk
from ...jinja.methods import SEQUENCE_METHODS, STRING_METHODS
from ...records import dataclass, field
from ...types.relate import Relation
from ...types.show import show
from ...types.ty import BOOL, FLOAT, INT, STRING, ClassTy, ListTy, LiteralTy, Ty, is_optional, without_null_members
from ..facts.report import Report
from ..facts.symbols import FunctionSymbol, Names

_CONTEXT: dict[str, tuple[str, ...]] = {
    "output_format": (),
    "client": ("name", "provider", "default_role", "allowed_roles", "remap_role", "options"),
    "tags": (),
}
_RIGHT = (("ctx", "output_format"), ("_", "role"), ("_", "chat"))  # in every prompt
_PLAIN = (INT, FLOAT, BOOL)  # without fields and without methods
# What lists have in other languages, and in this one outside of templates.
_OF_LISTS = {
    **dict.fromkeys(("length", "size", "len"), "write `… | length`"),
    **dict.fromkeys(
        ("append", "push", "extend", "insert", "pop", "remove"), "a prompt changes no list: do so before the call"
    ),
    **dict.fromkeys(("includes", "contains", "has"), "write `x in …`"),
    **dict.fromkeys(("join", "map", "first", "last", "sort", "reverse"), "write it behind a bar: `… | {}`"),
}
_ROLES = ("role", "chat", "history")


def check_prompts(items: Iterable[n.Placed[n.Item]], names: Names, report: Report) -> None:
    """Check every prompt, template string and constraint of these items."""
    work = _Prompts(names, names.relation(), report)
    for placed in items:
        work.item(placed)


@dataclass(slots=True)
class _Prompts:
    names: Names
    relation: Relation
    report: Report
    _globals: set[str] = field(default_factory=set)
    _symbols: dict[int, FunctionSymbol] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._globals = {"ctx", "_", "null", *jinja.GLOBAL_NAMES, *self.names.templates, *self.names.enums}
        self._globals |= self.names.broken
        # By declaration: of two functions with one name each has parameters of its own.
        self._symbols = {id(symbol.node): symbol for symbol in self.names.functions.values()}

    def item(self, placed: n.Placed[n.Item]) -> None:
        node = placed.node
        for function in functions_of(node):
            if isinstance(function.body, n.LlmBody):
                params = self._params(function)
                for entry in function.body.entries:
                    if entry.key.name == "prompt" and isinstance(entry.value, n.ConfigText):
                        self._template(placed, entry.value, params)
        if isinstance(node, n.TemplateStringDecl) and isinstance(node.body, n.ConfigText):
            info = self.names.templates.get(node.name.name)
            if info is not None and node.name.name not in self.names.broken:
                self._template(placed, node.body, {param.name: param.ty for param in info.params})
        if "{{" not in placed.span(node).text:
            return
        for attribute in _attributes(node):
            self._constraint(placed, attribute, isinstance(node, n.TestDecl))

    def _params(self, function: n.FunctionDecl) -> Mapping[str, Ty]:
        symbol = self._symbols.get(id(function))
        return {param.name: param.ty for param in symbol.params} if symbol else {}

    # --- templates

    def _template(self, placed: n.Placed[n.Item], text: n.ConfigText, params: Mapping[str, Ty]) -> None:
        if _is_plainly_right(text.text, params):
            return
        template, failures = jinja.read_template(text.text)
        for failure in failures:
            self._unreadable(placed, text, failure)
        if template is None:
            return
        for use in template.names():
            self._name(placed, text, use, params)
        for use in template.unknown_filters():
            hint = did_you_mean(use.name, jinja.known_filters())
            message = f"there is no filter or test `{use.name}`"
            self._warn(placed, text, use, catalogue.PROMPT_NAME, message, hint)

    def _unreadable(self, placed: n.Placed[n.Item], text: n.ConfigText, failure: jinja.TemplateError) -> None:
        line, column = failure.line or 1, failure.column or 1
        if isinstance(failure, jinja.UnclosedTag):
            place = self._place(placed, text, line, column, 2)
            hint = f"add the `{failure.missing}`"
            self.report.at(placed, place, catalogue.UNCLOSED, failure.message, hint=hint)
        else:
            place = self._place(placed, text, line, column, 1)
            message = f"this template cannot be parsed: {failure.message}"
            self.report.at(placed, place, catalogue.TEMPLATE_SYNTAX, message)

    def _name(
        self, placed: n.Placed[n.Item], text: n.ConfigText, use: jinja.NameUse, params: Mapping[str, Ty]
    ) -> None:
        if use.element_of is not None:
            if (element := self._element(use.element_of, params)) is not None:
                self._fields(placed, text, use, element)
        elif use.name in params:
            self._fields(placed, text, use, params[use.name])
        elif use.name == "ctx":
            self._one_of(placed, text, use, use.path, _CONTEXT)
            if len(use.path) > 1 and (inner := _CONTEXT.get(use.path[0])):
                self._one_of(placed, text, use, use.path[1:], inner)
        elif use.name == "_":
            self._one_of(placed, text, use, use.path, _ROLES)
        elif use.name in self.names.templates and use.call is not None:
            self._arguments(placed, text, use, use.call)
        elif use.name in self.names.enums:
            self._variant(placed, text, use)
        elif use.name not in self._globals:
            message = f"nothing in this prompt is called `{use.name}`"
            hint = did_you_mean(use.name, [*params, *self._globals]) or self._why_not(use.name)
            hint = (
                hint
                or f"there is {', '.join(f'`{name}`' for name in (*params, *self.names.templates, 'ctx', '_'))}"
            )
            self._warn(placed, text, use, catalogue.PROMPT_NAME, message, hint)

    def _arguments(
        self, placed: n.Placed[n.Item], text: n.ConfigText, use: jinja.NameUse, call: jinja.Arguments
    ) -> None:
        declared = self.names.templates[use.name].params
        params = [param.name for param in declared]
        unknown = [name for name in call.named if name not in params]
        missing = [
            param.name
            for param in declared[call.positional :]
            if param.name not in call.named and not is_optional(param.ty)
        ]
        code = catalogue.PROMPT_NAME
        if call.positional > len(params):
            takes = f"{len(params)} argument{'s' if len(params) != 1 else ''}"
            message = f"`{use.name}` takes {takes}, found {call.positional}"
        elif unknown:
            message = f"`{use.name}` has no parameter `{unknown[0]}`"
        elif missing:
            message, code = f"`{use.name}` also needs `{missing[0]}`", code.for_lack()
        else:
            return
        hint = did_you_mean(unknown[0], params) if unknown else None
        hint = hint or f"write `{use.name}({', '.join(params)})`"
        self._warn(placed, text, use, code, message, hint)

    def _variant(self, placed: n.Placed[n.Item], text: n.ConfigText, use: jinja.NameUse) -> None:
        enum = self.names.enums[use.name]
        values = [member.name for member in enum.members]
        if use.path and use.path[0] not in values and not enum.dynamic:
            message = f"enum `{use.name}` has no value `{use.path[0]}`"
            self._warn(placed, text, use, catalogue.PROMPT_NAME, message, did_you_mean(use.path[0], values))

    def _why_not(self, name: str) -> str | None:
        if name == "env":
            return "a prompt does not see the environment: hand the value in as a parameter"
        if name in self.names.functions:
            return "a prompt cannot call a function: hand its value in as a parameter, or use a template_string"
        return None

    def _one_of(
        self,
        placed: n.Placed[n.Item],
        text: n.ConfigText,
        use: jinja.NameUse,
        path: tuple[str, ...],
        known: Iterable[str],
    ) -> None:
        if path and path[0] not in known:
            owner = ".".join((use.name, *use.path[: len(use.path) - len(path)]))
            message = f"`{owner}` has no `{path[0]}`"
            self._warn(placed, text, use, catalogue.PROMPT_NAME, message, did_you_mean(path[0], known))

    def _fields(self, placed: n.Placed[n.Item], text: n.ConfigText, use: jinja.NameUse, ty: Ty) -> None:
        """Follow `order.customer.name` as far as classes go; what may be anything is left alone."""
        for part in use.path:
            members = without_null_members(self.relation.expand(ty))
            if members and all(_is_text(member) for member in members):
                if part not in STRING_METHODS:
                    message = f"`{show(ty)}` has no fields, so no `{part}`"
                    self._warn(
                        placed, text, use, catalogue.PROMPT_NAME, message, did_you_mean(part, STRING_METHODS)
                    )
                return
            if members and all(member in _PLAIN for member in members):
                message = f"`{show(ty)}` has no fields, so no `{part}`"
                self._warn(placed, text, use, catalogue.PROMPT_NAME, message, None)
                return
            if members and all(isinstance(member, ListTy) for member in members):
                if part not in SEQUENCE_METHODS:
                    message = f"`{show(ty)}` has no `{part}` in a template"
                    hint = _OF_LISTS.get(part, "").format(part) or did_you_mean(part, SEQUENCE_METHODS)
                    self._warn(placed, text, use, catalogue.PROMPT_NAME, message, hint)
                return
            if not members or not all(isinstance(member, ClassTy) for member in members):
                return
            found = [self._field(member, part) for member in members if isinstance(member, ClassTy)]
            present = [field_ty for field_ty in found if field_ty is not None]
            if not present:
                self._no_field(placed, text, use, ty, part)
                return
            ty = self.relation.join(present)
        members = without_null_members(self.relation.expand(ty))
        if use.looped and members and all(_is_text(member) or member in _PLAIN for member in members):
            whole = ".".join((use.name, *use.path))
            message = f"`{whole}` is no list but `{show(ty)}`: there is nothing to loop over"
            if any(map(_is_text, members)):
                message = f"`{whole}` is `{show(ty)}`: this loop goes over its characters"
            self._warn(placed, text, use, catalogue.PROMPT_NAME, message, "loop over a list or a map")

    def _element(self, use: jinja.NameUse, params: Mapping[str, Ty]) -> Ty | None:
        """What a loop over it binds, if types tell."""
        whole = self._element(use.element_of, params) if use.element_of is not None else params.get(use.name)
        for part in use.path:
            owners = () if whole is None else without_null_members(self.relation.expand(whole))
            found = [self._field(owner, part) for owner in owners if isinstance(owner, ClassTy)]
            present = [ty for ty in found if ty is not None]
            whole = self.relation.join(present) if present and len(found) == len(owners) else None
        lists = () if whole is None else without_null_members(self.relation.expand(whole))
        items = [member.item for member in lists if isinstance(member, ListTy)]
        return self.relation.join(items) if items and len(items) == len(lists) else None

    def _field(self, owner: ClassTy, name: str) -> Ty | None:
        fields = self.names.classes[owner.name].schema.fields
        return next((each.ty for each in fields if each.name == name), None)

    def _no_field(
        self, placed: n.Placed[n.Item], text: n.ConfigText, use: jinja.NameUse, ty: Ty, part: str
    ) -> None:
        owners = [m for m in without_null_members(self.relation.expand(ty)) if isinstance(m, ClassTy)]
        if any(self.names.classes[owner.name].schema.dynamic for owner in owners):
            return
        fields = [each.name for owner in owners for each in self.names.classes[owner.name].schema.fields]
        message = f"`{show(ty)}` has no field `{part}`"
        self._warn(placed, text, use, catalogue.PROMPT_NAME, message, did_you_mean(part, fields))

    def _warn(
        self,
        placed: n.Placed[n.Item],
        text: n.ConfigText,
        use: jinja.NameUse,
        code: Code,
        message: str,
        hint: str | None,
    ) -> None:
        whole = ".".join((use.name, *use.path))
        place = self._place(placed, text, use.line, use.column, len(whole))
        if placed.span(place).text != whole:  # blanks or brackets between the parts
            place = self._place(placed, text, use.line, use.column, len(use.name))
        self.report.at(placed, place, code, message, hint=hint)

    def _place(self, placed: n.Placed[n.Item], text: n.ConfigText, line: int, column: int, length: int) -> n.Node:
        at = text.start + source_offset(placed.span(text).text, line, column)
        return n.Node(at, min(at + length, text.end))

    # --- constraints

    def _constraint(self, placed: n.Placed[n.Item], attribute: n.Attribute, in_test: bool) -> None:
        for argument in attribute.arguments or ():
            if argument.kind != "jinja":
                continue
            try:
                uses = jinja.expression_names(argument.text)
            except jinja.TemplateError as failure:
                message = f"this constraint cannot be parsed: {failure.message}"
                self.report.at(placed, argument, catalogue.CONSTRAINT_SYNTAX, message)
                continue
            known = {"this", *jinja.GLOBAL_NAMES, *(("_",) if in_test else ())}
            for use in uses:
                if use.name not in known:
                    message = f"a constraint knows {_listed(known - jinja.GLOBAL_NAMES)}, but no `{use.name}`"
                    self.report.at(placed, argument, catalogue.PROMPT_NAME, message)


def _is_text(ty: Ty) -> bool:
    return ty == STRING or (isinstance(ty, LiteralTy) and ty.base == "string")


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names, reverse=True))


def _is_plainly_right(template: str, params: Mapping[str, Ty]) -> bool:
    """Whether nothing can be wrong with it. Most are so plain, and jinja2 need not be loaded for them."""
    parts = jinja.plain_parts(template)
    if parts is None or any(path[0] in params for path in _RIGHT):
        return False
    holes = [part for part in parts if not isinstance(part, str)]
    return all(
        hole.path in _RIGHT if len(hole.path) > 1 else hole.argument is None and hole.path[0] in params
        for hole in holes
    )


def _attributes(item: n.Item) -> Iterable[n.Attribute]:
    """Every attribute of a declaration; expressions, which hold none, are not searched."""
    held = walk(item, below=lambda node: () if isinstance(node, n.Attribute | n.Block) else node.children())
    return (node for node in held if isinstance(node, n.Attribute))
