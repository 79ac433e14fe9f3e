//! A WebSocket to a server, in the clear or over TLS.

use crate::shell::error::ShellError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{Error, UrlError};
use tokio_tungstenite::{WebSocketStream, client_async};

/// What a WebSocket goes over.
pub trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

/// A WebSocket over either.
pub type Socket = WebSocketStream<Box<dyn Bytes>>;

/// Whom to trust: the system's authorities, and those in the file `more`.
///
/// # Errors
/// The file holds no certificates, or the system has none and no file is named.
pub fn trust(more: Option<&Path>) -> Result<Arc<ClientConfig>, ShellError> {
    let unusable = |reason: String| ShellError::Usage(format!("--ca: {reason}"));
    let extra = match more {
        None => Vec::new(),
        Some(path) => {
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
            let read: Vec<_> = read.map_err(|error| {
                let mend = "give certificates in PEM form";
                unusable(format!("{}: {error}; {mend}", path.display()))
            })?;
            if read.is_empty() {
                let mend = "there is no certificate in it; give some in PEM form";
                return Err(unusable(format!("{}: {mend}", path.display())));
            }
            read
        }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error: rustls::Error| unusable(error.to_string());
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(failed)?;
    let config = match Verifier::new_with_extra_roots(extra.clone(), provider) {
        Ok(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier)),
        // A system without certificates of its own: those that are named must be enough.
        Err(error) if extra.is_empty() => return Err(failed(error)),
        Err(_) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(extra);
            builder.with_root_certificates(roots)
        }
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

/// Connects to a `ws://` or `wss://` address, `to` or that of the request `to`; over TLS to whom
/// `tls` trusts.
///
/// # Errors
/// The server cannot be reached, is not trusted, or refuses.
pub async fn connect(
    to: impl IntoClientRequest,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Socket, Error> {
    let request = to.into_client_request()?;
    let host = request.uri().host().ok_or(UrlError::NoHostName)?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let secure = match request.uri().scheme_str() {
        Some("ws") => false,
        Some("wss") => true,
        _ => return Err(UrlError::UnsupportedUrlScheme.into()),
    };
    let port = request.uri().port_u16();
    let port = port.unwrap_or(if secure { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    let stream: Box<dyn Bytes> = match tls.filter(|_| secure) {
        None if secure => return Err(UrlError::UnsupportedUrlScheme.into()),
        None => Box::new(stream),
        Some(config) => {
            let name = ServerName::try_from(host).map_err(io::Error::other)?;
            let shaken = TlsConnector::from(config).connect(name, stream).await?;
            Box::new(shaken)
        }
    };
    Ok(client_async(request, stream).await?.0)
}
