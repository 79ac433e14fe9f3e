//! Which columns of the feature table are written.

use super::egemaps;
use crate::features::table::{COLUMNS, Column, Kind};
use crate::features::{FeatureFrame, MEL_BANDS};

const TIME: &str = "time_s";

/// One column as it is written.
#[derive(Clone, Debug)]
pub struct Field {
    /// The header.
    pub name: String,
    /// The unit.
    pub unit: &'static str,
    /// The span of sound behind one value, ms.
    pub window_ms: u32,
    /// Real, flag or count.
    pub kind: Kind,
    /// The paper or standard.
    pub source: &'static str,
    /// What it is.
    pub description: &'static str,
    get: Getter,
}

#[derive(Clone, Copy, Debug)]
enum Getter {
    Time,
    Table(fn(&FeatureFrame) -> f64),
    Mel(usize),
}

impl Field {
    /// The field's value in `frame`. A flag is 0 or 1.
    pub fn value(&self, frame: &FeatureFrame) -> f64 {
        match self.get {
            Getter::Time => frame.at.seconds(),
            Getter::Table(get) => get(frame),
            Getter::Mel(band) => f64::from(frame.log_mel_db[band]),
        }
    }

    /// Needs more digits than a 32-bit float holds.
    pub fn is_time(&self) -> bool {
        matches!(self.get, Getter::Time)
    }

    fn time() -> Self {
        Self {
            name: TIME.to_owned(),
            unit: "s",
            window_ms: 0,
            kind: Kind::Real,
            source: "sample count",
            description: "Centre of the analysis windows, seconds since the first sample",
            get: Getter::Time,
        }
    }

    fn table(column: &'static Column) -> Self {
        Self {
            name: column.name.to_owned(),
            unit: column.unit,
            window_ms: column.window_ms,
            kind: column.kind,
            source: column.source,
            description: column.description,
            get: Getter::Table(column.get),
        }
    }

    fn mel(band: usize) -> Self {
        Self {
            name: format!("mel_{band:02}"),
            unit: "dB",
            window_ms: 30,
            kind: Kind::Real,
            source: "Davis & Mermelstein 1980",
            description: "Log-mel energy, bands up to 3.8 kHz",
            get: Getter::Mel(band),
        }
    }
}

/// The whole table: time, every documented column, every log-mel band.
pub fn all() -> Vec<Field> {
    let table = COLUMNS.iter().filter(|column| column.name != TIME);
    std::iter::once(Field::time())
        .chain(table.map(Field::table))
        .chain((0..MEL_BANDS).map(Field::mel))
        .collect()
}

/// The columns that eGeMAPS users know, and ours where the definition differs.
pub fn egemaps() -> Vec<Field> {
    let ours = all().into_iter();
    let ours = ours.filter(|field| egemaps::OURS.contains(&field.name.as_str()));
    let usual = egemaps::COLUMNS.iter().map(Field::table);
    usual.chain(ours).collect()
}

/// The columns that `spec` names, in its order: names, or the groups `default` (all but log-mel),
/// `mel`, `all` and `egemaps`, with commas between them. Time stands first, named or not.
///
/// # Errors
/// The first name that no column has, with the nearest ones to choose from.
pub fn select(spec: &str) -> Result<Vec<Field>, UnknownColumn> {
    let (all, egemaps) = (all(), egemaps());
    let is_mel = |field: &Field| matches!(field.get, Getter::Mel(_));
    let mut chosen: Vec<Field> = vec![Field::time()];
    for name in spec
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        let wanted = |field: &&Field| match name {
            "all" => true,
            "default" => !is_mel(field),
            "mel" => is_mel(field),
            name => field.name == name,
        };
        let mut known = false;
        let group = if name == "egemaps" { &egemaps[..] } else { &[] };
        let usual = egemaps.iter().filter(|field| field.name == name);
        for field in all.iter().filter(wanted).chain(group).chain(usual) {
            known = true;
            if chosen.iter().all(|held| held.name != field.name) {
                chosen.push(field.clone());
            }
        }
        if !known {
            return Err(UnknownColumn {
                name: name.to_owned(),
            });
        }
    }
    Ok(chosen)
}

/// A name in `--columns` that the table does not have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--columns: there is no column {name:?}; \
     `undertone features --list` prints them all, and `default`, `mel`, `all` and `egemaps` name groups"
)]
pub struct UnknownColumn {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(spec: &str) -> Vec<String> {
        let fields = select(spec).unwrap();
        fields.into_iter().map(|field| field.name).collect()
    }

    #[test]
    fn time_is_first_and_nothing_comes_twice() {
        assert_eq!(names("f0_hz, time_s,f0_hz"), ["time_s", "f0_hz"]);
        assert_eq!(names("mel").len(), 1 + MEL_BANDS);
        assert_eq!(names("all"), names("default,mel"));
        assert_eq!(names("default,f0_hz"), names("default"));
    }

    #[test]
    fn egemaps_is_a_group_and_its_names_are_columns() {
        let group = names("egemaps");
        assert_eq!(
            group.len(),
            1 + egemaps::COLUMNS.len() + egemaps::OURS.len()
        );
        assert_eq!(
            names("jitterLocal,HNRdBACF"),
            ["time_s", "jitterLocal", "HNRdBACF"]
        );
        // They are not in the table twice.
        assert!(!names("all").contains(&"jitterLocal".to_owned()));
    }

    #[test]
    fn the_contract_columns_are_in_the_default() {
        let names = names("default");
        let contract = "time_s,f0_hz,voiced,voicing,speech,level_db,pace_sps,hnr_db,jitter,shimmer,spectral_tilt_db";
        for name in contract.split(',') {
            assert!(names.iter().any(|held| held == name), "{name} is missing");
        }
    }

    #[test]
    fn an_unknown_column_is_named() {
        let error = select("f0_hz,loudness").unwrap_err().to_string();
        assert!(error.contains("\"loudness\""), "{error}");
    }
}
