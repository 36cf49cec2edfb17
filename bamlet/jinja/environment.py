"""The sandbox: which values a template may look into, call and print, and what a rendering may cost.

Nothing reaches Python by name. Look-ups go to entries, never to attributes; what can be called is a macro, a
loop or a function of ours; filters, tests and methods are tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Namespace

from .errors import TemplateError
from .filters import FILTERS, HIGHER_FILTERS
from .is_tests import NAME_TESTS, TESTS
from .limits import MAX_RANGE, Budget
from .methods import call_method
from .operators import BINARY, COMPARE, concatenate, iterate, look_up, same
from .syntax import LOOP_FILTER, Generator, PositionedLexer
from .values import MISSING, Callback, TemplateObject, kind_of, pretty, show

_LOOP_VALUES = frozenset(
    (
        "depth",
        "depth0",
        "first",
        "index",
        "index0",
        "last",
        "length",
        "nextitem",
        "previtem",
        "revindex",
        "revindex0",
    )
)
_LOOP_METHODS = frozenset(("changed", "cycle"))
# The static text of a loop's body is charged at once, so it has a limit of its own.
_MAX_LOOP_TEXT = 64 * 1024 * 1024


class Nothing(Undefined, TemplateObject):
    """Undefined: prints as nothing, has nothing in it, and cannot be looked into."""

    __slots__ = ()

    def show(self) -> str:
        return ""

    def kind(self) -> str:
        return "undefined"

    def attribute(self, name: str) -> object:
        raise TypeError(f"`{self._undefined_name}` is undefined and has no `{name}`")


class RunContext(Context):
    """jinja2's context with the budget of the rendering."""

    budget: Budget


class Sandbox(SandboxedEnvironment):
    """One for the process: it holds no state of any template."""

    code_generator_class = Generator
    context_class = RunContext
    intercepted_binops = frozenset(BINARY)
    compare = COMPARE
    concatenate = staticmethod(concatenate)

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=Nothing,
            finalize=_printed,
            # Folded constants would have Python's meaning.
            optimized=False,
            cache_size=0,
        )
        self._positioned_lexer = PositionedLexer(self)
        self.binop_table = dict(BINARY)
        self.globals = {
            "debug": _DEBUG,
            "dict": Callback("dict", _dictionary),
            "namespace": _NAMESPACE,
            "range": Callback("range", _bounded_range),
        }
        self.filters = {name: _metered(function) for name, function in FILTERS.items()}
        self.filters |= {name: _metered_higher(function) for name, function in HIGHER_FILTERS.items()}
        self.filters[LOOP_FILTER] = _loop_over
        known = {"filter": self.filters, "test": TESTS}
        self.tests = TESTS | {name: _is_known(known[name]) for name in NAME_TESTS}

    @property
    def lexer(self) -> PositionedLexer:
        return self._positioned_lexer

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, LoopContext):
            found = getattr(obj, argument) if argument in _LOOP_VALUES else MISSING
        elif isinstance(obj, Namespace):
            found = _attributes(obj).get(argument, MISSING)
        elif isinstance(obj, tuple) and isinstance(argument, str):
            found = getattr(obj, argument) if argument in getattr(obj, "_fields", ()) else MISSING
        else:
            found = look_up(obj, argument)
        return self.undefined(name=str(argument)) if found is MISSING else found

    def cut(self, obj: Any, start: Any, stop: Any, step: Any) -> Any:
        if isinstance(obj, str | list | tuple | range):
            cut = obj[start:stop:step]
            return list(cut) if isinstance(cut, range) else cut
        return iterate(obj)[start:stop:step]

    def call(self, context: RunContext, obj: Any, /, *arguments: Any, **keywords: Any) -> Any:  # type: ignore[override]
        if obj is _DEBUG:
            return pretty(arguments[0] if len(arguments) == 1 else list(arguments or context.get_all()))
        if obj is _NAMESPACE:
            return Namespace(*arguments, **_own(keywords))
        function = _function(obj)
        if function is None and not isinstance(obj, Macro | LoopContext):
            raise TypeError(_not_callable(obj))
        context.budget.enter()
        try:
            if function is not None:
                return function(*arguments, **_own(keywords))
            if isinstance(obj, LoopContext):
                return obj(_spend(context, arguments[0], 0))
            return context.call(obj, *arguments, **keywords)
        finally:
            context.budget.leave()

    def call_method(self, context: RunContext, obj: Any, name: str, /, *arguments: Any, **keywords: Any) -> Any:
        context.budget.step()
        if isinstance(obj, LoopContext) and name in _LOOP_METHODS:
            return _changed(obj, list(arguments)) if name == "changed" else obj.cycle(*arguments)
        member = self.getitem(obj, name)
        if isinstance(member, Macro) or _function(member) is not None:
            return self.call(context, member, *arguments, **keywords)
        return call_method(obj, name, arguments, keywords)

    def call_binop(self, context: RunContext, operator: str, left: Any, right: Any) -> Any:  # type: ignore[override]
        context.budget.step()
        return self.binop_table[operator](left, right)


