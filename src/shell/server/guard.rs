//! Around every request: a bound on its time, and headers that every answer has.

use super::App;
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::{Duration, Instant};

/// Serves the request, but no longer than `[server] request_timeout_s`.
pub async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let since = Instant::now();
    // Without what stands behind the question mark: it may be a ticket.
    let asked = format!("{} {}", request.method(), request.uri().path());
    let patience = Duration::from_secs_f64(app.server.request_timeout_s);
    let served = tokio::time::timeout(patience, next.run(request)).await;
    let mut response = served.unwrap_or_else(|_| Problem::slow().into_response());
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    let build = HeaderName::from_static("undertone-version");
    let version = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
    headers.insert(build, version);
    let status = response.status();
    tracing::debug!(asked, status = status.as_u16(), "answered");
    metrics::histogram!("undertone_http_seconds").record(since.elapsed().as_secs_f64());
    metrics::counter!("undertone_http_requests_total", "status" => status.as_u16().to_string())
        .increment(1);
    response
}
