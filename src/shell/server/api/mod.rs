//! The addresses under which the server is asked.
//!
//! - **Takes** requests of people and machines that were admitted.
//! - **Gives** answers after what they say is durable, and their description as OpenAPI.
//! - **Remembers** nothing.
//! - **Source**: RFC 9457 for problems; OpenAPI 3.1; the HTML standard for server-sent events.

mod after;
mod audio;
mod calls;
mod dialogue;
mod events;
mod operation;
mod ops;
mod pages;
mod routes;
mod transfer;
mod views;

pub use operation::Socket;
pub use routes::router;
