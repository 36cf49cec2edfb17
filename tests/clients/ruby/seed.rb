require_relative "baml_client/client"
$b = Baml.Client
# Using both iteration and get_final_response() from a stream
def example1(receipt)
  stream = $b.stream.ExtractReceiptInfo(receipt)
  stream.each do |partial|
    puts "partial: #{partial.items&.length} items"
  end
  final = stream.get_final_response
  puts "final: #{final.items.length} items"
end

# Using only iteration of a stream
def example2(receipt)
  $b.stream.ExtractReceiptInfo(receipt).each do |partial|
    puts "partial: #{partial.items&.length} items"
  end
end

# Using only get_final_response() of a stream
def example3(receipt)
  final = $b.stream.ExtractReceiptInfo(receipt).get_final_response
  puts "final: #{final.items.length} items"
end

# Ending a stream when there is enough
def example4(receipt)
  controller = Baml::AbortController.new
  stream = $b.stream.ExtractReceiptInfo(
    receipt,
    baml_options: { abort_controller: controller }
  )
  item_count = 0
  stream.each do |partial|
    item_count = partial.items&.length || 0
    if item_count >= 2
      puts "Stopping stream - got enough items"
      controller.abort
      break
    end
  end
end

receipt = ARGV.first
if __FILE__ == $0
  example1(receipt)
  example2(receipt)
  example3(receipt)
  example4(receipt)
end
