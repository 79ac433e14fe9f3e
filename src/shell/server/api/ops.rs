//! For those who run the server: is it well, what has it counted, how is it described.

use super::operation::{Exposition, SchemaFile};
use crate::handoff::HandoffPayload;
use crate::shell::server::App;
use crate::shell::server::auth::{Allowed, MetricsRead};
use crate::shell::server::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use schemars::{JsonSchema, schema_for};
use serde::Serialize;

/// How the server is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Standing {
    /// `ok`.
    pub status: String,
    /// Calls that are open.
    pub calls: usize,
    /// SHA-256 of the engine's configuration that new calls begin with, as `undertone check` says it.
    pub config_sha256: String,
}

/// GET /healthz.
pub async fn healthy(State(app): State<App>) -> Json<Standing> {
    Json(standing(&app))
}

/// GET /readyz.
pub async fn ready(State(app): State<App>) -> Result<Json<Standing>, Problem> {
    if *app.draining.borrow() {
        return Err(Problem::busy("the server is stopping"));
    }
    app.ledger.well()?;
    Ok(Json(standing(&app)))
}

fn standing(app: &App) -> Standing {
    Standing {
        status: "ok".to_owned(),
        calls: app.calls.count(),
        config_sha256: app.config_sha256.clone(),
    }
}

/// GET /metrics.
pub async fn metrics(_: Allowed<MetricsRead>, State(app): State<App>) -> Exposition<String> {
    app.telemetry.depths(&app);
    Exposition(app.telemetry.render())
}

/// GET /v1/schema/handoff.json.
pub async fn handoff_schema() -> SchemaFile<String> {
    // Plain structs under plain keys always serialise.
    SchemaFile(serde_json::to_string(&schema_for!(HandoffPayload)).unwrap_or_default())
}

/// GET /openapi.json.
pub async fn openapi(json: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}
