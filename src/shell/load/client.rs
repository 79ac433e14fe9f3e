//! The client that all requests of a load go through.

use crate::shell::delivery::provide_cryptography;
use reqwest::Client;
use std::time::Duration;

/// A client that gives up on an answer after `patience`.
///
/// # Errors
/// The system lets no connection be made.
pub fn client(patience: Duration) -> reqwest::Result<Client> {
    provide_cryptography();
    Client::builder().timeout(patience).build()
}
