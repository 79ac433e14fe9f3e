//! Whether Twilio made a request: its signature over the address that it was told to call.
//!
//! Source: twilio.com/docs/usage/security#validating-requests. A GET is signed as
//! base64(HMAC-SHA1(auth token, URL)). The URL is the one in the TwiML, byte for byte, which a server
//! behind proxies does not see: so every form that it may have had is tried. The signature covers
//! the address alone, so it proves who called, once; it does not tell one call from another.

use axum::http::{HeaderMap, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Where the signature is.
const HEADER: &str = "x-twilio-signature";

/// Checks signatures.
pub struct Signatures {
    tokens: Vec<String>,
    public_url: Option<String>,
}

impl Signatures {
    /// With the accounts' auth tokens, and the address in the TwiML where it is known.
    pub fn new(tokens: Vec<String>, public_url: Option<String>) -> Self {
        Self { tokens, public_url }
    }

    /// Whether the request bears a signature, and whether it is genuine. `None` where there is none,
    /// or no token to check it with.
    pub fn genuine(&self, headers: &HeaderMap, uri: &Uri) -> Option<bool> {
        let shown = headers.get(HEADER)?;
        if self.tokens.is_empty() {
            return None;
        }
        let Ok(signature) = STANDARD.decode(shown.as_bytes()) else {
            return Some(false);
        };
        let urls = self.urls(headers, uri);
        let made = |token: &String, url: &String| {
            // The comparison of `hmac` takes constant time.
            mac(token, url).verify_slice(&signature).is_ok()
        };
        let mut tokens = self.tokens.iter();
        Some(tokens.any(|token| urls.iter().any(|url| made(token, url))))
    }

    /// Every form that the address may have had where it was signed.
    fn urls(&self, headers: &HeaderMap, uri: &Uri) -> Vec<String> {
        let (hosts, path) = match &self.public_url {
            Some(url) => {
                let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
                let end = rest.find('/').unwrap_or(rest.len());
                (vec![&rest[..end]], &rest[end..])
            }
            None => {
                let named = |name| headers.get(name).and_then(|host| host.to_str().ok());
                let forwarded = named(header::HeaderName::from_static("x-forwarded-host"));
                let hosts = [forwarded, named(header::HOST)].into_iter().flatten();
                let path = uri.path_and_query().map_or("/", |path| path.as_str());
                (hosts.collect(), path)
            }
        };
        let mut urls = Vec::new();
        for host in hosts {
            let bare = host.rsplit_once(':').filter(|(_, port)| is_port(port));
            let bare = bare.map_or(host, |(name, _)| name);
            for scheme in ["wss", "https", "ws", "http"] {
                for host in [host, bare, &format!("{bare}:443"), &format!("{bare}:80")] {
                    for path in slashes(path) {
                        urls.push(format!("{scheme}://{host}{path}"));
                    }
                }
            }
        }
        urls.dedup();
        urls
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// With a slash at the end and without.
fn slashes(path: &str) -> [String; 2] {
    let bare = path.strip_suffix('/').unwrap_or(path);
    [bare.to_owned(), format!("{bare}/")]
}

fn mac(token: &str, url: &str) -> Hmac<Sha1> {
    // A key of any length is taken; the error is of another constructor.
    let mac = Hmac::<Sha1>::new_from_slice(token.as_bytes());
    let mut mac = mac.unwrap_or_else(|_| Hmac::<Sha1>::new(&Default::default()));
    mac.update(url.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        headers.insert(HEADER, signature.parse().unwrap());
        headers
    }

    fn genuine(tokens: &[&str], headers: &HeaderMap, path: &'static str) -> Option<bool> {
        let tokens = tokens.iter().map(|token| (*token).to_owned());
        Signatures::new(tokens.collect(), None).genuine(headers, &Uri::from_static(path))
    }

    /// The validators of Twilio's libraries for Python and Node agree on these.
    const VECTORS: [&str; 4] = [
        "Q5l3VrA0MkrZYa0X50VwH2w1WDQ=", // wss://engine.example.com/twilio
        "U4OTwh+/YjL4LVLmPubuvhnSDNk=", // wss://engine.example.com/twilio/
        "pA90xgYT9HoCWsUAULAsDXbE9bg=", // https://engine.example.com/twilio
        "/rAAYXSQZhexl0P6/+GPiiIElxU=", // wss://engine.example.com:443/twilio
    ];

    #[test]
    fn every_form_of_the_address_is_recognised() {
        for signature in VECTORS {
            let headers = request("engine.example.com", signature);
            assert_eq!(
                genuine(&["12345"], &headers, "/twilio"),
                Some(true),
                "{signature}"
            );
            let both = genuine(&["old", "12345"], &headers, "/twilio/");
            assert_eq!(both, Some(true), "tokens may be rotated");
        }
    }

    #[test]
    fn another_address_token_or_signature_is_not() {
        let headers = request("engine.example.com", VECTORS[0]);
        assert_eq!(genuine(&["12346"], &headers, "/twilio"), Some(false));
        assert_eq!(genuine(&["12345"], &headers, "/twilio2"), Some(false));
        assert_eq!(genuine(&["12345"], &headers, "/twilio?a=b"), Some(false));
        let other = request("evil.example.com", VECTORS[0]);
        assert_eq!(genuine(&["12345"], &other, "/twilio"), Some(false));
        for nonsense in ["", "x", "Q5l3VrA0MkrZYa0X50VwH2w1WD==", "AAAA"] {
            let headers = request("engine.example.com", nonsense);
            assert_eq!(genuine(&["12345"], &headers, "/twilio"), Some(false));
        }
        assert_eq!(
            genuine(&[], &headers, "/twilio"),
            None,
            "nothing to check with"
        );
        assert_eq!(genuine(&["12345"], &HeaderMap::new(), "/twilio"), None);
    }

    #[test]
    fn behind_a_proxy_the_configured_address_or_the_forwarded_host_counts() {
        let mut headers = request("10.0.0.7:8080", VECTORS[0]);
        let uri = Uri::from_static("/v1/feed/twilio");
        let url = Some("wss://engine.example.com/twilio".to_owned());
        let configured = Signatures::new(vec!["12345".into()], url);
        assert_eq!(configured.genuine(&headers, &uri), Some(true));
        assert_eq!(genuine(&["12345"], &headers, "/twilio"), Some(false));
        headers.insert("x-forwarded-host", "engine.example.com".parse().unwrap());
        assert_eq!(genuine(&["12345"], &headers, "/twilio"), Some(true));
    }
}
