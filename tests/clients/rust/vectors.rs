//! Over the vectors that all clients share.

use crate::baml_client::json::Json;
use crate::baml_client::runtime::BamlError;
use crate::baml_client::stream::{apply, Events};

fn vectors(name: &str) -> Vec<Json> {
    let path = format!("{}/{name}.jsonl", std::env::var("VECTORS").unwrap());
    std::fs::read_to_string(path).unwrap().lines().map(|line| Json::parse(line).unwrap()).collect()
}

fn text(json: &Json, key: &str) -> String {
    json.field(key).unwrap()
}

/// Objects of JSON have no order.
fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| right.get(key).map_or(false, |other| same(value, other)))
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(one, other)| same(one, other)),
        _ => left == right,
    }
}

#[test]
fn bytes_cut_anywhere_are_the_same_events() {
    for row in vectors("events") {
        let whole = text(&row, "text");
        let wanted: Vec<Json> = row.field("events").unwrap();
        for size in 1..=whole.len() {
            let mut events = Events::default();
            let mut found = Vec::new();
            for piece in whole.as_bytes().chunks(size) {
                events.feed(piece);
                found.extend(events.ready.drain(..));
            }
            assert_eq!(found.len(), wanted.len());
            for (event, wanted) in found.iter().zip(&wanted) {
                assert_eq!((event.kind.clone(), event.data.clone()), (text(wanted, "kind"), text(wanted, "data")));
                assert_eq!(event.id, wanted.field::<Option<String>>("id").unwrap());
            }
        }
    }
}

#[test]
fn changes() {
    for row in vectors("changes") {
        let mut value = row.get("value").cloned().unwrap();
        let operations: Vec<Json> = row.field("ops").unwrap();
        let done: Result<Vec<()>, BamlError> = operations.iter().map(|one| apply(&mut value, one)).collect();
        match row.get("astray") {
            Some(_) => assert_eq!(done.unwrap_err().name, "BamlProtocolError"),
            None => assert!(done.is_ok() && same(&value, row.get("result").unwrap()), "{row}"),
        }
    }
}

#[test]
fn errors() {
    for row in vectors("errors") {
        let found = BamlError::of(row.get("problem").cloned().unwrap());
        assert_eq!(found.name, text(&row, "class"));
    }
}

#[test]
fn texts_of_json() {
    let text = "{\"a\\u0000\\n\\\"\\\\\":[1e400,-0,9007199254740993,true,null,{},[],\"\\ud83d\\ude00\"]}";
    let value = Json::parse(text).unwrap();
    assert_eq!(Json::parse(&value.to_string()).unwrap(), value);
    assert!(value.to_string().contains("[1e400,-0,9007199254740993,true,null,{},[],\"\u{1f600}\"]"));
    for wrong in ["", "{", "[1", "{\"a\" 1}", "\"", "nul", "1 2", "\"\\u12\"", "[1,]"] {
        assert!(Json::parse(wrong).is_err(), "{wrong}");
    }
}
