"""A second meaning of the expression language, told slowly: it walks over the tree and looks at every value.

It shares nothing with the compiler but the tree. Static types say one thing only that it cannot know: whether a
pattern had to look into a list, and so binds a copy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bamlet.grammar import nodes as n

_PANICS = "baml.panics."


class Thrown(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class Panicked(Exception):
    def __init__(self, kind: str) -> None:
        self.kind = kind


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


@dataclass(eq=False)
class Object:
    cls: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Variant:
    enum: str
    name: str


@dataclass(eq=False)
class Scope:
    """The variables of a block; a lambda keeps the scope that it was made in."""

    outer: Scope | None = None
    variables: dict[str, Any] = field(default_factory=dict)

    def holder(self, name: str) -> dict[str, Any] | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.variables:
                return scope.variables
            scope = scope.outer
        return None


@dataclass(eq=False)
class Closure:
    params: tuple[str, ...]
    body: n.Expr
    scope: Scope


class Evaluator:
    """`edition` decides what is equal, and what `push` gives."""

    def __init__(self, items: Iterable[n.Item], copies: Callable[[n.Pattern], bool], edition: int = 1) -> None:
        self.functions: dict[str, n.FunctionDecl] = {}
        self.enums: set[str] = set()
        self.classes: dict[str, n.ClassDecl] = {}
        self.copies = copies
        self.edition = edition
        self.interfaces: dict[str, n.InterfaceDecl] = {}
        self.implementing: dict[str, set[str]] = {}  # the kinds of values by interface
        self.receivers: list[Any] = []
        nodes = list(items)
        self.interfaces |= {item.name.name: item for item in nodes if isinstance(item, n.InterfaceDecl)}
        for item in nodes:
            match item:
                case n.FunctionDecl():
                    self.functions[item.name.name] = item
                case n.EnumDecl():
                    self.enums.add(item.name.name)
                case n.ClassDecl():
                    self.classes[item.name.name] = item
                    for method in item.methods:
                        self.functions[f"{item.name.name}.{method.name.name}"] = method
                    for block in item.implements:
                        self._implement(item.name.name, block)
                case n.ImplementsDecl():
                    self._implement(
                        "[]" if isinstance(item.target, n.ListType) else _name(item.target), item.block
                    )

    def _implement(self, kind: str, block: n.Implements) -> None:
        interface = self.interfaces[_name(block.interface)]
        self.implementing.setdefault(interface.name.name, set()).add(kind)
        inherited = [method for method in interface.methods if method.body is not None]
        for method in (*inherited, *block.methods):
            self.functions[f"{kind}.{method.name.name}"] = method

    def call(self, name: str, *arguments: Any, types: Iterable[n.TypeNode] = ()) -> Any:
        node = self.functions[name]
        told = {f"type {param.name.name}": ty for param, ty in zip(node.type_params, types, strict=False)}
        return self._run([param.name.name for param in node.params], node.body, Scope(None, told), arguments)

    def _run(self, params: Iterable[str], body: Any, outer: Scope, arguments: Iterable[Any]) -> Any:
        scope = Scope(outer, dict(zip(params, arguments, strict=True)))
        try:
            return self.value(body, scope)
        except _Return as leaving:
            return leaving.value

    # --- expressions

    def value(self, node: Any, scope: Scope) -> Any:
        match node:
            case n.IntLiteral() | n.FloatLiteral() | n.StringLiteral() | n.BoolLiteral():
                return node.value
            case n.NullLiteral():
                return None
            case n.Group():
                return self.value(node.inner, scope)
            case n.Path():
                return self._path(node.parts, scope)
            case n.FieldAccess():
                return self.value(node.value, scope).fields[node.name.name]
            case n.AsInterface():
                return self.value(node.value, scope)
            case n.Receiver():
                return self.receivers[-1]
            case n.OptionalChain():
                return self._chain(node, scope)
            case n.Coalesce():
                left = self.value(node.left, scope)
                return self.value(node.right, scope) if left is None else left
            case n.Is():
                return self._fits(self.value(node.value, scope), node.pattern, Scope(scope))
            case n.Index():
                return self._index(self.value(node.value, scope), self.value(node.index, scope))
            case n.Call():
                return self._call(node, scope)
            case n.Lambda():
                return Closure(tuple(param.name.name for param in node.params), node.body, scope)
            case n.Unary(op="!"):
                return not _is_true(self.value(node.operand, scope))
            case n.Unary(op="-"):
                return -self.value(node.operand, scope)
            case n.Binary():
                return self._binary(node, scope)
            case n.InstanceOf():
                return self._is(self.value(node.value, scope), node.type, scope)
            case n.ListLiteral():
                return [self.value(item, scope) for item in node.items]
            case n.MapLiteral():
                return {entry.key.value: self.value(entry.value, scope) for entry in node.entries}
            case n.Constructor():
                return self._constructor(node, scope)
            case n.Block():
                return self._block(node, scope)
            case n.If():
                if _is_true(self.value(node.condition, scope)):
                    return self.value(node.then, scope)
                return None if node.otherwise is None else self.value(node.otherwise, scope)
            case n.Match():
                return self._match(node, scope)
            case n.Catch():
                return self._catch(node, scope)
            case n.Throw():
                raise Thrown(self.value(node.value, scope))
            case n.Return():
                raise _Return(None if node.value is None else self.value(node.value, scope))
            case n.Break():
                raise _Break
            case n.Continue():
                raise _Continue
        raise AssertionError(node)

    def _chain(self, node: n.OptionalChain, scope: Scope) -> Any:
        receiver = self.value(node.receiver, scope)
        if receiver is None:
            return None
        self.receivers.append(receiver)
        try:
            return self.value(node.rest, scope)
        finally:
            self.receivers.pop()

    def _path(self, parts: tuple[n.Identifier, ...], scope: Scope) -> Any:
        holder = scope.holder(parts[0].name)
        if holder is None:
            if len(parts) == 1:
                return parts[0].name
            return Variant(parts[0].name, parts[1].name)
        value = holder[parts[0].name]
        for part in parts[1:]:
            value = value.fields[part.name]
        return value

    def _index(self, collection: Any, index: Any) -> Any:
        if isinstance(collection, dict):
            if index not in collection:
                raise Panicked("MapKeyNotFound")
            return collection[index]
        if not 0 <= index < len(collection):
            raise Panicked("IndexOutOfBounds")
        return collection[index]

    def _call(self, node: n.Call, scope: Scope) -> Any:
        callee = node.callee
        if isinstance(callee, n.Path) and callee.name in self.functions and scope.holder(callee.name) is None:
            given = [self.value(argument, scope) for argument in node.arguments]
            return self.call(callee.name, *given, types=node.type_arguments)
        if isinstance(callee, n.Path) and len(callee.parts) > 1:
            receiver = self._path(callee.parts[:-1], scope)
            return self._method(receiver, callee.parts[-1].name, node.arguments, scope)
        if isinstance(callee, n.FieldAccess):
            return self._method(self.value(callee.value, scope), callee.name.name, node.arguments, scope)
        function = self.value(callee, scope)
        arguments = [self.value(argument, scope) for argument in node.arguments]
        if isinstance(function, Closure):
            return self._run(function.params, function.body, function.scope, arguments)
        return self.call(function, *arguments)

    def _method(self, receiver: Any, name: str, nodes: tuple[n.Expr, ...], scope: Scope) -> Any:
        arguments = [self.value(argument, scope) for argument in nodes]
        if f"{_kind(receiver)}.{name}" in self.functions:
            return self.call(f"{_kind(receiver)}.{name}", receiver, *arguments)
        match name:
            case "length":
                return len(receiver)
            case "push":
                receiver.append(arguments[0])
                return None if self.edition == 1 else len(receiver)
            case "has":
                return arguments[0] in receiver
            case "toUpperCase":
                return receiver.upper()
        raise AssertionError(name)

    def _binary(self, node: n.Binary, scope: Scope) -> Any:
        left = self.value(node.left, scope)
        if node.op in ("&&", "||"):
            if _is_true(left) != (node.op == "&&"):
                return _is_true(left)
            return _is_true(self.value(node.right, scope))
        right = self.value(node.right, scope)
        if self.edition == 2 and node.op in ("==", "!="):
            return _alike(left, right, set()) == (node.op == "==")
        return _operate(node.op, left, right)

    def _constructor(self, node: n.Constructor, scope: Scope) -> Object:
        fields: dict[str, Any] = {decl.name.name: None for decl in self.classes[node.path.name].fields}
        for entry in node.entries:
            if isinstance(entry, n.Spread):
                fields.update(self.value(entry.value, scope).fields)
            else:
                fields[entry.name.name] = self.value(entry.value, scope)
        return Object(node.path.name, fields)

    def _block(self, node: n.Block, outer: Scope) -> Any:
        scope = Scope(outer)
        for statement in node.statements:
            self.statement(statement, scope)
        return None if node.tail is None else self.value(node.tail, scope)

    # --- match and catch

    def _match(self, node: n.Match, scope: Scope) -> Any:
        value = self.value(node.scrutinee, scope)
        for arm in node.arms:
            inner = Scope(scope)
            if self._fits(value, arm.pattern, inner) and self._holds(arm, inner):
                return self.value(arm.body, inner)
        raise Panicked("Unreachable")

    def _catch(self, node: n.Catch, scope: Scope) -> Any:
        try:
            return self.value(node.value, scope)
        except Thrown as failure:
            value, failed = failure.value, failure
        except Panicked as panic:
            value, failed = Object(_PANICS + panic.kind, {}), panic  # type: ignore[assignment]
        is_panic = isinstance(failed, Panicked)
        for clause in node.clauses:
            for arm in clause.arms:
                inner = Scope(scope)
                if clause.binder is not None:
                    inner.variables[clause.binder.name] = value
                if is_panic and not _names_panic(arm.pattern):
                    continue
                if self._fits(value, arm.pattern, inner) and self._holds(arm, inner):
                    return self.value(arm.body, inner)
        raise failed

    def _holds(self, arm: n.MatchArm, scope: Scope) -> bool:
        return arm.guard is None or _is_true(self.value(arm.guard, scope))

    def _fits(self, value: Any, pattern: Any, scope: Scope) -> bool:
        match pattern:
            case n.LiteralPattern(value=wanted):
                return _equal(value, wanted)
            case n.OrPattern(alternatives=alternatives):
                return any(self._fits(value, part, scope) for part in alternatives)
            case n.BindingPattern(name=name, inner=inner) if inner is not None:
                if not self._fits(value, inner, scope):
                    return False
                scope.variables[name.name] = value
                return True
            case n.BindingPattern(name=name, type=type_):
                if type_ is not None and not self._is(value, type_, scope):
                    return False
                scope.variables[name.name] = _copied(value) if self.copies(pattern) else value
                return True
            case n.PathPattern(path=path):
                if path.name == "_":
                    return True
                if path.parts[0].name in self.enums and len(path.parts) == 2:
                    return bool(value == Variant(path.parts[0].name, path.parts[1].name))
                return self._is_named(value, path.name)
            case n.ClassPattern(path=path, fields=fields):
                return self._is_named(value, path.name) and all(
                    self._fits(value.fields[one.name.name], one.pattern, scope) for one in fields
                )
            case n.ListPattern(items=items):
                return isinstance(value, list) and self._fits_list(value, items, scope)
        raise AssertionError(pattern)

    def _fits_list(self, values: list[Any], items: tuple[Any, ...], scope: Scope) -> bool:
        rest = next((at for at, item in enumerate(items) if isinstance(item, n.RestPattern)), None)
        after: tuple[Any, ...]
        if rest is None:
            before, after = items, ()
            fits_length = len(values) == len(items)
        else:
            before, after = items[:rest], items[rest + 1 :]
            fits_length = len(values) >= len(items) - 1
        if not fits_length:
            return False
        if not all(self._fits(value, item, scope) for value, item in zip(values, before, strict=False)):
            return False
        middle = values[len(before) : len(values) - len(after)]
        if (
            rest is not None
            and items[rest].pattern is not None
            and not self._fits(middle, items[rest].pattern, scope)
        ):
            return False
        last: list[Any] = values[len(values) - len(after) :] if after else []
        return all(self._fits(value, item, scope) for value, item in zip(last, after, strict=True))

    def _is(self, value: Any, node: Any, scope: Scope) -> bool:
        match node:
            case n.TypeName(name="map", arguments=arguments):
                assert arguments is not None
                return isinstance(value, dict) and all(
                    self._is(part, arguments[1], scope) for part in value.values()
                )
            case n.TypeName(name=name):
                holder = scope.holder(f"type {name}")
                told = holder[f"type {name}"] if holder else None
                return self._is_named(value, name) if told is None else self._is(value, told, Scope())
            case n.LiteralType(value=wanted):
                return _equal(value, wanted)
            case n.ListType(item=item):
                return isinstance(value, list) and all(self._is(part, item, scope) for part in value)
            case n.OptionalType(inner=inner):
                return value is None or self._is(value, inner, scope)
            case n.UnionType(members=members):
                return any(self._is(value, member, scope) for member in members)
            case n.GroupType(inner=inner):
                return self._is(value, inner, scope)
        raise AssertionError(node)

    def _is_named(self, value: Any, name: str) -> bool:
        kinds = {"int": int, "float": float, "string": str, "bool": bool, "null": type(None)}
        if name in kinds:
            return type(value) is kinds[name]
        if name == "unknown":
            return True
        if name in self.interfaces:
            return _kind(value) in self.implementing[name]
        if isinstance(value, Variant):
            return value.enum == name
        if name == _PANICS + "Panic":
            return isinstance(value, Object) and value.cls.startswith(_PANICS)
        return isinstance(value, Object) and value.cls == name

    # --- statements

    def statement(self, node: Any, scope: Scope) -> None:
        match node:
            case n.Let():
                value = self.value(node.value, scope)
                if node.name.name in scope.variables:
                    # A second variable of this name: closures keep the first.
                    scope.outer = Scope(scope.outer, dict(scope.variables))
                scope.variables[node.name.name] = value
            case n.LetPattern():
                value = self.value(node.value, scope)
                if not self._fits(value, node.pattern, scope):
                    assert node.otherwise is not None
                    self.value(node.otherwise, scope)
            case n.Assign():
                self._assign(node, scope)
            case n.ExprStatement():
                self.value(node.value, scope)
            case n.ForIn():
                items = self.value(node.iterable, scope)
                for item in islice(items, len(items)):
                    if not self._round(node.body, Scope(scope, {node.name.name: item})):
                        break
            case n.For():
                self._for(node, Scope(scope))
            case _:
                raise AssertionError(node)

    def _round(self, body: n.Block, scope: Scope) -> bool:
        try:
            self.value(body, scope)
        except _Break:
            return False
        except _Continue:
            pass
        return True

    def _for(self, node: n.For, scope: Scope) -> None:
        if node.init is not None:
            self.statement(node.init, scope)
        while node.condition is None or _is_true(self.value(node.condition, scope)):
            if not self._round(node.body, scope):
                return
            if node.step is not None:
                self.statement(node.step, scope)

    def _assign(self, node: n.Assign, scope: Scope) -> None:
        container, key = self._slot(node.target, scope)
        if node.op is None:
            value = self.value(node.value, scope)
        else:
            before = self._index(container, key) if isinstance(container, list) else container[key]
            value = _operate(node.op, before, self.value(node.value, scope))
        if isinstance(container, list) and not 0 <= key < len(container):
            raise Panicked("IndexOutOfBounds")
        container[key] = value

    def _slot(self, target: Any, scope: Scope) -> tuple[Any, Any]:
        match target:
            case n.Path(parts=parts) if len(parts) == 1:
                holder = scope.holder(parts[0].name)
                assert holder is not None
                return holder, parts[0].name
            case n.Path(parts=parts):
                return self._path(parts[:-1], scope).fields, parts[-1].name
            case n.FieldAccess(value=value, name=name):
                return self.value(value, scope).fields, name.name
            case n.Index(value=value, index=index):
                collection = self.value(value, scope)
                at = self.value(index, scope)
                if isinstance(collection, list) and at < 0:
                    raise Panicked("IndexOutOfBounds")
                return collection, at
        raise AssertionError(target)


def _name(node: n.TypeNode) -> str:
    assert isinstance(node, n.TypeName)
    return node.name


def _kind(value: Any) -> str:
    """What a value is, as far as methods can tell."""
    if isinstance(value, Object):
        return value.cls
    if isinstance(value, Variant):
        return value.enum
    kinds = {int: "int", float: "float", str: "string", bool: "bool", list: "[]", dict: "map"}
    return kinds.get(type(value), "null")


def _alike(left: Any, right: Any, seen: set[tuple[int, int]]) -> bool:
    """Equality by content, in which what lies in a circle was compared when it was first met."""
    if (id(left), id(right)) in seen:
        return True
    match left, right:
        case Object(), Object():
            seen.add((id(left), id(right)))
            return left.cls == right.cls and all(
                _alike(value, right.fields[name], seen) for name, value in left.fields.items()
            )
        case list(), list():
            seen.add((id(left), id(right)))
            return len(left) == len(right) and all(_alike(a, b, seen) for a, b in zip(left, right, strict=True))
        case dict(), dict():
            seen.add((id(left), id(right)))
            return left.keys() == right.keys() and all(_alike(left[key], right[key], seen) for key in left)
        case float(), float() if left != left:
            return right != right
        case _:
            return _equal(left, right)


def _names_panic(pattern: Any) -> bool:
    match pattern:
        case n.PathPattern(path=path):
            return path.name.startswith(_PANICS)
        case n.OrPattern(alternatives=alternatives):
            return any(map(_names_panic, alternatives))
        case _:
            return False


def _is_true(value: Any) -> bool:
    return value is not None and value is not False


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if isinstance(left, str | Variant):
        return type(left) is type(right) and bool(left == right)
    return left is right


def _operate(op: str, left: Any, right: Any) -> Any:
    match op:
        case "==":
            return _equal(left, right)
        case "!=":
            return not _equal(left, right)
        case "<":
            return left < right
        case ">":
            return left > right
        case "<=":
            return left <= right
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right == 0:
        raise Panicked("DivisionByZero")
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if op == "/" else left - quotient * right
    return left / right if op == "/" else math.fmod(left, right)


def _copied(value: Any) -> Any:
    match value:
        case list():
            return [_copied(item) for item in value]
        case dict():
            return {key: _copied(item) for key, item in value.items()}
        case _:
            return value
