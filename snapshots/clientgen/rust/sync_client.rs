
use super::json::ToJson;

macro_rules! functions {
    ($($name:ident),*) => {
        $(impl $name {
            fn with(&self, change: impl FnOnce(&mut super::runtime::Options)) -> Self {
                let mut changed = self.clone();
                change(&mut changed.options);
                changed
            }

            pub fn with_cancellation_token(&self, token: Option<super::runtime::CancellationToken>) -> Self {
                self.with(|options| options.token = token)
            }

            /// One that the program declares.
            pub fn with_client(&self, client: &str) -> Self {
                self.with(|options| options.given.push(("client", client.to_json())))
            }

            pub fn with_tags(&self, tags: &std::collections::HashMap<String, String>) -> Self {
                self.with(|options| options.given.push(("tags", tags.to_json())))
            }

            /// Seconds, by their names.
            pub fn with_timeouts(&self, timeouts: &std::collections::HashMap<String, f64>) -> Self {
                self.with(|options| options.given.push(("timeouts", timeouts.to_json())))
            }

            pub fn with_strict(&self, strict: bool) -> Self {
                self.with(|options| options.given.push(("strict", strict.to_json())))
            }

            /// Another server than that of BAMLET_URL.
            pub fn with_base_url(&self, url: &str) -> Self {
                self.with(|options| options.base_url = Some(url.to_owned()))
            }

            /// In place of BAMLET_TOKEN.
            pub fn with_auth_token(&self, token: &str) -> Self {
                self.with(|options| options.auth_token = Some(token.to_owned()))
            }

            /// The same request with the same key is the same run.
            pub fn with_idempotency_key(&self, key: &str) -> Self {
                self.with(|options| options.idempotency_key = Some(key.to_owned()))
            }
        })*

        /// The functions of the program.
        #[derive(Debug, Clone)]
        pub struct Client {
            $(pub $name: $name,)*
        }

        pub const B: Client = Client { $($name: $name { options: super::runtime::Options::NONE },)* };
    };
}

functions!(Read, Double);

#[derive(Debug, Clone)]
pub struct Read {
    options: super::runtime::Options,
}

impl Read {
    pub fn call(&self, scan: &super::values::Media, hint: Option<&str>) -> Result<super::types::Receipt, super::runtime::BamlError> {
        self.options.call("Read", vec![("scan", scan.to_json()), ("hint", hint.to_json())])
    }

    pub fn stream(&self, scan: &super::values::Media, hint: Option<&str>) -> Result<super::stream::Stream<super::stream_types::Receipt, super::types::Receipt>, super::runtime::BamlError> {
        Ok(super::stream::Stream::new(&self.options, "Read", vec![("scan", scan.to_json()), ("hint", hint.to_json())]))
    }

    /// The stream of a run that goes on, or has ended a short while ago.
    pub fn resume(&self, run_id: &str) -> super::stream::Stream<super::stream_types::Receipt, super::types::Receipt> {
        super::stream::Stream::resume(&self.options, run_id)
    }

    /// An answer of a model that you have.
    pub fn parse(&self, text: &str) -> Result<super::types::Receipt, super::runtime::BamlError> {
        self.options.parse("Read", text, false)
    }

    /// An answer of a model that is on its way.
    pub fn parse_stream(&self, text: &str) -> Result<super::stream_types::Receipt, super::runtime::BamlError> {
        self.options.parse("Read", text, true)
    }
}

#[derive(Debug, Clone)]
pub struct Double {
    options: super::runtime::Options,
}

impl Double {
    pub fn call(&self, n: i64) -> Result<i64, super::runtime::BamlError> {
        self.options.call("Double", vec![("n", n.to_json())])
    }

    pub fn stream(&self, n: i64) -> Result<super::stream::Stream<i64, i64>, super::runtime::BamlError> {
        Ok(super::stream::Stream::new(&self.options, "Double", vec![("n", n.to_json())]))
    }

    /// The stream of a run that goes on, or has ended a short while ago.
    pub fn resume(&self, run_id: &str) -> super::stream::Stream<i64, i64> {
        super::stream::Stream::resume(&self.options, run_id)
    }
}
