//! Over `bamlet serve` of the receipt and `more.baml`.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use myproject::baml_client::json::Json;
use myproject::baml_client::sync_client::B;
use myproject::baml_client::types::*;
use myproject::baml_client::CancellationToken;

fn email() -> String {
    let text = std::fs::read_to_string(std::env::var("ARGUMENTS").unwrap()).unwrap();
    Json::parse(&text).unwrap().field("email").unwrap()
}

/// In front of the server. It cuts the first answers behind so many bytes; at 0 it does not ask at all.
struct Cutting {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Cutting {
    fn new(places: &[usize]) -> Cutting {
        let listening = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listening.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, places) = (seen.clone(), Mutex::new(places.to_vec()));
        std::thread::spawn(move || {
            for socket in listening.incoming().flatten() {
                pass(socket, &kept, &places);
            }
        });
        Cutting { url, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn pass(mut socket: TcpStream, seen: &Mutex<Vec<String>>, places: &Mutex<Vec<usize>>) -> Option<()> {
    let mut asked = Vec::new();
    let mut buffer = [0; 65536];
    let host = std::env::var("BAMLET_URL").unwrap().replace("http://", "");
    loop {
        let count = socket.read(&mut buffer).ok()?;
        asked.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&asked).into_owned();
        let (head, body) = match text.split_once("\r\n\r\n") {
            Some(parts) => parts,
            None => continue,
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |size| size.parse().unwrap());
        if body.len() >= length {
            break;
        }
    }
    let text = String::from_utf8_lossy(&asked).into_owned();
    let verb = text.split(' ').next()?;
    let path = text.split('/').nth(1)?.split(' ').next()?;
    seen.lock().unwrap().push(format!("{verb} {path}"));
    let mut places = places.lock().unwrap();
    let mut left = if verb == "DELETE" || places.is_empty() { usize::MAX } else { places.remove(0) };
    drop(places);
    if left == 0 {
        return None;
    }
    let mut server = TcpStream::connect(&host).ok()?;
    let own = text.lines().find(|line| line.starts_with("host: "))?;
    server.write_all(text.replacen(own, &format!("host: {host}"), 1).as_bytes()).ok()?;
    while left > 0 {
        let count = server.read(&mut buffer).ok().filter(|count| *count > 0)?.min(left);
        left -= count;
        socket.write_all(&buffer[..count]).ok()?;
    }
    socket.shutdown(Shutdown::Both).ok()
}

#[test]
fn a_call() {
    assert_eq!(B.Double.call(4).unwrap(), 8);
    assert_eq!(B.Double.call(1 << 61).unwrap(), 1 << 62);
    let tags = HashMap::from([("user".to_owned(), "7".to_owned())]);
    assert_eq!(B.Double.with_tags(&tags).call(4).unwrap(), 8);
}

#[test]
fn a_stream_grows_and_its_last_value_is_the_final_one() {
    let mut stream = B.ExtractReceiptInfo.stream(&email()).unwrap();
    let shown: Vec<_> = stream.partials().map(Result::unwrap).collect();
    assert!(shown.len() > 3);
    assert!(shown[0].items.len() < 3);
    let run = stream.run_id().unwrap().to_owned();
    let whole = stream.get_final_response().unwrap();
    assert_eq!(whole.total_cost, Some(141.65));
    assert_eq!(B.ExtractReceiptInfo.resume(&run).get_final_response().unwrap(), whole);
}

#[test]
fn a_stream_that_is_cut_goes_on_where_it_was() {
    let mut stream = B.ExtractReceiptInfo.stream(&email()).unwrap();
    let whole = stream.partials().map(Result::unwrap).last();
    for at in 0..20 {
        let cutting = Cutting::new(&[0, 1 + at * 197, 30, 900]);
        let mut stream = B.ExtractReceiptInfo.with_base_url(&cutting.url).stream(&email()).unwrap();
        assert_eq!(stream.partials().map(Result::unwrap).last(), whole);
        assert_eq!(stream.get_final_response().unwrap().total_cost, Some(141.65));
        assert_eq!(cutting.seen()[..2], ["POST stream", "POST stream"]);
    }
}

#[test]
fn a_stream_that_is_dropped_ends_its_run() {
    let cutting = Cutting::new(&[]);
    let mut stream = B.ExtractReceiptInfo.with_base_url(&cutting.url).stream(&email()).unwrap();
    assert!(stream.partials().next().unwrap().is_ok());
    let run = stream.run_id().unwrap().to_owned();
    drop(stream);
    assert_eq!(cutting.seen(), ["POST stream", "DELETE runs"]);
    let failure = B.ExtractReceiptInfo.resume(&run).get_final_response().unwrap_err();
    assert_eq!(failure.name, "BamlAbortError");
}

#[test]
fn a_token_ends_calls_and_streams_from_any_thread() {
    let token = CancellationToken::new();
    let mut stream = B.ExtractReceiptInfo.with_cancellation_token(Some(token.clone())).stream(&email()).unwrap();
    let mut partials = stream.partials();
    assert!(partials.next().unwrap().is_ok());
    let other = token.clone();
    std::thread::spawn(move || other.cancel()).join().unwrap();
    assert_eq!(partials.last().unwrap().unwrap_err().name, "BamlAbortError");
    assert_eq!(B.Double.with_cancellation_token(Some(token)).call(1).unwrap_err().name, "BamlAbortError");
    let late = CancellationToken::new_with_timeout(Duration::ZERO);
    let stream = B.ExtractReceiptInfo.with_cancellation_token(Some(late)).stream(&email()).unwrap();
    assert_eq!(stream.get_final_response().unwrap_err().name, "BamlAbortError");
}

#[test]
fn failures_have_names() {
    let thrown = B.Fails.call().unwrap_err();
    assert_eq!((thrown.name, thrown.problem.get("value")), ("BamlUnhandledThrow", Some(&Json::String("no".to_owned()))));
    let away = B.Double.with_base_url("http://127.0.0.1:1").call(1).unwrap_err();
    assert_eq!((away.name, away.retryable()), ("BamlConnectionError", true));
    assert_eq!(B.Double.with_client("Nobody").call(1).unwrap_err().name, "BamlInvalidArgumentError");
    assert_eq!(B.Double.with_auth_token("a\r\nb: c").call(1).unwrap_err().name, "BamlInvalidArgumentError");
    assert!(B.Double.with_base_url("https://x").call(1).unwrap_err().message.contains("TLS"));
}

#[test]
fn an_answer_that_one_has_is_read() {
    let answer = "{\"items\": [{\"name\": \"A\", \"quantity\": 1, \"price\": 2}], \"total_cost\": \"$3\"}";
    let found = B.ExtractReceiptInfo.parse(answer).unwrap();
    assert_eq!((found.total_cost, found.items[0].name.as_str()), (Some(3.0), "A"));
    let partial = B.ExtractReceiptInfo.parse_stream("{\"items\": [{\"name\": \"A\"").unwrap();
    assert_eq!(partial.items[0].price, None);
}

#[test]
fn a_member_of_a_union_is_of_its_class() {
    let found = B.Either.call().unwrap();
    let dog = Dog { name: "a".to_owned() };
    assert_eq!(found[0], DogOrCatOrStringOrMapOfCat::Dog(dog.clone()));
    assert_eq!(found[1], DogOrCatOrStringOrMapOfCat::Cat(Cat { name: "a".to_owned() }));
    assert_eq!(found[2], DogOrCatOrStringOrMapOfCat::String("x".to_owned()));
    assert!(matches!(&found[3], DogOrCatOrStringOrMapOfCat::MapOfCat(cats) if cats["k"].name == "b"));
    assert_eq!(B.Same.call(&DogOrCat::Dog(dog.clone())).unwrap(), DogOrCat::Dog(dog.clone()));
    let house = House { pets: vec![DogOrCat::Dog(dog)], names: HashMap::new() };
    assert_eq!(B.Pets.call(&house, &[]).unwrap(), house.pets);
}
