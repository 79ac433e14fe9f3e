//! A request's body and address, read so that what is wrong is named.

use super::App;
use super::problem::{Problem, Responses, described};
use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest name of a call.
const NAME: usize = 128;

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = json_bytes(request, app).await?;
        read(&bytes).map(Self)
    }
}

/// The bytes of a body that says it is JSON.
pub async fn json_bytes(request: Request, app: &App) -> Result<Bytes, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.map_or("", |kind| kind.to_str().unwrap_or("unreadable"));
    let essence = kind.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::not_json(if kind.is_empty() {
            "missing"
        } else {
            kind
        }));
    }
    let limit = app.server.body_limit_kib as usize * 1024;
    Bytes::from_request(request, &()).await.map_err(|rejected| {
        match rejected.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(limit),
            _ => Problem::malformed("the body broke off"),
        }
    })
}

/// Reads JSON; what is wrong is named by its path.
///
/// # Errors
/// 400 where it is no JSON, 422 where it is JSON of another shape.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    whole(&mut value);
    read_value(value)
}

/// JSON knows one kind of number: `3.0` is the integer 3.
fn whole(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            if float.fract() == 0.0 && float.abs() < 9e15 {
                *number = (float as i64).into();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(whole),
        Value::Object(fields) => fields.values_mut().for_each(whole),
        _ => {}
    }
}

/// Reads a JSON value, as [`read`].
pub fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(told)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::malformed(format!("the body is no JSON: {error}")).mend("send one JSON value")
}

fn told(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let inner = error.into_inner();
    let detail = inner.to_string();
    // serde's own words put keys and values between marks of their own.
    let between = |open: &str, close: char| {
        let rest = detail.split_once(open)?.1;
        rest.split_once(close).map(|(it, _)| it.to_owned())
    };
    let field = between("field `", '`');
    let key = match (path.as_str(), &field) {
        ("." | "", Some(field)) => field.clone(),
        (path, Some(field)) if !path.ends_with(field.as_str()) => format!("{path}.{field}"),
        ("." | "", None) => "body".to_owned(),
        (path, _) => path.to_owned(),
    };
    let value = match detail.split_once(": ") {
        Some((what, rest)) if what.starts_with("invalid") => {
            rest.split(", expected").next().unwrap_or("").to_owned()
        }
        _ if detail.starts_with("missing") => "missing".to_owned(),
        _ if detail.starts_with("unknown variant") => between("variant `", '`').unwrap_or_default(),
        _ => "unknown".to_owned(),
    };
    let mend = match detail.split_once("expected ") {
        Some((_, expected)) => format!("give {expected}"),
        None => "see /openapi.json".to_owned(),
    };
    Problem::refused(detail).at(key, value).mend(mend)
}

impl<T: JsonSchema> OperationInput for Body<T> {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        Json::<T>::operation_input(context, operation);
    }

    fn inferred_early_responses(context: &mut GenContext, operation: &mut Operation) -> Responses {
        described(context, operation, &[400, 413, 415, 422])
    }
}

/// The name of a call: letters, digits and `._:-`, 128 at most.
pub fn call_id(id: &str) -> Result<(), Problem> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if (1..=NAME).contains(&id.len()) && id.bytes().all(allowed) {
        return Ok(());
    }
    let mend = "give 1 to 128 letters, digits, dots, underscores, colons and hyphens";
    let detail = "a call cannot be called that";
    Err(Problem::refused(detail).at("call_id", id).mend(mend))
}

/// The call in the address, and nothing else.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CallPath {
    /// The call, as the telephony side names it.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9._:-]+$"))]
    pub id: String,
}

impl FromRequestParts<App> for CallPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<Self>::from_request_parts(parts, app).await;
        let Path(path) = path.map_err(|error| Problem::malformed(error.body_text()))?;
        call_id(&path.id)?;
        Ok(path)
    }
}

impl OperationInput for CallPath {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        Path::<Self>::operation_input(context, operation);
    }

    fn inferred_early_responses(context: &mut GenContext, operation: &mut Operation) -> Responses {
        described(context, operation, &[400, 404, 422])
    }
}

/// What stands behind the question mark.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        let refused = |error: axum::extract::rejection::QueryRejection| {
            Problem::refused(error.body_text()).at("query", parts.uri.query().unwrap_or(""))
        };
        query.map(|Query(query)| Self(query)).map_err(refused)
    }
}

impl<T: JsonSchema> OperationInput for Asked<T> {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        Query::<T>::operation_input(context, operation);
    }

    fn inferred_early_responses(context: &mut GenContext, operation: &mut Operation) -> Responses {
        described(context, operation, &[422])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[allow(dead_code)]
        score: f64,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[allow(dead_code)]
        inner: Inner,
    }

    fn refused(body: &str) -> Problem {
        read::<Outer>(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_named_by_key_value_and_mend() {
        let problem = refused(r#"{"inner": {"score": "high"}}"#);
        assert_eq!(problem.status, 422);
        assert_eq!(problem.key.as_deref(), Some("inner.score"));
        assert_eq!(problem.value.as_deref(), Some("string \"high\""));
        assert_eq!(problem.mend.as_deref(), Some("give f64"));
        let problem = refused(r#"{"inner": {"scor": 1}}"#);
        assert_eq!(problem.key.as_deref(), Some("inner.scor"));
        assert!(problem.mend.unwrap().contains("score"));
        assert!(
            read::<u8>(b"3.0").is_ok_and(|three| three == 3),
            "a whole number"
        );
        assert!(read::<u8>(b"3.5").is_err());
        let problem = refused("{}");
        let told = (problem.key.as_deref(), problem.value.as_deref());
        assert_eq!(told, (Some("inner"), Some("missing")));
    }

    #[test]
    fn what_is_no_json_is_malformed_and_so_is_more_than_one() {
        for body in ["", "{", "nonsense", r#"{"inner":{"score":1}} {}"#] {
            assert_eq!(refused(body).status, 400, "{body}");
        }
    }

    #[test]
    fn names_of_calls_are_plain() {
        for id in ["a", "CA-1:2_3.4", &"x".repeat(128)] {
            assert!(call_id(id).is_ok(), "{id}");
        }
        for id in ["", "a b", "é", "a/b", &"x".repeat(129)] {
            assert!(call_id(id).is_err(), "{id}");
        }
    }
}
