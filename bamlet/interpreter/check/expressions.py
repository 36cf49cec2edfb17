"""The type of each kind of expression."""

from __future__ import annotations

from contextlib import ExitStack

from ...diagnostics import catalogue, did_you_mean
from ...grammar import nodes as n
from ...patterns import pattern
from ...types.relate import widen_literals
from ...types.schema import Field
from ...types.show import show
from ...types.ty import (
    ERROR,
    FLOAT,
    INT,
    NEVER,
    NULL,
    STRING,
    ClassTy,
    EnumTy,
    ErrorTy,
    ListTy,
    LiteralTy,
    MapTy,
    NeverTy,
    Ty,
    VariantTy,
    literal,
)
from ..facts.builtins import FUNCTIONS
from ..facts.code_names import constant_name
from ..facts.left_out import left_out
from ..facts.symbols import ClassSymbol
from ..facts.typing_tables import ConstantUse, EnvUse, FunctionUse, LocalUse, Use, VariantUse
from .class_types import class_of_constructor, fields_of
from .generic_calls import function_by_place
from .narrow import assume
from .places import field_type, type_of_local, type_of_path
from .state import Checker, Infer
from .throws import may_throw

# --- names


def _path(c: Checker, node: n.Path, expected: Ty | None) -> Ty:
    use, ty = meaning_of(c, node)
    if use is not None:
        c.tables.uses[id(node)] = use
    if isinstance(use, FunctionUse) and use.symbol.type_params:
        return function_by_place(c, node, use.symbol, expected)
    return ty


def meaning_of(c: Checker, node: n.Path) -> tuple[Use | None, Ty]:
    """Locals first, then enums, functions and constants by their full names."""
    head = node.parts[0].name
    variable = c.find(head)
    if variable is not None:
        c.capture(variable)
        fields = node.parts[1:]
        return LocalUse(variable, fields), type_of_local(c, variable, fields, node)
    name = c.full(node.name)
    if head in c.names.broken:
        return None, ERROR
    if head == "env" and len(node.parts) == 2 and name not in c.names.functions:
        c.tables.uses_context = True
        return EnvUse(node.parts[1].name), STRING
    if name in c.names.functions:
        symbol = c.names.functions[c.called(name)]
        c.tables.reaches.add(symbol.name)
        return FunctionUse(symbol), symbol.ty
    for length in range(len(node.parts), 0, -1):
        prefix = c.full(".".join(part.name for part in node.parts[:length]))
        rest = node.parts[length:]
        if prefix in c.names.enums and len(rest) == 1:
            return _variant(c, prefix, rest[0])
        if prefix in c.names.constants:
            symbol_ = c.names.constants[prefix]
            c.tables.reaches.add(constant_name(prefix))
            may_throw(c, symbol_.thrown, node)
            return ConstantUse(symbol_, rest), type_of_path(c, symbol_.ty, rest)
    return None, _unknown(c, node)


def _variant(c: Checker, enum: str, name: n.Identifier) -> tuple[Use | None, Ty]:
    names = [member.name for member in c.names.enums[enum].members]
    if name.name not in names and not c.names.enums[enum].dynamic:
        message = f"enum `{enum}` has no value `{name.name}`"
        c.wrong(name, catalogue.UNKNOWN_VARIANT, message, hint=did_you_mean(name.name, names))
        return None, ERROR
    return VariantUse(enum, name.name), VariantTy(enum, name.name)


# What other languages write.
_INSTEAD = {
    **dict.fromkeys(("None", "nil", "undefined"), "write `null`"),
    "True": "write `true`",
    "False": "write `false`",
    "await": "a call waits by itself: leave `await` out",
    "spawn": "write `spawn { … }`",
    "defer": "write `defer { … }`",
    "async": "calls wait by themselves; `spawn { … }` runs beside",
    "and": "write `&&`",
    "or": "write `||`",
    "not": "write `!`",
    **dict.fromkeys(("def", "fn", "func"), "inside of a function write `let f = (x: int) => …`"),
    "lambda": "write `(x: int) => …`",
    **dict.fromkeys(("elif", "elsif", "elseif"), "write `else if (…) { … }`"),
    "raise": "write `throw …`",
    "pass": "leave it out: a block may be empty",
    "typeof": "ask with `value is int`, for example",
}


