//! A build without the feature `otel` exports nothing, and refuses a configuration that asks for it.

use super::{Heard, TelemetryConfig};
use crate::error::BuildError;
use crate::shell::delivery::Report;
use tokio::sync::mpsc::Sender;

/// There is none.
pub enum Exporter {}

impl Exporter {
    /// Nothing.
    ///
    /// # Errors
    /// None.
    pub fn start(_: &TelemetryConfig, heard: Heard, _: &str) -> Result<Option<Self>, BuildError> {
        let Heard { events, calls } = heard;
        drop((events, calls));
        Ok(None)
    }

    /// Nobody is told.
    pub fn reports(&self) -> Sender<Report> {
        match *self {}
    }

    /// Nothing stops.
    pub async fn stop(self) {
        match self {}
    }
}
