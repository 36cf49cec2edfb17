require_relative "runtime"
require_relative "types"
require_relative "stream_types"

module Baml
  FUNCTIONS = {
    "Read" => Function.new("Read", [["scan", true], ["hint", false]], [:object, "Types::Receipt"], [:object, "StreamTypes::Receipt"]),
    "Double" => Function.new("Double", [["n", true]], nil, nil)
  }.freeze
  private_constant :FUNCTIONS

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

    # @param scan [Media]
    # @param hint [String, nil]
    # @return [Types::Receipt]
    def Read(*positional, baml_options: {}, **named)
      @server.call(FUNCTIONS["Read"], positional, named, baml_options)
    end

    # @param n [Integer]
    # @return [Integer]
    def Double(*positional, baml_options: {}, **named)
      @server.call(FUNCTIONS["Double"], positional, named, baml_options)
    end
  end

  # Streams of the same functions.
  class StreamClient
    def initialize(server)
      @server = server
    end

    # The stream of a run that goes on, or has ended a short while ago.
    # @param function [String, nil] whose run it is; without it values are as JSON has them
    def resume(run_id, function = nil) = @server.resume(function && FUNCTIONS.fetch(function), run_id)

    # @param scan [Media]
    # @param hint [String, nil]
    # @return [Stream] of StreamTypes::Receipt
    def Read(*positional, baml_options: {}, **named)
      @server.stream(FUNCTIONS["Read"], positional, named, baml_options)
    end

    # @param n [Integer]
    # @return [Stream] of Integer
    def Double(*positional, baml_options: {}, **named)
      @server.stream(FUNCTIONS["Double"], positional, named, baml_options)
    end
  end

  # Reads answers of a model that you have, whole or on their way.
  class Parser
    def initialize(server, partial:)
      @server = server
      @partial = partial
    end

    def Read(text) = @server.parse(FUNCTIONS["Read"], text, partial: @partial)
  end

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
