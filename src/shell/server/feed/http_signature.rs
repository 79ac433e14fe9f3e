//! Whether Genesys made a request: its signature over the request's head.
//!
//! Source: draft-ietf-httpbis-message-signatures as AudioHook uses it
//! (developer.genesys.cloud/devapps/audiohook/security): HMAC-SHA256 with the client secret over the
//! covered parts, a line each, and the signature's own parameters. A nonce is taken once.

use crate::shell::server::problem::Problem;
use crate::shell::wall::unix_ms;
use axum::http::{HeaderMap, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What must be covered.
const COVERED: [&str; 6] = [
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    "x-api-key",
];
/// The oldest signature that is taken, and the most that clocks may differ, seconds.
const OLDEST_S: i64 = 10;
/// The shortest nonce, characters.
const NONCE: usize = 22;
/// Nonces that are remembered at once. Each is for [`OLDEST_S`] on both sides of now.
const NONCES: usize = 100_000;

/// The API keys of the integrations, and the nonces that were used.
pub struct Keys {
    /// By API key, the client secret's bytes.
    secrets: HashMap<String, Vec<u8>>,
    public_url: Option<String>,
    used: Mutex<HashMap<String, i64>>,
}

impl Keys {
    /// With API keys and the bytes of their client secrets, and the address in Genesys where it is
    /// not what a request shows here.
    pub fn new(secrets: HashMap<String, Vec<u8>>, public_url: Option<String>) -> Self {
        Self {
            secrets,
            public_url,
            used: Mutex::default(),
        }
    }

    /// Takes over the nonces that `old` has seen.
    pub fn follow(&self, old: &Self) {
        let seen = old.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.extend(seen.iter().map(|(nonce, at_s)| (nonce.clone(), *at_s)));
    }

    /// The API key of a request that is signed with its secret, now and for the first time.
    ///
    /// # Errors
    /// 401.
    pub fn admit(&self, headers: &HeaderMap, uri: &Uri) -> Result<Arc<str>, Problem> {
        self.checked(headers, uri, unix_ms() / 1000).map_err(|why| {
            let mend = "the API key and the client secret must be those in feed.audiohook.keys, the \
                        clocks must agree, and feed.audiohook.public_url is the address in Genesys";
            Problem::unauthorised("the signature is not genuine")
                .at("Signature", why)
                .mend(mend)
        })
    }

    fn checked(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        now_s: i64,
    ) -> Result<Arc<str>, &'static str> {
        let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let input = of("signature-input").ok_or("there is no Signature-Input")?;
        let (label, parameters) = input
            .split_once('=')
            .ok_or("Signature-Input has no label")?;
        let signed = Parameters::read(parameters).ok_or("Signature-Input cannot be read")?;
        if COVERED.iter().any(|part| !signed.covered.contains(part)) {
            return Err("it does not cover all that it must");
        }
        let key = of("x-api-key").ok_or("there is no X-API-KEY")?;
        if signed.value("keyid") != Some(key) || signed.value("alg") != Some("hmac-sha256") {
            return Err("keyid is not X-API-KEY, or alg not hmac-sha256");
        }
        let created = signed.value("created").and_then(|s| s.parse::<i64>().ok());
        let created = created.ok_or("created is missing")?;
        if (now_s - created).abs() > OLDEST_S {
            return Err("it is too old, or of the future");
        }
        let expires = signed.value("expires").and_then(|s| s.parse::<i64>().ok());
        if expires.is_some_and(|expires| expires < now_s) {
            return Err("it has expired");
        }
        let nonce = signed.value("nonce").filter(|nonce| nonce.len() >= NONCE);
        let nonce = nonce.ok_or("the nonce is missing or too short")?;
        let shown = of("signature").and_then(|line| line.strip_prefix(label));
        let shown = shown.and_then(|line| line.strip_prefix("=:")?.strip_suffix(':'));
        let shown = shown.and_then(|text| STANDARD.decode(text).ok());
        let shown = shown.ok_or("Signature cannot be read")?;
        let secret = self.secrets.get(key).ok_or("nobody has this API key")?;
        let genuine = |(authority, target): (String, String)| {
            let base = base(&signed, parameters, headers, &authority, &target);
            // The comparison of `hmac` takes constant time.
            base.is_some_and(|base| mac(secret, &base).verify_slice(&shown).is_ok())
        };
        if !self.addresses(headers, uri).into_iter().any(genuine) {
            return Err("it was not made with this secret over this request");
        }
        // Only genuine nonces are remembered: nobody else can fill the memory.
        self.first(nonce, now_s)?;
        Ok(key.into())
    }

    /// Authority and target as they may have been signed.
    fn addresses(&self, headers: &HeaderMap, uri: &Uri) -> Vec<(String, String)> {
        if let Some(url) = &self.public_url {
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let end = rest.find('/').unwrap_or(rest.len());
            return vec![(rest[..end].to_ascii_lowercase(), rest[end..].to_owned())];
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let forwarded = header::HeaderName::from_static("x-forwarded-host");
        let hosts = [forwarded, header::HOST].into_iter();
        let hosts = hosts.filter_map(|name| headers.get(name)?.to_str().ok());
        hosts
            .map(|host| (host.to_ascii_lowercase(), target.to_owned()))
            .collect()
    }

    fn first(&self, nonce: &str, now_s: i64) -> Result<(), &'static str> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= NONCES {
            used.retain(|_, since| now_s - *since <= 2 * OLDEST_S);
        }
        if used.len() >= NONCES {
            return Err("too many requests at once");
        }
        match used.insert(nonce.to_owned(), now_s) {
            Some(since) if now_s - since <= 2 * OLDEST_S => Err("its nonce was used before"),
            _ => Ok(()),
        }
    }
}

