//! The feature table as Parquet: typed columns that carry their units.
//!
//! Time is DOUBLE, real columns FLOAT, flags BOOLEAN, counts INT32. A real value that is absent is
//! null, never NaN: a mean over the column leaves it out in every reader. The file's key-value
//! metadata has `unit:<column>` for each column, `undertone.columns`, a JSON list with name, unit,
//! window, source and description, and `ARROW:schema`, which carries the same to each column's own
//! metadata. Values are not rounded.

use super::TableWriter;
use super::arrow_schema::{self, ArrowField};
use super::selection::Field;
use crate::features::FeatureFrame;
use crate::features::table::Kind;
use parquet::basic::{Encoding, Repetition, Type as Physical};
use parquet::data_type::{BoolType, DataType, DoubleType, FloatType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use serde_json::json;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows of one row group: 5 min 28 s of stream, a few MiB with every column.
const GROUP_ROWS: usize = 1 << 15;

/// Writes row groups of bounded size, so that memory does not grow with the file.
pub struct ParquetWriter<'a, W: Write + Send> {
    fields: &'a [Field],
    columns: Vec<Vec<f64>>,
    file: SerializedFileWriter<W>,
}

impl<'a, W: Write + Send> ParquetWriter<'a, W> {
    /// Opens the file.
    pub fn new(fields: &'a [Field], out: W) -> io::Result<Self> {
        let schema = schema(fields).map_err(io::Error::other)?;
        let properties = WriterProperties::builder()
            .set_created_by(concat!("undertone ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(documentation(fields)))
            // Measured values hardly repeat; a dictionary would only be built and thrown away.
            .set_dictionary_enabled(false)
            .set_encoding(Encoding::PLAIN)
            .build();
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties));
        Ok(Self {
            fields,
            columns: vec![Vec::new(); fields.len()],
            file: file.map_err(io::Error::other)?,
        })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        if self.columns.first().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for (field, values) in self.fields.iter().zip(&mut self.columns) {
            match physical(field) {
                Physical::DOUBLE => write_column::<DoubleType, W>(&mut group, values, None, |v| v)?,
                Physical::BOOLEAN => {
                    write_column::<BoolType, W>(&mut group, values, None, |v| v != 0.0)?
                }
                Physical::INT32 => {
                    write_column::<Int32Type, W>(&mut group, values, None, |v| v as i32)?
                }
                _ => {
                    let present: Vec<i16> = values.iter().map(|v| v.is_finite().into()).collect();
                    values.retain(|v| v.is_finite());
                    write_column::<FloatType, W>(&mut group, values, Some(&present), |v| v as f32)?;
                }
            }
            values.clear();
        }
        group.close()?;
        Ok(())
    }
}

impl<W: Write + Send> TableWriter for ParquetWriter<'_, W> {
    fn row(&mut self, frame: &FeatureFrame) -> io::Result<()> {
        for (field, values) in self.fields.iter().zip(&mut self.columns) {
            values.push(field.value(frame));
        }
        if self.columns.first().is_some_and(|c| c.len() >= GROUP_ROWS) {
            self.write_group().map_err(io_error)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.write_group().map_err(io_error)?;
        self.file.finish().map_err(io_error)?;
        Ok(())
    }
}

fn write_column<T, W>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[f64],
    present: Option<&[i16]>,
    convert: fn(f64) -> T::T,
) -> Result<(), ParquetError>
where
    T: DataType,
    W: Write + Send,
{
    let missing = || ParquetError::General("the schema has fewer columns than the table".into());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    let values: Vec<T::T> = values.iter().copied().map(convert).collect();
    column.typed::<T>().write_batch(&values, present, None)?;
    column.close()
}

fn schema(fields: &[Field]) -> Result<TypePtr, ParquetError> {
    let column = |field: &Field| {
        Type::primitive_type_builder(&field.name, physical(field))
            .with_repetition(if nullable(field) {
                Repetition::OPTIONAL
            } else {
                Repetition::REQUIRED
            })
            .build()
            .map(Arc::new)
    };
    let columns: Result<Vec<TypePtr>, ParquetError> = fields.iter().map(column).collect();
    Type::group_type_builder("features")
        .with_fields(columns?)
        .build()
        .map(Arc::new)
}

fn physical(field: &Field) -> Physical {
    match field.kind {
        _ if field.is_time() => Physical::DOUBLE,
        Kind::Real => Physical::FLOAT,
        Kind::Flag => Physical::BOOLEAN,
        Kind::Count => Physical::INT32,
    }
}

