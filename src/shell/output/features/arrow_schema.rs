//! The Arrow schema of a Parquet file, so that units stand with the columns.
//!
//! Parquet has metadata for a file, not for a column. Arrow readers (pyarrow, pandas, Polars) look
//! under the file's key `ARROW:schema` for the schema that an Arrow writer had: an encapsulated IPC
//! message in base64, whose fields have metadata of their own. The layout is that of `Message.fbs`
//! and `Schema.fbs` of the Arrow columnar format 1.x; a table's slots are numbered in the order of
//! those files. Arrow's own crates write the same and cost two minutes of compile time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flatbuffers::{
    FlatBufferBuilder, ForwardsUOffset, Push, TableFinishedWIPOffset, Vector, WIPOffset,
};
use parquet::basic::Type as Physical;

/// The key under which readers look.
pub const KEY: &str = "ARROW:schema";

/// What a reader is told about one column.
pub struct ArrowField<'a> {
    /// The column's name.
    pub name: &'a str,
    /// DOUBLE, FLOAT, BOOLEAN or INT32.
    pub physical: Physical,
    /// May hold nulls.
    pub nullable: bool,
    /// Keys and values.
    pub metadata: Vec<(&'static str, String)>,
}

const METADATA_V5: i16 = 4;
/// The place of `Schema` among the headers of a message.
const HEADER_SCHEMA: u8 = 1;
/// What an encapsulated message begins with, and what its length is a multiple of.
const CONTINUATION: u32 = u32::MAX;
const ALIGNMENT: usize = 8;

type Builder = FlatBufferBuilder<'static>;
type Table = WIPOffset<TableFinishedWIPOffset>;

/// The schema as the value of [`KEY`]. `metadata` is the table's own: a reader that finds a schema
/// takes it from there, and no longer from the file.
pub fn encoded<'a>(
    fields: &[ArrowField<'_>],
    metadata: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut builder = Builder::new();
    let fields: Vec<Table> = fields.iter().map(|f| field(&mut builder, f)).collect();
    let fields = builder.create_vector(&fields);
    let metadata = key_values(&mut builder, metadata);
    let schema = table(&mut builder, |slots| {
        slots.put(1, fields);
        slots.put(2, metadata);
    });
    let message = table(&mut builder, |slots| {
        slots.put(0, METADATA_V5);
        slots.put(1, HEADER_SCHEMA);
        slots.put(2, schema);
        slots.put(3, 0i64); // no body
    });
    builder.finish_minimal(message);
    let mut message = builder.finished_data().to_vec();
    message.resize(message.len().next_multiple_of(ALIGNMENT), 0);
    let length = message.len() as u32;
    let head = [CONTINUATION.to_le_bytes(), length.to_le_bytes()].concat();
    STANDARD.encode([head, message].concat())
}

fn field(builder: &mut Builder, field: &ArrowField<'_>) -> Table {
    // FloatingPoint is type 3 with a precision, Bool is 6, Int is 2 with a width and a sign.
    let (type_id, type_table) = match field.physical {
        Physical::DOUBLE => (3u8, table(builder, |slots| slots.put(0, 2i16))),
        Physical::BOOLEAN => (6, table(builder, |_| ())),
        Physical::INT32 => {
            let int = |slots: &mut Slots<'_>| {
                slots.put(0, 32i32);
                slots.put(1, true);
            };
            (2, table(builder, int))
        }
        _ => (3, table(builder, |slots| slots.put(0, 1i16))),
    };
    let name = builder.create_string(field.name);
    let metadata = field
        .metadata
        .iter()
        .map(|(key, value)| (*key, value.as_str()));
    let metadata = key_values(builder, metadata);
    let children = builder.create_vector::<Table>(&[]);
    table(builder, |slots| {
        slots.put(0, name);
        slots.put(1, field.nullable);
        slots.put(2, type_id);
        slots.put(3, type_table);
        slots.put(5, children);
        slots.put(6, metadata);
    })
}

type Tables = WIPOffset<Vector<'static, ForwardsUOffset<TableFinishedWIPOffset>>>;

fn key_values<'a>(
    builder: &mut Builder,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Tables {
    let pairs: Vec<Table> = pairs
        .map(|(key, value)| {
            let (key, value) = (builder.create_string(key), builder.create_string(value));
            table(builder, |slots| {
                slots.put(0, key);
                slots.put(1, value);
            })
        })
        .collect();
    builder.create_vector(&pairs)
}

/// The slots of a table that is being written.
struct Slots<'a>(&'a mut Builder);

