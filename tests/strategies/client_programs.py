"""Random programs for clients: every form of a type, every attribute, and names that Python or a client has too.

Each function without parameters is an LLM function, and so answers can be made up for each type that occurs.
"""

from __future__ import annotations

from random import Random

CLASSES = ("Item", "Order", "BaseModel", "Check", "StreamState", "Literal", "Optional", "Lower", "list_of", "Enum")
ENUMS = ("Lane", "Any", "Mood")
MEMBERS = ("AIR", "Sea", "title", "count", "index", "value", "name", "lower")
FIELDS = (
    *("name", "note", "value", "checks", "state", "copy", "json", "schema", "dict", "type", "match", "id"),
    *("list", "int", "str", "bool", "float", "object", "print", "construct", "validate", "self", "fields"),
)
PARAMS = ("text", "list", "dict", "type", "str", "values", "function", "cls", "options", "more", "b", "types")
SCALARS = ("string", "int", "float", "bool", "null", '"a b"', '"x" | "y"', "3", "true", "string", "int")
CHECKS = (
    "@check(there, {{ this != 7 }})",
    "@check(one, {{ this }}) @check(two, {{ not this }})",
    "@assert({{ true }})",
)
STREAMED = ("@stream.done", "@stream.not_null", "@stream.with_state", "@stream.done @stream.with_state")
TOLD = ('@alias("other name {0}")', '@description("it\'s \\"so\\"")', "")
BLOCK = ("@@dynamic", "@@stream.done", "@@stream.not_null", "@@stream.with_state", "@@check(whole, {{ this }})")
RECURSIVE = ("JSON", "RMap", "Rows")

HEAD = """
client<llm> Local {
  provider openai-generic
  options { model m, base_url env.BASE_URL, api_key env.LOCAL_KEY }
}
type JSON = string | int | null | JSON[] | map<string, JSON>
type RMap = map<string, RMap>
type Rows = int | Rows[]
"""


class ClientProgram:
    """`source` is the text; `answered` the functions that ask a model, `takers` those that take what some of them
    give: each with the functions that give its arguments.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        names = chance.sample(CLASSES, chance.randint(3, 6))
        # A prompt takes no class with checks in it, so some have none.
        self._plain, self._all = names[: len(names) // 2], names
        self._enums = chance.sample(ENUMS, 2)
        self._aliases: list[str] = []
        self.answered: list[str] = []
        self.takers: dict[str, list[str]] = {}
        parts = [HEAD, *map(self._enum, self._enums)]
        parts += [self._class(name, names[:number]) for number, name in enumerate(names)]
        parts += [self._alias(f"Alias{number}") for number in range(2)]
        parts += [self._taker(f"Ask{number}", self._plain, asks=True) for number in range(2)]
        parts += [self._taker(f"Same{number}", self._all, asks=False) for number in range(2)]
        self.source = "\n".join(parts)

    # --- declarations

    def _enum(self, name: str) -> str:
        chance = self._chance
        members = chance.sample(MEMBERS, chance.randint(1, 4))
        told = ("", ' @alias("for {0}")', " /// what {0} means")
        lines = [f"  {member}{chance.choice(told).format(member)}" for member in members]
        if len(members) > 1 and chance.random() < 0.3:
            lines[-1] = f"  {members[-1]} @skip"
        dynamic = ["  @@dynamic"] if chance.random() < 0.3 else []
        return "\n".join((f"/// Of {name}.\nenum {name} {{", *lines, *dynamic, "}\n"))

    def _class(self, name: str, before: list[str]) -> str:
        """It holds those before it, and itself where it may be missing: so values have an end."""
        chance = self._chance
        checks = name not in self._plain
        lines = []
        for number, field in enumerate(chance.sample(FIELDS, chance.randint(1, 4))):
            told = chance.choice(TOLD).format(number) if chance.random() < 0.4 else ""
            ty = f"{name}[]" if chance.random() < 0.1 else self._type(2, before, checks=checks, streams=True)
            lines.append(f"  {field} ({ty}) {told} {self._attributes(checks, streams=True)}".rstrip())
        block = chance.choice(BLOCK) if chance.random() < 0.4 else ""
        lines += [f"  {block}"] if block and (checks or "check" not in block) else []
        return "\n".join((f"class {name} {{", *lines, "}\n"))

    def _alias(self, name: str) -> str:
        text = f"type {name} = {self._type(2, self._plain)}\n"
        self._aliases.append(name)
        return text

    def _taker(self, name: str, classes: list[str], *, asks: bool) -> str:
        chance = self._chance
        types = {param: self._type(3, classes) for param in chance.sample(PARAMS, chance.randint(1, 3))}
        givers = {param: f"Give_{name}_{param}" for param in types}
        self.answered += givers.values()
        self.takers[name] = list(givers.values())
        functions = [self._asking(giver, "", types[param]) for param, giver in givers.items()]
        params = ", ".join(f"{param}: {ty}" for param, ty in types.items())
        if asks:
            result = self._type(2, self._all, checks=True, streams=True)
            functions.append(self._asking(name, params, result, " ".join(f"{{{{ {param} }}}}" for param in types)))
        else:
            first, ty = next(iter(types.items()))
            functions.append(f"function {name}({params}) -> {ty} {{ {first} }}\n")
        return "\n".join(functions)

    def _asking(self, name: str, params: str, result: str, shown: str = "") -> str:
        prompt = f'#"{shown} {{{{ ctx.output_format }}}}"#'
        head = f"/// What {name} is for.\nfunction {name}({params}) -> {result}"
        return f"{head} {{ client Local, prompt {prompt} }}\n"

    # --- types

    def _type(self, depth: int, classes: list[str], *, checks: bool = False, streams: bool = False) -> str:
        chance = self._chance
        pick = chance.randint(0, 10 if depth else 4)
        if pick < 2:
            return chance.choice(SCALARS)
        if pick == 2:
            return chance.choice(self._enums)
        if pick == 3:
            return chance.choice((*RECURSIVE, *self._aliases))
        if pick == 4:
            return chance.choice(classes) if classes else "string"
        inner = [
            f"({self._type(depth - 1, classes, checks=checks, streams=streams)}"
            f" {self._attributes(checks, streams)})"
            for _ in range(chance.randint(2, 3))
        ]
        if pick == 5:
            return f"{inner[0]}[]"
        if pick == 6:
            key = chance.choice(("string", self._enums[0], '"k" | "l"'))
            return f"map<{key}, {inner[0]}>"
        return f"{inner[0]}?" if pick == 7 else " | ".join(inner)

    def _attributes(self, checks: bool, streams: bool) -> str:
        chance = self._chance
        checked = chance.choice(CHECKS) if checks and chance.random() < 0.2 else ""
        streamed = chance.choice(STREAMED) if streams and chance.random() < 0.25 else ""
        return f"{checked} {streamed}".strip()
