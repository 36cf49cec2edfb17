# Streams of `bamlet serve`: events of a run, folded into values that grow.

module Baml
  # The values of a run as they grow, and the last one. Nothing is sent before somebody asks for one of them.
  # A block that is left ends the run.
  class Stream
    include Enumerable

    # @return [String, nil] the run's, once it has begun
    attr_reader :run_id

    def initialize(server, function, begins, run_id, abort)
      @server = server
      @function = function
      @begins = begins
      @run_id = run_id
      @abort = abort || AbortController.new
      @reader = Reader.new(function&.partial || [:either, {}])
      @fold = Fold.new
      @last = nil
      @over = false
    end

    def each(&block)
      return enum_for(:each) unless block

      begin
        read(&block)
      ensure
        leave
      end
      self
    end

    # The whole value. Raises what the run failed with.
    def get_final_response
      read {}
      raise @failure if @failure

      @final
    end

    private

    def read
      failed = 0
      restarted = false
      until @over
        before = @last
        begin
          events { |kind, data, id| take(kind, data, id) { |value| yielding { yield value } } }
          failure = Baml.lost(EOFError.new("the stream broke off"))
        rescue BamlProtocolError => thrown
          raise if @yielding
          # What we hold is not what the server holds: once more from the start.
          raise stopped(thrown) if restarted || @run_id.nil?

          restarted = true
          @last = nil
          @fold = Fold.new
          next
        rescue *LOST => thrown
          raise if @yielding

          failure = @abort.aborted? ? nil : Baml.lost(thrown)
        rescue BamlError => thrown
          raise if @yielding

          raise stopped(thrown)
        end
        break if @over || failure.nil?

        failed = @last == before ? failed + 1 : 0
        raise stopped(failure) if failed > RESUMES

        sleep(0.05 * 2**failed) if failed > 1
      end
      leave
      raise @failure if @failure
    end

    # What the block raises is the user's, however much it looks like ours.
    def yielding
      @yielding = true
      yield
      @yielding = false
    end

    def stopped(failure)
      @over = true
      @failure = failure
    end

    # Ends the run, unless it is over.
    def leave
      return if @over

      stopped(Baml.aborted("the stream was aborted", @run_id))
      @server.exchange("DELETE", "/runs/#{@run_id}", silence: 5, &:read_body) unless @run_id.nil?
    rescue BamlError, *LOST
      # It is left to the server's patience.
    end

    def events
      verb, path, body, headers =
        if @run_id.nil?
          @begins
        else
          ["GET", "/runs/#{@run_id}/events?events=patches", nil, @last.nil? ? {} : { "last-event-id" => @last }]
        end
      @server.exchange(verb, path, body: body, headers: headers, abort: @abort, silence: SILENCE) do |answer|
        check(answer["bamlet-protocol"])
        decoder = Decoder.new
        answer.read_body do |bytes|
          decoder.feed(bytes) do |kind, data, id|
            yield kind, data, id
            return if @over
          end
        end
      end
    end

    def check(spoken)
      return if spoken.nil? || spoken == PROTOCOL

      told = "the server speaks protocol #{spoken} and this client #{PROTOCOL}; run `bamlet generate` again"
      @run_id = nil # there is nothing that could be read from the start
      raise BamlProtocolError.new({ "error" => "protocol", "message" => told })
    end

    def take(kind, data, id)
      data = JSON.parse(data, max_nesting: false)
      case kind
      when "start" then @run_id = data["run"]
      when "reset" then @fold.empty
      when "patch" then @fold.apply(data["ops"])
      when "final"
        @final = Reader.new(@function&.final || [:either, {}]).read(data["value"])
        @over = true
      when "error" then stopped(Baml.error_of(data))
      end
      @last = id unless id.nil?
      yield @reader.read(@fold.value) if kind == "patch"
    end
  end

  # A value of JSON and what changes in it. What does not change stays the same object.
  class Fold
    attr_reader :value

    def initialize(value = nil)
      @value = value
    end

    def empty = @value = nil

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
      return leaf(value, op, given) if keys.empty?

      key, *deeper = keys
      case value
      when Array then in_list(value, key, deeper, op, given)
      when Hash then in_map(value, key, deeper, op, given)
      else astray(op)
      end
    end

    def leaf(value, op, given)
      return given unless op == "append"

      value.is_a?(String) && given.is_a?(String) ? value + given : astray(op)
    end

    def in_list(value, key, deeper, op, given)
      at = key == "-" ? value.length : Integer(key, 10, exception: false)
      insert = op == "add" && deeper.empty?
      astray(op) if at.nil? || at.negative? || at > value.length || (at == value.length && !insert)
      copy = value.dup
      if insert then copy.insert(at, given)
      elsif op == "remove" && deeper.empty? then copy.delete_at(at)
      else copy[at] = changed(copy[at], deeper, op, given)
      end
      copy
    end

    def in_map(value, key, deeper, op, given)
      there = value.key?(key)
      astray(op) if !there && (op != "add" || !deeper.empty?)
      return value.reject { |name,| name == key } if op == "remove" && deeper.empty?

      value.merge(key => changed(value[key], deeper, op, given))
    end

    def astray(operation)
      message = "the server changes (#{operation}) what is not there"
      raise BamlProtocolError.new({ "error" => "protocol", "message" => message })
    end
  end

  # Bytes of `text/event-stream`, cut anywhere, to events: kind, data and number.
  class Decoder
    def initialize
      @rest = String.new(encoding: Encoding::BINARY)
      @looked = 0 # bytes of the rest that have no end of a line
      @first = true
      clear
    end

    def feed(bytes, &block)
      @rest << bytes.b
      start = 0
      while (at = @rest.index(/[\r\n]/n, [start, @looked].max))
        # The second half of an end may not have come.
        break if @rest.getbyte(at) == 13 && at + 1 == @rest.bytesize

        line(@rest.byteslice(start, at - start), &block)
        start = at + (@rest.byteslice(at, 2) == "\r\n" ? 2 : 1)
      end
      @looked = (at || @rest.bytesize) - start
      @rest = @rest.byteslice(start, @rest.bytesize - start)
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