/// `("a" "b");keyid="..";created=..`.
struct Parameters<'a> {
    covered: Vec<&'a str>,
    values: Vec<(&'a str, &'a str)>,
}

impl<'a> Parameters<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (covered, rest) = text.strip_prefix('(')?.split_once(')')?;
        let covered = covered.split_ascii_whitespace();
        let covered = covered.map(|part| part.strip_prefix('"')?.strip_suffix('"'));
        let values = rest.split(';').filter(|pair| !pair.is_empty());
        let values = values.map(|pair| {
            let (key, value) = pair.split_once('=')?;
            Some((key, value.trim_matches('"')))
        });
        Some(Self {
            covered: covered.collect::<Option<_>>()?,
            values: values.collect::<Option<_>>()?,
        })
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        let mut found = self.values.iter().filter(|(name, _)| *name == key);
        found.next().map(|(_, value)| *value)
    }
}

/// What was signed, a line for each part; `None` where a part is not there.
fn base(
    signed: &Parameters<'_>,
    parameters: &str,
    headers: &HeaderMap,
    authority: &str,
    target: &str,
) -> Option<String> {
    let mut base = String::new();
    for part in &signed.covered {
        let value = match *part {
            "@request-target" => target,
            "@authority" => authority,
            name => headers.get(name)?.to_str().ok()?,
        };
        base.push_str(&format!("\"{part}\": {value}\n"));
    }
    base.push_str(&format!("\"@signature-params\": {parameters}"));
    Some(base)
}

fn mac(secret: &[u8], base: &str) -> Hmac<Sha256> {
    // A key of any length is taken; the error is of another constructor.
    let mac = Hmac::<Sha256>::new_from_slice(secret);
    let mut mac = mac.unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
    mac.update(base.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";
    const SECRET: &str = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=";
    const NOW_S: i64 = 1_795_350_124;

    /// A request as Genesys' own client makes it; its signature was made by Python's hmac.
    fn request() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "127.0.0.1:13001"),
            (
                "audiohook-organization-id",
                "d7934305-0972-4844-938e-9060eef73d05",
            ),
            (
                "audiohook-session-id",
                "e160e428-53e2-487c-977d-96989bf5c99d",
            ),
            (
                "audiohook-correlation-id",
                "30b0e395-84d3-4570-ac13-9a62d8f514c0",
            ),
            ("x-api-key", KEY),
            ("signature-input", SIGNED),
            ("signature", SIGNATURE),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    const SIGNED: &str = r#"sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" "audiohook-correlation-id" "x-api-key");keyid="SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256";created=1795350124;expires=1795350154"#;
    const SIGNATURE: &str = "sig1=:6T5SBnN8qA5IU93iAYs7kXO5FQm6bP2pu95RYEDxDlA=:";

    fn keys(public_url: Option<&str>) -> Keys {
        let secrets = [(KEY.to_owned(), STANDARD.decode(SECRET).unwrap())];
        Keys::new(secrets.into(), public_url.map(str::to_owned))
    }

    fn uri() -> Uri {
        Uri::from_static("/api/v1/audiohook/ws")
    }

    #[test]
    fn a_genuine_request_is_admitted_once() {
        let keys = keys(None);
        assert_eq!(keys.checked(&request(), &uri(), NOW_S).as_deref(), Ok(KEY));
        let again = keys.checked(&request(), &uri(), NOW_S + 1);
        assert_eq!(again, Err("its nonce was used before"));
    }

    #[test]
    fn what_is_changed_old_or_incomplete_is_not() {
        let refuse = |name: &'static str, value: &str| {
            let mut headers = request();
            headers.insert(name, value.parse().unwrap());
            keys(None).checked(&headers, &uri(), NOW_S).unwrap_err()
        };
        refuse("audiohook-session-id", "another");
        refuse("x-api-key", "another");
        refuse("host", "evil.example.com");
        refuse("signature", "sig1=:AAAA:");
        refuse("signature", "nonsense");
        refuse("signature-input", &SIGNED.replace(" \"x-api-key\"", ""));
        refuse(
            "signature-input",
            &SIGNED.replace("VGhpc0lzQVVuaXF1ZU5vbmNl", "short"),
        );
        refuse("signature-input", "sig1=");
        let late = keys(None).checked(&request(), &uri(), NOW_S + 11);
        assert_eq!(late, Err("it is too old, or of the future"));
        let other = keys(None).checked(&request(), &Uri::from_static("/other"), NOW_S);
        assert!(other.is_err());
    }

    #[test]
    fn behind_a_proxy_the_configured_address_counts() {
        let mut headers = request();
        headers.insert("host", "10.0.0.7:8080".parse().unwrap());
        let elsewhere = Uri::from_static("/v1/feed/audiohook");
        let configured = keys(Some("wss://127.0.0.1:13001/api/v1/audiohook/ws"));
        assert!(configured.checked(&headers, &elsewhere, NOW_S).is_ok());
        assert!(keys(None).checked(&headers, &elsewhere, NOW_S).is_err());
    }
}
