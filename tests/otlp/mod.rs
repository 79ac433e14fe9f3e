//! OTLP as its documentation has it, read without the library that writes it.
//!
//! Source: opentelemetry-proto, trace.proto and common.proto; Protocol Buffers' wire format.

/// One field of a message.
pub enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of `message` under their numbers.
pub fn fields(mut message: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut message)),
            1 => {
                let (fixed, rest) = message.split_at(8);
                message = rest;
                Field::Number(u64::from_le_bytes(fixed.try_into().unwrap()))
            }
            2 => {
                let length = varint(&mut message) as usize;
                let (bytes, rest) = message.split_at(length);
                message = rest;
                Field::Bytes(bytes)
            }
            5 => {
                let (fixed, rest) = message.split_at(4);
                message = rest;
                Field::Number(u32::from_le_bytes(fixed.try_into().unwrap()).into())
            }
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = message.split_first().expect("a varint goes on");
        *message = rest;
        value |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            return value;
        }
    }
    panic!("a varint of more than 64 bits");
}

/// All that `message` has under `number`, each a message or bytes.
pub fn all(message: &[u8], number: u64) -> Vec<&[u8]> {
    let wanted = fields(message).into_iter();
    let bytes = wanted.filter_map(|(at, field)| match field {
        Field::Bytes(bytes) if at == number => Some(bytes),
        _ => None,
    });
    bytes.collect()
}

/// A span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    pub trace: Vec<u8>,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    pub name: String,
    /// Nanoseconds since 1970.
    pub start: u64,
    pub end: u64,
    pub said: Vec<(String, String)>,
}

impl Span {
    fn read(message: &[u8]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut span = Self::default();
        for (number, field) in fields(message) {
            match (number, field) {
                (1, Field::Bytes(bytes)) => span.trace = bytes.to_vec(),
                (2, Field::Bytes(bytes)) => span.id = bytes.to_vec(),
                (4, Field::Bytes(bytes)) => span.parent = bytes.to_vec(),
                (5, Field::Bytes(bytes)) => span.name = text(bytes),
                (7, Field::Number(time)) => span.start = time,
                (8, Field::Number(time)) => span.end = time,
                (9, Field::Bytes(pair)) => {
                    let value = fields(all(pair, 2)[0]).into_iter().next();
                    let value = value.map(|(_, value)| match value {
                        Field::Bytes(bytes) => text(bytes),
                        Field::Number(number) => number.to_string(),
                    });
                    let key = text(all(pair, 1)[0]);
                    span.said.push((key, value.unwrap_or_default()));
                }
                _ => {}
            }
        }
        span
    }

    /// What it says under `key`.
    pub fn says(&self, key: &str) -> Option<&str> {
        let said = self.said.iter().find(|(name, _)| name == key);
        said.map(|(_, value)| value.as_str())
    }
}

/// The spans of a request.
pub fn spans(request: &[u8]) -> Vec<Span> {
    let resources = all(request, 1);
    let scopes = resources.iter().flat_map(|resource| all(resource, 2));
    let spans = scopes.flat_map(|scope| all(scope, 2));
    spans.map(Span::read).collect()
}
