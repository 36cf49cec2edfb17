use myproject::baml_client::sync_client::B;
use myproject::baml_client::types::*;
use myproject::baml_client::CancellationToken;
use std::time::Duration;

// Using both partials and get_final_response() from a stream
fn example1(receipt: &str) {
    let mut stream = B.ExtractReceiptInfo.stream(receipt).unwrap();
    // partial is a Partial type with all Optional fields
    for partial in stream.partials() {
        let partial = partial.unwrap();
        println!("partial: {} items", partial.items.len());
    }
    // final is the full, original, validated ReceiptInfo type
    let final_result = stream.get_final_response().unwrap();
    println!("final: {} items", final_result.items.len());
}

// Using only get_final_response() of a stream
fn example2(receipt: &str) {
    let stream = B.ExtractReceiptInfo.stream(receipt).unwrap();
    let final_result: ReceiptInfo = stream.get_final_response().unwrap();
    println!("final: {} items", final_result.items.len());
}

// Cancelling a stream after a timeout, or when there is enough
fn example3(receipt: &str) {
    let token = CancellationToken::new_with_timeout(Duration::from_secs(50));
    let mut stream = B.ExtractReceiptInfo
        .with_cancellation_token(Some(token))
        .stream(receipt)
        .unwrap();
    for partial in stream.partials() {
        match partial {
            Ok(partial) => {
                if partial.items.len() >= 2 {
                    println!("Stopping stream - got enough items");
                    break;
                }
            }
            Err(e) => {
                eprintln!("Stream error: {}", e);
                break;
            }
        }
    }
}

fn main() {
    let receipt = std::env::args().nth(1).unwrap();
    example1(&receipt);
    example2(&receipt);
    example3(&receipt);
}
