//! What a refused request is told, as RFC 9457 has it: which key, which value, how to mend it.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{
    MediaType, Operation, Response as ApiResponse, SchemaObject, StatusCode as Code,
};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

/// Responses of an operation, each with its status.
pub type Responses = Vec<(Option<Code>, ApiResponse)>;

/// A value that is shown back to the sender is cut here, bytes.
const SHOWN: usize = 120;

/// A request that was refused, or could not be served.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Problem {
    /// Which kind of problem: `urn:undertone:problem:` and its name.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in words.
    pub title: &'static str,
    /// The HTTP status, once more.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: Box<str>,
    /// The key, header or parameter that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Box<str>>,
    /// Its value, cut where it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<str>>,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<Box<str>>,
    /// When to try again, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Box<str>>,
    ) -> Self {
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            key: None,
            value: None,
            mend: None,
            retry_after_s: None,
        }
    }

    /// 400: a body, query or path that cannot be read.
    pub fn malformed(detail: impl Into<Box<str>>) -> Self {
        let title = "the request cannot be read";
        Self::new(
            StatusCode::BAD_REQUEST,
            "urn:undertone:problem:malformed",
            title,
            detail,
        )
    }

    /// 422: it can be read, and a value in it is not allowed.
    pub fn refused(detail: impl Into<Box<str>>) -> Self {
        let title = "a value is not allowed";
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "urn:undertone:problem:refused",
            title,
            detail,
        )
    }

    /// 401: no token, or one that nobody has.
    pub fn unauthorised(detail: impl Into<Box<str>>) -> Self {
        let title = "a bearer token is needed";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "urn:undertone:problem:unauthorised",
            title,
            detail,
        )
    }

    /// 403: the token lacks a scope.
    pub fn forbidden(detail: impl Into<Box<str>>) -> Self {
        let title = "the token may not do this";
        Self::new(
            StatusCode::FORBIDDEN,
            "urn:undertone:problem:forbidden",
            title,
            detail,
        )
    }

    /// 404: no such call, or no such address.
    pub fn missing(detail: impl Into<Box<str>>) -> Self {
        let title = "there is no such thing";
        Self::new(
            StatusCode::NOT_FOUND,
            "urn:undertone:problem:missing",
            title,
            detail,
        )
    }

    /// 405: the address knows other methods.
    pub fn method() -> Self {
        let detail = "the header Allow lists what is understood here";
        let title = "this address has other methods";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "urn:undertone:problem:method",
            title,
            detail,
        )
    }

    /// 408: the request took too long.
    pub fn slow() -> Self {
        let detail = "the request was not served within the time that [server] allows";
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "urn:undertone:problem:slow",
            "too slow",
            detail,
        )
    }

    /// 409: the call stands elsewhere.
    pub fn conflict(detail: impl Into<Box<str>>) -> Self {
        let title = "the call stands elsewhere";
        Self::new(
            StatusCode::CONFLICT,
            "urn:undertone:problem:conflict",
            title,
            detail,
        )
    }

    /// 413: the body is over the limit.
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("the body is longer than {limit} bytes");
        let title = "the body is too large";
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "urn:undertone:problem:too-large",
            title,
            detail,
        )
        .mend("send fewer messages in one request")
    }

    /// 415: not JSON.
    pub fn not_json(found: &str) -> Self {
        let title = "JSON is understood here";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(
            status,
            "urn:undertone:problem:not-json",
            title,
            "the body must be JSON",
        )
        .at("Content-Type", found)
        .mend("send Content-Type: application/json")
    }

    /// 426: the address is a WebSocket.
    pub fn upgrade(detail: impl Into<Box<str>>) -> Self {
        let title = "this address is a WebSocket";
        Self::new(
            StatusCode::UPGRADE_REQUIRED,
            "urn:undertone:problem:upgrade",
            title,
            detail,
        )
    }

    /// 429: this token asks too often.
    pub fn too_often(retry_after_s: u32) -> Self {
        let title = "too many requests";
        let detail = "this token sends more requests than [server] rate_per_s allows";
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "urn:undertone:problem:too-often",
            title,
            detail,
        )
        .later(retry_after_s)
    }

    /// 503: not now; nothing was taken.
    pub fn busy(detail: impl Into<Box<str>>) -> Self {
        let title = "not now";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "urn:undertone:problem:busy", title, detail)
            .mend("send it again under the same id: it acts once")
            .later(1)
    }

    /// 500: a fault of ours.
    pub fn fault(detail: impl Into<Box<str>>) -> Self {
        let title = "a fault of ours";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "urn:undertone:problem:fault",
            title,
            detail,
        )
    }

    /// With the key and the value that are to blame.
    pub fn at(mut self, key: impl Into<Box<str>>, value: impl Into<String>) -> Self {
        let mut value = value.into();
        if value.len() > SHOWN {
            let end = (0..=SHOWN).rev().find(|end| value.is_char_boundary(*end));
            value.truncate(end.unwrap_or(0));
            value.push('…');
        }
        (self.key, self.value) = (Some(key.into()), Some(value.into()));
        self
    }

    /// With the mend.
    pub fn mend(mut self, mend: impl Into<Box<str>>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    /// With the time to try again.
    pub fn later(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        let challenge = match status {
            StatusCode::UNAUTHORIZED => Some("Bearer realm=\"undertone\""),
            StatusCode::FORBIDDEN => {
                Some("Bearer realm=\"undertone\", error=\"insufficient_scope\"")
            }
            _ => None,
        };
        if let Some(challenge) = challenge {
            let challenge = HeaderValue::from_static(challenge);
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl OperationOutput for Problem {
    type Inner = Self;

    fn operation_response(context: &mut GenContext, _: &mut Operation) -> Option<ApiResponse> {
        let schema = SchemaObject {
            json_schema: context.schema.subschema_for::<Self>(),
            example: None,
            external_docs: None,
        };
        let media = MediaType {
            schema: Some(schema),
            ..MediaType::default()
        };
        Some(ApiResponse {
            description: "refused, and why".to_owned(),
            content: [("application/problem+json".to_owned(), media)].into(),
            ..ApiResponse::default()
        })
    }

    // Each route and each extractor names the statuses that it can give.
    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Responses {
        Vec::new()
    }
}

/// The responses with these statuses, for the description of an extractor.
pub fn described(
    context: &mut GenContext,
    operation: &mut Operation,
    statuses: &[u16],
) -> Responses {
    let response = Problem::operation_response(context, operation).unwrap_or_default();
    let with = |status: &u16| (Some(Code::Code(*status)), response.clone());
    statuses.iter().map(with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_its_own_media_type_and_says_when_to_come_back() {
        let response = Problem::busy("the queue is full").into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(response.headers()["retry-after"], "1");
        let response = Problem::unauthorised("no token").into_response();
        assert!(response.headers().contains_key("www-authenticate"));
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let problem = Problem::refused("x").at("text", "é".repeat(200));
        let value = problem.value.unwrap();
        assert!(value.len() <= SHOWN + "…".len() && value.ends_with('…'));
    }
}
