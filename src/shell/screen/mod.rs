//! The screen pop and the supervisor's wall: what people look at while a call changes hands.
//!
//! - **Takes** a payload, how far the transfer is, and where live updates come from.
//! - **Gives** whole pages, the fragments that replace their parts, and the two assets they need.
//! - **Remembers** nothing: the same input gives the same page, byte for byte.
//! - **Source**: WCAG 2.2 for contrast, focus and reading order; HTML Living Standard for events
//!   (`EventSource`); CSP 3 for the policy.
//!
//! Everything in a payload came from outside and is hostile: it is escaped, isolated from the
//! direction of the text around it, cut where it is long (with the whole a key press away), and
//! never becomes a link that is not `http` or `https`.

mod assets;
mod field;
mod fields;
mod pop;
mod spark;
mod steps;
mod text;
mod wall;
mod why;
mod words;

pub use assets::{ASSETS_AT, Asset, CONTENT_SECURITY_POLICY, asset, assets};
pub use pop::{pop, pop_fragment, pop_standalone};
pub use steps::TransferView;
pub use wall::{WallCall, masked, wall, wall_fragment};

/// Where a page that is served finds what changes. Everything absent: a page that stands still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live<'a> {
    /// A stream of server-sent events, same origin; any event means "fetch the fragment".
    pub events_url: Option<&'a str>,
    /// The fragment of this page: [`pop_fragment`] or [`wall_fragment`].
    pub fragment_url: Option<&'a str>,
    /// The page itself, for the link that works without scripts.
    pub refresh_url: Option<&'a str>,
}
