# Over `bamlet serve` of the receipt and `more.baml`, and over the vectors that all clients share.
require "json"
require "minitest/autorun"
require "socket"
$LOAD_PATH.unshift(__dir__)
require "baml_client"

EMAIL = JSON.parse(File.read(ENV.fetch("ARGUMENTS")))["email"]
TOTAL = 141.65

def vectors(name) = File.readlines("#{ENV.fetch("VECTORS")}/#{name}.jsonl").map { |line| JSON.parse(line) }

# In front of the server. It cuts the first answers behind so many bytes; at 0 it does not ask at all.
class Cutting
  attr_reader :seen

  def initialize(*places)
    @places = places
    @seen = []
    @listening = TCPServer.new("127.0.0.1", 0)
    @thread = Thread.new { loop { Thread.new(@listening.accept) { |socket| pass(socket) } } }
  end

  def client = Baml::Client.new(base_url: "http://127.0.0.1:#{@listening.addr[1]}")

  def close
    @thread.kill
    @listening.close
  end

  private

  def pass(socket)
    head = +""
    head << socket.readpartial(65_536) until head.include?("\r\n\r\n")
    verb, path = head.split(" ")
    @seen << "#{verb} #{path[%r{\A/(\w+)}, 1]}"
    left = verb == "DELETE" ? nil : @places.shift
    return if left == 0

    url = URI(ENV.fetch("BAMLET_URL"))
    TCPSocket.open(url.host, url.port) { |server| between(socket, server, head.sub(/^host: [^\r]*/i, "host: #{url.host}:#{url.port}"), left) }
  rescue IOError, SystemCallError
    # One of the two has gone.
  ensure
    socket.close
  end

  def between(socket, server, head, left)
    server.write(head.sub(/^connection: [^\r]*/i, "connection: close"))
    up = Thread.new { IO.copy_stream(socket, server) rescue nil }
    while (bytes = server.readpartial(65_536))
      socket.write(left ? bytes.byteslice(0, left) : bytes)
      left -= bytes.bytesize if left
      break if left && left <= 0
    end
  ensure
    up&.kill
  end
end

