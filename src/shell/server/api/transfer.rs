//! How far the transfer is, as the telephony side tells it.

use crate::handoff::Stage;
use crate::shell::server::App;
use crate::shell::server::auth::{Allowed, TransfersWrite};
use crate::shell::server::body::{Body, CallPath};
use crate::shell::server::calls::TransferView;
use crate::shell::server::problem::Problem;
use crate::shell::server::worker::{Ask, TransferReport};
use axum::Json;
use axum::extract::State;

/// POST /v1/calls/{id}/transfer.
pub async fn report(
    _: Allowed<TransfersWrite>,
    State(app): State<App>,
    path: CallPath,
    Body(told): Body<TransferReport>,
) -> Result<Json<TransferView>, Problem> {
    check(&told)?;
    let call = app.calls.get(&path.id)?;
    app.pool
        .ask(&call, |reply| Ask::Transfer(told, reply))
        .await?;
    let standing = call.status().transfer;
    standing
        .map(Json)
        .ok_or_else(|| Problem::conflict("no transfer is open"))
}

fn check(told: &TransferReport) -> Result<(), Problem> {
    match (told.stage, told.failure) {
        (Stage::Failed, None) => {
            let mend = "say why: queue_full, timeout, declined, no_answer, voicemail, \
                        caller_hung_up or unreachable";
            return Err(Problem::refused("a failure has a kind")
                .at("failure", "missing")
                .mend(mend));
        }
        (stage, Some(failure)) if stage != Stage::Failed => {
            let mend = "leave it out, or give the stage `failed`";
            let found = format!("{failure:?}");
            return Err(Problem::refused("only a failure has a kind")
                .at("failure", found)
                .mend(mend));
        }
        (Stage::Decided, _) => {
            let mend = "give initiated, ringing, accepted, connected or failed";
            let detail = "only the engine decides";
            return Err(Problem::refused(detail).at("stage", "decided").mend(mend));
        }
        _ => {}
    }
    if let Some(name) = told
        .destination
        .as_ref()
        .filter(|it| it.is_empty() || it.chars().count() > 128)
    {
        let mend = "give 1 to 128 characters";
        return Err(Problem::refused("no such name")
            .at("destination", name.as_str())
            .mend(mend));
    }
    if let Some(wait) = told
        .queue_estimate_s
        .filter(|it| !(0.0..=86_400.0).contains(it))
    {
        let mend = "give 0 to 86400 seconds";
        let problem = Problem::refused("no such time");
        return Err(problem.at("queue_estimate_s", wait.to_string()).mend(mend));
    }
    Ok(())
}
