//! `/v1/feed/twilio`: Twilio, SignalWire, Telnyx, Plivo and Exotel.

use super::door::Guest;
use super::line::Line;
use super::socket::{Protocol, run};
use crate::error::WireError;
use crate::shell::server::App;
use crate::shell::server::api::Socket;
use crate::shell::server::problem::Problem;
use crate::wire::feed::Media;
use crate::wire::feed::twilio::Stream;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

/// Who was told apart by a signature alone.
const SIGNED: &str = "X-Twilio-Signature";

/// GET /v1/feed/twilio.
pub async fn answer(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    socket: Socket,
) -> Result<Response, Problem> {
    let signatures = app.feed.twilio.as_ref();
    let guest = match signatures.and_then(|it| it.genuine(&headers, &uri)) {
        Some(true) => Guest::Known(SIGNED.into()),
        Some(false) => {
            let mend = "set feed.twilio.public_url to the address in the TwiML, byte for byte, and \
                        feed.twilio.auth_tokens to the account's auth token";
            let problem = Problem::unauthorised("the signature does not fit this address");
            return Err(problem.at(SIGNED, "not genuine").mend(mend));
        }
        None => Guest::of(&app, &headers)?,
    };
    let room = app.socket_room()?;
    let line = Line::new(app.clone(), Stream::FEED, guest);
    Ok(socket.upgrade(&app.clone(), move |socket| async move {
        run(app, socket, Stream::new(), line).await;
        drop(room);
    }))
}

impl Protocol for Stream {
    const FEED: &'static str = "twilio";
    // A call ends with `stop`; a connection that ends without it may come again.
    const CLOSING_HANGS_UP: bool = false;

    fn text(&mut self, message: &str, out: &mut Vec<Media>) -> Result<(), WireError> {
        self.push(message, out)
    }

    fn binary(&mut self, _: &[u8], _: &mut Vec<Media>) -> Result<(), WireError> {
        Err(WireError {
            offset: 0,
            reason: "send JSON as text: this address has the protocol of Twilio Media Streams",
        })
    }

    fn end(&mut self, out: &mut Vec<Media>) {
        self.end(out);
    }

    fn repeated(&self) -> u64 {
        self.repeated()
    }
}