def _unknown(c: Checker, node: n.Path) -> Ty:
    name = node.name
    if c.names.named_type(c.full(name)) is not None:
        hint = f"write `{name} {{ … }}` for a value of it" if name in c.names.classes else None
        c.wrong(node, catalogue.UNKNOWN_NAME, f"`{name}` is a type, not a value", hint=hint)
        return ERROR
    if name in FUNCTIONS:
        c.wrong(node, catalogue.UNKNOWN_NAME, f"`{name}` is no value: it can only be called")
        return ERROR
    owner, part = name.rpartition(".")[::2]
    if owner in c.names.functions or owner in c.names.classes:
        what = "a function" if owner in c.names.functions else "a class"
        hint = f"of a value of it, it would be `value.{part}`" if owner in c.names.classes else None
        c.wrong(node, catalogue.UNKNOWN_NAME, f"`{owner}` is {what} and has no `{part}`", hint=hint)
        return ERROR
    candidates = [*c.visible, *c.names.functions, *c.names.enums, *c.names.constants]
    hint = _INSTEAD.get(name) or c.from_root(name) or did_you_mean(name, candidates)
    c.wrong(
        node.parts[0] if hint is None else node,
        catalogue.UNKNOWN_NAME,
        f"nothing here is called `{name}`",
        hint=hint,
    )
    return ERROR


def _field_access(c: Checker, node: n.FieldAccess, expected: Ty | None) -> Ty:
    return field_type(c, c.infer(node.value), node.name)


def _index(c: Checker, node: n.Index, expected: Ty | None) -> Ty:
    ty = _element(c, node)
    return NEVER if c.cut_short((node.index,)) else ty


def _element(c: Checker, node: n.Index) -> Ty:
    """Of a union when every member has elements that are found in the same way."""
    ty = c.infer(node.value)
    members = c.relation.members(widen_literals(c.relation.expand(ty)))
    if any(isinstance(member, ErrorTy | NeverTy) for member in members):
        c.infer(node.index)
        return NEVER if members == (NEVER,) else ERROR
    if all(isinstance(member, ListTy) or member == STRING for member in members):
        c.require(node.index, INT)
        return _joined(c, node.value, [m.item if isinstance(m, ListTy) else STRING for m in members])
    maps = [member for member in members if isinstance(member, MapTy)]
    if len(maps) == len(members):
        c.require(node.index, maps[0].key)
        for other in maps[1:]:
            c.require(node.index, other.key)
        return _joined(c, node.value, [m.value for m in maps])
    c.infer(node.index)
    hint = "the value may be null: test it first" if NULL in members else None
    c.wrong(node.value, catalogue.NOT_INDEXABLE, f"`{show(ty)}` cannot be indexed", hint=hint)
    return ERROR


def _joined(c: Checker, collection: n.Expr, contents: list[Ty]) -> Ty:
    if NEVER in contents:
        return unknown_content(c, collection)
    return contents[0] if len(contents) == 1 else c.relation.join(contents)


def unknown_content(c: Checker, collection: n.Expr) -> Ty:
    """Something is taken out of an empty collection into which nothing is ever put."""
    hint = "write its type where it is declared, such as `let xs: int[] = []`"
    c.wrong(collection, catalogue.NOT_INDEXABLE, "nothing says what is in here", hint=hint)
    return ERROR


# --- literals and collections


def _list_literal(c: Checker, node: n.ListLiteral, expected: Ty | None) -> Ty:
    wanted = c.only_member(expected, ListTy)
    if wanted is not None:
        for item in node.items:
            c.require(item, wanted.item)
        return NEVER if c.cut_short(node.items) else wanted
    joined = c.relation.join(widen_literals(c.infer(item)) for item in node.items)
    return NEVER if c.cut_short(node.items) else ListTy(joined)


def _map_literal(c: Checker, node: n.MapLiteral, expected: Ty | None) -> Ty:
    wanted = c.only_member(expected, MapTy)
    if wanted is not None:
        for entry in node.entries:
            _key(c, entry.key, wanted.key)
            c.require(entry.value, wanted.value)
        return NEVER if c.cut_short(entry.value for entry in node.entries) else wanted
    joined = c.relation.join(widen_literals(c.infer(entry.value)) for entry in node.entries)
    return NEVER if c.cut_short(entry.value for entry in node.entries) else MapTy(STRING, joined)


