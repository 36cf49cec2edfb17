# What values of a program are in Ruby, and how they are read from JSON and written to it.

module Baml
  # A value of a class of the program. Two are equal if their classes and fields are.
  class Value
    OPEN = false # whether it may have more than its fields

    # Its fields as JSON has them.
    # @return [Hash]
    def to_h
      fields = self.class::FIELDS.to_h { |name, (reader)| [name, Baml.plain(instance_variable_get("@#{reader}"))] }
      @more.nil? ? fields : fields.merge(Baml.plain(@more))
    end

    def to_json(*given) = to_h.to_json(*given)

    def ==(other) = other.class == self.class && other.parts == parts

    alias eql? ==

    def hash = [self.class, parts].hash

    def inspect
      shown = self.class::FIELDS.values.map { |(reader)| "#{reader}=#{instance_variable_get("@#{reader}").inspect}" }
      "#<#{self.class.name} #{shown.join(" ")}>"
    end

    protected

    def parts = [*self.class::FIELDS.values.map { |(reader)| instance_variable_get("@#{reader}") }, @more]
  end

  # A value with the outcome of its checks, by their names.
  Checked = Struct.new(:value, :checks)

  # `status` is "succeeded" or "failed".
  Check = Struct.new(:name, :expression, :status)

  # A part of a stream and how far it is: "Pending", "Incomplete" or "Complete".
  StreamState = Struct.new(:value, :state)

  # An image, a sound or a document: by its place, or as it is.
  class Media
    attr_reader :url, :base64, :media_type

    def self.from_url(url, media_type = nil) = new(url: url, media_type: media_type)

    def self.from_base64(media_type, base64) = new(base64: base64, media_type: media_type)

    def initialize(url: nil, base64: nil, media_type: nil)
      @url = url
      @base64 = base64
      @media_type = media_type
    end

    def to_h = { "url" => @url, "base64" => @base64, "media_type" => @media_type }.compact

    def to_json(*given) = to_h.to_json(*given)

    def ==(other) = other.is_a?(Media) && other.to_h == to_h
  end

  Image = Media
  Audio = Media
  Video = Media
  Pdf = Media

  # A value as JSON has it.
  def self.plain(value)
    case value
    when Value, Media then value.to_h
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
      fields = type::FIELDS
      given = {}
      more = {}
      json.each do |key, part|
        next if key == TAG

        reader, inner = fields[key]
        reader.nil? ? more[key] = untyped(part) : given[reader] = made(inner, part)
      end
      type::OPEN ? type.new(**given, more: more) : type.new(**given)
    end

    # One of several: the server names the class of each value of a class. `names` are those that it may have.
    def either(json, names)
      return json.map { |part| made([:either, names], part) } if json.is_a?(Array)
      return object(json, names[json[TAG]]) if names.key?(json[TAG])

      json.reject { |key,| key == TAG }.transform_values { |part| made([:either, names], part) }
    end

    def checked(json, inner)
      checks = json["checks"].transform_values { |one| Check.new(one["name"], one["expression"], one["status"]) }
      Checked.new(made(inner, json["value"]), checks)
    end

    def state(json, inner) = StreamState.new(made(inner, json["value"]), json["state"])

    def media(json) = Media.new(**json.transform_keys(&:to_sym).slice(:url, :base64, :media_type))

    def untyped(json) = made([:either, {}], json)
  end
end
