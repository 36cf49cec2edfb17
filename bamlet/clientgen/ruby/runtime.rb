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
      raise ArgumentError, "#{name} takes #{names.length} arguments, not #{positional.length}" if positional.length > names.length

      given = names.zip(positional).first(positional.length).to_h
      named.each do |key, value|
        raise ArgumentError, "#{name} has no parameter #{key}; it has #{names.join(", ")}" unless names.include?(key.to_s)
        raise ArgumentError, "#{name} was given #{key} twice" if given.key?(key.to_s)

        given[key.to_s] = value
      end
      missing = parameters.select { |key, must| must && !given.key?(key) }.map(&:first)
      raise ArgumentError, "#{name} needs #{missing.join(", ")}" unless missing.empty?

      Baml.plain(given)
    end
  end

  # Ends calls and streams, from any thread.
  class AbortController
    def initialize
      @lock = Mutex.new
      @listeners = {}.compare_by_identity
      @aborted = false
    end

    def aborted? = @aborted

    def abort
      # Called outside of the lock: what they end takes itself off.
      listeners = @lock.synchronize do
        @aborted = true
        @listeners.values
      end
      listeners.each(&:call)
    end

    # Until the block ends, `ending` is called when somebody aborts: at once, if somebody has.
    def attended(ending)
      key = Object.new
      @lock.synchronize { @listeners[key] = ending }
      ending.call if @aborted
      yield
    ensure
      @lock.synchronize { @listeners.delete(key) }
    end
  end

  # Where a program is served. Without an address it is `BAMLET_URL`, else this machine.
  class Server
    def initialize(base_url: nil, token: nil)
      @base_url = base_url
      @token = token
    end

    def call(function, positional, named, options)
      arguments = function.arguments(positional, named)
      # Nobody could fetch the value of a call that is left, so the run is to end with it.
      path = "/call/#{function.name}?on_disconnect=cancel"
      headers = options[:idempotency_key] ? { "idempotency-key" => options[:idempotency_key] } : {}
      text = reaching(options[:abort_controller]) do |abort|
        exchange("POST", path, body: body_of(arguments, options), headers: headers, abort: abort, &:read_body)
      end
      Reader.new(function.final).read(JSON.parse(text, max_nesting: false))
    end

    def parse(function, text, partial:)
      asked = { "text" => text, "partial" => partial }
      found = reaching(nil) { |abort| exchange("POST", "/parse/#{function.name}", body: asked, abort: abort, &:read_body) }
      type = partial ? function.partial : function.final
      Reader.new(type).read(JSON.parse(found, max_nesting: false)["value"])
    end

    def stream(function, positional, named, options)
      body = body_of(function.arguments(positional, named), options)
      # A second request whose first had no answer is the same run.
      headers = { "idempotency-key" => options[:idempotency_key] || SecureRandom.uuid }
      begins = ["POST", "/stream/#{function.name}?events=patches", body, headers]
      Stream.new(self, function, begins, nil, options[:abort_controller])
    end

    def resume(function, run_id) = Stream.new(self, function, nil, run_id, nil)

    # One request, and its answer to the block. The block's own errors are its own; ours are `LOST` and `BamlError`.
    def exchange(verb, path, body: nil, headers: {}, abort: AbortController.new, silence: nil)
      url = URI((@base_url || present("BAMLET_URL") || "http://127.0.0.1:2024").sub(%r{/+\z}, "") + path)
      request = Net::HTTPGenericRequest.new(verb, !body.nil?, true, url.request_uri, headers_of(body, headers))
      request.body = JSON.generate(body, max_nesting: false) unless body.nil?
      http = Net::HTTP.new(url.host, url.port)
      http.use_ssl = url.scheme == "https"
      http.read_timeout = silence
      http.max_retries = 0 # the same request again is for who knows that it is the same run
      abort.attended(-> { hang_up(http) }) do
        http.start do
          # Looked at behind the start: an abort before it has found nothing to close.
          raise IOError, "aborted" if abort.aborted?

          http.request(request) do |answer|
            raise Baml.error_of(problem_of(answer)) unless answer.is_a?(Net::HTTPSuccess)

            return yield(answer)
          end
        end
      end
    end

    # What is lost on the way, as errors that say so.
    def reaching(abort)
      abort ||= AbortController.new
      yield abort
    rescue *LOST => failure
      raise Baml.aborted("the call was aborted") if abort.aborted?

      raise Baml.lost(failure)
    end

    # Without the token, which would stand in whatever is logged.
    def inspect = "#<Baml::Server #{@base_url}>"

    private

    # Closing the socket is what wakes a thread that reads from it.
    def hang_up(http)
      http.finish if http.started?
    rescue IOError
      # The other thread was first.
    end

    def headers_of(body, headers)
      token = @token || present("BAMLET_TOKEN")
      {
        "accept-encoding" => "identity",
        "bamlet-types" => "tagged",
        "content-type" => body && "application/json",
        "authorization" => token && "Bearer #{token}",
        **headers
      }.compact
    end

    def body_of(arguments, options)
      unknown = options.keys - OPTIONS - %i[abort_controller idempotency_key]
      raise ArgumentError, "there is no option #{unknown.first}" unless unknown.empty?

      given = options.slice(*OPTIONS).compact
      given.empty? ? arguments : { **arguments, "__baml_options__" => Baml.plain(given) }
    end

    def problem_of(answer)
      found = JSON.parse(answer.read_body)
      return found if found.is_a?(Hash) && found.key?("error") && found.key?("message")

      { "error" => "http", "message" => "the server answered with #{answer.code}" }
    rescue JSON::ParserError
      # Not of ours: a proxy in between has answered.
      { "error" => "http", "message" => "the server answered with #{answer.code}" }
    end

    def present(name)
      value = ENV.fetch(name, "")
      value.empty? ? nil : value
    end
  end

  def self.aborted(message, run_id = nil)
    BamlAbortError.new({ "error" => "cancelled", "message" => message, "run_id" => run_id })
  end

  def self.lost(failure)
    message = "the server cannot be reached: #{failure.message}"
    BamlConnectionError.new({ "error" => "connection", "message" => message, "retryable" => true })
  end
end

require_relative "stream"