def _key(c: Checker, key: n.StringLiteral, wanted: Ty) -> None:
    """A key is written as a string; where keys are an enum's values it is the name of one."""
    if c.relation.is_part(literal(key.value), wanted):
        return
    enums = [member.name for member in c.relation.members(wanted) if isinstance(member, EnumTy)]
    for enum in enums:
        if any(value.name == key.value for value in c.names.enums[enum].members):
            c.tables.uses[id(key)] = VariantUse(enum, key.value)
            return
    known = [value.name for enum in enums for value in c.names.enums[enum].members]
    known += [str(member.value) for member in c.relation.members(wanted) if isinstance(member, LiteralTy)]
    message = f"the key `{key.value}` is no `{show(wanted)}`"
    c.wrong(key, catalogue.TYPE_MISMATCH, message, hint=did_you_mean(key.value, known))


def _class_named(c: Checker, name: str) -> ClassSymbol | None:
    """Also by another name that it has."""
    alias = c.names.aliases.get(name)
    if isinstance(alias, ClassTy) and not alias.args:
        name = alias.name
    return c.names.classes.get(name)


def _constructor(c: Checker, node: n.Constructor, expected: Ty | None) -> Ty:
    symbol = _class_named(c, c.full(node.path.name))
    if symbol is None or symbol.opaque or node.path.parts[0].name in c.names.broken:
        for entry in node.entries:
            c.infer(entry.value)
        return ERROR if node.path.parts[0].name in c.names.broken else _no_class(c, node, symbol)
    c.tables.constructors[id(node)] = symbol
    if symbol.params or node.type_arguments:
        made = class_of_constructor(c, node, symbol, expected)
    else:
        made = symbol.ty
    wanted = fields_of(symbol, made)
    given: dict[str, n.Identifier] = {}
    spread = False
    for entry in node.entries:
        if isinstance(entry, n.Spread):
            _once(c, entry.value, made)
            spread = True
            continue
        if entry.name.name in given:
            c.wrong(entry.name, catalogue.DUPLICATE_FIELD, f"`{entry.name.name}` is given twice")
        given[entry.name.name] = entry.name
        _constructor_field(c, symbol, entry, wanted)
    missing = [f.name for f in symbol.schema.fields if f.name not in given and not _may_lack(c, symbol, f)]
    if missing and not spread:
        names = ", ".join(f"`{name}`" for name in missing)
        c.wrong(node.path, catalogue.CONSTRUCTOR_FIELDS.for_lack(), f"`{symbol.name}` also needs {names}")
    return NEVER if c.cut_short(entry.value for entry in node.entries) else made


def _once(c: Checker, node: n.Expr, wanted: Ty) -> None:
    """Require a type of what may have been looked at to find out a type argument."""
    if id(node) in c.tables.types:
        c.accept(node, c.tables.types[id(node)], wanted)
    else:
        c.require(node, wanted)


def _constructor_field(c: Checker, symbol: ClassSymbol, entry: n.FieldInit, wanted: dict[str, Ty]) -> None:
    if entry.name.name in wanted:
        _once(c, entry.value, wanted[entry.name.name])
        return
    c.infer(entry.value)
    message = f"`{symbol.name}` has no field `{entry.name.name}`"
    hint = did_you_mean(entry.name.name, wanted)
    c.wrong(entry.name, catalogue.CONSTRUCTOR_FIELDS, message, hint=hint)


def _may_lack(c: Checker, symbol: ClassSymbol, field: Field) -> bool:
    return c.relation.is_subtype(NULL, field.ty) or left_out(symbol.name, field) is not None


def _no_class(c: Checker, node: n.Constructor, symbol: ClassSymbol | None) -> Ty:
    name = node.path.name
    if symbol is not None:
        c.wrong(node.path, catalogue.NOT_CALLABLE, f"a `{name}` comes from the library, it cannot be written")
    elif c.find(name) is not None:
        message = f"`{name}` is a variable, and `{{` after a name begins a value of a class"
        c.wrong(node.path, catalogue.UNKNOWN_TYPE, message, hint="put the condition in parentheses")
    else:
        hint = c.from_root(name) or did_you_mean(name, c.names.classes)
        c.wrong(node.path, catalogue.UNKNOWN_TYPE, f"no class is called `{name}`", hint=hint)
    return ERROR


