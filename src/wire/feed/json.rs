//! JSON of many dialects: a field under any of its names, a number that may be written as text.

use serde_json::Value;

/// The first of `names` that `object` has, and that is not null.
pub fn field<'v>(object: &'v Value, names: &[&str]) -> Option<&'v Value> {
    let mut found = names.iter().filter_map(|name| object.get(name));
    found.find(|value| !value.is_null())
}

/// A field that is text, or a number written out.
pub fn text(object: &Value, names: &[&str]) -> Option<String> {
    match field(object, names)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number of 0 or more, also as text. Fractions are cut off.
pub fn count(object: &Value, names: &[&str]) -> Option<u64> {
    match field(object, names)? {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_is_read_however_it_is_written() {
        let object = json!({"a": 7, "b": "7", "c": 7.9, "d": -1, "e": "x", "f": null});
        for (name, expected) in [("a", Some(7)), ("b", Some(7)), ("c", Some(7))] {
            assert_eq!(count(&object, &[name]), expected, "{name}");
        }
        for name in ["d", "e", "f", "g"] {
            assert_eq!(count(&object, &[name]), None, "{name}");
        }
        assert_eq!(count(&object, &["f", "g", "b"]), Some(7), "the next name");
        assert_eq!(text(&object, &["a"]).as_deref(), Some("7"));
    }
}
