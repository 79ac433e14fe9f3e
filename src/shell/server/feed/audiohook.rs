//! `/v1/feed/audiohook`: Genesys Cloud.

use super::door::Guest;
use super::line::Line;
use super::socket::{Protocol, run};
use crate::error::WireError;
use crate::shell::server::App;
use crate::shell::server::api::Socket;
use crate::shell::server::problem::Problem;
use crate::wire::feed::Media;
use crate::wire::feed::audiohook::Stream;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

/// GET /v1/feed/audiohook.
pub async fn answer(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    socket: Socket,
) -> Result<Response, Problem> {
    let Some(keys) = &app.feed.audiohook else {
        // The address is only there where it is configured.
        return Err(Problem::missing("this feed is off"));
    };
    let guest = match headers.contains_key("signature") {
        true => Guest::Known(keys.admit(&headers, &uri)?),
        false => match Guest::of(&app, &headers)? {
            Guest::Unknown => {
                let mend = "give the integration an API key and a client secret, and put both into \
                            feed.audiohook.keys";
                let problem = Problem::unauthorised("the request is not signed");
                return Err(problem.mend(mend));
            }
            known => known,
        },
    };
    let organization = headers.get("audiohook-organization-id");
    let organization = organization.and_then(|id| id.to_str().ok());
    let stream = Stream::new(organization.map(str::to_owned));
    let room = app.socket_room()?;
    let line = Line::new(app.clone(), Stream::FEED, guest);
    Ok(socket.upgrade(&app.clone(), move |socket| async move {
        run(app, socket, stream, line).await;
        drop(room);
    }))
}

impl Protocol for Stream {
    const FEED: &'static str = "audiohook";
    // A call ends with `close`; a connection that ends without it may come again.
    const CLOSING_HANGS_UP: bool = false;
    const IS_TOLD: bool = true;

    fn text(&mut self, message: &str, out: &mut Vec<Media>) -> Result<(), WireError> {
        self.text(message, out)
    }

    fn binary(&mut self, message: &[u8], out: &mut Vec<Media>) -> Result<(), WireError> {
        self.binary(message, out)
    }

    fn end(&mut self, _: &mut Vec<Media>) {}

    fn repeated(&self) -> u64 {
        0
    }

    fn tell(&mut self, kind: &str, json: &str) {
        self.tell(kind, json);
    }

    fn replies(&mut self) -> Vec<String> {
        self.replies()
    }
}
