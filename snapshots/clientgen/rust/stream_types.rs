
use super::json::{kind, FromJson, Json, ToJson};

/// What was bought.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// as printed
    pub name: Option<String>,
    pub kind: Option<super::types::Kind>,
    pub price: Option<f64>,
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
    pub total: Option<super::values::Checked<Option<f64>>>,
    pub state: super::values::StreamState<Option<String>>,
    pub by: Option<super::types::StringOrInt>,
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
