//! Reading what was stored, beside the writer and without waiting for it.

use super::open;
use super::record::VoiceKept;
use super::rows::{
    Due, OpenCall, StoredCall, StoredDelivery, StoredEscalation, StoredMessage, StoredRating,
    StoredTransfer, StoredTurn,
};
use crate::shell::error::ShellError;
use rusqlite::types::Type;
use rusqlite::{Connection, Params, Row, named_params, params};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Connections that are kept open. More readers than this at once open their own for the while.
const KEPT: usize = 4;

const CALL: &str = "SELECT call_id, channel, opened_ms, closed_ms, tenant, labels FROM call";
const ESCALATION: &str = "SELECT escalation_id, call_id, decided_ms, trigger, reason, customer_id,
    payload, completeness, updated_ms FROM escalation";
const TRANSFER: &str = "SELECT escalation_id, stage, failure, at_ms, destination FROM transfer";

/// What is stored, for the server, the courier and the report.
pub struct Reads {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Reads {
    /// Opens the store at `path` to read only; another process may write it meanwhile.
    ///
    /// # Errors
    /// [`ShellError::Store`]: it is missing, damaged, another program's, or of another version.
    pub fn open(path: &Path) -> Result<Self, ShellError> {
        Ok(Self {
            path: path.to_owned(),
            idle: Mutex::new(vec![open::reader(path)?]),
        })
    }

    /// One call.
    ///
    /// # Errors
    /// [`ShellError::Store`], as everywhere here: the file cannot be read.
    pub fn call(&self, call_id: &str) -> Result<Option<StoredCall>, ShellError> {
        let mut found = self.list(&format!("{CALL} WHERE call_id = ?1"), [call_id], call)?;
        Ok(found.pop())
    }

    /// The calls that began since `since_ms`, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn calls(&self, since_ms: i64) -> Result<Vec<StoredCall>, ShellError> {
        let sql = format!("{CALL} WHERE opened_ms >= ?1 ORDER BY opened_ms, call_id");
        self.list(&sql, [since_ms], call)
    }

