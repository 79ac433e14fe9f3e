//! Where the store is, what it survives, and how long it keeps a call.

use crate::error::BuildError;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The table `[store]` of the server's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// The database file. Two more stand beside it while it is open (`-wal`, `-shm`), and a lock.
    pub path: PathBuf,
    /// What an acknowledged record survives.
    pub durability: Durability,
    /// Days after its end that a call is kept, 1 to 3650. Undelivered calls are kept longer.
    pub keep_days: u32,
}

/// What an acknowledged record survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// The end of the process at any instant, `kill -9` too. A power cut may take the last moments.
    #[default]
    Process,
    /// A power cut too: every commit waits for the disk.
    Power,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            path: "undertone.db".into(),
            durability: Durability::Process,
            keep_days: 30,
        }
    }
}

impl StoreConfig {
    /// Checks every range; `file` is where the configuration came from.
    ///
    /// # Errors
    /// Names the first value outside its range.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        if self.path.as_os_str().is_empty() {
            let mend = "name the database file, such as undertone.db";
            return Err(BuildError::value(file, "store.path", "\"\"", mend));
        }
        let days = f64::from(self.keep_days);
        BuildError::within(file, "store.keep_days", days, 1.0, 3650.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wild_values_are_refused_by_name() {
        let read = |text: &str| toml::from_str::<StoreConfig>(text);
        assert_eq!(read("").unwrap(), StoreConfig::default());
        assert!(read("durability = \"paper\"").is_err());
        assert!(read("keepdays = 3").is_err());
        let error = read("keep_days = 0").unwrap().check("u.toml").unwrap_err();
        assert!(error.to_string().contains("store.keep_days` is 0"));
        let error = read("path = \"\"").unwrap().check("u.toml").unwrap_err();
        assert!(error.to_string().contains("store.path"));
    }
}
