# What values of a program are in Ruby, and how they are read from JSON and written to it.

module Baml
  # A value of a class of the program. Two are equal if their classes and fields are.
  class Value
    OPEN = false # whether it may have more than its fields

    # What it has beside its fields.
    def more = {}

    # Its fields as JSON has them.
    # @return [Hash]
    def to_h = Baml.plain(parts)
    def to_json(*given) = to_h.to_json(*given)
    def ==(other) = other.class == self.class && other.parts == parts
    alias eql? ==
    def hash = [self.class, parts].hash
    def inspect = "#<#{self.class.name} #{parts.map { |name, part| "#{name}=#{part.inspect}" }.join(" ")}>"

    protected

    def parts = self.class::FIELDS.transform_values { |(reader)| public_send(reader) }.merge(more)
  end

  # A value with the outcome of its checks, by their names.
  Checked = Struct.new(:value, :checks)

  # `status` is "succeeded" or "failed".
  Check = Struct.new(:name, :expression, :status)

  # A part of a stream and how far it is: "Pending", "Incomplete" or "Complete".
  StreamState = Struct.new(:value, :state)

  # An image, a sound or a document: by its place, or as it is.
  Media = Struct.new(:url, :base64, :media_type, keyword_init: true) do
    def self.from_url(url, media_type = nil) = new(url: url, media_type: media_type)
    def self.from_base64(media_type, base64) = new(base64: base64, media_type: media_type)
    def to_json(*given) = to_h.compact.to_json(*given)
  end

  Image = Audio = Video = Pdf = Media

  # A value as JSON has it.
  def self.plain(value)
    case value
    when Value then value.to_h
    when Media then plain(value.to_h.compact)
    when Checked, StreamState then plain(value.value)
    when Array then value.map { |item| plain(item) }
    when Hash then value.to_h { |key, item| [key.to_s, plain(item)] }
    when Symbol then value.to_s
    else value
    end
  end

  # Makes values of a type of JSON, again and again of what grows. A part that is the same object as before
  # becomes the same value, so that a long list costs little more for each item that comes.
  class Reader
    TAG = "$type"
    UNTYPED = [:either, {}].freeze

    def initialize(type)
      @type = type
      @before = {}.compare_by_identity
    end

    def read(json)
      @now = {}.compare_by_identity
      value = made(@type, json)
      @before = @now
      value
    end

    private

    def made(type, json)
      return json if type.nil? || !(json.is_a?(Hash) || json.is_a?(Array))

      @now[json] = @before.fetch(json) { send(type.first, json, *type.drop(1)) }
    end

    def list(json, item) = json.map { |part| made(item, part) }
    def map(json, value) = json.transform_values { |part| made(value, part) }

    def object(json, name)
      type = Baml.const_get(name)
      fields, more = json.except(TAG).partition { |key,| type::FIELDS.key?(key) }.map(&:to_h)
      given = fields.to_h do |key, part|
        reader, inner = type::FIELDS[key]
        [reader, made(inner, part)]
      end
      type::OPEN ? type.new(**given, more: map(more, UNTYPED)) : type.new(**given)
    end

    # One of several: the server names the class of each value of a class. `names` are those that it may have.
    def either(json, names)
      return list(json, [:either, names]) if json.is_a?(Array)
      return object(json, names[json[TAG]]) if names.key?(json[TAG])

      map(json.except(TAG), [:either, names])
    end

    def checked(json, inner)
      checks = json["checks"].transform_values { |one| Check.new(*one.values_at("name", "expression", "status")) }
      Checked.new(made(inner, json["value"]), checks)
    end

    def state(json, inner) = StreamState.new(made(inner, json["value"]), json["state"])

    def media(json) = Media.new(**json.slice("url", "base64", "media_type").transform_keys(&:to_sym))
  end
end
