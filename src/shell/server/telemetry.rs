//! What is counted, for Prometheus; and what is logged. Never what was said.

use super::App;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Bounds of times in seconds: from a tenth of a millisecond to ten seconds.
const FAST: [f64; 16] = [
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
    10.0,
];
/// Bounds of times in which people act, seconds.
const HUMAN: [f64; 10] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0];
/// Bounds of shares.
const SHARES: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// Bounds of batches, windows.
const WINDOWS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0];

const GATHERED_EVERY: Duration = Duration::from_secs(5);

/// The counters of the process.
#[derive(Clone)]
pub struct Telemetry(PrometheusHandle);

impl Telemetry {
    /// The one recorder of this process, installed at the first call.
    ///
    /// # Errors
    /// When another recorder is installed, or a bound is not allowed.
    pub fn install() -> Result<Self, BuildError> {
        // Two servers of one process may start at once.
        static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*installed {
            return Ok(Self(handle.clone()));
        }
        let human = Matcher::Full("undertone_time_to_human_seconds".to_owned());
        let share = Matcher::Full("undertone_payload_completeness".to_owned());
        let windows = Matcher::Full("undertone_batch_windows".to_owned());
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(human, &HUMAN)?
            .set_buckets_for_metric(share, &SHARES)?
            .set_buckets_for_metric(windows, &WINDOWS)?
            .set_buckets(&FAST)?
            .install_recorder()?;
        describe();
        *installed = Some(handle.clone());
        Ok(Self(handle))
    }

    /// Everything in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }

    /// Gathers the samples of histograms for ever: they wait in memory until then, and nobody may
    /// ever ask for the metrics.
    pub fn gather(&self) -> impl Future<Output = ()> + Send + 'static {
        let handle = self.0.clone();
        async move {
            loop {
                tokio::time::sleep(GATHERED_EVERY).await;
                handle.run_upkeep();
            }
        }
    }

    /// Notes what waits now.
    pub fn depths(&self, app: &App) {
        for (worker, (dialogue, sound)) in app.pool.depths().enumerate() {
            let worker = worker.to_string();
            let gauge = |name: &'static str, depth: usize| {
                metrics::gauge!(name, "worker" => worker.clone()).set(depth as f64);
            };
            gauge("undertone_dialogue_queue", dialogue);
            gauge("undertone_audio_queue", sound);
        }
        metrics::gauge!("undertone_store_queue").set(app.ledger.waiting() as f64);
    }
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    for (name, help) in [
        ("undertone_calls_open", "Calls that are open"),
        (
            "undertone_dialogue_queue",
            "Messages that wait for a worker",
        ),
        (
            "undertone_audio_queue",
            "Blocks of sound that wait for a worker",
        ),
        ("undertone_store_queue", "Records that wait for the store"),
        (
            "undertone_feeds_open",
            "Streams of media servers that are open, by feed",
        ),
        (
            "undertone_shed_level",
            "How much a worker leaves out: 0 nothing; 1 to 3 all but one reading in 2, 4, 8; 4 also agents",
        ),
        (
            "undertone_config_keys_waiting",
            "Keys of the configuration that changed and wait for a restart",
        ),
        (
            "undertone_config_reload_failed",
            "1 where the latest reload was refused, else 0",
        ),
        (
            "undertone_worker_load",
            "Share of the last second in which a worker was busy",
        ),
    ] {
        describe_gauge!(name, help);
    }
    for (name, help) in [
        ("undertone_calls_refused_total", "Calls beyond max_calls"),
        (
            "undertone_connections_refused_total",
            "Connections beyond max_connections_per_client",
        ),
        ("undertone_escalations_total", "Escalations, by trigger"),
        (
            "undertone_triggers_added_total",
            "Triggers added to an open transfer, by trigger",
        ),
        (
            "undertone_transfers_total",
            "Stages that transfers reached, by stage and failure",
        ),
        (
            "undertone_transfer_late_total",
            "Stages past their target, by stage",
        ),
        (
            "undertone_dialogue_messages_total",
            "Messages of dialogues, by type",
        ),
        (
            "undertone_dialogue_repeated_total",
            "Messages that came again",
        ),
        (
            "undertone_dialogue_refused_total",
            "Requests refused because a queue was full",
        ),
        (
            "undertone_audio_milliseconds_total",
            "Milliseconds of sound heard, by side",
        ),
        (
            "undertone_audio_samples_lost_total",
            "Samples that found no room",
        ),
        (
            "undertone_audio_blocks_lost_total",
            "Blocks of sound that found no room",
        ),
        ("undertone_model_faults_total", "Readings that failed"),
        (
            "undertone_readings_shed_total",
            "Readings that were left out under load",
        ),
        (
            "undertone_agent_blocks_shed_total",
            "Blocks of agents that were passed over under load",
        ),
        (
            "undertone_feed_missing_samples_total",
            "Samples that media servers did not send, or the network lost, by feed",
        ),
        (
            "undertone_feed_frames_repeated_total",
            "Frames that came twice or too late, by feed",
        ),
        (
            "undertone_feed_refused_total",
            "Connections, messages and packets of media servers that could not be taken, by feed",
        ),
        (
            "undertone_feed_silent_total",
            "Times that an open stream brought no sound, by feed",
        ),
        (
            "undertone_feed_digits_total",
            "Keys pressed; which is not kept",
        ),
        (
            "undertone_events_lost_total",
            "Events that slow clients missed",
        ),
        (
            "undertone_rate_limited_total",
            "Requests that came too often",
        ),
        ("undertone_http_requests_total", "Requests, by status"),
        (
            "undertone_config_reloads_total",
            "Reloads of the configuration, by result",
        ),
        (
            "undertone_tls_refused_total",
            "Connections without a TLS handshake: plain, slow or failed",
        ),
        (
            "undertone_spans_lost_total",
            "Spans and events that traces are without",
        ),
        (
            "undertone_store_failures_total",
            "Records that were not stored",
        ),
    ] {
        describe_counter!(name, help);
    }
    for (name, help) in [
        (
            "undertone_decided_to_committed_seconds",
            "From a decision until it is durable",
        ),
        (
            "undertone_dialogue_to_initiation_seconds",
            "From a message until the handoff it caused is durable and on its way",
        ),
        (
            "undertone_audio_to_feature_seconds",
            "From a block's arrival until it was heard",
        ),
        (
            "undertone_audio_to_event_seconds",
            "From the arrival of the block that completed a reading until its events were out",
        ),
        (
            "undertone_batch_windows",
            "Windows that were read in one batch",
        ),
        (
            "undertone_time_to_human_seconds",
            "From the decision until a human accepts",
        ),
        (
            "undertone_payload_completeness",
            "Completeness of payloads when decided",
        ),
        ("undertone_http_seconds", "Time of requests"),
    ] {
        describe_histogram!(name, help);
    }
}
