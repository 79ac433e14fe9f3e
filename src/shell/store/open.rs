//! Opening the file: its owner's lock, its tables, and errors that say what to do.

use super::config::Durability;
use super::schema::{self, Misfit};
use crate::shell::error::ShellError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);
/// Pages (of 4 KiB) of write-ahead log after which the writer itself moves them into the file.
const LOG_PAGES: i64 = 16_384;
/// Statements that a connection keeps prepared.
const PREPARED: usize = 64;

/// Takes the lock that says which process writes the store. It goes with the process.
///
/// # Errors
/// Another process has it, or the lock file cannot be made.
pub fn lock(path: &Path) -> Result<File, ShellError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name);
    let file = opened.map_err(|source| ShellError::Open {
        path: name.clone(),
        source,
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(refused(
            path,
            "another process writes this store; stop it, or give this one a store of its own",
        )),
        Err(TryLockError::Error(source)) => Err(ShellError::Open { path: name, source }),
    }
}

/// A connection that writes; makes and migrates the file.
///
/// # Errors
/// The file cannot be made or is not a store of this version.
pub fn writer(path: &Path, durability: Durability) -> Result<Connection, ShellError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags)?;
    let ready = (|| {
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if !mode.eq_ignore_ascii_case("wal") {
            return Err(Misfit::Sql(rusqlite::Error::InvalidQuery));
        }
        connection.pragma_update(
            None,
            "synchronous",
            match durability {
                Durability::Process => "NORMAL",
                Durability::Power => "FULL",
            },
        )?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // The checkpointer does it beside; this is the bound where it cannot follow.
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        schema::migrate(&connection)
    })();
    ready.map_err(|misfit| told(path, misfit))?;
    Ok(connection)
}

/// A connection that only reads a file that is there.
///
/// # Errors
/// The file is missing, or is not a store of this version.
pub fn reader(path: &Path) -> Result<Connection, ShellError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags)?;
    match schema::is_current(&connection) {
        Ok(true) => Ok(connection),
        Ok(false) => Err(refused(
            path,
            "an older version wrote this store; start the server once, it brings the file up to date",
        )),
        Err(misfit) => Err(told(path, misfit)),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, ShellError> {
    let ready = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        Ok(connection)
    });
    ready.map_err(|error| told(path, Misfit::Sql(error)))
}

fn refused(path: &Path, reason: impl Into<String>) -> ShellError {
    ShellError::Store {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

fn told(path: &Path, misfit: Misfit) -> ShellError {
    match misfit {
        Misfit::Foreign => refused(
            path,
            "a database of another program; name another file in `store.path`",
        ),
        Misfit::Newer(found, known) => refused(
            path,
            format!(
                "version {found} of the store, this program knows up to {known}; use the newer \
                 program, or name another file"
            ),
        ),
        Misfit::Sql(error) => refused(path, mend(&error)),
    }
}

/// SQLite's reason, and what to do about it.
pub fn mend(error: &rusqlite::Error) -> String {
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            "the file is damaged, or no database: move it away and start with a new one, or \
             rescue its rows with `sqlite3 FILE .recover`"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process holds the file: end it, or wait"
        }
        Some(ErrorCode::CannotOpen) => "give a folder that exists and may be written",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "make the file and its folder writable for this user"
        }
        Some(ErrorCode::DiskFull) => "free space on the disk",
        Some(ErrorCode::SystemIoFailure) => "the disk reports an error; check it",
        _ => return error.to_string(),
    };
    format!("{error}; {advice}")
}
