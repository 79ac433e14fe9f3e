//! The engine's configuration: one tree, no unknown keys, units in the names.

use crate::decision::{OperatingPoint, SignPoint};
use crate::dialogue::{ReportConfig, WordsConfig};
use crate::error::BuildError;
use crate::handoff::{Redaction, TransferBudget};
use crate::trajectory::{EvidenceWeights, TrajectoryConfig};
use serde::{Deserialize, Serialize};

/// Everything about a call that is a matter of policy. Geometry is not: it is in the model card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
// Unknown sections are refused by `parse_beside`, which knows whose the others are.
#[serde(default)]
pub struct EngineConfig {
    /// How the trajectory is followed.
    pub trajectory: TrajectoryConfig,
    /// What counts as evidence, and how much.
    pub evidence: EvidenceWeights,
    /// When the voice alone escalates.
    pub operating_point: OperatingPoint,
    /// When the agent's own reports escalate.
    pub reports: ReportConfig,
    /// Which words escalate by themselves.
    pub words: WordsConfig,
    /// When signs in the words count as sentiment.
    pub signs: SignPoint,
    /// What is taken out of everything that was told.
    pub redaction: Redaction,
    /// How long a transfer may take.
    pub transfer: TransferBudget,
}

impl EngineConfig {
    /// Reads and checks the TOML in `text`, which came from `file`.
    ///
    /// # Errors
    /// Names the file, the key, the value and what is allowed.
    pub fn parse(file: &str, text: &str) -> Result<Self, BuildError> {
        Self::parse_beside(file, text, &[])
    }

    /// The same, for a file that also holds `others`: sections that are not the engine's.
    ///
    /// # Errors
    /// Names the file, the key, the value and what is allowed.
    pub fn parse_beside(file: &str, text: &str, others: &[&str]) -> Result<Self, BuildError> {
        let wrong = |error: toml::de::Error| BuildError::file(file, error.to_string().trim_end());
        let config: Self = toml::from_str(text).map_err(wrong)?;
        let whole: toml::Table = toml::from_str(text).map_err(wrong)?;
        // Plain numbers under plain keys always serialise.
        let own = toml::Table::try_from(Self::default()).unwrap_or_default();
        let known = |key: &&String| own.contains_key(*key) || others.contains(&key.as_str());
        if let Some(key) = whole.keys().find(|key| !known(key)) {
            let names: Vec<&str> = own
                .keys()
                .map(String::as_str)
                .chain(others.iter().copied())
                .collect();
            let mend = format_args!("this section is not known; known are {}", names.join(", "));
            return Err(BuildError::value(file, key, "unknown", mend));
        }
        config.check(file)?;
        Ok(config)
    }

    /// Checks every range.
    ///
    /// # Errors
    /// Names the first value outside its range.
    pub fn check(&self, file: &str) -> Result<(), BuildError> {
        self.trajectory.check(file)?;
        self.evidence.check(file)?;
        self.operating_point.check(file)?;
        self.reports.check(file)?;
        self.words.check(file)?;
        self.signs.check(file)?;
        self.transfer.check(file)
    }

    /// The configuration in force, as TOML with every key.
    pub fn to_toml(&self) -> String {
        // Plain numbers under plain keys always serialise.
        toml::to_string_pretty(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_back() {
        let config = EngineConfig::default();
        let text = config.to_toml();
        assert!(text.contains("false_alarms_per_call_hour"));
        assert_eq!(EngineConfig::parse("x.toml", &text), Ok(config.clone()));
        assert_eq!(EngineConfig::parse("x.toml", ""), Ok(config));
    }

    #[test]
    fn unknown_keys_and_wild_values_are_refused_by_name() {
        let refuse = |text: &str| EngineConfig::parse("x.toml", text).unwrap_err().to_string();
        assert!(refuse("[operating_point]\nfalse_alarm = 1").contains("false_alarm"));
        assert!(refuse("[operating_pint]").contains("operating_pint` is unknown"));
        assert!(refuse("[server]").contains("server` is unknown"));
        let beside = EngineConfig::parse_beside("x.toml", "[server]", &["server"]);
        assert_eq!(beside, Ok(EngineConfig::default()));
        assert!(refuse("[operating_point]\ncool_down_s = -1").contains("cool_down_s` is -1"));
        assert!(refuse("[trajectory]\ndistress_weight = nan").contains("distress_weight"));
    }
}
