//! From a record to rows. A repeat is found by its name and changes nothing.

use super::id::delivery_id;
use super::record::{
    Decided, EventKind, NewDelivery, PayloadUpdated, Record, TransferAt, VoiceKept,
};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::json;

/// What became of a record that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is stored now.
    Stored,
    /// It was stored before; nothing changed.
    Already,
}

impl Applied {
    fn of(rows: usize) -> Self {
        if rows > 0 {
            Self::Stored
        } else {
            Self::Already
        }
    }
}

/// What the writer is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A record from outside.
    Told(Record),
    /// How an attempt to deliver ended.
    Attempted(Attempted),
    /// A destination wants nothing more, and why.
    Off(String, i64, String),
    /// Every destination is tried again.
    AllOn,
}

/// How an attempt to deliver ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// The delivery.
    pub delivery_id: String,
    /// `pending` where it is tried again, otherwise its final state.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// What was wrong.
    pub problem: Option<String>,
    /// When, or when it is tried again.
    pub at_ms: i64,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It will be tried, or tried again.
    Pending,
    /// The destination took it.
    Delivered,
    /// Its time ran out.
    Expired,
    /// The destination refused it for good.
    Failed,
}

impl Work {
    /// Whether it can leave something to deliver.
    pub fn delivers(&self) -> bool {
        match self {
            Self::Told(Record::Decided(it)) => !it.deliveries.is_empty(),
            Self::Told(Record::PayloadUpdated(it)) => !it.deliveries.is_empty(),
            Self::Told(Record::Transfer(it)) => !it.deliveries.is_empty(),
            _ => false,
        }
    }

    /// Whether nobody waits for it, so that it may be held back to share a transaction.
    pub fn can_wait(&self) -> bool {
        matches!(self, Self::Told(Record::VoiceKept(_)))
    }

    /// What it speaks of, for messages.
    pub fn subject(&self) -> &str {
        match self {
            Self::Told(record) => record.subject(),
            Self::Attempted(it) => &it.delivery_id,
            Self::Off(destination, ..) => destination,
            Self::AllOn => "",
        }
    }
}

