//! JSON as a tree, its text, and what values are made of it. Numbers keep all their digits.

use std::collections::HashMap;
use std::fmt::{Display, Formatter};

#[derive(Debug, Clone, PartialEq, Default)]
pub enum Json {
    #[default]
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// What a value of the program is made of.
pub trait FromJson: Sized {
    /// Says what is there instead.
    fn from_json(json: &Json) -> Result<Self, String>;
}

/// What can be sent.
pub trait ToJson {
    fn to_json(&self) -> Json;
}

impl Json {
    pub fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
        Json::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// A field that is a text.
    pub fn word(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Json::as_str)
    }

    /// The class that the server names beside the fields of a value.
    pub fn tag(&self) -> Option<&str> {
        self.word("$type")
    }

    /// A field, which may be missing if it may be null.
    pub fn field<T: FromJson>(&self, key: &str) -> Result<T, String> {
        T::from_json(self.get(key).unwrap_or(&Json::Null)).map_err(|told| format!("{key}: {told}"))
    }

    /// What stands beside the fields of a class.
    pub fn beside(&self, fields: &[&str]) -> HashMap<String, Json> {
        match self {
            Json::Object(all) => all.iter().filter(|(key, _)| !fields.contains(&key.as_str())).cloned().collect(),
            _ => HashMap::new(),
        }
    }

    pub fn with(mut self, more: &HashMap<String, Json>) -> Json {
        if let Json::Object(fields) = &mut self {
            fields.extend(more.clone());
        }
        self
    }

    pub fn parse(text: &str) -> Result<Json, String> {
        let mut parser = Parser { bytes: text.as_bytes(), at: 0 };
        let value = parser.value()?;
        match parser.peek() {
            None => Ok(value),
            Some(_) => parser.missing("the end"),
        }
    }
}

impl Display for Json {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        let joined = |parts: Vec<String>| parts.join(",");
        match self {
            Json::Null => out.write_str("null"),
            Json::Bool(value) => write!(out, "{value}"),
            Json::Number(text) => out.write_str(text),
            Json::String(text) => out.write_str(&quoted(text)),
            Json::Array(items) => write!(out, "[{}]", joined(items.iter().map(Json::to_string).collect())),
            Json::Object(fields) => {
                let pairs = fields.iter().map(|(key, value)| format!("{}:{value}", quoted(key)));
                write!(out, "{{{}}}", joined(pairs.collect()))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control < ' ' => out += &format!("\\u{:04x}", control as u32),
            other => out.push(other),
        }
    }
    out + "\""
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn missing<T>(&self, wanted: &str) -> Result<T, String> {
        Err(format!("no JSON: {wanted} is missing at byte {}", self.at))
    }

    /// What comes next that is no blank.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn eats(&mut self, word: &str) -> bool {
        self.peek();
        let there = self.bytes[self.at..].starts_with(word.as_bytes());
        self.at += if there { word.len() } else { 0 };
        there
    }

    fn eat(&mut self, word: &str) -> Result<(), String> {
        if self.eats(word) {
            Ok(())
        } else {
            self.missing(word)
        }
    }

    fn value(&mut self) -> Result<Json, String> {
        match self.peek() {
            Some(b'"') => Ok(Json::String(self.text()?)),
            Some(b'[') => Ok(Json::Array(self.listed("]", Self::value)?)),
            Some(b'{') => Ok(Json::Object(self.listed("}", Self::pair)?)),
            Some(b'-' | b'0'..=b'9') => Ok(self.number()),
            _ if self.eats("null") => Ok(Json::Null),
            _ if self.eats("true") => Ok(Json::Bool(true)),
            _ if self.eats("false") => Ok(Json::Bool(false)),
            _ => self.missing("a value"),
        }
    }

    /// What stands between brackets, with commas in between.
    fn listed<T>(&mut self, end: &str, one: fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        self.at += 1;
        let mut found = Vec::new();
        while !self.eats(end) {
            if !found.is_empty() {
                self.eat(",")?;
            }
            found.push(one(self)?);
        }
        Ok(found)
    }

    fn pair(&mut self) -> Result<(String, Json), String> {
        let key = self.text()?;
        self.eat(":")?;
        Ok((key, self.value()?))
    }

    fn number(&mut self) -> Json {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        Json::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned())
    }

    fn text(&mut self) -> Result<String, String> {
        self.eat("\"")?;
        let mut out = Vec::new();
        loop {
            match self.byte()? {
                b'"' => return String::from_utf8(out).or_else(|_| self.missing("UTF-8")),
                b'\\' => out.extend_from_slice(self.escape()?.encode_utf8(&mut [0; 4]).as_bytes()),
                other => out.push(other),
            }
        }
    }

    fn byte(&mut self) -> Result<u8, String> {
        match self.bytes.get(self.at) {
            Some(byte) => {
                self.at += 1;
                Ok(*byte)
            }
            None => self.missing("the end of a text"),
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        Ok(match self.byte()? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let mut units = vec![self.unit()?];
                if (0xd800..0xdc00).contains(&units[0]) && self.bytes[self.at..].starts_with(b"\\u") {
                    self.at += 2;
                    units.push(self.unit()?);
                }
                char::decode_utf16(units).find_map(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => char::from(other),
        })
    }

    fn unit(&mut self) -> Result<u16, String> {
        let four = self.bytes.get(self.at..self.at + 4).and_then(|digits| std::str::from_utf8(digits).ok());
        match four.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => self.missing("four digits"),
        }
    }
}

