
use super::json::{kind, FromJson, Json, ToJson};

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Tea,
    Coffee,
}

impl FromJson for Kind {
    fn from_json(json: &Json) -> Result<Self, String> {
        match json.as_str() {
            Some("Tea") => Ok(Kind::Tea),
            Some("Coffee") => Ok(Kind::Coffee),
            _ => Err(format!("{} for a Kind", kind(json))),
        }
    }
}

impl ToJson for Kind {
    fn to_json(&self) -> Json {
        match self {
            Kind::Tea => "Tea".to_json(),
            Kind::Coffee => "Coffee".to_json(),
        }
    }
}

/// What was bought.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// as printed
    pub name: String,
    pub kind: Option<Kind>,
    pub price: f64,
    pub notes: Vec<String>,
    pub more: Option<Box<Item>>,
}

impl FromJson for Item {
    fn from_json(json: &Json) -> Result<Self, String> {
        if !matches!(json, Json::Object(_)) {
            return Err(format!("{} for a Item", kind(json)));
        }
        Ok(Item {
            name: json.field("name")?,
            kind: json.field("kind")?,
            price: json.field("price")?,
            notes: json.field("notes")?,
            more: json.field("more")?,
        })
    }
}

impl ToJson for Item {
    fn to_json(&self) -> Json {
        Json::Object(vec![
            ("name".to_owned(), self.name.to_json()),
            ("kind".to_owned(), self.kind.to_json()),
            ("price".to_owned(), self.price.to_json()),
            ("notes".to_owned(), self.notes.to_json()),
            ("more".to_owned(), self.more.to_json()),
        ])
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    pub items: Vec<Item>,
    pub total: super::values::Checked<Option<f64>>,
    pub state: String,
    pub by: StringOrInt,
    pub tags: std::collections::HashMap<String, i64>,
}

impl FromJson for Receipt {
    fn from_json(json: &Json) -> Result<Self, String> {
        if !matches!(json, Json::Object(_)) {
            return Err(format!("{} for a Receipt", kind(json)));
        }
        Ok(Receipt {
            items: json.field("items")?,
            total: json.field("total")?,
            state: json.field("state")?,
            by: json.field("by")?,
            tags: json.field("tags")?,
        })
    }
}

impl ToJson for Receipt {
    fn to_json(&self) -> Json {
        Json::Object(vec![
            ("items".to_owned(), self.items.to_json()),
            ("total".to_owned(), self.total.to_json()),
            ("state".to_owned(), self.state.to_json()),
            ("by".to_owned(), self.by.to_json()),
            ("tags".to_owned(), self.tags.to_json()),
        ])
    }
}

/// One of several.
#[derive(Debug, Clone, PartialEq)]
pub enum StringOrInt {
    String(String),
    Int(i64),
}

impl FromJson for StringOrInt {
    fn from_json(json: &Json) -> Result<Self, String> {
        if let Ok(value) = <String>::from_json(json) {
            return Ok(StringOrInt::String(value));
        }
        if let Ok(value) = <i64>::from_json(json) {
            return Ok(StringOrInt::Int(value));
        }
        Err(format!("{} for a StringOrInt", kind(json)))
    }
}

impl ToJson for StringOrInt {
    fn to_json(&self) -> Json {
        match self {
            StringOrInt::String(value) => value.to_json(),
            StringOrInt::Int(value) => value.to_json(),
        }
    }
}
