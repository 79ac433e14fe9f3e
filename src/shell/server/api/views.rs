//! How calls are shown, and what opens one.

use crate::dialogue::Identity;
use crate::handoff::Channel;
use crate::shell::server::body::call_id;
use crate::shell::server::calls::{Call, Status};
use crate::shell::server::problem::{Problem, Responses};
use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as ApiResponse, StatusCode as Code};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most labels of a call.
const LABELS: usize = 32;
/// The longest name of a label, characters.
const LABEL_NAME: usize = 64;
/// The longest value of a label, characters.
const LABEL_VALUE: usize = 512;

/// What opens a call.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenCall {
    /// The call, as the telephony side names it; without it one is made up.
    #[serde(default)]
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9._:-]+$"))]
    pub call_id: Option<String>,
    /// How the conversation is held.
    #[serde(default)]
    pub channel: Channel,
    /// Names and values of your own. They come back with the call and with its webhooks, and
    /// addresses of destinations may use them.
    #[serde(default)]
    #[schemars(extend("maxProperties" = LABELS, "propertyNames" = {"minLength": 1, "maxLength": LABEL_NAME}, "additionalProperties" = {"type": "string", "maxLength": LABEL_VALUE}))]
    pub labels: BTreeMap<String, String>,
    /// Who the caller is, where that is known beforehand.
    #[serde(default)]
    pub identity: Option<Identity>,
}

impl OpenCall {
    /// # Errors
    /// Names the first value that is not allowed.
    pub fn check(&self) -> Result<(), Problem> {
        if let Some(id) = &self.call_id {
            call_id(id)?;
        }
        if self.labels.len() > LABELS {
            let found = format!("{} labels", self.labels.len());
            let mend = format!("give {LABELS} at most");
            return Err(Problem::refused("too many labels")
                .at("labels", found)
                .mend(mend));
        }
        for (name, value) in &self.labels {
            let (named, valued) = (name.chars().count(), value.chars().count());
            if named == 0 || named > LABEL_NAME || valued > LABEL_VALUE {
                let mend = format!(
                    "a name has 1 to {LABEL_NAME} characters, a value {LABEL_VALUE} at most"
                );
                let key = format!("labels.{name}");
                return Err(Problem::refused("a label is too long")
                    .at(key, value)
                    .mend(mend));
            }
        }
        Ok(())
    }
}

/// A call, as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CallView {
    /// The call, as the telephony side names it.
    pub call_id: String,
    /// How the conversation is held.
    pub channel: Channel,
    /// What the opener wrote on it.
    pub labels: BTreeMap<String, String>,
    /// When it was opened, milliseconds since 1970.
    pub opened_ms: i64,
    /// What the caller must be told before a machine listens to how they sound.
    pub notice: String,
    /// Where it stands.
    #[serde(flatten)]
    pub status: Status,
}

impl CallView {
    /// Of `call`.
    pub fn of(call: &Call, notice: &str) -> Self {
        Self {
            call_id: call.id.to_string(),
            channel: call.channel,
            labels: call.labels.clone(),
            opened_ms: call.opened_ms,
            notice: notice.to_owned(),
            status: call.status(),
        }
    }
}

/// Open calls.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CallList {
    /// The calls, the oldest first.
    pub calls: Vec<CallView>,
}

/// 201 with something new, or 200 with what was there.
pub struct Made<T> {
    /// Whether it is new.
    pub new: bool,
    /// It.
    pub it: T,
}

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        let status = if self.new {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        (status, Json(self.it)).into_response()
    }
}

impl<T: JsonSchema> OperationOutput for Made<T> {
    type Inner = T;

    fn operation_response(
        context: &mut GenContext,
        operation: &mut Operation,
    ) -> Option<ApiResponse> {
        Json::<T>::operation_response(context, operation)
    }

    fn inferred_responses(context: &mut GenContext, operation: &mut Operation) -> Responses {
        let response = Self::operation_response(context, operation).unwrap_or_default();
        let with = |code| (Some(Code::Code(code)), response.clone());
        vec![with(200), with(201)]
    }
}
