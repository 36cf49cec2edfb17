module Baml
  module StreamTypes
    # What was bought.
    class Item < ::Baml::Value
      FIELDS = {
        "name" => [:name],
        "kind" => [:kind],
        "price" => [:price],
        "notes" => [:notes, [:list, nil]],
        "more" => [:more_, [:object, "StreamTypes::Item"]]
      }.freeze

      # as printed
      # @return [String, nil]
      attr_reader :name

      # @return [String, nil]
      attr_reader :kind

      # @return [Float, nil]
      attr_reader :price

      # @return [Array<String>]
      attr_reader :notes

      # @return [StreamTypes::Item, nil]
      attr_reader :more_

      def initialize(name: nil, kind: nil, price: nil, notes: nil, more_: nil)
        super()
        @name = name
        @kind = kind
        @price = price
        @notes = notes
        @more_ = more_
      end
    end

    class Receipt < ::Baml::Value
      FIELDS = {
        "items" => [:items, [:list, [:object, "StreamTypes::Item"]]],
        "total" => [:total, [:checked, nil]],
        "state" => [:state, [:state, nil]],
        "by" => [:by, [:either, {}]],
        "tags" => [:tags, [:map, nil]]
      }.freeze

      # @return [Array<StreamTypes::Item>]
      attr_reader :items

      # @return [Checked<Float, nil>, nil]
      attr_reader :total

      # @return [StreamState<String, nil>]
      attr_reader :state

      # @return ["card", "cash", Integer, nil]
      attr_reader :by

      # @return [Hash{String => Integer}]
      attr_reader :tags

      def initialize(items: nil, total: nil, state: nil, by: nil, tags: nil)
        super()
        @items = items
        @total = total
        @state = state
        @by = by
        @tags = tags
      end
    end
  end
end
