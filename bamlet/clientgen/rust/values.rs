//! What values of a program are made of beside its own types.

use std::collections::HashMap;

use super::json::{FromJson, Json, ToJson};

/// An image, a sound or a document: by its place, or as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Media {
    pub url: Option<String>,
    pub base64: Option<String>,
    pub media_type: Option<String>,
}

impl Media {
    pub fn from_url(url: &str) -> Self {
        Media { url: Some(url.to_owned()), ..Media::default() }
    }

    pub fn from_base64(media_type: &str, base64: &str) -> Self {
        Media { url: None, base64: Some(base64.to_owned()), media_type: Some(media_type.to_owned()) }
    }
}

impl FromJson for Media {
    fn from_json(json: &Json) -> Result<Self, String> {
        Ok(Media { url: json.field("url")?, base64: json.field("base64")?, media_type: json.field("media_type")? })
    }
}

impl ToJson for Media {
    fn to_json(&self) -> Json {
        let all = [("url", &self.url), ("base64", &self.base64), ("media_type", &self.media_type)];
        Json::object(
            all.into_iter().filter(|(_, value)| value.is_some()).map(|(key, value)| (key, value.to_json())),
        )
    }
}

/// The outcome of one check: "succeeded" or "failed".
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub name: String,
    pub expression: String,
    pub status: String,
}

impl FromJson for Check {
    fn from_json(json: &Json) -> Result<Self, String> {
        Ok(Check {
            name: json.field("name")?,
            expression: json.field("expression")?,
            status: json.field("status")?,
        })
    }
}

/// A value with the outcome of its checks, by their names.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked<T> {
    pub value: T,
    pub checks: HashMap<String, Check>,
}

impl<T: FromJson> FromJson for Checked<T> {
    fn from_json(json: &Json) -> Result<Self, String> {
        Ok(Checked { value: json.field("value")?, checks: json.field("checks")? })
    }
}

impl<T: ToJson> ToJson for Checked<T> {
    fn to_json(&self) -> Json {
        self.value.to_json()
    }
}

/// A part of a stream and how far it is: "Pending", "Incomplete" or "Complete".
#[derive(Debug, Clone, PartialEq)]
pub struct StreamState<T> {
    pub value: T,
    pub state: String,
}

impl<T: FromJson> FromJson for StreamState<T> {
    fn from_json(json: &Json) -> Result<Self, String> {
        Ok(StreamState { value: json.field("value")?, state: json.field("state")? })
    }
}

impl<T: ToJson> ToJson for StreamState<T> {
    fn to_json(&self) -> Json {
        self.value.to_json()
    }
}