/// The name of a unit variant, as JSON has it.
pub fn name(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// Applies `work` inside the running transaction; where it fails nothing of it is left.
pub fn apply(connection: &Connection, work: &Work) -> rusqlite::Result<Applied> {
    connection.prepare_cached("SAVEPOINT one")?.execute([])?;
    let applied = rows(connection, work);
    // Where the whole transaction was undone there is no savepoint either.
    if !connection.is_autocommit() {
        if applied.is_err() {
            connection.prepare_cached("ROLLBACK TO one")?.execute([])?;
        }
        connection.prepare_cached("RELEASE one")?.execute([])?;
    }
    applied
}

fn rows(connection: &Connection, work: &Work) -> rusqlite::Result<Applied> {
    let record = match work {
        Work::Told(record) => record,
        Work::Attempted(it) => return attempted(connection, it),
        Work::Off(destination, at_ms, why) => {
            let sql = "INSERT INTO destination_off VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            let rows = connection
                .prepare_cached(sql)?
                .execute(params![destination, at_ms, why])?;
            return Ok(Applied::of(rows));
        }
        Work::AllOn => {
            return Ok(Applied::of(
                connection.execute("DELETE FROM destination_off", [])?,
            ));
        }
    };
    let rows = match record {
        Record::CallOpened(it) => connection
            .prepare_cached(
                "INSERT INTO call (call_id, channel, opened_ms, tenant, labels)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                it.call_id,
                name(&it.channel),
                it.opened_ms,
                it.tenant,
                // A map of strings always serialises.
                serde_json::to_string(&it.labels).unwrap_or_default(),
            ])?,
        Record::Dialogue(it) => connection
            .prepare_cached(
                "INSERT INTO dialogue (call_id, message_id, at_ms, message)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![it.call_id, it.message_id, it.at_ms, it.message])?,
        Record::Decided(it) => decided(connection, it)?,
        Record::PayloadUpdated(it) => updated(connection, it)?,
        Record::Transfer(it) => transferred(connection, it)?,
        Record::VoiceKept(it) => kept(connection, it)?,
        Record::HumanTurn(it) => connection
            .prepare_cached(
                "INSERT INTO human_turn (call_id, at_ms, speaker, text)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![it.call_id, it.at_ms, name(&it.speaker), it.text])?,
        Record::Rated(it) => connection
            .prepare_cached("INSERT INTO rating VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?
            .execute(params![it.call_id, it.csat, name(&it.group), it.at_ms])?,
        Record::CallClosed { call_id, closed_ms } => {
            let sql = "UPDATE call SET closed_ms = ?2 WHERE call_id = ?1 AND closed_ms IS NULL";
            let rows = connection
                .prepare_cached(sql)?
                .execute(params![call_id, closed_ms])?;
            connection
                .prepare_cached("DELETE FROM voice WHERE call_id = ?1")?
                .execute([call_id])?;
            known(
                connection,
                rows,
                "SELECT 1 FROM call WHERE call_id = ?1",
                call_id,
            )?
        }
    };
    Ok(Applied::of(rows))
}

/// `rows`, or `QueryReturnedNoRows` where nothing changed because `id` was never stored.
fn known(connection: &Connection, rows: usize, sql: &str, id: &str) -> rusqlite::Result<usize> {
    if rows == 0 {
        connection
            .prepare_cached(sql)?
            .query_row([id], |_| Ok(()))?;
    }
    Ok(rows)
}

fn decided(connection: &Connection, it: &Decided) -> rusqlite::Result<usize> {
    let rows = connection
        .prepare_cached(
            "INSERT INTO escalation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?3)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            it.escalation_id,
            it.call_id,
            it.decided_ms,
            it.trigger.name(),
            it.reason,
            it.customer_id,
            it.payload,
            it.completeness,
        ])?;
    if rows > 0 && !it.deliveries.is_empty() {
        let notice = Notice {
            escalation_id: &it.escalation_id,
            event: EventKind::Raised,
            key: String::new(),
            at_ms: it.decided_ms,
            data: &it.payload,
        };
        notice.insert(connection, &it.deliveries)?;
    }
    if let Some(voice) = it.voice.as_ref().filter(|_| rows > 0) {
        kept(connection, voice)?;
    }
    Ok(rows)
}

/// Only of a call that is open: what comes late must not outlive it.
fn kept(connection: &Connection, it: &VoiceKept) -> rusqlite::Result<usize> {
    let (escalation_id, nth) = it.escalation.as_ref().map(|(id, nth)| (id, nth)).unzip();
    connection
        .prepare_cached(
            "INSERT INTO voice (call_id, at_ms, began_ms, messages, escalation_id, nth, memory)
             SELECT call_id, ?2, ?3, ?4, ?5, ?6, ?7 FROM call
             WHERE call_id = ?1 AND closed_ms IS NULL
             ON CONFLICT (call_id) DO UPDATE SET at_ms = ?2, began_ms = ?3, messages = ?4,
                 escalation_id = ?5, nth = ?6, memory = ?7",
        )?
        .execute(params![
            it.call_id,
            it.at_ms,
            it.began_ms,
            i64::try_from(it.messages).unwrap_or(i64::MAX),
            escalation_id,
            nth,
            it.memory,
        ])
}

fn updated(connection: &Connection, it: &PayloadUpdated) -> rusqlite::Result<usize> {
    // The newest stays, whatever order they come in.
    let rows = connection
        .prepare_cached(
            "UPDATE escalation SET payload = ?2, completeness = ?3, updated_ms = ?4,
                 customer_id = coalesce(?5, customer_id)
             WHERE escalation_id = ?1 AND updated_ms < ?4",
        )?
        .execute(params![
            it.escalation_id,
            it.payload,
            it.completeness,
            it.at_ms,
            it.customer_id,
        ])?;
    let there = "SELECT 1 FROM escalation WHERE escalation_id = ?1";
    let rows = known(connection, rows, there, &it.escalation_id)?;
    if rows > 0 && !it.deliveries.is_empty() {
        let notice = Notice {
            escalation_id: &it.escalation_id,
            event: EventKind::Updated,
            key: it.at_ms.to_string(),
            at_ms: it.at_ms,
            data: &it.payload,
        };
        notice.insert(connection, &it.deliveries)?;
    }
    Ok(rows)
}

fn transferred(connection: &Connection, it: &TransferAt) -> rusqlite::Result<usize> {
    let (stage, failure) = (name(&it.stage), it.failure.as_ref().map(name));
    let rows = connection
        .prepare_cached(
            "INSERT INTO transfer (escalation_id, stage, failure, at_ms, destination)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            it.escalation_id,
            stage,
            failure.clone().unwrap_or_default(),
            it.at_ms,
            it.destination,
        ])?;
    if rows > 0 && !it.deliveries.is_empty() {
        let data = json!({
            "stage": stage,
            "failure": failure,
            "at_ms": it.at_ms,
            "destination": it.destination,
        });
        let notice = Notice {
            escalation_id: &it.escalation_id,
            event: EventKind::Transfer,
            key: format!("{stage}:{}:{}", failure.unwrap_or_default(), it.at_ms),
            at_ms: it.at_ms,
            data: &data.to_string(),
        };
        notice.insert(connection, &it.deliveries)?;
    }
    Ok(rows)
}

/// One event that destinations are told of.
struct Notice<'a> {
    escalation_id: &'a str,
    event: EventKind,
    key: String,
    at_ms: i64,
    data: &'a str,
}

impl Notice<'_> {
    fn insert(&self, connection: &Connection, deliveries: &[NewDelivery]) -> rusqlite::Result<()> {
        let event = self.event.name();
        let notice_id: Option<i64> = connection
            .prepare_cached(
                "INSERT INTO notice (escalation_id, event, key, at_ms, data)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING RETURNING notice_id",
            )?
            .query_row(
                params![self.escalation_id, event, self.key, self.at_ms, self.data],
                |row| row.get(0),
            )
            .optional()?;
        let Some(notice_id) = notice_id else {
            return Ok(());
        };
        for delivery in deliveries {
            let id = delivery_id(self.escalation_id, &delivery.destination, event, &self.key);
            connection
                .prepare_cached(
                    "INSERT INTO delivery
                         (delivery_id, notice_id, destination, state, due_ms, expires_ms)
                     VALUES (?1, ?2, ?3, 'pending', ?4, ?5) ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    id,
                    notice_id,
                    delivery.destination,
                    self.at_ms,
                    delivery.expires_ms,
                ])?;
        }
        Ok(())
    }
}

fn attempted(connection: &Connection, it: &Attempted) -> rusqlite::Result<Applied> {
    let done = (it.state != DeliveryState::Pending).then_some(it.at_ms);
    // What is settled stays settled.
    let rows = connection
        .prepare_cached(
            "UPDATE delivery SET state = ?2, attempts = ?3, status = ?4, problem = ?5,
                 due_ms = ?6, done_ms = ?7
             WHERE delivery_id = ?1 AND state = 'pending'",
        )?
        .execute(params![
            it.delivery_id,
            name(&it.state),
            it.attempts,
            it.status,
            it.problem,
            it.at_ms,
            done,
        ])?;
    Ok(Applied::of(rows))
}
