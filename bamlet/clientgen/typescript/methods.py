"""The functions of a program as methods of a client: calls, streams, and the reading of answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...client.shapes import Maybe, Shapes
from ...interpreter.facts.interface import FunctionInfo, Interface, Param
from ...types.ty import AnnotatedTy
from ..spaces import flat
from .annotations import RUNTIME, Annotations, literal
from .models import doc

# What no parameter can be called where a class stands.
_WORDS = frozenset(
    """arguments await break case catch class const continue debugger default delete do else enum eval export
    extends false finally for function if implements import in instanceof interface let new null package
    private protected public return static super switch this throw true try typeof var void while with
    yield""".split()
)
_METHODS = frozenset(("constructor", "parse", "parseStream", "resume", "stream"))  # of the client itself

_CLIENT = """\
export class BamlClient {{
  readonly stream: BamlStreamClient;
  readonly parse: LlmResponseParser;
  readonly parseStream: LlmStreamParser;
  private readonly $server: {runtime}.Server;

  constructor(connection: {runtime}.Connection = {{}}) {{
    this.$server = new {runtime}.Server(connection);
    this.stream = new BamlStreamClient(this.$server);
    this.parse = new LlmResponseParser(this.$server);
    this.parseStream = new LlmStreamParser(this.$server);
  }}
{methods}}}
"""
_PART = """\
export class {name} {{
  private readonly $server: {runtime}.Server;

  constructor(server: {runtime}.Server) {{
    this.$server = server;
  }}
{methods}}}
"""
_RESUME = f"""
  /** The stream of a run that goes on, or has ended a short while ago. */
  resume<P = unknown, F = P>(runId: string): {RUNTIME}.BamlStream<P, F> {{
    return this.$server.resume<P, F>(runId);
  }}
"""


def client_module(interface: Interface, functions: Sequence[FunctionInfo]) -> str:
    writer = _Methods(interface)
    asked = [function for function in functions if function.llm is not None]
    parts = [
        _CLIENT.format(runtime=RUNTIME, methods=_all(map(writer.call, functions))),
        _part("BamlStreamClient", _RESUME + _all(map(writer.stream, functions))),
        _part("LlmResponseParser", _all(writer.parse(function, partial=False) for function in asked)),
        _part("LlmStreamParser", _all(writer.parse(function, partial=True) for function in asked)),
        "export const b = new BamlClient();\n",
    ]
    return "\n".join(parts)


def _part(name: str, methods: str) -> str:
    return _PART.format(name=name, runtime=RUNTIME, methods=methods)


def _all(methods: Iterable[str]) -> str:
    return "".join(f"\n{method}" for method in methods)


class _Methods:
    def __init__(self, interface: Interface) -> None:
        self._shapes = Shapes(interface.schemas)
        self._annotations = Annotations(None)

    def call(self, function: FunctionInfo) -> str:
        final, _ = self._results(function)
        head = f"  {method_name(function)}({self._parameters(function)}): Promise<{final}> {{\n"
        sent = f"this.$server.call<{final}>({literal(function.name)}, {_arguments(function)}, $options)"
        return f"{doc(function.doc, 2)}{head}    return {sent};\n  }}\n"

    def stream(self, function: FunctionInfo) -> str:
        final, partial = self._results(function)
        both = f"<{partial}, {final}>"
        head = f"  {method_name(function)}({self._parameters(function)}): {RUNTIME}.BamlStream{both} {{\n"
        sent = f"this.$server.stream{both}({literal(function.name)}, {_arguments(function)}, $options)"
        return f"{doc(function.doc, 2)}{head}    return {sent};\n  }}\n"

    def parse(self, function: FunctionInfo, *, partial: bool) -> str:
        result = self._results(function)[1 if partial else 0]
        sent = f"this.$server.parse<{result}>({literal(function.name)}, text, {str(partial).lower()})"
        return f"  {method_name(function)}(text: string): Promise<{result}> {{\n    return {sent};\n  }}\n"

    def _results(self, function: FunctionInfo) -> tuple[str, str]:
        final, partial = self._shapes.final(function.result), self._shapes.partial(function.result)
        return self._annotations.write(final), self._annotations.write(partial)

    def _parameters(self, function: FunctionInfo) -> str:
        params = [self._parameter(param, function.params[at + 1 :]) for at, param in enumerate(function.params)]
        return ", ".join([*params, f"$options?: {RUNTIME}.CallOptions"])

    def _parameter(self, param: Param, behind: Sequence[Param]) -> str:
        """It may be left out at the end, and be `undefined` before that."""
        ty = (
            param.ty.inner if isinstance(param.ty, AnnotatedTy) else param.ty
        )  # checks are looked at, and not sent
        told = self._annotations.write(self._shapes.final(ty))
        if not self._is_optional(param):
            return f"{_word(param.name)}: {told}"
        if all(map(self._is_optional, behind)):
            return f"{_word(param.name)}?: {told}"
        return f"{_word(param.name)}: {told} | undefined"

    def _is_optional(self, param: Param) -> bool:
        return param.has_default or isinstance(self._shapes.final(param.ty), Maybe)


def method_name(function: FunctionInfo) -> str:
    name = flat(function.name)
    return f"{name}_" if name in _METHODS else name


def _word(name: str) -> str:
    return f"{name}_" if name in _WORDS else name


def _arguments(function: FunctionInfo) -> str:
    given = [
        name if (name := param.name) == _word(name) else f"{name}: {_word(name)}" for param in function.params
    ]
    return f"{{ {', '.join(given)} }}" if given else "{}"
