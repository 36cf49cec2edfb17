"""The functions of a program as methods of a client in Ruby: calls, streams, and the reading of answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...client.shapes import Maybe
from ...interpreter.facts.interface import FunctionInfo, Interface, Param
from ...types.ty import AnnotatedTy, Ty
from .annotations import Annotations, literal
from .models import doc
from .names import method

_HEAD = """\
require_relative "runtime"
require_relative "types"
require_relative "stream_types"

module Baml
"""
_CLIENT = """
  # Calls the functions of the program. Arguments are given by position or by name; `baml_options` are
  # `abort_controller`, `client`, `tags`, `timeouts`, `strict`, `env` and `idempotency_key`.
  class Client
    # @return [StreamClient]
    attr_reader :stream
    # @return [Parser]
    attr_reader :parse
    # @return [Parser]
    attr_reader :parse_stream

    # @param base_url [String, nil] of `bamlet serve`; BAMLET_URL if it is not given, else this machine
    def initialize(base_url: nil, token: nil)
      @server = Server.new(base_url: base_url, token: token)
      @stream = StreamClient.new(@server)
      @parse = Parser.new(@server, partial: false)
      @parse_stream = Parser.new(@server, partial: true)
    end
"""
_STREAMS = """
  # Streams of the same functions.
  class StreamClient
    def initialize(server)
      @server = server
    end

    # The stream of a run that goes on, or has ended a short while ago.
    # @param function [String, nil] whose run it is; without it values are as JSON has them
    def resume(run_id, function = nil) = @server.resume(function && FUNCTIONS.fetch(function), run_id)
"""
_PARSER = """
  # Reads answers of a model that you have, whole or on their way.
  class Parser
    def initialize(server, partial:)
      @server = server
      @partial = partial
    end
"""
_END = """
  # @return [Client] of the server that the environment names
  def self.Client = @client ||= Client.new
end

module BamlClient
  Types = Baml::Types
  StreamTypes = Baml::StreamTypes

  # @return [Baml::Client]
  def self.b = Baml.Client

  Baml::Client.instance_methods(false).each do |name|
    define_singleton_method(name) { |*given, **named| Baml.Client.public_send(name, *given, **named) }
  end
end
"""


def client_file(interface: Interface, functions: Sequence[FunctionInfo]) -> str:
    writer = _Methods(interface)
    asked = [function for function in functions if function.llm is not None]
    parts = [_HEAD, writer.table(functions)]
    for head, methods in (
        (_CLIENT, map(writer.call, functions)),
        (_STREAMS, map(writer.stream, functions)),
        (_PARSER, map(writer.parse, asked)),
    ):
        parts += [head, *methods, "  end\n"]
    return "".join([*parts, _END])


class _Methods:
    def __init__(self, interface: Interface) -> None:
        self._annotations = Annotations(interface)

    def table(self, functions: Sequence[FunctionInfo]) -> str:
        rows = ",\n".join(map(self._row, functions))
        return (
            f"  FUNCTIONS = {{\n{rows}\n  }}.freeze\n" if rows else "  FUNCTIONS = {}.freeze\n"
        ) + "  private_constant :FUNCTIONS\n"

    def call(self, function: FunctionInfo) -> str:
        final = self._annotations.shapes.final(function.result)
        about = [*self._params(function), f"    # @return [{self._annotations.comment(final)}]\n"]
        return self._method(function, about, "call")

    def stream(self, function: FunctionInfo) -> str:
        partial = self._annotations.shapes.partial(function.result)
        told = f"    # @return [Stream] of {self._annotations.comment(partial)}\n"
        return self._method(function, [*self._params(function), told], "stream")

    def parse(self, function: FunctionInfo) -> str:
        head = f"\n    def {method(function.name)}(text)"
        return f"{head} = @server.parse(FUNCTIONS[{literal(function.name)}], text, partial: @partial)\n"

    def _row(self, function: FunctionInfo) -> str:
        params = ", ".join(
            f"[{literal(param.name)}, {str(not self._is_optional(param)).lower()}]" for param in function.params
        )
        shapes = self._annotations.shapes
        final = self._annotations.reading(shapes.final(function.result))
        partial = self._annotations.reading(shapes.partial(function.result))
        name = literal(function.name)
        return f"    {name} => Function.new({name}, [{params}], {final}, {partial})"

    def _params(self, function: FunctionInfo) -> Iterator[str]:
        for param in function.params:
            told = self._annotations.comment(self._annotations.shapes.final(_sent(param)))
            yield f"    # @param {param.name} [{told}]\n"

    def _method(self, function: FunctionInfo, about: Sequence[str], verb: str) -> str:
        return (
            f"\n{doc(function.doc, '    ')}{''.join(about)}"
            f"    def {method(function.name)}(*positional, baml_options: {{}}, **named)\n"
            f"      @server.{verb}(FUNCTIONS[{literal(function.name)}], positional, named, baml_options)\n"
            "    end\n"
        )

    def _is_optional(self, param: Param) -> bool:
        return param.has_default or isinstance(self._annotations.shapes.final(_sent(param)), Maybe)


def _sent(param: Param) -> Ty:
    """Checks of a parameter are looked at, and not sent."""
    return param.ty.inner if isinstance(param.ty, AnnotatedTy) else param.ty