// --- values of Rust

pub(crate) fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a map",
    }
}

fn misfit<T>(json: &Json, wanted: &str) -> Result<T, String> {
    Err(format!("{} for {wanted}", kind(json)))
}

/// A type that is one kind of JSON: how it is read, and how it is written.
macro_rules! plain {
    ($type:ty, $wanted:literal, $found:pat => $read:expr, $value:pat => $written:expr) => {
        impl FromJson for $type {
            fn from_json(json: &Json) -> Result<Self, String> {
                match json {
                    $found => $read,
                    other => misfit(other, $wanted),
                }
            }
        }

        impl ToJson for $type {
            fn to_json(&self) -> Json {
                let $value = self;
                $written
            }
        }
    };
}

fn digits<T: std::str::FromStr>(text: &str, wanted: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} for {wanted}"))
}

plain!((), "null", Json::Null => Ok(()), () => Json::Null);
plain!(bool, "a bool", Json::Bool(value) => Ok(*value), value => Json::Bool(*value));
plain!(i64, "an int", Json::Number(text) => digits(text, "an int"), value => Json::Number(value.to_string()));
plain!(f64, "a float", Json::Number(text) => digits(text, "a float"), value => match value.is_finite() {
    true => Json::Number(format!("{value:?}")),
    false => Json::Null,
});
plain!(String, "a text", Json::String(text) => Ok(text.clone()), text => Json::String(text.clone()));

impl FromJson for Json {
    fn from_json(json: &Json) -> Result<Self, String> {
        Ok(json.clone())
    }
}

impl ToJson for Json {
    fn to_json(&self) -> Json {
        self.clone()
    }
}

impl ToJson for str {
    fn to_json(&self) -> Json {
        Json::String(self.to_owned())
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn to_json(&self) -> Json {
        (**self).to_json()
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: &Json) -> Result<Self, String> {
        if *json == Json::Null {
            Ok(None)
        } else {
            T::from_json(json).map(Some)
        }
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::to_json)
    }
}

impl<T: FromJson> FromJson for Box<T> {
    fn from_json(json: &Json) -> Result<Self, String> {
        T::from_json(json).map(Box::new)
    }
}

impl<T: ToJson> ToJson for Box<T> {
    fn to_json(&self) -> Json {
        self.as_ref().to_json()
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: &Json) -> Result<Self, String> {
        match json {
            Json::Array(items) => items.iter().map(T::from_json).collect(),
            other => misfit(other, "a list"),
        }
    }
}

impl<T: ToJson> ToJson for [T] {
    fn to_json(&self) -> Json {
        Json::Array(self.iter().map(T::to_json).collect())
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Json {
        self.as_slice().to_json()
    }
}

impl<T: FromJson> FromJson for HashMap<String, T> {
    fn from_json(json: &Json) -> Result<Self, String> {
        match json {
            Json::Object(_) if json.tag().is_some() => Err("a value of a class for a map".to_owned()),
            Json::Object(fields) => {
                fields.iter().map(|(key, value)| Ok((key.clone(), T::from_json(value)?))).collect()
            }
            other => misfit(other, "a map"),
        }
    }
}

impl<T: ToJson> ToJson for HashMap<String, T> {
    fn to_json(&self) -> Json {
        Json::object(self.iter().map(|(key, value)| (key.as_str(), value.to_json())))
    }
}
