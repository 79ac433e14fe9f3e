//! The beginning of a connection over TLS: done within a bound of time, or not at all.

use rustls::ServerConfig;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The first byte of a handshake (RFC 8446 §5.1). No method of HTTP begins with it.
const HANDSHAKE: u8 = 0x16;
/// What somebody is told who speaks without TLS, as every refusal (RFC 9457).
const REFUSAL: &str = r#"{"type":"urn:undertone:problem:tls","title":"this port speaks TLS","status":400,"detail":"the request came without TLS","mend":"use https:// or wss://"}"#;
/// Bytes of a refused request that are read, so that the refusal is not lost with them.
const REST: u64 = 32 * 1024;

/// The connection, once the handshake is done; nothing where it was not done within `patience`, or
/// there was none.
pub async fn shake(
    stream: TcpStream,
    tls: Arc<ServerConfig>,
    patience: Duration,
) -> Option<TlsStream<TcpStream>> {
    let (why, error) = match timeout(patience, attempt(stream, tls)).await {
        Ok(Ok(Some(stream))) => return Some(stream),
        Ok(Ok(None)) => ("plain", "spoke without TLS".to_owned()),
        Ok(Err(error)) => ("failed", error.to_string()),
        Err(_) => ("slow", "did not come in time".to_owned()),
    };
    metrics::counter!("undertone_tls_refused_total", "why" => why).increment(1);
    tracing::debug!(why, error, "no TLS handshake");
    None
}

async fn attempt(
    mut stream: TcpStream,
    tls: Arc<ServerConfig>,
) -> io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0];
    // It stays where it is, for the handshake.
    if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
        let length = REFUSAL.len();
        let refusal = format!(
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{REFUSAL}"
        );
        stream.write_all(refusal.as_bytes()).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(REST), &mut tokio::io::sink()).await?;
        return Ok(None);
    }
    TlsAcceptor::from(tls).accept(stream).await.map(Some)
}