/// A measure that the line cannot carry is absent; time, flags and counts always are there.
fn nullable(field: &Field) -> bool {
    physical(field) == Physical::FLOAT
}

fn documentation(fields: &[Field]) -> Vec<KeyValue> {
    let table: Vec<_> = fields
        .iter()
        .map(|field| {
            json!({
                "name": field.name,
                "unit": field.unit,
                "window_ms": field.window_ms,
                "source": field.source,
                "description": field.description,
            })
        })
        .collect();
    let unit = |field: &Field| KeyValue::new(format!("unit:{}", field.name), field.unit.to_owned());
    let table = KeyValue::new(
        "undertone.columns".to_owned(),
        serde_json::Value::from(table).to_string(),
    );
    let mut pairs: Vec<KeyValue> = fields.iter().map(unit).chain([table]).collect();
    let arrow = arrow(fields, &pairs);
    pairs.push(KeyValue::new(arrow_schema::KEY.to_owned(), arrow));
    pairs
}

fn arrow(fields: &[Field], pairs: &[KeyValue]) -> String {
    let columns: Vec<ArrowField<'_>> = fields
        .iter()
        .map(|field| ArrowField {
            name: &field.name,
            physical: physical(field),
            nullable: nullable(field),
            metadata: vec![
                ("unit", field.unit.to_owned()),
                ("window_ms", field.window_ms.to_string()),
                ("source", field.source.to_owned()),
                ("description", field.description.to_owned()),
            ],
        })
        .collect();
    let pairs = pairs
        .iter()
        .map(|pair| (pair.key.as_str(), pair.value.as_deref().unwrap_or_default()));
    arrow_schema::encoded(&columns, pairs)
}

/// A pipe that was closed stays recognisable as such.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{sample, selection};
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field as Cell;

    fn written(rows: u32) -> SerializedFileReader<std::fs::File> {
        let fields = selection::select("all").unwrap();
        let mut file = tempfile::tempfile().unwrap();
        let copy = file.try_clone().unwrap();
        let mut writer = Box::new(ParquetWriter::new(&fields, copy).unwrap());
        for index in 0..rows {
            writer.row(&sample::frame(index)).unwrap();
        }
        writer.finish().unwrap();
        io::Seek::rewind(&mut file).unwrap();
        SerializedFileReader::new(file).unwrap()
    }

    #[test]
    fn rows_come_back_with_their_types() {
        let reader = written(100);
        let row = reader.get_row_iter(None).unwrap().nth(1).unwrap().unwrap();
        let cells: std::collections::HashMap<_, _> = row.into_columns().into_iter().collect();
        assert_eq!(cells["time_s"], Cell::Double(0.025));
        assert_eq!(cells["f0_hz"], Cell::Float(180.25));
        assert_eq!(cells["voiced"], Cell::Bool(true));
        assert_eq!(cells["pauses"], Cell::Int(0));
        assert_eq!(cells["mel_35"], Cell::Float(-35.0));
        assert_eq!(cells["jitter"], Cell::Float(0.005_12));
        assert_eq!(cells["shimmer"], Cell::Null);
    }

    #[test]
    fn row_groups_are_bounded() {
        let rows = GROUP_ROWS as u32 + 10;
        let reader = written(rows);
        let metadata = reader.metadata();
        let sizes: Vec<i64> = metadata.row_groups().iter().map(|g| g.num_rows()).collect();
        assert_eq!(sizes, [GROUP_ROWS as i64, 10]);
    }

    #[test]
    fn an_empty_table_is_still_a_file() {
        assert_eq!(written(0).metadata().file_metadata().num_rows(), 0);
    }

    #[test]
    fn units_travel_with_the_file() {
        let reader = written(1);
        let metadata = reader.metadata().file_metadata().key_value_metadata();
        let value = |key: &str| {
            let found = metadata.unwrap().iter().find(|entry| entry.key == key);
            found.unwrap().value.clone().unwrap()
        };
        assert_eq!(value("unit:f0_hz"), "Hz");
        let columns: serde_json::Value = serde_json::from_str(&value("undertone.columns")).unwrap();
        assert_eq!(columns.as_array().unwrap().len(), selection::all().len());
        assert_eq!(columns[0]["name"], "time_s");
        // What stands in it is the other file's to test.
        assert!(value("ARROW:schema").starts_with("/////"));
    }
}
