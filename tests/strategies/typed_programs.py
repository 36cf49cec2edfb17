"""Programs of the expression language that mean something: every name is declared, and types mostly fit.

A careful writer forgets what it knows of a variable where the language does; most of what it writes checks. A
reckless one goes on using what it once knew, and now and then takes any variable for anything: much of that is
rejected, and what is not had better be sound. Programs end: loops are counted, functions call those above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

PRELUDE = """\
enum Mood { Calm, Loud, Odd }
class Point {
  x int
  y int
  function sum(self) -> int { self.x + self.y }
  function move(self, by: int) -> int { self.x += by; self.x * self.y }
}
class Named {
  kind "named"
  name string
  next Named?
  mood Mood
  function label(self) -> string {
    let next = self.next;
    if (next == null) { return self.name; }
    self.name + "." + next.name
  }
  function drop(self) -> int { self.next = null; 1 }
}
class Sized {
  kind "sized"
  size int
  tags string[]
  function label(self) -> string { self.tags[self.size] }
}
class Failure { code int }
"""

_FIELDS = {
    "Point": {"x": "int", "y": "int"},
    "Named": {"name": "string", "next": "Named?", "mood": "Mood"},
    "Sized": {"size": "int", "tags": "string[]"},
    "Failure": {"code": "int"},
}
_UNIONS = {
    "int | string": ("int", "string"),
    "Named | Sized": ("Named", "Sized"),
    "int?": ("int", "null"),
    "string?": ("string", "null"),
    "Point?": ("Point", "null"),
    "Named?": ("Named", "null"),
    "int[] | string": ("int[]", "string"),
    "int[] | string[]": ("int[]", "string[]"),
}
_LISTS = ("int", "string", "Point", "int?", "int | string", "Named | Sized")
_TYPES = (
    *("int", "int", "string", "bool", "float", "Mood", "Point", "Named", "Sized"),
    *(*_UNIONS, *(f"({item})[]" if " " in item else f"{item}[]" for item in _LISTS), "map<string, int>"),
    *("unknown", "(int) -> int", "map<string, int | string>"),
)


_LINKED = (
    'Named { kind: "named", name: "a", next: Named { kind: "named", name: "b", mood: Mood.Odd }, mood: Mood.Odd }'
)
_OTHER = 'Sized { kind: "sized", size: 1, tags: [] }'
# A type, a value that passes the test, one that does not, the test, and a use of what it found.
_TRAPS = (
    ("int?", "1", "null", "t != null", "t + 1"),
    ("int | string", "1", '"a"', "t instanceof int", "t + 1"),
    ("string?", '"a"', "null", "!(t == null)", "t.length()"),
    ("Named | Sized", _LINKED, _OTHER, 't.kind == "named"', "t.name.length()"),
    ("Named | Sized", _LINKED, _OTHER, "t instanceof Named && t.next != null", "t.name.length()"),
    ("Named", _LINKED, "null", "n.next != null", "n.next.name.length()"),
)


def item_of(kind: str) -> str:
    return kind.removesuffix("[]").removeprefix("(").removesuffix(")") if kind[0] == "(" else kind[:-2]


def members_of(kind: str) -> tuple[str, ...]:
    return _UNIONS.get(kind, (kind,))


def fits(have: str, want: str) -> bool:
    return want == "unknown" or all(member in members_of(want) for member in members_of(have))


@dataclass
class Place:
    """A variable, or a field of one, as the writer knows it."""

    text: str
    declared: str
    known: str


@dataclass
class Function:
    name: str
    params: list[str]
    result: str


@dataclass
class Writer:
    random: Random
    reckless: bool
    functions: list[Function] = field(default_factory=list)
    scopes: list[list[Place]] = field(default_factory=list)
    result: str = "int"
    loops: int = 0
    depth: int = 0
    names: int = 0
    in_lambda: bool = False
    paths: list[Place] = field(default_factory=list)
    # The last two types are those that nobody compares.
    types: tuple[str, ...] = _TYPES
    prelude: str = PRELUDE
    fields: dict[str, dict[str, str]] = field(default_factory=lambda: dict(_FIELDS))

    def fits(self, have: str, want: str) -> bool:
        return fits(have, want)

    def program(self) -> str:
        texts = [self.function(f"f{number}") for number in range(self.random.randint(1, 3))]
        last = self.functions[-1]
        self.scopes = [[]]
        arguments = ", ".join(self.value(kind) for kind in last.params)
        texts.append(f"function main() -> unknown {{\n  {last.name}({arguments})\n}}\n")
        return self.prelude + "".join(texts)

    def function(self, name: str) -> str:
        params = [self.random.choice(self.types) for _ in range(self.random.randint(0, 3))]
        self.result = self.random.choice(self.types[:-2])
        self.scopes = [[Place(f"p{at}", kind, kind) for at, kind in enumerate(params)]]
        self.loops, self.depth, self.names = 0, 0, 0
        listed = ", ".join(f"p{at}: {kind}" for at, kind in enumerate(params))
        body = self.block(self.result, 5)
        if self.reckless and self.random.random() < 0.5:
            body = "{ " + self.trap() + body[1:]
        self.functions.append(Function(name, params, self.result))
        return f"function {name}({listed}) -> {self.result} {body}\n"

    def trap(self) -> str:
        """Something is found out, then undone by some way, then used all the same."""
        random = self.random
        if random.random() < 0.15:
            kinds = random.choice(["(int | string)[]", "int?[]", "unknown[]"])
            odd = random.choice(['"odd"', "null"])
            uses = "if (t.length() > 1) { t[t.length() - 1] + 1; }"
            return f"let t = [1]; let w: {kinds} = t; w.push({odd}); {uses}"
        kind, good, bad, test, use = random.choice(_TRAPS)
        owner = "" if "next" not in test else "let o = n; "
        name = "n.next" if owner else "t"
        undo = f"{name} = {bad};"
        ways = [
            undo,
            f"{{ {undo} }}",
            f"if ({self.value('bool')}) {{ {undo} }}",
            f"let f = () -> int {{ {undo} 1 }}; f();",
            f"[1].map((m: int) -> int {{ {undo} m }});",
            f"for (let i = 0; i < 2; i += 1) {{ {use}; {undo} }}",
            f"for (let m in [1, 2]) {{ {use}; if (m == 1) {{ {undo} continue; }} }}",
            f"{{ {undo} throw 1; }} catch (e) {{ int => {{ {use}; }} }};",
            f"match (1) {{ m: int if {{ {undo} m > 3 }} => 1, _ => 2 }};",
            f"let s = {{ {undo} 1 }} + {use};",
        ]
        if owner:
            ways += ["o.next = null;", "n.drop();", "o.drop();", "n = o.next;"]
        return f"let {name[0]}: {kind} = {good}; {owner}if ({test}) {{ {random.choice(ways)} {use}; }} "

    # --- what is known

    def places(self) -> Iterator[Place]:
        for scope in self.scopes:
            for place in scope:
                yield place
                for cls in members_of(place.known):
                    if len(members_of(place.known)) == 1:
                        for name, kind in self.fields.get(cls, {}).items():
                            yield self.field(scope, place, name, kind)

    def field(self, scope: list[Place], owner: Place, name: str, kind: str) -> Place:
        text = f"{owner.text}.{name}"
        found = next((place for place in self.paths if place.text == text), None)
        if found is None:
            found = Place(text, kind, kind)
            self.paths.append(found)
        return found

    def forget(self, *, calls: bool = False, everything: bool = False) -> None:
        if self.reckless and self.random.random() < 0.6:
            return
        if calls or everything:
            self.paths.clear()
        if everything:
            for scope in self.scopes:
                for place in scope:
                    place.known = place.declared

    @contextmanager
    def knowing(self, place: Place, kind: str) -> Iterator[None]:
        before = place.known
        place.known = kind
        yield
        place.known = before
        self.forget(everything=True)

    @contextmanager
    def scope(self, *places: Place) -> Iterator[None]:
        self.scopes.append(list(places))
        yield
        self.scopes.pop()

    def fresh(self) -> str:
        self.names += 1
        return f"v{self.names}"

    def pick(self, want: str) -> Place | None:
        places = [place for place in self.places() if self.fits(place.known, want)]
        if self.reckless and self.random.random() < 0.04:
            places = list(self.places())
        return self.random.choice(places) if places else None

    # --- expressions

    def value(self, want: str) -> str:
        """A literal or the like, which needs nothing around it."""
        random = self.random
        if want in _UNIONS:
            return self.value(random.choice(_UNIONS[want]))
        if want.endswith("[]"):
            return f"[{', '.join(self.value(item_of(want)) for _ in range(random.randint(0, 3)))}]"
        if want.startswith("map<"):
            inner = want.removeprefix("map<string, ").removesuffix(">")
            keys = random.sample("abc", random.randint(1, 2))
            return "({ " + ", ".join(f'"{key}": {self.value(inner)}' for key in keys) + " })"
        match want:
            case "int":
                return str(random.randint(0, 6))
            case "float":
                return f"{random.randint(0, 5)}.{random.choice('05')}"
            case "string":
                return random.choice(['""', '"a"', '"bc"', '"named"'])
            case "bool":
                return random.choice(["true", "false"])
            case "null":
                return "null"
            case "Mood":
                return f"Mood.{random.choice(['Calm', 'Loud', 'Odd'])}"
            case "Point":
                return f"Point {{ x: {self.value('int')}, y: {self.value('int')} }}"
            case "Named":
                inner = "null" if random.random() < 0.6 else self.value("Named")
                name, mood = self.value("string"), self.value("Mood")
                return f'Named {{ kind: "named", name: {name}, next: {inner}, mood: {mood} }}'
            case "Sized":
                return f'Sized {{ kind: "sized", size: {self.value("int")}, tags: {self.value("string[]")} }}'
            case "(int) -> int":
                return f"((n: int) => n {random.choice('+-*')} {random.randint(0, 3)})"
            case _:
                return self.value(random.choice([kind for kind in self.types if kind != "unknown"]))

    def expr(self, want: str, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.2:
            place = self.pick(want)
            return place.text if place is not None and self.random.random() < 0.8 else self.value(want)
        makers: list[Callable[[str, int], str | None]] = [
            *(self.called, self.chosen, self.guarded, self.matched, self.narrowed, self.blocked),
            *[self.typed] * 4,
        ]
        made = self.random.choice(makers)(want, depth - 1)
        return made if made is not None else self.expr(want, depth - 1)

    def typed(self, want: str, depth: int) -> str | None:
        """By what the type itself can be made of."""
        random, kind = self.random, self.random.choice(members_of(want))

        def sub(inner: str) -> str:
            return self.expr(inner, depth)

        match kind:
            case "int":
                return random.choice(
                    [
                        lambda: f"({sub('int')} {random.choice('+-*')} {sub('int')})",
                        lambda: f"({sub('int')} {random.choice('/%')} {sub('int')})",
                        lambda: f"(-{sub('int')})",
                        lambda: f"{sub('string')}.length()",
                        lambda: f"{sub(random.choice(['int[]', 'string[]', '(int | string)[]']))}.length()",
                        lambda: f"{sub('int[]')}[{sub('int')}]",
                        lambda: f"{sub('map<string, int>')}[{sub('string')}]",
                        lambda: f"{sub('Point')}.{random.choice('xy')}",
                        lambda: self.after_call(f"{sub('Point')}.{random.choice(['sum()', 'move(2)'])}"),
                        lambda: self.after_call(f"{sub('Named')}.drop()"),
                        lambda: self.after_call(f"({sub('(int) -> int')})({sub('int')})"),
                    ]
                )()
            case "string":
                return random.choice(
                    [
                        lambda: f"({sub('string')} + {sub('string')})",
                        lambda: f"{sub('string')}.toUpperCase()",
                        lambda: f"{sub('Named')}.name",
                        lambda: self.after_call(f"{sub(random.choice(['Named', 'Named | Sized']))}.label()"),
                        lambda: f"{sub('string[]')}[{sub('int')}]",
                    ]
                )()
            case "bool":
                return self.condition(depth)
            case "float":
                return f"({sub('float')} {random.choice('+-*/')} {sub(random.choice(['float', 'int']))})"
            case "(int) -> int":
                return self.closure(depth)
            case "Named":
                return (
                    f'Named {{ kind: "named", name: {sub("string")}, next: {sub("Named?")}, mood: {sub("Mood")} }}'
                )
            case "Point":
                return f"Point {{ x: {sub('int')}, ...{sub('Point')} }}"
            case _ if kind.endswith("[]"):
                return f"[{', '.join(sub(item_of(kind)) for _ in range(random.randint(0, 2)))}]"
            case _:
                return None

    def condition(self, depth: int) -> str:
        random = self.random

        def sub(inner: str) -> str:
            return self.expr(inner, depth)

        makers: list[Callable[[], str]] = [
            lambda: f"({sub('int')} {random.choice(['<', '>', '<=', '=='])} {sub('int')})",
            lambda: f"({sub('string')} {random.choice(['==', '!=', '<'])} {sub('string')})",
            lambda: f"({sub('bool')} {random.choice(['&&', '||'])} {sub('bool')})",
            lambda: f"(!{sub('bool')})",
            lambda: f"({sub('Mood')} == {sub('Mood')})",
            lambda: f"{sub('map<string, int>')}.has({sub('string')})",
            lambda: f"({sub(random.choice(self.types[:-2]))} == {sub(random.choice(self.types[:-2]))})",
        ]
        return random.choice(makers)()

    def after_call(self, text: str) -> str:
        self.forget(calls=True)
        return text

    def called(self, want: str, depth: int) -> str | None:
        able = [function for function in self.functions if self.fits(function.result, want)]
        if not able:
            return None
        function = self.random.choice(able)
        return self.after_call(f"{function.name}({', '.join(self.expr(kind, depth) for kind in function.params)})")

    def chosen(self, want: str, depth: int) -> str:
        test = self.condition(min(depth, 1))
        return f"(if ({test}) {{ {self.expr(want, depth)} }} else {{ {self.expr(want, depth)} }})"

    def blocked(self, want: str, depth: int) -> str:
        return f"({self.block(want, depth)})"

    def guarded(self, want: str, depth: int) -> str:
        """A catch, of something that may throw or panic."""
        random = self.random
        body = f"{{ if ({self.condition(min(depth, 1))}) {{ {self.thrown(depth)}; }} {self.expr(want, depth)} }}"
        arms = []
        if random.random() < 0.5:
            with self.scope(Place("s", "string", "string")):
                arms.append(f"s: string => {{ {self.expr(want, depth)} }}")
        if random.random() < 0.5:
            with self.scope(Place("e", "Failure", "Failure")):
                arms.append(f"Failure => {{ {self.expr(want, depth)} }}")
        if random.random() < 0.5:
            panic = random.choice(["Panic", "DivisionByZero", "IndexOutOfBounds | baml.panics.MapKeyNotFound"])
            arms.append(f"baml.panics.{panic} => {{ {self.expr(want, depth)} }}")
        if random.random() < 0.6 or not arms:
            arms.append(f"_ => {{ {self.expr(want, depth)} }}")
        self.forget(everything=True)
        return f"({body} catch (e) {{ {', '.join(arms)} }})"

    def thrown(self, depth: int) -> str:
        kind = self.random.choice(["string", "int", "Failure", "Mood"])
        value = f"Failure {{ code: {self.expr('int', 0)} }}" if kind == "Failure" else self.expr(kind, 0)
        return f"throw {value}"

    def matched(self, want: str, depth: int) -> str | None:
        """A match on a place of several types, with names for what it is, or with the place itself narrowed."""
        places = [place for place in self.places() if len(members_of(place.known)) > 1 or place.known == "unknown"]
        if not places:
            return self.by_value(want, depth)
        place = self.random.choice(places)
        kinds = members_of(place.known)
        if kinds == ("unknown",):
            kinds = tuple(self.random.sample(["int", "string", "Point", "int[]", "bool", "unknown[]"], 2))
        arms = []
        for kind in kinds:
            if self.random.random() < 0.5 and "[" not in kind:
                with self.knowing(place, kind):
                    arms.append(f"{kind} => {{ {self.expr(want, depth)} }}")
            else:
                name = self.fresh()
                with self.scope(Place(name, kind, kind)):
                    arms.append(f"{name}: {kind} => {{ {self.expr(want, depth)} }}")
        if place.known == "unknown" or self.random.random() < 0.2:
            arms[-1 if place.known != "unknown" else len(arms) :] = [f"_ => {{ {self.expr(want, depth)} }}"]
        self.forget(everything=True)
        return f"match ({place.text}) {{ {', '.join(arms)} }}"

    def by_value(self, want: str, depth: int) -> str:
        if self.random.random() < 0.5:
            one = self.random.choice(["Calm", "Loud", "Odd"])
            rest = " | ".join(f"Mood.{name}" for name in ("Calm", "Loud", "Odd") if name != one)
            arms = [f"Mood.{one} => {{ {self.expr(want, depth)} }}", f"{rest} => {{ {self.expr(want, depth)} }}"]
            return f"match ({self.expr('Mood', depth)}) {{ {', '.join(arms)} }}"
        name = self.fresh()
        head = self.expr("int", depth)
        first = f"{self.random.randint(0, 3)} => {{ {self.expr(want, depth)} }}"
        with self.scope(Place(name, "int", "int")):
            rest = f"{name}: int if {name} > 2 => {{ {self.expr(want, depth)} }}"
        return f"match ({head}) {{ {first}, {rest}, _ => {{ {self.expr(want, depth)} }} }}"

    def test_of(self) -> tuple[Place, str, str, str] | None:
        """A condition about a place, and what the place is where it holds and where it does not."""
        options: list[tuple[Place, str, str, str]] = []
        for place in self.places():
            kinds = members_of(place.known)
            if len(kinds) == 2 and kinds[1] == "null":
                options += [(place, f"{place.text} != null", kinds[0], "null")]
                options += [(place, f"{place.text} == null", "null", kinds[0])]
            if len(kinds) == 2 and "[" not in kinds[0] + kinds[1]:
                options += [(place, f"{place.text} instanceof {kinds[0]}", kinds[0], kinds[1])] * (
                    kinds[1] != "null"
                )
            if place.known == "Named | Sized":
                options.append((place, f'{place.text}.kind == "named"', "Named", "Sized"))
        return self.random.choice(options) if options else None

    def narrowed(self, want: str, depth: int) -> str | None:
        found = self.test_of()
        if found is None:
            return None
        place, test, held, failed = found
        if self.random.random() < 0.3:
            with self.knowing(place, held):
                more = self.condition(min(depth, 1))
                then = self.expr(want, depth)
            return f"(if ({test} && {more}) {{ {then} }} else {{ {self.expr(want, depth)} }})"
        with self.knowing(place, held):
            then = self.expr(want, depth)
        with self.knowing(place, failed):
            otherwise = self.expr(want, depth)
        return f"(if ({test}) {{ {then} }} else {{ {otherwise} }})"

    def closure(self, depth: int) -> str:
        kept, self.result, self.loops, self.in_lambda = (self.result, self.loops, self.in_lambda), "int", 0, True
        name = self.fresh()
        self.forget(everything=True)
        with self.scope(Place(name, "int", "int")):
            body = self.block("int", depth)
        self.result, self.loops, self.in_lambda = kept
        self.forget(everything=True)
        return f"(({name}: int) -> int {body})"

    # --- statements

    def block(self, want: str, depth: int) -> str:
        with self.scope():
            statements = [self.statement(depth - 1) for _ in range(self.random.randint(0, min(depth, 4)))]
            return f"{{ {' '.join(statements)} {self.expr(want, depth - 1)} }}"

    def statement(self, depth: int) -> str:
        makers = [
            self.let,
            self.let,
            self.let,
            self.assign,
            self.assign,
            self.change,
            self.early,
            self.branch,
            self.loop,
        ]
        return self.random.choice(makers)(max(depth, 0))

    def let(self, depth: int) -> str:
        kind = self.random.choice(self.types)
        name = self.fresh()
        if self.random.random() < 0.2 and any(True for scope in self.scopes for _ in scope):
            name = self.random.choice([place.text for scope in self.scopes for place in scope])
        value = self.expr(kind, depth)
        written = f": {kind}" if self.random.random() < 0.7 or kind in _UNIONS or "[]" in kind else ""
        if kind in ("unknown", "float") or kind.startswith("map"):
            written = f": {kind}"
        self.paths = [place for place in self.paths if not place.text.startswith(f"{name}.")]
        for scope in self.scopes:
            scope[:] = [place for place in scope if place.text != name]
        self.scopes[-1].append(Place(name, kind, kind))
        return f"let {name}{written} = {value};"

    def assign(self, depth: int) -> str:
        places = list(self.places())
        if not places:
            return self.let(depth)
        place = self.random.choice(places)
        text = f"{place.text} = {self.expr(place.declared, depth)};"
        if not (self.reckless and self.random.random() < 0.5):
            place.known = place.declared
            self.paths.clear()
        return text

    def change(self, depth: int) -> str:
        """What is inside of a list or a map changes."""
        places = [place for place in self.places() if place.known.endswith("[]") or place.known.startswith("map<")]
        if not places:
            return self.let(depth)
        place = self.random.choice(places)
        if place.known.startswith("map<"):
            inner = place.known.removeprefix("map<string, ").removesuffix(">")
            return f"{place.text}[{self.expr('string', 0)}] = {self.expr(inner, depth)};"
        if self.random.random() < 0.7:
            return f"{place.text}.push({self.expr(item_of(place.known), depth)});"
        return f"{place.text}[{self.expr('int', 0)}] = {self.expr(item_of(place.known), depth)};"

    def early(self, depth: int) -> str:
        """A guard that leaves: what it tells holds for the rest of the block."""
        found = self.test_of()
        leave = "throw 7" if self.random.random() < 0.3 else f"return {self.expr(self.result, min(depth, 1))}"
        if self.loops and self.random.random() < 0.5:
            leave = self.random.choice(["break", "continue"])
        if found is None:
            return f"if ({self.condition(min(depth, 1))}) {{ {leave}; }}"
        place, test, _, failed = found
        place.known = failed
        return f"if ({test}) {{ {leave}; }}"

    def branch(self, depth: int) -> str:
        test = self.condition(min(depth, 1))
        with self.scope():
            body = self.statement(depth - 1)
        self.forget(everything=True)
        return f"if ({test}) {{ {body} }}"

    def loop(self, depth: int) -> str:
        self.forget(everything=True)
        self.loops += 1
        name = self.fresh()
        if self.random.random() < 0.5:
            kind = self.random.choice(_LISTS)
            head = f"for (let {name} in {self.expr(f'({kind})[]' if ' ' in kind else f'{kind}[]', 1)})"
            places = [Place(name, kind, kind)]
        else:
            head, places = f"for (let {name} = 0; {name} < {self.random.randint(1, 3)}; {name} += 1)", []
        with self.scope(*places):
            body = " ".join(self.statement(depth - 1) for _ in range(self.random.randint(1, 2)))
        self.loops -= 1
        self.forget(everything=True)
        return f"{head} {{ {body} }}"
