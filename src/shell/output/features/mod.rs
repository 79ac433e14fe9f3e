//! Takes: feature frames, one per 10 ms, and a choice of columns.
//! Gives: the feature table as CSV, JSON lines or Parquet, one row of functionals, documentation.
//! Remembers: at most one Parquet row group; for functionals 33 bytes a frame.
//! Source: `features::table`, which documents each column.

mod arrow_schema;
mod egemaps;
mod functionals;
mod list;
mod parquet;
mod rows;
pub mod selection;

pub use functionals::Functionals;
pub use list::write_list;
pub use parquet::ParquetWriter;
pub use rows::{CsvWriter, JsonlWriter};

use crate::features::FeatureFrame;
use selection::Field;
use std::io::{self, Write};

/// How `features` writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum TableFormat {
    /// Header first, one row per 10 ms.
    #[default]
    Csv,
    /// One JSON object per 10 ms.
    Jsonl,
    /// Typed columns with their units, for pandas, Polars, DuckDB and R.
    Parquet,
}

impl TableFormat {
    /// The usual ending of such a file.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    /// The writer of a table with these columns; the header is written now.
    pub fn writer<'a, W: Write + Send + 'a>(
        self,
        fields: &'a [Field],
        out: W,
    ) -> io::Result<Box<dyn TableWriter + 'a>> {
        Ok(match self {
            Self::Csv => Box::new(CsvWriter::new(fields, out)?),
            Self::Jsonl => Box::new(JsonlWriter::new(fields, out)),
            Self::Parquet => Box::new(ParquetWriter::new(fields, out)?),
        })
    }
}

/// Takes frames in order.
pub trait TableWriter {
    /// One row.
    fn row(&mut self, frame: &FeatureFrame) -> io::Result<()>;
    /// The end of the table; without it a Parquet file cannot be read.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::features::{MEL_BANDS, Quality};
    use crate::units::StreamTime;

    /// The `index`-th frame of a made-up stream; every third is unvoiced.
    pub(crate) fn frame(index: u32) -> FeatureFrame {
        let voiced = !index.is_multiple_of(3);
        FeatureFrame {
            at: StreamTime::from_seconds(0.015 + 0.01 * f64::from(index)),
            f0_hz: if voiced {
                180.0 + index as f32 * 0.25
            } else {
                0.0
            },
            voiced,
            voicing: 0.5,
            speech: true,
            level_db: -30.0,
            active_level_db: -26.0,
            snr_db: 20.0,
            pace_sps: 4.0,
            articulation_sps: 5.0,
            pause_s: 0.0,
            pauses: index / 100,
            pause_share: 0.1,
            hnr_db: 12.0,
            jitter: 0.005_12,
            shimmer: 0.04,
            // Shimmer is one that the line could not carry.
            quality: Quality {
                jitter_ok: true,
                ..Quality::default()
            },
            spectral_tilt_db: -6.0,
            alpha_ratio_db: -3.0,
            hammarberg_db: 9.0,
            flux_db: 1.0,
            log_mel_db: std::array::from_fn::<f32, MEL_BANDS, _>(|band| -(band as f32)),
            ..FeatureFrame::default()
        }
    }
}
