//! Destinations as the configuration names them. Nothing else is ever contacted.

use super::address::literal_refusal;
use super::secret::{Key, Secret};
use super::template::UrlTemplate;
use crate::error::BuildError;
use crate::shell::store::EventKind;
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Headers that the courier writes itself, or that HTTP does.
const OWN_HEADERS: [&str; 9] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// One `[[destination]]` of the server's configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestinationConfig {
    /// Its name in logs, metrics and the store: a-z, 0-9, `-` and `_`.
    pub name: String,
    /// Where it is. `{call_id}`, `{escalation_id}` and the call's labels may stand in path and query.
    pub url: String,
    /// What is sent.
    #[serde(default)]
    pub format: Format,
    /// Keys for the signature, `whsec_…`, or `env:NAME` or `file:PATH` where they are. The first
    /// is the newest; all of them sign.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Which events it is told.
    #[serde(default = "raised")]
    pub events: Vec<EventKind>,
    /// Whether `http://` is allowed.
    #[serde(default)]
    pub allow_http: bool,
    /// Whether loopback, private and link-local addresses are allowed.
    #[serde(default)]
    pub allow_private: bool,
    /// Seconds after the event within which telling is of use, 0.1 to 3600.
    #[serde(default = "ten")]
    pub deliver_within_s: f64,
    /// The most that one attempt may take, milliseconds, 50 to 60 000.
    #[serde(default = "two_thousand")]
    pub attempt_timeout_ms: u32,
    /// The most requests to it at once, 1 to 64.
    #[serde(default = "eight")]
    pub concurrency: u32,
    /// More headers; a value may be `env:NAME` or `file:PATH`. A file is read for each attempt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Secret>,
    /// Certificates (PEM) of authorities to trust beside the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The `service` of the format `salesforce`, as Salesforce assigned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The `source` of the format `cloudevents`.
    #[serde(default = "source", skip_serializing_if = "is_source")]
    pub source: String,
}

/// What is sent to a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Standard Webhooks: `{"type", "timestamp", "data"}`, signed.
    #[default]
    Standard,
    /// The same event as structured CloudEvents 1.0, signed.
    Cloudevents,
    /// Salesforce's real-time conversation events. Authorised by headers.
    Salesforce,
    /// Zendesk's display of a ticket or user: no body. Authorised by headers.
    Zendesk,
}

impl Format {
    fn signed(self) -> bool {
        matches!(self, Self::Standard | Self::Cloudevents)
    }
}

fn raised() -> Vec<EventKind> {
    vec![EventKind::Raised]
}

fn ten() -> f64 {
    10.0
}

fn two_thousand() -> u32 {
    2000
}

fn eight() -> u32 {
    8
}

fn source() -> String {
    "urn:undertone".to_owned()
}

fn is_source(text: &str) -> bool {
    text == source()
}

/// Checks all destinations together; `file` is where the configuration came from.
///
/// # Errors
/// Names file, key, value and mend of the first that is wrong.
pub fn check(list: &[DestinationConfig], file: &str) -> Result<(), BuildError> {
    let mut names = BTreeSet::new();
    for it in list {
        it.check(file)?;
        if !names.insert(&it.name) {
            let mend = "two destinations have this name; give each its own";
            return Err(BuildError::value(file, "destination.name", &it.name, mend));
        }
    }
    Ok(())
}

