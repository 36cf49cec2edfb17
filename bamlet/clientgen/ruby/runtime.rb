# What a client of `bamlet serve` is made of: calls, and streams that are resumed when they are cut.

require "json"
require "net/http"
require "openssl"
require "securerandom"
require "uri"
require_relative "errors"
require_relative "values"

module Baml
  PROTOCOL = "1"
  RESUMES = 5 # without an event in between
  SILENCE = 60 # seconds; a server that lives says something more often
  LOST = [IOError, SystemCallError, SocketError, Timeout::Error, OpenSSL::SSL::SSLError, Net::HTTPBadResponse].freeze
  OPTIONS = %i[client tags timeouts strict env].freeze
  private_constant :SILENCE, :LOST, :OPTIONS

  # A function of the program: its parameters with whether they must be given, and how its values are read.
  Function = Struct.new(:name, :parameters, :final, :partial) do
    def arguments(positional, named)
      names = parameters.map(&:first)
      count = positional.length
      raise ArgumentError, "#{name} takes #{names.length} arguments, not #{count}" if count > names.length

      given = names.first(count).zip(positional).to_h
      named.transform_keys(&:to_s).each do |key, value|
        raise ArgumentError, "#{name} has no parameter #{key}; it has #{names.join(", ")}" unless names.include?(key)
        raise ArgumentError, "#{name} was given #{key} twice" if given.key?(key)

        given[key] = value
      end
      missing = parameters.filter_map { |key, must| key if must && !given.key?(key) }
      raise ArgumentError, "#{name} needs #{missing.join(", ")}" unless missing.empty?

      Baml.plain(given)
    end
  end

  # Ends calls and streams, from any thread.
  class AbortController
    def initialize
      @lock = Mutex.new
      @endings = {}.compare_by_identity
      @aborted = false
    end

    def aborted? = @aborted

    def abort
      # Called outside of the lock: what they end takes itself off.
      endings = @lock.synchronize { (@aborted = true) && @endings.keys }
      endings.each(&:call)
    end

    # Until the block ends, `ending` is called when somebody aborts. If somebody has, the block is not begun.
    def attended(ending)
      @lock.synchronize { @endings[ending] = true }
      raise IOError, "aborted" if @aborted

      yield
    ensure
      @lock.synchronize { @endings.delete(ending) }
    end
  end

  # Where a program is served.
  class Server
    # Without an address it is `BAMLET_URL`, else this machine.
    def initialize(base_url: nil, token: nil)
      @base_url = first(base_url, ENV["BAMLET_URL"], "http://127.0.0.1:2024").sub(%r{/+\z}, "")
      @token = first(token, ENV["BAMLET_TOKEN"])
    end

    def call(function, positional, named, options)
      body = body_of(function.arguments(positional, named), options)
      # Nobody could fetch the value of a call that is left, so the run is to end with it.
      path = "/call/#{function.name}?on_disconnect=cancel"
      found = answer(path, body, options[:abort_controller], { "idempotency-key" => options[:idempotency_key] })
      Reader.new(function.final).read(found)
    end

    def parse(function, text, partial:)
      found = answer("/parse/#{function.name}", { "text" => text, "partial" => partial })
      Reader.new(partial ? function.partial : function.final).read(found["value"])
    end

    def stream(function, positional, named, options)
      body = body_of(function.arguments(positional, named), options)
      # A second request whose first had no answer is the same run.
      headers = { "idempotency-key" => options[:idempotency_key] || SecureRandom.uuid }
      begins = ["POST", "/stream/#{function.name}?events=patches", body, headers]
      Stream.new(self, function, options[:abort_controller], begins: begins)
    end

    def resume(function, run_id) = Stream.new(self, function, nil, run_id: run_id)

    # One request, and its answer to the block. The block's own errors are its own; ours are `LOST` and `BamlError`.
    def exchange(verb, path, body = nil, headers = {}, abort: AbortController.new, silence: nil)
      url = URI(@base_url + path)
      request = Net::HTTPGenericRequest.new(verb, !body.nil?, true, url.request_uri, headers_of(body, headers))
      request.body = JSON.generate(body, max_nesting: false) unless body.nil?
      # No retries of its own: the same request again is for who knows that it is the same run.
      options = { use_ssl: url.scheme == "https", read_timeout: silence, max_retries: 0 }
      Net::HTTP.start(url.host, url.port, options) do |http|
        abort.attended(-> { hang_up(http) }) do
          http.request(request) do |answer|
            raise failure_of(answer) unless answer.is_a?(Net::HTTPSuccess)

            return yield(answer)
          end
        end
      end
    end

    # Without the token, which would stand in whatever is logged.
    def inspect = "#<Baml::Server>"

    private

    # The whole of an answer. What is lost on the way are errors that say so.
    def answer(path, body, abort = nil, headers = {})
      abort ||= AbortController.new
      JSON.parse(exchange("POST", path, body, headers, abort: abort, &:read_body), max_nesting: false)
    rescue *LOST => failure
      raise abort.aborted? ? Baml.error("cancelled", "the call was aborted") : Baml.lost(failure)
    end

    # Closing the socket is what wakes a thread that reads from it.
    def hang_up(http)
      http.finish
    rescue IOError
      # The other thread was first.
    end

    def headers_of(body, headers)
      {
        "accept-encoding" => "identity",
        "bamlet-types" => "tagged",
        "content-type" => body && "application/json",
        "authorization" => @token && "Bearer #{@token}",
        **headers
      }.compact
    end

    def body_of(arguments, options)
      unknown = options.keys - OPTIONS - %i[abort_controller idempotency_key]
      raise ArgumentError, "there is no option #{unknown.first}" unless unknown.empty?

      given = options.slice(*OPTIONS).compact
      given.empty? ? arguments : { **arguments, "__baml_options__" => Baml.plain(given) }
    end

    def failure_of(answer)
      problem = JSON.parse(answer.read_body)
      return Baml.error_of(problem) if problem.is_a?(Hash) && problem.key?("error") && problem.key?("message")

      raise JSON::ParserError
    rescue JSON::ParserError
      # Not of ours: a proxy in between has answered.
      Baml.error("http", "the server answered with #{answer.code}")
    end

    def first(*values) = values.find { |value| !value.to_s.empty? }
  end

  def self.lost(failure) = error("connection", "the server cannot be reached: #{failure.message}")
end

require_relative "stream"
