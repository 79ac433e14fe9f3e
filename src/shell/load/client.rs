//! The client that all requests of a load go through.

use reqwest::Client;
use std::time::Duration;

/// A client that gives up on an answer after `patience`.
///
/// # Errors
/// The system lets no connection be made.
pub fn client(patience: Duration) -> reqwest::Result<Client> {
    // A second one to install it finds it there: that is no fault.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(patience).build()
}
