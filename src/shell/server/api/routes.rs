//! Which address does what, and how each is described.

use super::{after, audio, calls, dialogue, events, ops, pages, transfer};
use crate::shell::server::auth::BEARER;
use crate::shell::server::problem::Problem;
use crate::shell::server::{App, feed, guard};
use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::openapi::{OpenApi, SecurityScheme};
use aide::transform::{TransformOpenApi, TransformOperation};
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Router, middleware};

/// All addresses, and their description as JSON.
pub fn router(app: App) -> Router {
    // Each extractor names its own refusals; those of axum never come out.
    aide::generate::all_error_responses(false);
    aide::generate::infer_responses(true);
    aide::generate::extract_schemas(true);
    let described = ApiRouter::new()
        .api_route(
            "/v1/calls",
            post_with(calls::open, |op| {
                let op = about(op, "openCall", "Open a call", OPEN);
                op.response::<409, Problem>()
            })
            .get_with(calls::list, |op| {
                about(
                    op,
                    "listCalls",
                    "The calls that are open",
                    "The oldest first.",
                )
            }),
        )
        .api_route(
            "/v1/calls/{id}",
            get_with(calls::show, |op| {
                about(
                    op,
                    "showCall",
                    "One call",
                    "Calls that ended stay for a while.",
                )
            }),
        )
        .api_route(
            "/v1/calls/{id}/dialogue",
            post_with(dialogue::post, |op| {
                let op = about(
                    op,
                    "tellDialogue",
                    "Tell what happens in the conversation",
                    DIALOGUE,
                );
                op.response::<409, Problem>()
            }),
        )
        .api_route(
            "/v1/calls/{id}/dialogue/ws",
            get_with(dialogue::socket, |op| {
                about(op, "talkDialogue", "The same over a WebSocket", DIALOGUE_WS)
            }),
        )
        .api_route(
            "/v1/calls/{id}/audio",
            get_with(audio::socket, |op| {
                about(op, "hearCall", "Sound over a WebSocket", AUDIO)
            }),
        )
        .api_route(
            "/v1/calls/{id}/handoff",
            get_with(calls::handoff, |op| {
                about(op, "showHandoff", "What a human would see now", HANDOFF)
                    .response::<409, Problem>()
            }),
        )
        .api_route(
            "/v1/calls/{id}/transfer",
            post_with(transfer::report, |op| {
                let op = about(
                    op,
                    "reportTransfer",
                    "Tell how far the transfer is",
                    TRANSFER,
                );
                op.response::<409, Problem>()
            }),
        )
        .api_route(
            "/v1/calls/{id}/events",
            get_with(events::of_call, |op| {
                about(
                    op,
                    "followCall",
                    "What happens in a call, as server-sent events",
                    EVENTS,
                )
            }),
        )
        .api_route(
            "/v1/events",
            get_with(events::all, |op| {
                about(
                    op,
                    "followAll",
                    "What happens in all calls, as server-sent events",
                    EVENTS,
                )
            }),
        )
        .api_route(
            "/v1/calls/{id}/close",
            post_with(calls::close, |op| {
                about(
                    op,
                    "closeCall",
                    "The call is over",
                    "A second time changes nothing.",
                )
            }),
        )
        .api_route(
            "/v1/calls/{id}/human-turns",
            post_with(after::human_turns, |op| {
                about(
                    op,
                    "tellHumanTurns",
                    "What was said after the human took over",
                    HUMAN,
                )
                .response::<409, Problem>()
            }),
        )
        .api_route(
            "/v1/calls/{id}/rating",
            post_with(after::rate, |op| {
                about(op, "rateCall", "How the caller rated the call", RATING)
            }),
        )
        .api_route(
            "/v1/tickets",
            post_with(pages::ticket, |op| {
                about(op, "makeTicket", "A link that a browser can open", TICKET)
                    .response::<404, Problem>()
            }),
        )
        .api_route(
            "/v1/schema/handoff.json",
            get_with(ops::handoff_schema, |op| {
                about(
                    op,
                    "handoffSchema",
                    "The payload's JSON Schema",
                    "It needs no token.",
                )
                .response::<408, Problem>()
            }),
        )
        .api_route(
            "/metrics",
            get_with(ops::metrics, |op| {
                about(
                    op,
                    "metrics",
                    "Metrics for Prometheus",
                    "docs/server.md lists them.",
                )
            }),
        )
        .api_route(
            "/healthz",
            get_with(ops::healthy, |op| {
                about(
                    op,
                    "healthy",
                    "Whether the process lives",
                    "It needs no token.",
                )
                .response::<408, Problem>()
            }),
        )
        .api_route(
            "/readyz",
            get_with(ops::ready, |op| {
                about(op, "ready", "Whether calls are taken", "It needs no token.")
                    .response::<408, Problem>()
                    .response::<503, Problem>()
            }),
        );
    let mut api = OpenApi::default();
    let described = described.finish_api_with(&mut api, document);
    // Plain structs under plain keys always serialise.
    let json = serde_json::to_string(&api).unwrap_or_default();
    described
        .route("/openapi.json", get(move || ops::openapi(json.clone())))
        .merge(pages::router())
        .merge(feed::router(&app))
        .fallback(|| async {
            Problem::missing("nothing is at this address").mend("see /openapi.json")
        })
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(DefaultBodyLimit::max(
            app.server.body_limit_kib as usize * 1024,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), guard::around))
        .with_state(app)
}

