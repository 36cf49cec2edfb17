# Streams of `bamlet serve`: events of a run, folded into values that grow.

module Baml
  # The values of a run as they grow, and the last one. Nothing is sent before somebody asks for one of them.
  # A block that is left ends the run.
  class Stream
    include Enumerable

    # @return [String, nil] the run's, once it has begun
    attr_reader :run_id

    def initialize(server, function, abort, begins: nil, run_id: nil)
      @server = server
      @partial = Reader.new(function ? function.partial : Reader::UNTYPED)
      @whole = Reader.new(function ? function.final : Reader::UNTYPED)
      @abort = abort || AbortController.new
      @begins = begins
      @run_id = run_id
      @fold = Fold.new
      @failed = 0
    end

    def each(&block)
      return enum_for(:each) unless block

      read(&block)
      self
    ensure
      leave if block
    end

    # The whole value. Raises what the run failed with.
    def get_final_response
      read {}
      @final
    end

    private

    def read(&block)
      until @over
        begin
          connection(&block)
          broken(EOFError.new("the stream broke off")) unless @over
        rescue BamlError, *LOST => failure
          raise if @yielding

          broken(failure)
        end
      end
      raise @failure if @failure
    end

    # What follows a failure: the end, everything from the start, or what has not come yet.
    def broken(failure)
      return leave if @abort.aborted?

      failure = Baml.lost(failure) unless failure.is_a?(BamlError)
      if failure.is_a?(BamlProtocolError) && @run_id && !@restarted
        # What we hold is not what the server holds.
        @restarted, @last, @fold = true, nil, Fold.new
      elsif !failure.is_a?(BamlConnectionError) || @failed == RESUMES
        over(failure)
      else
        @failed += 1
        sleep(0.05 * 2**@failed) if @failed > 1
      end
    end

    def over(failure = nil)
      @over = true
      @failure = failure
    end

    # Ends the run, unless it is over.
    def leave
      return if @over

      over(Baml.error("cancelled", "the stream was aborted", @run_id))
      @server.exchange("DELETE", "/runs/#{@run_id}", silence: 5, &:read_body) if @run_id
    rescue BamlError, *LOST
      # It is left to the server's patience.
    end

    def connection(&block)
      resumed = ["GET", "/runs/#{@run_id}/events?events=patches", nil, { "last-event-id" => @last }]
      @server.exchange(*(@run_id ? resumed : @begins), abort: @abort, silence: SILENCE) do |answer|
        check(answer["bamlet-protocol"])
        decoder = Decoder.new
        answer.read_body do |bytes|
          decoder.feed(bytes) do |kind, data, id|
            take(kind, JSON.parse(data, max_nesting: false), id, &block)
            return if @over
          end
        end
      end
    end

    def check(spoken)
      return if spoken.nil? || spoken == PROTOCOL

      @run_id = nil # there is nothing that could be read from the start
      told = "the server speaks protocol #{spoken} and this client #{PROTOCOL}; run `bamlet generate` again"
      raise Baml.error("protocol", told)
    end

    # An event of a kind that is new to us does nothing.
    def take(kind, data, id)
      case kind
      when "start" then @run_id = data["run"]
      when "reset" then @fold = Fold.new
      when "patch" then @fold.apply(data["ops"])
      when "error" then over(Baml.error_of(data))
      when "final"
        @final = @whole.read(data["value"])
        over
      end
      @last, @failed = id, 0 if id
      return unless kind == "patch"

      # What the block raises is the user's, however much it looks like ours.
      @yielding = true
      yield @partial.read(@fold.value)
      @yielding = false
    end
  end

  # A value of JSON and what changes in it. What does not change stays the same object.
  class Fold
    attr_reader :value

    def initialize(value = nil)
      @value = value
    end

    # An operation that is new to us does nothing.
    def apply(operations)
      operations.each do |one|
        next unless %w[add replace remove append].include?(one["op"])

        keys = one["path"].split("/", -1).drop(1).map { |key| key.gsub("~1", "/").gsub("~0", "~") }
        @value = changed(@value, keys, one["op"], one["value"])
      end
    end

    private

    def changed(value, keys, op, given)
      return whole(value, op, given) if keys.empty?

      key, *deeper = keys
      list = value.is_a?(Array)
      astray(op) unless list || value.is_a?(Hash)
      key = key == "-" ? value.length : Integer(key, 10, exception: false) if list
      there = list ? (0...value.length).cover?(key) : value.key?(key)
      insert = op == "add" && deeper.empty?
      astray(op) unless there || (insert && (!list || key == value.length))
      copy = value.dup
      if insert && list then copy.insert(key, given)
      elsif insert then copy[key] = given
      elsif op == "remove" && deeper.empty? then list ? copy.delete_at(key) : copy.delete(key)
      else copy[key] = changed(value[key], deeper, op, given)
      end
      copy
    end

    def whole(value, op, given)
      return given unless op == "append"

      value.is_a?(String) && given.is_a?(String) ? value + given : astray(op)
    end

    def astray(what) = raise(Baml.error("protocol", "the server changes (#{what}) what is not there"))
  end

  # Bytes of `text/event-stream`, cut anywhere, to events: kind, data and number.
  class Decoder
    def initialize
      @rest = String.new # of a line whose end has not come
      @first = true
      clear
    end

    def feed(bytes, &block)
      # A cut between CR and LF leaves one end of a line in two pieces.
      bytes = bytes.b
      bytes = bytes.delete_prefix("\n") if @half
      @half = bytes.end_with?("\r")
      *ended, rest = bytes.split(/\r\n|\r|\n/n, -1)
      ended.each do |one|
        line(@rest << one, &block)
        @rest = String.new
      end
      @rest << rest if rest
    end

    private

    def clear = (@kind, @data, @id = "message", [], nil)

    def line(bytes)
      text = bytes.force_encoding(Encoding::UTF_8).scrub
      text = text.delete_prefix("\uFEFF") if @first
      @first = false
      if text.empty?
        yield @kind, @data.join("\n"), @id unless @data.empty?
        return clear
      end
      field, _, value = text.partition(":")
      value = value.delete_prefix(" ")
      case field
      when "data" then @data << value
      when "event" then @kind = value.empty? ? "message" : value
      when "id" then @id = value unless value.include?("\0")
      end
    end
  end
end
