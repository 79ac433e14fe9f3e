//! Spans on their way to the collector: gathered for a second, sent together, and never waited for.

use super::spans::Spans;
use super::{Heard, TelemetryConfig};
use crate::error::BuildError;
use crate::shell::delivery::{Report, provide_cryptography};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How long spans are gathered.
const GATHERED: Duration = Duration::from_secs(1);
/// The most spans in one request.
const TOGETHER: usize = 512;
/// Requests that wait for the one before them.
const WAITING: usize = 8;
/// Deliveries that wait to become spans.
const REPORTS: usize = 1024;
/// A collector that has not answered by then is given up, with the spans of that request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Exports until it is stopped.
pub struct Exporter {
    reports: mpsc::Sender<Report>,
    stop: tokio::sync::oneshot::Sender<()>,
    gathering: JoinHandle<()>,
}

impl Exporter {
    /// Starts to export to what `config` names; nothing where it names nothing. `file` is where the
    /// configuration came from.
    ///
    /// # Errors
    /// A header cannot be read, or the client cannot be made.
    pub fn start(
        config: &TelemetryConfig,
        heard: Heard,
        file: &str,
    ) -> Result<Option<Self>, BuildError> {
        let Some(endpoint) = &config.otlp_endpoint else {
            return Ok(None);
        };
        let exporter = exporter(endpoint, config, file)?;
        let (reports, reported) = mpsc::channel(REPORTS);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let gathering = tokio::spawn(gather(exporter, heard, reported, stopped));
        Ok(Some(Self {
            reports,
            stop,
            gathering,
        }))
    }

    /// Where the courier tells what became of deliveries.
    pub fn reports(&self) -> mpsc::Sender<Report> {
        self.reports.clone()
    }

    /// What has happened until now goes out; waits for it no longer than for one request.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = tokio::time::timeout(PATIENCE, self.gathering).await;
    }
}

fn exporter(
    endpoint: &str,
    config: &TelemetryConfig,
    file: &str,
) -> Result<SpanExporter, BuildError> {
    provide_cryptography();
    let wrong = |key: &str, value: &str, mend: String| {
        BuildError::value(file, format!("telemetry.{key}"), value, mend)
    };
    let mut headers = HashMap::new();
    for (name, value) in &config.otlp_headers {
        let value = value
            .reveal()
            .map_err(|reason| wrong("otlp_headers", name, reason))?;
        headers.insert(name.clone(), value);
    }
    let failed = |reason: String| wrong("otlp_endpoint", endpoint, reason);
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_headers(headers)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(PATIENCE)
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    // Only what is said here: the variables of the environment are not read.
    let resource = Resource::builder_empty()
        .with_service_name("undertone")
        .with_attributes([version])
        .build();
    exporter.set_resource(&resource);
    Ok(exporter)
}

async fn gather(
    exporter: SpanExporter,
    mut heard: Heard,
    mut reported: mpsc::Receiver<Report>,
    mut stopped: tokio::sync::oneshot::Receiver<()>,
) {
    let (batches, mut taken) = mpsc::channel::<Vec<SpanData>>(WAITING);
    let sending = tokio::spawn(async move {
        let mut well = true;
        while let Some(batch) = taken.recv().await {
            let count = batch.len() as u64;
            let sent = exporter.export(batch).await;
            if let Err(error) = &sent {
                lost(count);
                // Once for each time that it goes wrong: a collector may be away for long.
                if well {
                    tracing::warn!(%error, "traces cannot be exported; what happens meanwhile is lost to them");
                }
            }
            well = sent.is_ok();
        }
    });
    let mut spans = Spans::new(heard.calls.clone());
    let mut gathered = Vec::new();
    let mut tick = tokio::time::interval(GATHERED);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let more = tokio::select! {
            biased;
            event = heard.events.recv() => match event {
                Ok(event) => gathered_from(&mut gathered, spans.of(&event)),
                Err(RecvError::Lagged(events)) => {
                    lost(events);
                    false
                }
                // The server is gone.
                Err(RecvError::Closed) => break,
            },
            Some(report) = reported.recv() => {
                gathered_from(&mut gathered, vec![spans.delivery(&report)])
            }
            // The last: what was told before it is still taken.
            _ = &mut stopped => break,
            _ = tick.tick() => !gathered.is_empty(),
        };
        if more {
            send(&batches, std::mem::take(&mut gathered));
        }
    }
    send(&batches, gathered);
    drop(batches);
    let _ = sending.await;
}

/// Takes `new` in; whether there is enough for a request.
fn gathered_from(gathered: &mut Vec<SpanData>, new: Vec<SpanData>) -> bool {
    gathered.extend(new);
    gathered.len() >= TOGETHER
}

fn send(batches: &mpsc::Sender<Vec<SpanData>>, batch: Vec<SpanData>) {
    if batch.is_empty() {
        return;
    }
    // A collector that is slow costs traces, never calls.
    if let Err(error) = batches.try_send(batch) {
        lost(error.into_inner().len() as u64);
    }
}

fn lost(spans: u64) {
    metrics::counter!("undertone_spans_lost_total").increment(spans);
}