fn about<'t>(
    op: TransformOperation<'t>,
    id: &str,
    summary: &str,
    description: &str,
) -> TransformOperation<'t> {
    op.id(id).summary(summary).description(description)
}

fn document(api: TransformOpenApi<'_>) -> TransformOpenApi<'_> {
    let scheme = SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: None,
        description: Some("A token of the configuration, with scopes.".to_owned()),
        extensions: Default::default(),
    };
    api.title("Undertone")
        .version(env!("CARGO_PKG_VERSION"))
        .description(ABOUT)
        .security_scheme(BEARER, scheme)
}

const ABOUT: &str = "Hears how a caller sounds and what is said, says when a human should take \
    over, and hands over with the whole context. Errors are application/problem+json (RFC 9457) \
    and name the key, the value and the mend.";
const OPEN: &str = "201 for a new call, 200 for one that is open already. A name is used once: a \
    call that ended is not opened again.";
const DIALOGUE: &str = "One message, or a list of up to 100 that is taken as a whole or not at \
    all. The answer comes when all of it is durable, and names the escalations that it caused. A \
    message that comes again under the same id acts once. A call that is not known is opened, as \
    a telephone call, so that no request for a human is lost because an earlier request was. 503 \
    means that nothing was taken for certain: send it again under the same id.";
const DIALOGUE_WS: &str = "Text frames in, each as the body of the request. Text frames out: \
    `ack` or `refused` for each, and the call's events as they come.";
const AUDIO: &str = "Binary frames of mono samples, of any length. Sound that comes faster than it \
    can be heard is lost, counted, and shown as a gap of just that length. A later stream of the \
    same side takes the place of an earlier one.";
const HANDOFF: &str = "Live until the human has accepted; from then on as it was told to them.";
const TRANSFER: &str = "Stages may come late or twice; they do not go back. 409 where no transfer \
    is open.";
const EVENTS: &str = "Each event has its type as its name and one JSON object as data. With \
    Last-Event-ID what was missed comes first, where it is still known. A client that reads too \
    slowly gets `lost` with the number of events that it missed.";
const HUMAN: &str =
    "For the metrics: what the caller has to repeat is counted in the first minute.";
const RATING: &str = "For the metrics. The first rating of a call stays.";
const TICKET: &str = "Signed, for one page, and only for a while.";