class _Names:
    """What a filter sees of the running template."""

    def __init__(self, context: RunContext) -> None:
        self._context = context

    def filter(self, name: str) -> Callable[..., Any]:
        apply = self._known("filter", self._context.environment.filters, name)
        return lambda *arguments, **keywords: apply(self._context, *arguments, **keywords)

    def test(self, name: str) -> Callable[..., Any]:
        return self._known("test", self._context.environment.tests, name)

    def _known(self, kind: str, table: Mapping[str, Any], name: str) -> Callable[..., Any]:
        if name not in table:
            raise TypeError(f"there is no {kind} `{name}`")
        found: Callable[..., Any] = table[name]
        return found

    def undefined(self) -> Any:
        return self._context.environment.undefined()


@pass_context
def _printed(context: RunContext, value: Any) -> str:
    if value is None:
        return "null"
    text = value if type(value) is str else show(value)
    context.budget.write(len(text))
    return text


def _metered(function: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def metered(context: RunContext, *arguments: Any, **keywords: Any) -> Any:
        context.budget.step()
        return function(*arguments, **keywords)

    return metered


def _metered_higher(function: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def metered(context: RunContext, *arguments: Any, **keywords: Any) -> Any:
        context.budget.step()
        return function(_Names(context), *arguments, **keywords)

    return metered


@pass_context
def _loop_over(context: RunContext, value: Any, fixed_text: int) -> list[Any]:
    return _spend(context, value, fixed_text)


def _spend(context: RunContext, value: Any, fixed_text: int) -> list[Any]:
    rows = iterate(value)
    context.budget.step(len(rows))
    if len(rows) * fixed_text > _MAX_LOOP_TEXT:
        raise TemplateError(f"a loop writes more than {_MAX_LOOP_TEXT:,} characters")
    return rows


def _changed(loop: LoopContext, value: list[Any]) -> bool:
    """`loop.changed(…)`, with our equality: Python's never ends on what holds itself many times over."""
    if same(loop._last_changed_value, value):
        return False
    loop._last_changed_value = value
    return True


def _bounded_range(*bounds: int) -> range:
    numbers = range(*bounds)
    # `len` itself fails on a range beyond the machine's word.
    if (numbers.stop - numbers.start) // numbers.step > MAX_RANGE:
        raise TemplateError(f"a range holds at most {MAX_RANGE:,} numbers")
    return numbers


def _dictionary(entries: Any = (), /, **keywords: Any) -> dict[str, Any]:
    return {**dict(entries), **keywords}


def _is_known(names: Any) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in names


def _own(keywords: dict[str, Any]) -> dict[str, Any]:
    """The keywords without those that jinja2's code adds inside loops and blocks."""
    return {name: value for name, value in keywords.items() if name not in ("_loop_vars", "_block_vars")}


def _attributes(namespace: Namespace) -> dict[str, Any]:
    attributes: dict[str, Any] = object.__getattribute__(namespace, "_Namespace__attrs")
    return attributes


def _function(value: Any) -> Callable[..., object] | None:
    return value.function() if isinstance(value, TemplateObject) else None


def _not_callable(value: Any) -> str:
    if isinstance(value, Undefined) and value._undefined_name:
        return f"there is no function `{value._undefined_name}`"
    return f"a value of kind {kind_of(value)} cannot be called"


_DEBUG = Callback("debug", pretty)
_NAMESPACE = Callback("namespace", Namespace)
