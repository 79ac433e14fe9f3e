//! Who may send a stream. Media servers can seldom send a bearer token, so it is taken wherever they
//! can put it: in `Authorization` as Bearer or as the password of Basic, or in the stream's first
//! message as the parameter `token`.

use crate::shell::server::App;
use crate::shell::server::auth::Scope;
use crate::shell::server::problem::Problem;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

/// The parameter that holds the token.
pub const PARAMETER: &str = "token";

/// Who sends a stream.
pub enum Guest {
    /// The holder of a token.
    Known(Arc<str>),
    /// Nobody yet: the token must come with the first message.
    Unknown,
}

impl Guest {
    /// Whoever the request's head says. Without any sign of it they are unknown.
    ///
    /// # Errors
    /// 401, 403 or 429: what they show is wrong.
    pub fn of(app: &App, headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Ok(Self::Unknown);
        };
        let password = value.to_str().ok().and_then(password);
        let known = match password {
            Some(token) => app.tokens.holder(&token, Scope::CallsWrite)?,
            None => app.tokens.admit(headers, Scope::CallsWrite)?,
        };
        Ok(Self::Known(known))
    }

    /// The guest's name, once `token` is what the first message had.
    ///
    /// # Errors
    /// 401, 403 or 429.
    pub fn named(self, app: &App, token: Option<&str>) -> Result<Arc<str>, Problem> {
        let mend = "send Authorization: Bearer TOKEN, Basic with the token as the password, or the \
                    parameter `token` with the start of the stream";
        match (self, token) {
            (Self::Known(name), _) => Ok(name),
            (Self::Unknown, Some(token)) => app.tokens.holder(token, Scope::CallsWrite),
            (Self::Unknown, None) => {
                Err(Problem::unauthorised("the stream came without a token").mend(mend))
            }
        }
    }
}

/// The password of `Basic` (RFC 7617).
fn password(value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    text.split_once(':')
        .map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_basic_is_read() {
        // RFC 7617 §2.
        let example = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        assert_eq!(password(example).as_deref(), Some("open sesame"));
        for other in ["Bearer x", "Basic", "Basic !", "Basic QQ=="] {
            assert_eq!(password(other), None, "{other}");
        }
    }
}
