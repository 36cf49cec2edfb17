"""A program in which nothing was wrong, and functions of it that were written anew: is there still nothing wrong?

What others see of a function is its head, what it throws, whether it comes back, and where its calls lead. While
that stays, nobody else need be looked at. The answer is yes or "look at everything": a yes is never wrong, and who
wants to know what is wrong has to look anyway, since messages point to places in what was not read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...grammar import Parsed
from ...grammar import nodes as n
from ...grammar.marks import mark_of
from ...records import dataclass, replace
from ...types.ty import NEVER, Ty
from ..check import Checked, check
from ..check.divergence import never_returning
from ..check.readings import check_readings, holds_jinja
from ..emit.call_graph import call_graph, dispatched
from ..emit.effects import infer_effects, spread
from ..facts.code_names import constant_name, prompt_name
from ..facts.edition import Edition
from ..facts.effects import Calls, Effects
from ..facts.implementations import TO_STRING
from ..facts.report import Report
from ..facts.symbols import FunctionSymbol, Names
from ..names.aliases import AliasReader
from ..names.signatures import SignatureReader

if TYPE_CHECKING:
    # Stages that look at a whole program.
    from .analyse import Analysis
    from .unit import Unit


@dataclass(frozen=True, slots=True)
class Clean:
    """What is kept of a program in which nothing was wrong: plain data, no trees."""

    names: Names
    graph: Mapping[str, Calls]
    endless: frozenset[str]
    effects: Effects
    edition: Edition


def clean(analysis: Analysis) -> Clean | None:
    """None where a mark in one file says what the others mean: then every file matters to every other."""
    if analysis.edition.by_mark:
        return None
    return Clean(
        analysis.names.without_nodes(),
        analysis.graph,
        analysis.checked.endless,
        analysis.effects,
        analysis.edition.edition,
    )


@dataclass(frozen=True, slots=True)
class Anew:
    """What is known of the functions that are new: `own` are these alone, `view` has all others, and the library,
    beside them. `decoded` are types that the program makes of text, or made."""

    own: Names
    view: Names
    checked: Checked
    effects: Effects
    decoded: Mapping[str, Ty]


def is_still_clean(kept: Clean, changed: Sequence[Parsed], library: Unit) -> bool:
    """`changed` has the functions that are not as they were, and nothing else."""
    return looked_at_anew(kept, changed, library) is not None


def looked_at_anew(kept: Clean, changed: Sequence[Parsed], library: Unit) -> Anew | None:
    """None where anything may be wrong."""
    if any(parsed.diagnostics or parsed.gaps or parsed.broken for parsed in changed):
        return None
    items = [placed for parsed in changed for placed in parsed.items]
    if kept.edition == 1 and any(mark_of(placed.node) for placed in items):
        return None
    names, report = kept.names.copied(), Report()
    view = names.over(library.names)
    own = _declared(items, names, view, kept, report)
    if own is None:
        return None
    checked = check(own, view, report, kept.edition, kept.endless - own.functions.keys())
    graph = call_graph(own, checked)
    if not (_throw_what_they_threw(own, view, kept, graph) and _come_back_as_they_did(own, view, kept)):
        return None
    effects = _effects(own, names, view, kept, graph, library)
    if effects is None:
        return None
    check_readings(items, report)
    if kept.edition == 2:
        from ..check.outdated import check_outdated

        check_outdated(items, report)
    if holds_jinja(placed.span(placed.node).text for placed in items):
        from ..check.prompts import check_prompts  # brings jinja2

        check_prompts(items, view, report)
    for name in own.functions:
        own.functions[name] = view.functions[name]  # which knows what it throws
    return None if report.diagnostics else Anew(own, view, checked, effects, names.decoded)


def _declared(
    items: Iterable[n.Placed[n.Item]], names: Names, view: Names, kept: Clean, report: Report
) -> Names | None:
    """The functions that are new, put among the names, if their heads are what they were."""
    own = Names()
    signatures = SignatureReader(names, report, AliasReader(names, view, report), is_library=False)
    for placed in items:
        if not isinstance(placed.node, n.FunctionDecl):
            return None
        space = kept.names.spaces.get(placed.file.name)
        name = f"{space}.{placed.node.name.name}" if space else placed.node.name.name
        known = kept.names.functions.get(name)
        if known is None or prompt_name(name) in kept.names.functions or (known.llm and known.llm.tools):
            return None
        symbol = replace(signatures.signature(placed, placed.node, name), asserted=known.asserted)
        if _head(symbol) != _head(known) or prompt_name(name) in names.functions:
            return None
        if symbol.llm is not None:
            from ..declarations.clients import check_client
            from ..declarations.llm_bodies import client_of

            check_client(names, placed, client_of(placed.node), report)
        own.functions[name] = names.functions[name] = symbol
    return None if report.diagnostics else own


def _head(symbol: FunctionSymbol) -> FunctionSymbol:
    """Without what its body says. What is asserted of arguments follows from their types."""
    llm = replace(symbol.llm, template="") if symbol.llm is not None else None
    return replace(symbol, thrown=NEVER, doc=None, llm=llm)


def _throw_what_they_threw(own: Names, view: Names, kept: Clean, graph: Mapping[str, Calls]) -> bool:
    """What several throw that call each other holds itself up: it would stay when none of them throws it."""
    for name, symbol in own.functions.items():
        thrown = view.functions[name].thrown
        if thrown != kept.names.functions[name].thrown:
            return False
        if thrown != NEVER and symbol.throws is None and _may_reach_itself(name, view, {**kept.graph, **graph}):
            return False
    return True


def _may_reach_itself(name: str, view: Names, graph: Mapping[str, Calls]) -> bool:
    by_table = dispatched(view)
    seen: set[str] = set()
    pending = [name]
    while pending:
        at = pending.pop()
        calls = graph.get(at)
        further = {*calls.reaches, *calls.values} if calls is not None else by_table.get(at, set())
        if name in further:
            return True
        pending += further - seen
        seen |= further
    return False


def _come_back_as_they_did(own: Names, view: Names, kept: Clean) -> bool:
    """What calls one of them may go round for ever with it: for one to come back it must do so even then."""
    functions, others = own.functions.values(), kept.endless - own.functions.keys()
    callers = set(own.functions)
    spread({name: calls.reaches for name, calls in kept.graph.items()}, callers)
    surely = never_returning(functions, view, others)
    perhaps = never_returning(functions, view, others | (callers - own.functions.keys()))
    return all((name in surely) == (name in perhaps) == (name in kept.endless) for name in own.functions)


def _effects(
    own: Names, names: Names, view: Names, kept: Clean, graph: Mapping[str, Calls], library: Unit
) -> Effects | None:
    """They lead where they led; or elsewhere, and nothing that is wrong comes of it."""
    gone = {each for name in own.functions if name in kept.graph for each in (name, *kept.graph[name].lambdas)}
    if graph == {name: kept.graph[name] for name in gone if name in kept.graph}:
        return kept.effects
    every = {**{name: calls for name, calls in kept.graph.items() if name not in gone}, **graph}
    effects = infer_effects(names, view, every, library.effects, False)
    shown = (found for (interface, _), found in names.implementations.items() if interface == TO_STRING)
    fine = (
        effects.told == kept.effects.told
        and not any(used in effects.told for calls in graph.values() for used in calls.values)
        and not any(full in effects.suspends for found in shown for full in found.methods.values())
        and not any(constant_name(name) in effects.outside for name in names.constants)
        and not any(prompt_name(name) in effects.suspends for name in names.functions)
    )
    return effects if fine else None
