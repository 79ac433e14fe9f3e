//! Who asks, and whether they may: bearer tokens with scopes, and a rate for each.

use super::App;
use super::config::{ServerConfig, TokenConfig};
use super::problem::{Problem, Responses, described};
use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The security scheme's name in the description of the API.
pub const BEARER: &str = "bearer";

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Scope {
    /// Open and close calls, send dialogue and sound.
    #[serde(rename = "calls:write")]
    CallsWrite,
    /// Read calls, payloads, events and screens.
    #[serde(rename = "calls:read")]
    CallsRead,
    /// Tell how far a transfer is.
    #[serde(rename = "transfers:write")]
    TransfersWrite,
    /// Read the metrics.
    #[serde(rename = "metrics:read")]
    MetricsRead,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::CallsWrite,
        Self::CallsRead,
        Self::TransfersWrite,
        Self::MetricsRead,
    ];

    /// As it stands in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::CallsWrite => "calls:write",
            Self::CallsRead => "calls:read",
            Self::TransfersWrite => "transfers:write",
            Self::MetricsRead => "metrics:read",
        }
    }
}

/// A scope as a type, so that a handler's signature says what it needs.
pub trait Needs: Send + Sync + 'static {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub struct $name;
        impl Needs for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}

needs! {
    /// [`Scope::CallsWrite`].
    CallsWrite;
    /// [`Scope::CallsRead`].
    CallsRead;
    /// [`Scope::TransfersWrite`].
    TransfersWrite;
    /// [`Scope::MetricsRead`].
    MetricsRead;
}

struct Holder {
    name: Arc<str>,
    hash: [u8; 32],
    scopes: Vec<Scope>,
    rate: DefaultDirectRateLimiter,
}

/// Everybody who may use the server.
pub struct Tokens {
    holders: Vec<Holder>,
    clock: DefaultClock,
}

impl Tokens {
    /// From a configuration that was checked.
    pub fn new(tokens: &[TokenConfig], server: &ServerConfig) -> Self {
        let some = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(some(server.rate_per_s)).allow_burst(some(server.rate_burst));
        let holders = tokens.iter().map(|token| Holder {
            name: token.name.as_str().into(),
            hash: bytes(&token.sha256),
            scopes: token.scopes.clone(),
            rate: RateLimiter::direct(quota),
        });
        Self {
            holders: holders.collect(),
            clock: DefaultClock::default(),
        }
    }

    /// The name of the holder of the token in `headers`, where they may do what `scope` says.
    ///
    /// # Errors
    /// 401, 403 or 429.
    pub fn admit(&self, headers: &HeaderMap, scope: Scope) -> Result<Arc<str>, Problem> {
        let mend = "send the header Authorization: Bearer TOKEN";
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Err(Problem::unauthorised("there is no Authorization header").mend(mend));
        };
        let shown = || Problem::unauthorised("the Authorization header is no bearer token");
        let value = value.to_str().map_err(|_| shown().mend(mend))?;
        let Some((scheme, token)) = value.split_once(' ') else {
            return Err(shown().mend(mend));
        };
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(shown().mend(mend));
        }
        self.holder(token, scope)
    }

    /// The name of the holder of `token`, where they may do what `scope` says.
    ///
    /// # Errors
    /// 401, 403 or 429.
    pub fn holder(&self, token: &str, scope: Scope) -> Result<Arc<str>, Problem> {
        let hash: [u8; 32] = Sha256::digest(token.trim().as_bytes()).into();
        // Every hash is compared, and each in constant time: how long it takes says nothing.
        let mut found = None;
        for holder in &self.holders {
            if bool::from(holder.hash.ct_eq(&hash)) {
                found = Some(holder);
            }
        }
        let Some(holder) = found else {
            let mend = "`undertone token NAME` makes a token and the lines for the configuration";
            return Err(Problem::unauthorised("nobody has this token").mend(mend));
        };
        if let Err(wait) = holder.rate.check() {
            let seconds = wait.wait_time_from(self.clock.now()).as_secs() as u32 + 1;
            metrics::counter!("undertone_rate_limited_total").increment(1);
            return Err(Problem::too_often(seconds));
        }
        if !holder.scopes.contains(&scope) {
            let detail = format!("the token of `{}` has no scope for this", holder.name);
            let mend = format!("add \"{}\" to its scopes", scope.name());
            return Err(Problem::forbidden(detail).mend(mend));
        }
        Ok(holder.name.clone())
    }
}

/// The hash that was checked to be hexadecimal.
fn bytes(hexadecimal: &str) -> [u8; 32] {
    let digit = |at: usize| {
        let letter = hexadecimal.as_bytes().get(at).copied().unwrap_or(b'0');
        char::from(letter).to_digit(16).unwrap_or(0) as u8
    };
    std::array::from_fn(|i| digit(2 * i) * 16 + digit(2 * i + 1))
}

/// The asker, admitted for `S`. First among a handler's arguments: nothing is read before it.
pub struct Allowed<S> {
    /// Who asks.
    pub name: Arc<str>,
    scope: PhantomData<S>,
}

impl<S: Needs> FromRequestParts<App> for Allowed<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let name = app.tokens.admit(&parts.headers, S::SCOPE)?;
        Ok(Self {
            name,
            scope: PhantomData,
        })
    }
}

impl<S: Needs> OperationInput for Allowed<S> {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let scopes = vec![S::SCOPE.name().to_owned()];
        let needed = [(BEARER.to_owned(), scopes)];
        operation.security.push(needed.into_iter().collect());
    }

    fn inferred_early_responses(context: &mut GenContext, operation: &mut Operation) -> Responses {
        described(context, operation, &[401, 403, 408, 429, 503])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        let hash = Sha256::digest(b"secret");
        let token = TokenConfig {
            name: "agent".into(),
            sha256: hash.iter().map(|byte| format!("{byte:02X}")).collect(),
            scopes: vec![Scope::CallsRead],
        };
        let server = ServerConfig {
            rate_per_s: 1,
            rate_burst: 3,
            ..ServerConfig::default()
        };
        Tokens::new(&[token], &server)
    }

    fn admit(tokens: &Tokens, value: Option<&str>, scope: Scope) -> Result<Arc<str>, u16> {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        tokens
            .admit(&headers, scope)
            .map_err(|problem| problem.status)
    }

    #[test]
    fn only_the_holder_is_admitted_and_only_for_what_they_may() {
        let tokens = tokens();
        let read = |value| admit(&tokens, value, Scope::CallsRead);
        assert_eq!(read(None), Err(401));
        assert_eq!(read(Some("Bearer wrong")), Err(401));
        assert_eq!(read(Some("Basic secret")), Err(401));
        assert_eq!(read(Some("secret")), Err(401));
        assert_eq!(read(Some("bearer secret")).as_deref(), Ok("agent"));
        let write = admit(&tokens, Some("Bearer secret"), Scope::CallsWrite);
        assert_eq!(write, Err(403));
    }

    #[test]
    fn the_fourth_request_at_once_is_too_often() {
        let tokens = tokens();
        let read = || admit(&tokens, Some("Bearer secret"), Scope::CallsRead);
        assert!((0..3).all(|_| read().is_ok()));
        assert_eq!(read(), Err(429));
    }

    #[test]
    fn names_are_what_the_configuration_has() {
        for scope in Scope::ALL {
            let written = serde_json::to_value(scope).unwrap();
            assert_eq!(written, scope.name());
        }
    }
}
