//! The tables, and the way from older ones.

use rusqlite::Connection;

/// Marks the file as ours: "Utne" (`PRAGMA application_id`).
pub const APPLICATION: i32 = 0x5574_6e65;

/// The steps from an empty file to today's tables; the file's `user_version` is how many were done.
/// A step that was released is never changed: add the next one.
pub const STEPS: [&str; 2] = [FIRST, VOICE];

const FIRST: &str = "
CREATE TABLE call (
    call_id TEXT PRIMARY KEY NOT NULL,
    channel TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    closed_ms INTEGER,
    tenant TEXT,
    labels TEXT NOT NULL
);
CREATE INDEX call_open ON call (opened_ms) WHERE closed_ms IS NULL;
CREATE INDEX call_opened ON call (opened_ms);
CREATE TABLE dialogue (
    seq INTEGER PRIMARY KEY,
    call_id TEXT NOT NULL REFERENCES call ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (call_id, message_id)
);
CREATE TABLE escalation (
    escalation_id TEXT PRIMARY KEY NOT NULL,
    call_id TEXT NOT NULL REFERENCES call ON DELETE CASCADE,
    decided_ms INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    reason TEXT NOT NULL,
    customer_id TEXT,
    payload TEXT NOT NULL,
    completeness REAL NOT NULL,
    updated_ms INTEGER NOT NULL
);
CREATE INDEX escalation_call ON escalation (call_id);
CREATE INDEX escalation_decided ON escalation (decided_ms);
CREATE TABLE transfer (
    seq INTEGER PRIMARY KEY,
    escalation_id TEXT NOT NULL REFERENCES escalation ON DELETE CASCADE,
    stage TEXT NOT NULL,
    failure TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    destination TEXT,
    UNIQUE (escalation_id, stage, failure, at_ms)
);
CREATE TABLE human_turn (
    seq INTEGER PRIMARY KEY,
    call_id TEXT NOT NULL REFERENCES call ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    speaker TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (call_id, at_ms, speaker, text)
);
CREATE TABLE rating (
    call_id TEXT PRIMARY KEY NOT NULL,
    csat INTEGER NOT NULL,
    rated TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);
CREATE TABLE notice (
    notice_id INTEGER PRIMARY KEY,
    escalation_id TEXT NOT NULL REFERENCES escalation ON DELETE CASCADE,
    event TEXT NOT NULL,
    key TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (escalation_id, event, key)
);
CREATE TABLE delivery (
    delivery_id TEXT PRIMARY KEY NOT NULL,
    notice_id INTEGER NOT NULL REFERENCES notice ON DELETE CASCADE,
    destination TEXT NOT NULL,
    state TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    problem TEXT,
    done_ms INTEGER
);
CREATE INDEX delivery_notice ON delivery (notice_id);
CREATE INDEX delivery_pending ON delivery (destination, due_ms) WHERE state = 'pending';
CREATE TABLE destination_off (
    destination TEXT PRIMARY KEY NOT NULL,
    at_ms INTEGER NOT NULL,
    why TEXT NOT NULL
);
";

/// What is remembered of the voice of an open call.
const VOICE: &str = "
CREATE TABLE voice (
    call_id TEXT PRIMARY KEY NOT NULL REFERENCES call ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    began_ms INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    escalation_id TEXT,
    nth INTEGER,
    memory BLOB NOT NULL
);
";

/// Why a file's tables cannot be used.
pub enum Misfit {
    /// Another program's file.
    Foreign,
    /// A newer version of this program wrote it: its version, and ours.
    Newer(i64, usize),
    /// SQLite's own error.
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Misfit {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Whether the tables are today's. False for an empty file and for an older one.
pub fn is_current(connection: &Connection) -> Result<bool, Misfit> {
    Ok(version(connection)? == STEPS.len())
}

/// Brings the file to today's tables, in one transaction.
pub fn migrate(connection: &Connection) -> Result<(), Misfit> {
    if is_current(connection)? {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = (|| {
        // Asked again inside: another process may have been faster.
        for step in &STEPS[version(connection)?..] {
            connection.execute_batch(step)?;
        }
        connection.pragma_update(None, "application_id", APPLICATION)?;
        connection.pragma_update(None, "user_version", STEPS.len() as i64)?;
        Ok(())
    })();
    match done {
        Ok(()) => Ok(connection.execute_batch("COMMIT")?),
        Err(misfit) => {
            let _ = connection.execute_batch("ROLLBACK");
            Err(misfit)
        }
    }
}

/// How many steps the file has behind it.
fn version(connection: &Connection) -> Result<usize, Misfit> {
    let read = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let (application, version): (i64, i64) = (read("application_id")?, read("user_version")?);
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0))?;
    if application != i64::from(APPLICATION) && (tables > 0 || version != 0) {
        return Err(Misfit::Foreign);
    }
    match usize::try_from(version) {
        Ok(version) if version <= STEPS.len() => Ok(version),
        _ => Err(Misfit::Newer(version, STEPS.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_first_version_gets_the_later_tables_and_keeps_its_rows() {
        let connection = Connection::open_in_memory().unwrap();
        let first = [STEPS[0], "PRAGMA user_version = 1;"].concat();
        connection.execute_batch(&first).unwrap();
        let ours = connection.pragma_update(None, "application_id", APPLICATION);
        ours.unwrap();
        let call = "INSERT INTO call VALUES ('c', 'voice', 1, NULL, NULL, '{}')";
        connection.execute(call, []).unwrap();
        assert!(matches!(is_current(&connection), Ok(false)));
        assert!(migrate(&connection).is_ok());
        assert!(matches!(is_current(&connection), Ok(true)));
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        assert_eq!(count("SELECT count(*) FROM call"), Ok(1));
        assert_eq!(count("SELECT count(*) FROM voice"), Ok(0));
    }
}