impl Slots<'_> {
    fn put<T: Push>(&mut self, slot: u16, value: T) {
        // A vtable begins with two lengths of two bytes, then come the slots.
        self.0.push_slot_always(4 + 2 * slot, value);
    }
}

fn table(builder: &mut Builder, fill: impl FnOnce(&mut Slots<'_>)) -> Table {
    let start = builder.start_table();
    fill(&mut Slots(builder));
    builder.end_table(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks the offsets by hand, as the flatbuffers specification has them, so that a slot that
    /// was written into the wrong place is not read back from the same wrong place.
    struct Reader<'a>(&'a [u8]);

    impl Reader<'_> {
        fn u16(&self, at: usize) -> usize {
            usize::from(u16::from_le_bytes(self.0[at..at + 2].try_into().unwrap()))
        }

        fn u32(&self, at: usize) -> usize {
            u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap()) as usize
        }

        fn follow(&self, at: usize) -> usize {
            at + self.u32(at)
        }

        /// Where a slot's value stands.
        fn slot(&self, table: usize, slot: usize) -> usize {
            // A vtable that another table shares may stand behind: the distance has a sign.
            let distance = self.u32(table) as u32 as i32;
            let vtable = (table as i64 - i64::from(distance)) as usize;
            assert!(4 + 2 * slot < self.u16(vtable), "slot {slot} is missing");
            table + self.u16(vtable + 4 + 2 * slot)
        }

        fn string(&self, at: usize) -> &str {
            let at = self.follow(at);
            std::str::from_utf8(&self.0[at + 4..at + 4 + self.u32(at)]).unwrap()
        }

        /// The tables of a vector.
        fn tables(&self, at: usize) -> Vec<usize> {
            let at = self.follow(at);
            let place = |i| self.follow(at + 4 + 4 * i);
            (0..self.u32(at)).map(place).collect()
        }
    }

    #[test]
    fn a_reader_finds_name_type_and_unit_of_every_column() {
        let columns = [
            ("time_s", Physical::DOUBLE, 3, "s"),
            ("f0_hz", Physical::FLOAT, 3, "Hz"),
            ("voiced", Physical::BOOLEAN, 6, "1"),
            ("pauses", Physical::INT32, 2, "1"),
        ];
        let fields = columns.map(|(name, physical, _, unit)| ArrowField {
            name,
            physical,
            nullable: physical == Physical::FLOAT,
            metadata: vec![("unit", unit.to_owned())],
        });
        let bytes = STANDARD.decode(encoded(&fields, [("who", "we")].into_iter()));
        let bytes = bytes.unwrap();
        assert_eq!(bytes[..4], [0xff; 4]);
        let reader = Reader(&bytes[8..]);
        assert_eq!(Reader(&bytes).u32(4), bytes.len() - 8);
        assert_eq!(bytes.len() % ALIGNMENT, 0);
        let message = reader.follow(0);
        assert_eq!(reader.u16(reader.slot(message, 0)), 4);
        assert_eq!(reader.0[reader.slot(message, 1)], 1);
        let schema = reader.follow(reader.slot(message, 2));
        let about = reader.tables(reader.slot(schema, 2));
        assert_eq!(reader.string(reader.slot(about[0], 0)), "who");
        assert_eq!(reader.string(reader.slot(about[0], 1)), "we");
        let found = reader.tables(reader.slot(schema, 1));
        assert_eq!(found.len(), columns.len());
        for (at, (name, physical, type_id, unit)) in found.into_iter().zip(columns) {
            assert_eq!(reader.string(reader.slot(at, 0)), name);
            let nullable = reader.0[reader.slot(at, 1)] == 1;
            assert_eq!(nullable, physical == Physical::FLOAT);
            assert_eq!(reader.0[reader.slot(at, 2)], type_id, "{name}");
            let kind = reader.follow(reader.slot(at, 3));
            match physical {
                Physical::DOUBLE => assert_eq!(reader.u16(reader.slot(kind, 0)), 2),
                Physical::FLOAT => assert_eq!(reader.u16(reader.slot(kind, 0)), 1),
                Physical::INT32 => assert_eq!(reader.u32(reader.slot(kind, 0)), 32),
                _ => {}
            }
            let metadata = reader.tables(reader.slot(at, 6));
            assert_eq!(reader.string(reader.slot(metadata[0], 0)), "unit");
            assert_eq!(reader.string(reader.slot(metadata[0], 1)), unit);
        }
    }
}