    /// The calls that have not ended, oldest first, with their dialogue and escalations: what a
    /// server goes on with after a restart.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open_calls(&self) -> Result<Vec<OpenCall>, ShellError> {
        let sql = format!("{CALL} WHERE closed_ms IS NULL ORDER BY opened_ms, call_id");
        let calls = self.list(&sql, [], call)?;
        let whole = |call: StoredCall| {
            Ok(OpenCall {
                dialogue: self.dialogue(&call.call_id)?,
                escalations: self.escalations_of(&call.call_id)?,
                voice: self.voice(&call.call_id)?,
                call,
            })
        };
        calls.into_iter().map(whole).collect()
    }

    /// What was told about a call, in the order in which it was stored.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn dialogue(&self, call_id: &str) -> Result<Vec<StoredMessage>, ShellError> {
        let sql = "SELECT message_id, at_ms, message FROM dialogue WHERE call_id = ?1 ORDER BY seq";
        self.list(sql, [call_id], |row| {
            Ok(StoredMessage {
                message_id: row.get(0)?,
                at_ms: row.get(1)?,
                message: row.get(2)?,
            })
        })
    }

    /// What is remembered of the voice of an open call.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn voice(&self, call_id: &str) -> Result<Option<VoiceKept>, ShellError> {
        let sql = "SELECT call_id, at_ms, began_ms, messages, escalation_id, nth, memory FROM voice
            WHERE call_id = ?1";
        let mut found = self.list(sql, [call_id], |row| {
            Ok(VoiceKept {
                call_id: row.get(0)?,
                at_ms: row.get(1)?,
                began_ms: row.get(2)?,
                messages: row.get::<_, i64>(3)?.unsigned_abs(),
                escalation: Option::zip(row.get(4)?, row.get(5)?),
                memory: row.get(6)?,
            })
        })?;
        Ok(found.pop())
    }

    /// One escalation, with its newest payload.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn escalation(&self, escalation_id: &str) -> Result<Option<StoredEscalation>, ShellError> {
        let sql = format!("{ESCALATION} WHERE escalation_id = ?1");
        Ok(self.list(&sql, [escalation_id], escalation)?.pop())
    }

    /// The escalations of a call, oldest first; the last one has the call's newest payload.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn escalations_of(&self, call_id: &str) -> Result<Vec<StoredEscalation>, ShellError> {
        let sql = format!("{ESCALATION} WHERE call_id = ?1 ORDER BY decided_ms, escalation_id");
        self.list(&sql, [call_id], escalation)
    }

    /// The newest `most` escalations since `since_ms`, newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn escalations(
        &self,
        since_ms: i64,
        most: u32,
    ) -> Result<Vec<StoredEscalation>, ShellError> {
        let sql = format!(
            "{ESCALATION} WHERE decided_ms >= ?1 ORDER BY decided_ms DESC, escalation_id LIMIT ?2"
        );
        self.list(&sql, params![since_ms, most], escalation)
    }

    /// The stages of one transfer, in the order in which they were told.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn transfers(&self, escalation_id: &str) -> Result<Vec<StoredTransfer>, ShellError> {
        let sql = format!("{TRANSFER} WHERE escalation_id = ?1 ORDER BY seq");
        self.list(&sql, [escalation_id], transfer)
    }

    /// The stages of all transfers whose escalation was decided since `since_ms`, by time.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn transfers_since(&self, since_ms: i64) -> Result<Vec<StoredTransfer>, ShellError> {
        let sql = format!(
            "{TRANSFER} WHERE escalation_id IN
                (SELECT escalation_id FROM escalation WHERE decided_ms >= ?1) ORDER BY at_ms, seq"
        );
        self.list(&sql, [since_ms], transfer)
    }

    /// What was said in a call after the human took over, by time.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn human_turns(&self, call_id: &str) -> Result<Vec<StoredTurn>, ShellError> {
        let sql = "SELECT call_id, at_ms, speaker, text FROM human_turn WHERE call_id = ?1
            ORDER BY at_ms, seq";
        self.list(sql, [call_id], |row| {
            Ok(StoredTurn {
                call_id: row.get(0)?,
                at_ms: row.get(1)?,
                speaker: named(row, 2)?,
                text: row.get(3)?,
            })
        })
    }

    /// The ratings since `since_ms`, by time.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn ratings(&self, since_ms: i64) -> Result<Vec<StoredRating>, ShellError> {
        let sql = "SELECT call_id, csat, rated, at_ms FROM rating WHERE at_ms >= ?1
            ORDER BY at_ms, call_id";
        self.list(sql, [since_ms], |row| {
            Ok(StoredRating {
                call_id: row.get(0)?,
                csat: row.get(1)?,
                group: named(row, 2)?,
                at_ms: row.get(3)?,
            })
        })
    }

    /// The deliveries of events since `since_ms`, by time; of one escalation where it is named.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn deliveries(
        &self,
        since_ms: i64,
        escalation_id: Option<&str>,
    ) -> Result<Vec<StoredDelivery>, ShellError> {
        let sql = "SELECT delivery_id, escalation_id, destination, event, state, at_ms, expires_ms,
                attempts, status, problem, done_ms
            FROM notice JOIN delivery USING (notice_id)
            WHERE at_ms >= ?1 AND (?2 IS NULL OR escalation_id = ?2)
            ORDER BY at_ms, delivery_id";
        self.list(sql, params![since_ms, escalation_id], |row| {
            Ok(StoredDelivery {
                delivery_id: row.get(0)?,
                escalation_id: row.get(1)?,
                destination: row.get(2)?,
                event: named(row, 3)?,
                state: named(row, 4)?,
                at_ms: row.get(5)?,
                expires_ms: row.get(6)?,
                attempts: row.get(7)?,
                status: row.get(8)?,
                problem: row.get(9)?,
                done_ms: row.get(10)?,
            })
        })
    }

    /// Up to `most` deliveries to `destination` that wait, those that may be tried first in front.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn due(&self, destination: &str, most: usize) -> Result<Vec<Due>, ShellError> {
        let sql = "SELECT delivery_id, destination, event, at_ms, due_ms, expires_ms, attempts,
                data, escalation_id, trigger, reason, call_id, labels
            FROM delivery JOIN notice USING (notice_id) JOIN escalation USING (escalation_id)
                JOIN call USING (call_id)
            WHERE state = 'pending' AND destination = :destination
            ORDER BY due_ms LIMIT :most";
        let values = named_params! {
            ":destination": destination,
            ":most": i64::try_from(most).unwrap_or(i64::MAX),
        };
        self.list(sql, values, |row| {
            Ok(Due {
                delivery_id: row.get(0)?,
                destination: row.get(1)?,
                event: named(row, 2)?,
                at_ms: row.get(3)?,
                due_ms: row.get(4)?,
                expires_ms: row.get(5)?,
                attempts: row.get(6)?,
                data: row.get(7)?,
                escalation_id: row.get(8)?,
                trigger: row.get(9)?,
                reason: row.get(10)?,
                call_id: row.get(11)?,
                labels: parsed(row, 12)?,
            })
        })
    }

    /// The destinations for which something waits, each with how much, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn pending(&self) -> Result<Vec<(String, u64)>, ShellError> {
        let sql = "SELECT destination, count(*) FROM delivery WHERE state = 'pending'
            GROUP BY destination";
        self.list(sql, [], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })
    }

    /// The destinations that want nothing more, each with the reason, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn destinations_off(&self) -> Result<Vec<(String, String)>, ShellError> {
        let sql = "SELECT destination, why FROM destination_off ORDER BY destination";
        self.list(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn list<T>(
        &self,
        sql: &str,
        values: impl Params,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, ShellError> {
        let idle = self.idle().pop();
        let connection = idle.map_or_else(|| open::reader(&self.path), Ok)?;
        let read: rusqlite::Result<Vec<T>> = (|| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map(values, row)?.collect()
        })();
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        drop(idle);
        read.map_err(|error| ShellError::Store {
            path: self.path.clone(),
            reason: open::mend(&error),
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn call(row: &Row<'_>) -> rusqlite::Result<StoredCall> {
    Ok(StoredCall {
        call_id: row.get(0)?,
        channel: named(row, 1)?,
        opened_ms: row.get(2)?,
        closed_ms: row.get(3)?,
        tenant: row.get(4)?,
        labels: parsed(row, 5)?,
    })
}

fn escalation(row: &Row<'_>) -> rusqlite::Result<StoredEscalation> {
    Ok(StoredEscalation {
        escalation_id: row.get(0)?,
        call_id: row.get(1)?,
        decided_ms: row.get(2)?,
        trigger: row.get(3)?,
        reason: row.get(4)?,
        customer_id: row.get(5)?,
        payload: row.get(6)?,
        completeness: row.get(7)?,
        updated_ms: row.get(8)?,
    })
}

fn transfer(row: &Row<'_>) -> rusqlite::Result<StoredTransfer> {
    let failure: String = row.get(2)?;
    Ok(StoredTransfer {
        escalation_id: row.get(0)?,
        stage: named(row, 1)?,
        failure: if failure.is_empty() {
            None
        } else {
            Some(named(row, 2)?)
        },
        at_ms: row.get(3)?,
        destination: row.get(4)?,
    })
}

/// A unit variant by its name in column `at`.
fn named<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text: String = row.get(at)?;
    let value = serde_json::Value::String(text);
    serde_json::from_value(value).map_err(|error| unreadable(at, error))
}

/// JSON in column `at`.
fn parsed<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text: String = row.get(at)?;
    serde_json::from_str(&text).map_err(|error| unreadable(at, error))
}

fn unreadable(at: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error))
}
