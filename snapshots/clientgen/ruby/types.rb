module Baml
  module Types
    module Kind
      Tea = "Tea"
      Coffee = "Coffee"
      VALUES = [Tea, Coffee].freeze
    end

    # What was bought.
    class Item < ::Baml::Value
      FIELDS = {
        "name" => [:name],
        "kind" => [:kind],
        "price" => [:price],
        "notes" => [:notes, [:list, nil]],
        "more" => [:more_, [:object, "Types::Item"]]
      }.freeze

      # as printed
      # @return [String]
      attr_reader :name

      # @return [String, nil]
      attr_reader :kind

      # @return [Float]
      attr_reader :price

      # @return [Array<String>]
      attr_reader :notes

      # @return [Types::Item, nil]
      attr_reader :more_

      def initialize(name:, kind: nil, price:, notes:, more_: nil)
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
        "items" => [:items, [:list, [:object, "Types::Item"]]],
        "total" => [:total, [:checked, nil]],
        "state" => [:state],
        "by" => [:by, [:either, {}]],
        "tags" => [:tags, [:map, nil]]
      }.freeze

      # @return [Array<Types::Item>]
      attr_reader :items

      # @return [Checked<Float, nil>]
      attr_reader :total

      # @return [String]
      attr_reader :state

      # @return ["card", "cash", Integer]
      attr_reader :by

      # @return [Hash{String => Integer}]
      attr_reader :tags

      def initialize(items:, total:, state:, by:, tags:)
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