class ReceiptTest < Minitest::Test
  def test_a_call_by_position_by_name_and_by_the_module
    assert_equal 8, Baml.Client.Double(4)
    assert_equal 8, BamlClient.Double(n: 4)
    assert_equal 8, BamlClient.b.Double(4, baml_options: { tags: { user: "7" } })
  end

  def test_a_stream_grows_and_its_last_value_is_the_final_one
    stream = Baml.Client.stream.ExtractReceiptInfo(EMAIL)
    shown = stream.to_a
    assert_operator shown.length, :>, 3
    assert_instance_of Baml::StreamTypes::ReceiptInfo, shown.first
    assert_same shown[-1].items[0], shown[-2].items[0]
    final = stream.get_final_response
    assert_equal TOTAL, final.total_cost
    assert_instance_of Baml::Types::ReceiptItem, final.items.first
    assert_match(/\Ar1_/, stream.run_id)
    assert_equal final, Baml.Client.stream.resume(stream.run_id, "ExtractReceiptInfo").get_final_response
    assert_equal final.to_h, Baml.Client.stream.resume(stream.run_id).get_final_response.then { |plain| plain }
  end

  def test_a_stream_that_is_cut_goes_on_where_it_was
    whole = Baml.Client.stream.ExtractReceiptInfo(EMAIL).to_a.last
    20.times do |at|
      cutting = Cutting.new(0, 1 + at * 197, 30, 900)
      stream = cutting.client.stream.ExtractReceiptInfo(EMAIL)
      assert_equal whole, stream.to_a.last
      assert_equal TOTAL, stream.get_final_response.total_cost
      assert_equal ["POST stream", "POST stream"], cutting.seen.first(2)
    ensure
      cutting&.close
    end
  end

  def test_a_block_that_is_left_ends_the_run
    cutting = Cutting.new
    stream = cutting.client.stream.ExtractReceiptInfo(EMAIL)
    stream.each { break }
    assert_raises(Baml::BamlAbortError) { stream.get_final_response }
    assert_equal ["POST stream", "DELETE runs"], cutting.seen
    resumed = Baml.Client.stream.resume(stream.run_id)
    assert_raises(Baml::BamlAbortError) { resumed.get_final_response }
  ensure
    cutting.close
  end

  def test_what_a_block_raises_is_its_own
    [IOError, Errno::ECONNRESET, Baml::BamlProtocolError].each do |kind|
      error = kind <= Baml::BamlError ? kind.new({ "message" => "mine" }) : kind.new("mine")
      cutting = Cutting.new
      assert_same error, (assert_raises(kind) { cutting.client.stream.ExtractReceiptInfo(EMAIL).each { raise error } })
      assert_equal ["POST stream", "DELETE runs"], cutting.seen
    ensure
      cutting&.close
    end
  end

  def test_a_controller_ends_streams_from_any_thread_and_before_they_run
    controller = Baml::AbortController.new
    stream = Baml.Client.stream.ExtractReceiptInfo(EMAIL, baml_options: { abort_controller: controller })
    assert_raises(Baml::BamlAbortError) { stream.each { Thread.new { controller.abort }.join } }
    [-> { Baml.Client.Double(1, baml_options: { abort_controller: controller }) },
     -> { Baml.Client.stream.ExtractReceiptInfo(EMAIL, baml_options: { abort_controller: controller }).get_final_response }]
      .each { |late| assert_raises(Baml::BamlAbortError, &late) }
  end

  def test_failures_are_classes
    assert_raises(Baml::BamlInvalidArgumentError) { Baml.Client.ExtractReceiptInfo(3) }
    assert_raises(Baml::BamlInvalidArgumentError) { Baml.Client.stream.ExtractReceiptInfo(3).get_final_response }
    nowhere = Baml::Client.new(base_url: "http://127.0.0.1:1")
    assert_raises(Baml::BamlConnectionError) { nowhere.Double(1) }
    thrown = assert_raises(Baml::BamlUnhandledThrow) { Baml.Client.Fails() }
    assert_equal "no", thrown.value
    assert_raises(ArgumentError) { Baml.Client.Double }
    assert_raises(ArgumentError) { Baml.Client.Double(1, 2) }
    assert_raises(ArgumentError) { Baml.Client.Double(1, n: 2) }
    assert_raises(ArgumentError) { Baml.Client.Double(m: 2) }
    assert_raises(ArgumentError) { Baml.Client.Double(1, baml_options: { clint: "x" }) }
  end

  def test_an_answer_that_one_has_is_read
    parsed = Baml.Client.parse.ExtractReceiptInfo('{"items": [{"name": "A", "quantity": 1, "price": 2}], "total_cost": "$3"}')
    assert_equal 3, parsed.total_cost
    assert_equal "A", parsed.items.first.name
    assert_nil Baml.Client.parse_stream.ExtractReceiptInfo('{"items": [{"name": "A"').items.first.price
  end

  def test_a_member_of_a_union_is_of_its_class
    found = Baml.Client.Either()
    assert_equal [Baml::Types::Dog.new(name: "a"), Baml::Types::Cat.new(name: "a"), "x", { "k" => Baml::Types::Cat.new(name: "b") }], found
    assert_equal found.first, Baml.Client.Same(found.first)
    refute_equal found[0], found[1]
    assert_equal 1, [found[0], found[0].dup].uniq.length
  end

  def test_a_token_is_in_no_inspection
    refute_includes Baml::Client.new(token: "s3cret").inspect, "s3cret"
  end
end

class VectorTest < Minitest::Test
  def test_bytes_cut_anywhere_are_the_same_events
    vectors("events").each do |row|
      bytes = row["text"].b
      (1..bytes.bytesize).each do |size|
        decoder = Baml::Decoder.new
        found = []
        (0...bytes.bytesize).step(size) do |at|
          decoder.feed(bytes.byteslice(at, size)) { |kind, data, id| found << { "kind" => kind, "data" => data, "id" => id } }
        end
        assert_equal row["events"], found
      end
    end
  end

  def test_changes
    vectors("changes").each do |row|
      fold = Baml::Fold.new(row["value"])
      before = Marshal.dump(row["value"])
      if row["astray"]
        assert_raises(Baml::BamlProtocolError) { fold.apply(row["ops"]) }
      else
        fold.apply(row["ops"])
        row["result"].nil? ? assert_nil(fold.value) : assert_equal(row["result"], fold.value)
      end
      assert_equal before, Marshal.dump(row["value"])
    end
  end

  def test_errors
    vectors("errors").each { |row| assert_equal "Baml::#{row["class"]}", Baml.error_of(row["problem"]).class.name }
  end
end
