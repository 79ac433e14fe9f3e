//! What the description of the API cannot see by itself: WebSockets and streams of events.

use crate::shell::server::App;
use crate::shell::server::clients::Place;
use crate::shell::server::problem::{Problem, Responses, described};
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as ApiResponse, StatusCode};
use aide::{OperationInput, OperationOutput};
use axum::extract::FromRequestParts;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// A request that becomes a WebSocket.
pub struct Socket {
    upgrade: WebSocketUpgrade,
    /// The place of the connection that becomes one: it is kept as long as the WebSocket is.
    place: Option<Arc<Place>>,
}

impl Socket {
    /// Agrees to the first of `protocols` that the client offers too.
    pub fn speaking(self, protocols: &[String]) -> Self {
        let upgrade = self.upgrade.protocols(protocols.iter().cloned());
        Self { upgrade, ..self }
    }

    /// Becomes one; frames have a bound.
    pub fn upgrade<F>(
        self,
        app: &App,
        run: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let limit = app.server.frame_limit_kib as usize * 1024;
        let upgrade = self.upgrade.max_frame_size(limit).max_message_size(limit);
        // A client that does not read is cut off instead of being buffered for. A frame of sound
        // is a few hundred bytes, and the usual buffer of 128 KiB would be most of a call's memory.
        let upgrade = upgrade
            .max_write_buffer_size(1 << 20)
            .read_buffer_size(READ_BUFFER);
        let place = self.place;
        upgrade.on_upgrade(move |socket| async move {
            run(socket).await;
            drop(place);
        })
    }
}

/// Bytes that are read from a socket at once.
const READ_BUFFER: usize = 4096;

impl FromRequestParts<App> for Socket {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, app).await;
        let refused = |error: axum::extract::ws::rejection::WebSocketUpgradeRejection| {
            Problem::upgrade(error.body_text()).mend("connect with a WebSocket client")
        };
        Ok(Self {
            upgrade: upgrade.map_err(refused)?,
            place: parts.extensions.get().cloned(),
        })
    }
}

impl OperationInput for Socket {
    fn inferred_early_responses(context: &mut GenContext, operation: &mut Operation) -> Responses {
        let mut responses = described(context, operation, &[409, 426]);
        let switched = ApiResponse {
            description: "the connection is a WebSocket from here on".to_owned(),
            ..ApiResponse::default()
        };
        responses.push((Some(StatusCode::Code(101)), switched));
        responses
    }
}

macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident: $kind:literal;)*) => {$(
        $(#[$doc])*
        pub struct $name<T>(pub T);

        impl<T: IntoResponse> IntoResponse for $name<T> {
            fn into_response(self) -> Response {
                let mut response = self.0.into_response();
                let kind = axum::http::HeaderValue::from_static($kind);
                response.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
                response
            }
        }

        impl<T> OperationOutput for $name<T> {
            type Inner = T;

            fn operation_response(_: &mut GenContext, _: &mut Operation) -> Option<ApiResponse> {
                let kind = $kind.split(';').next().unwrap_or_default().to_owned();
                Some(ApiResponse {
                    description: $kind.to_owned(),
                    content: [(kind, MediaType::default())].into(),
                    ..ApiResponse::default()
                })
            }

            fn inferred_responses(
                context: &mut GenContext,
                operation: &mut Operation,
            ) -> Responses {
                let response = Self::operation_response(context, operation);
                vec![(Some(StatusCode::Code(200)), response.unwrap_or_default())]
            }
        }
    )*};
}

plain! {
    /// A page.
    Page: "text/html; charset=utf-8";
    /// A stream of server-sent events.
    Stream: "text/event-stream";
    /// Metrics in Prometheus' text format.
    Exposition: "text/plain; version=0.0.4; charset=utf-8";
    /// A JSON Schema.
    SchemaFile: "application/schema+json";
}
