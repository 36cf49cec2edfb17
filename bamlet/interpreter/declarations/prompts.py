"""A prompt between back-ticks to the Jinja template that renders it, and the holes that are code of the language.

What only a prompt knows, `ctx` and roles, Jinja works out; every other hole is a value that it is given. A tag is
one such value: which branch was chosen, or a list of the rounds, each with the values of the holes in it.
"""

from __future__ import annotations

from ...grammar import nodes as n
from ...patterns import pattern
from ...records import dataclass, field
from ..facts.code_names import HOLE

_OPENS_TAG = pattern(r"\{(?=[{%#]|\Z)")
_OF_PROMPTS = frozenset({"ctx", "_"})
_ROLES = frozenset({"role", "_.role", "_.chat"})
_LITERALS = (n.StringLiteral, n.IntLiteral, n.FloatLiteral, n.BoolLiteral, n.NullLiteral)


@dataclass(frozen=True, slots=True)
class PromptText:
    """`text` is Jinja, in which the value of each of the `holes` has the name `_hole_1`, `_hole_2` and so on."""

    text: str
    holes: tuple[n.Expr, ...] = ()


def prompt_text(placed: n.Placed[n.Item], value: n.ConfigText | n.Template) -> PromptText:
    if isinstance(value, n.ConfigText):
        return PromptText(_literal(value.text) if value.kind == "template" else value.text)
    writer = _Writer(placed)
    text = writer.template(value)
    return PromptText(text, tuple(writer.holes))


@dataclass(slots=True)
class _Writer:
    """The text of a template, or of one inside a tag. There, `whole` is the name of the list of its values, of
    which the first `given` are not of holes.
    """

    placed: n.Placed[n.Item]
    whole: str | None = None
    given: int = 0
    depth: int = 0
    holes: list[n.Expr] = field(default_factory=list)

    def template(self, template: n.Template) -> str:
        return "".join(map(self._part, template.parts))

    def _part(self, part: n.TemplateText | n.Hole | n.Tag) -> str:
        match part:
            case n.TemplateText(value=text):
                return _literal(text)
            case n.Hole(value=value):
                return f"{{{{ {self._hole(value)} }}}}"
            case n.Tag(value=n.Repeated() as repeated):
                return self._loop(repeated)
            case n.Tag(value=n.If() | n.Match() as choice):
                return self._choice(choice)
            case _:
                raise AssertionError(part)

    def _hole(self, value: n.Expr) -> str:
        """As Jinja, in which it is written alike, if it speaks of the prompt itself."""
        named = value.callee if isinstance(value, n.Call) else value
        if isinstance(named, n.Path):
            if isinstance(value, n.Call) and named.name in _ROLES:
                return self._role(value, named.name)
            if named.parts[0].name in _OF_PROMPTS:
                return self.placed.span(value).text
        return self._value(value)

    def _role(self, call: n.Call, name: str) -> str:
        arguments = [self._argument(argument) for argument in call.arguments]
        arguments += [f"{named.name.name}={self._argument(named.value)}" for named in call.named]
        return f"_.{name.removeprefix('_.')}({', '.join(arguments)})"

    def _argument(self, node: n.Expr) -> str:
        return self.placed.span(node).text if isinstance(node, _LITERALS) else self._value(node)

    def _value(self, node: n.Expr) -> str:
        self.holes.append(node)
        return self._name(len(self.holes))

    def _name(self, number: int) -> str:
        return f"{HOLE}{number}" if self.whole is None else f"{self.whole}[{number - 1 + self.given}]"

    # --- tags

    def _loop(self, node: n.Repeated) -> str:
        body = node.loop.body
        assert isinstance(body.tail, n.Template)
        each = f"_round_{self.depth}"
        inner = _Writer(self.placed, each, depth=self.depth + 1)
        text = inner.template(body.tail)
        values = n.ListLiteral(body.start, body.end, tuple(inner.holes))
        loop = node.loop.replaced(body=body.replaced(tail=values))
        listed = self._value(node.replaced(loop=loop, joined=False))
        # The signs keep Jinja from cutting line breaks and blanks, which was done when the template was read.
        return f"{{%+ for {each} in {listed} +%}}{text}{{%+ endfor +%}}"

    def _choice(self, node: n.If | n.Match) -> str:
        """The chosen branch is a list: which one it is, then its values."""
        self.holes.append(node)
        place = len(self.holes)
        chosen = self._name(place)
        texts: list[str] = []
        self.holes[place - 1] = self._chosen(node, chosen, texts)
        branches = (f"{{%+ elif {chosen}[0] == {at} +%}}{text}" for at, text in enumerate(texts))
        return "".join(branches).replace("elif", "if", 1) + "{%+ endif +%}"

    def _chosen(self, node: n.Expr, chosen: str, texts: list[str]) -> n.Expr:
        """The same choice with lists in place of templates, whose texts are put to the others."""
        match node:
            case n.If(then=then, otherwise=otherwise):
                assert otherwise is not None
                first = self._chosen(then, chosen, texts)
                return node.replaced(then=first, otherwise=self._chosen(otherwise, chosen, texts))
            case n.Match(arms=arms):
                made = [arm.replaced(body=self._chosen(arm.body, chosen, texts)) for arm in arms]
                return node.replaced(arms=tuple(made))
            case n.Block(tail=n.Template() as template):
                inner = _Writer(self.placed, chosen, 1, self.depth)
                which = n.IntLiteral(node.start, node.end, len(texts))
                texts.append(inner.template(template))
                return node.replaced(tail=n.ListLiteral(node.start, node.end, (which, *inner.holes)))
            case _:
                raise AssertionError(node)


def _literal(text: str) -> str:
    return _OPENS_TAG.sub('{{ "{" }}', text)


def simple_text(placed: n.Placed[n.Item], value: n.ConfigText | n.Template) -> tuple[str, list[n.Node]]:
    """The Jinja of a template string, and the parts of it that are too much for one: all but names and calls."""
    if isinstance(value, n.ConfigText):
        return prompt_text(placed, value).text, []
    parts: list[str] = []
    wrong: list[n.Node] = []
    for part in value.parts:
        if isinstance(part, n.TemplateText):
            parts.append(_literal(part.value))
            continue
        named = part.value.callee if isinstance(part.value, n.Call) else part.value
        if not isinstance(named, n.Path):
            wrong.append(part.value)
        written = placed.span(part.value).text
        parts.append(f"{{{{ _.{written} }}}}" if _is_bare_role(part.value) else f"{{{{ {written} }}}}")
    return "".join(parts), wrong


def _is_bare_role(node: n.Expr) -> bool:
    return isinstance(node, n.Call) and isinstance(node.callee, n.Path) and node.callee.name == "role"