impl DestinationConfig {
    /// Checks every value that can be checked without looking outside.
    ///
    /// # Errors
    /// Names file, key, value and mend of the first that is wrong.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        let name =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if !(1..=64).contains(&self.name.len()) || !self.name.bytes().all(name) {
            let mend = "give 1 to 64 of a-z, 0-9, - and _";
            return Err(BuildError::value(
                file,
                "destination.name",
                &self.name,
                mend,
            ));
        }
        self.check_url(file)?;
        self.check_format(file)?;
        if self.events.is_empty() {
            let mend = "name at least `call.escalation.raised`";
            return Err(self.wrong(file, "events", "[]", mend));
        }
        for name in self.headers.keys() {
            let valid = HeaderName::from_bytes(name.as_bytes());
            if !valid.is_ok_and(|it| !OWN_HEADERS.contains(&it.as_str())) {
                let mend = "not a header that may be set; leave it out";
                return Err(self.wrong(file, "headers", name, mend));
            }
        }
        let range = |key: &str, value: f64, from: f64, to: f64| {
            BuildError::within(file, &self.key(key), value, from, to)
        };
        range("deliver_within_s", self.deliver_within_s, 0.1, 3600.0)?;
        range(
            "attempt_timeout_ms",
            self.attempt_timeout_ms.into(),
            50.0,
            60_000.0,
        )?;
        range("concurrency", self.concurrency.into(), 1.0, 64.0)
    }

    fn check_url(&self, file: &str) -> Result<(), BuildError> {
        let template = UrlTemplate::parse(&self.url);
        let template = template.map_err(|reason| self.wrong(file, "url", &self.url, &reason))?;
        let example = template.example();
        if example.scheme() != "https" && !self.allow_http {
            let mend = "use https, or set `allow_http = true` for a line that you trust";
            return Err(self.wrong(file, "url", &self.url, mend));
        }
        match literal_refusal(example) {
            Some(why) if !self.allow_private => {
                let mend = format!("{why}; set `allow_private = true` if this is meant");
                Err(self.wrong(file, "url", &self.url, &mend))
            }
            _ => Ok(()),
        }
    }

    fn check_format(&self, file: &str) -> Result<(), BuildError> {
        let count = self.secrets.len();
        if self.format.signed() && !(1..=8).contains(&count) {
            let mend = "give 1 to 8 keys, `whsec_…`, `env:NAME` or `file:PATH`";
            return Err(self.wrong(file, "secrets", &format!("{count} keys"), mend));
        }
        if !self.format.signed() && count > 0 {
            let mend = "this format is not signed; authorise it with `headers`";
            return Err(self.wrong(file, "secrets", &format!("{count} keys"), mend));
        }
        let has = |name: &str| self.headers.keys().any(|it| it.eq_ignore_ascii_case(name));
        let needs: &[&str] = match self.format {
            Format::Salesforce => &["Authorization", "Telephony-Provider-Name"],
            Format::Zendesk => &["Authorization"],
            _ => &[],
        };
        if let Some(missing) = needs.iter().find(|name| !has(name)) {
            let mend = format!("this format needs the header {missing}");
            return Err(self.wrong(file, "headers", "without it", &mend));
        }
        if self.format == Format::Salesforce && self.service.is_none() {
            let mend = "give the intelligence service's name that Salesforce assigned";
            return Err(self.wrong(file, "service", "not set", mend));
        }
        if !self.format.signed() && self.events != raised() {
            let mend = "this format knows `call.escalation.raised` alone";
            return Err(self.wrong(file, "events", &format!("{:?}", self.events), mend));
        }
        Ok(())
    }

    /// The keys, read from where they are.
    pub(super) fn keys(&self, file: &str) -> Result<Vec<Key>, BuildError> {
        let each = self.secrets.iter().map(|secret| {
            let shown = format!("{secret:?}");
            let text = secret
                .reveal()
                .map_err(|reason| self.wrong(file, "secrets", &shown, &reason))?;
            Key::parse(&text).map_err(|mend| self.wrong(file, "secrets", &shown, mend))
        });
        each.collect()
    }

    /// The configured headers, read from where they are.
    pub(super) fn header_values(&self) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
        let each = self.headers.iter().map(|(name, value)| {
            let reason = |what: &str| format!("the header {name} {what}");
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| reason("is none"))?;
            let text = value
                .reveal()
                .map_err(|why| reason(&format!("has no value: {why}")))?;
            let mut value = HeaderValue::from_str(&text)
                .map_err(|_| reason("has a value with characters that HTTP forbids"))?;
            value.set_sensitive(true);
            Ok((key, value))
        });
        each.collect()
    }

    fn key(&self, key: &str) -> String {
        format!("destination.{}.{key}", self.name)
    }

    pub(super) fn wrong(&self, file: &str, key: &str, value: &str, mend: &str) -> BuildError {
        BuildError::value(file, self.key(key), value, mend)
    }
}