# --- control


def _block(c: Checker, node: n.Block, expected: Ty | None) -> Ty:
    diverges = False
    with c.scope(), ExitStack() as guarded:
        for statement in node.statements:
            diverges = c.check_statement(statement) or diverges
            if isinstance(statement, n.Defer):
                guarded.enter_context(c.nested(statement))
                with c.nested(statement, 2):  # what is done on the way out
                    pass
        if node.tail is None:
            return NEVER if diverges else NULL
        ty = c.infer(node.tail, expected)
        return NEVER if diverges else ty


def _if(c: Checker, node: n.If, expected: Ty | None) -> Ty:
    c.wants_parentheses(node, node.condition, "condition", "if")
    tested = c.infer(node.condition)
    held, failed = assume(c, node.condition, True), assume(c, node.condition, False)
    c.facts = held
    then = c.infer(node.then, expected)
    after_then, c.facts = c.facts, failed
    otherwise = NULL if node.otherwise is None else c.infer(node.otherwise, expected)
    if otherwise == NEVER:
        c.facts = after_then
    elif then != NEVER:
        c.facts = c.merge(after_then, c.facts)
    return NEVER if tested == NEVER else c.relation.join((then, otherwise))


def _string(c: Checker, node: n.StringLiteral, expected: Ty | None) -> Ty:
    if c.edition == 2 and "${" in node.value:
        named = (match[1] for match in _HOLE.finditer(node.value))
        if name := next((name for name in named if c.find(name) is not None), None):
            message = f"`${{{name}}}` stays as it is: a quoted string has no holes"
            c.wrong(node, catalogue.SURPRISING_READING, message, hint="put the text between back-ticks")
    return literal(node.value)


_HOLE = pattern(r"\$\{([A-Za-z_]\w*)")


def _throw(c: Checker, node: n.Throw, expected: Ty | None) -> Ty:
    may_throw(c, c.infer(node.value), node)
    return NEVER


def _return(c: Checker, node: n.Return, expected: Ty | None) -> Ty:
    _stays_inside(c, node, "return")
    if c.returned is not None:
        c.returned.append(NULL if node.value is None else c.infer(node.value))
    elif node.value is not None:
        c.require(node.value, c.result)
    elif not c.relation.is_subtype(NULL, c.result):
        message = f"expected a value of type `{show(c.result)}` after `return`"
        c.wrong(node, catalogue.MISSING_VALUE, message)
    return NEVER


def _stays_inside(c: Checker, node: n.Expr, word: str) -> bool:
    """Whether this would leave a `defer`, which has been reported then."""
    leaves = bool(c.closures) and c.closures[-1].is_deferred
    if leaves:
        message = f"`{word}` would leave the `defer` that it stands in, on the way out of the block around it"
        c.wrong(node, catalogue.LEAVING_DEFER, message, hint="let the block of the `defer` come to its end")
    return leaves


def _loop_control(c: Checker, node: n.Break | n.Continue, expected: Ty | None) -> Ty:
    if c.loop_depth == 0:
        word = "break" if isinstance(node, n.Break) else "continue"
        if _stays_inside(c, node, word):
            return NEVER
        message = f"`{word}` is not inside a loop"
        if c.in_loop_head:
            message = f"`{word}` cannot stand in the head of a loop: it would belong to none"
        c.wrong(node, catalogue.LOOP_CONTROL, message)
    return NEVER


EXPRESSIONS: dict[type, Infer] = {
    n.IntLiteral: lambda c, node, expected: literal(node.value),
    n.FloatLiteral: lambda c, node, expected: FLOAT,
    n.StringLiteral: _string,
    n.BoolLiteral: lambda c, node, expected: literal(node.value),
    n.NullLiteral: lambda c, node, expected: NULL,
    n.Path: _path,
    n.Group: lambda c, node, expected: c.infer(node.inner, expected),
    n.FieldAccess: _field_access,
    n.Index: _index,
    n.ListLiteral: _list_literal,
    n.MapLiteral: _map_literal,
    n.Constructor: _constructor,
    n.Block: _block,
    n.If: _if,
    n.Throw: _throw,
    n.Return: _return,
    n.Break: _loop_control,
    n.Continue: _loop_control,
}
