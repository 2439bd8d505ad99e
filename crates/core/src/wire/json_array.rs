//! One JSON array that is sent while it grows: its elements are the events.

use std::ops::ControlFlow;

/// Finds the elements of the outermost array, a byte at a time. It does not judge the JSON: a parser reads the elements.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanner {
    depth: u32,
    /// Inside a string, and whether the next byte is escaped.
    text: Option<bool>,
    /// Inside an element that is a number or a word.
    bare: bool,
    closed: bool,
}

/// What a byte is to the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// White space, a comma, a bracket of the array.
    Between,
    /// The first byte of an element.
    First,
    Inside,
    /// The last byte of an element that is an object, an array or a string.
    Last,
    /// The byte behind an element that is a number or a word.
    Behind,
    /// The bracket that ends the array.
    Closed,
}

impl Scanner {
    /// Takes the next byte. What is no array from its first byte on has no elements.
    pub fn step(&mut self, byte: u8) -> Place {
        if self.closed {
            return Place::Between;
        }
        if let Some(escaped) = self.text {
            self.text = match (escaped, byte) {
                (false, b'"') => None,
                (false, b'\\') => Some(true),
                _ => Some(false),
            };
            return if self.text.is_none() && self.depth == 1 { Place::Last } else { Place::Inside };
        }
        match self.structure(byte) {
            ControlFlow::Break(place) => place,
            ControlFlow::Continue(()) if self.depth != 1 || self.bare => Place::Inside,
            ControlFlow::Continue(()) => {
                self.bare = true;
                Place::First
            }
        }
    }

    fn structure(&mut self, byte: u8) -> ControlFlow<Place> {
        let outside = self.depth == 0;
        ControlFlow::Break(match byte {
            b'"' if !outside => {
                self.text = Some(false);
                if self.depth == 1 { Place::First } else { Place::Inside }
            }
            b'[' | b'{' => {
                self.closed = outside && byte == b'{';
                self.depth = self.depth.saturating_add(1);
                match self.depth {
                    1 => Place::Between,
                    2 => Place::First,
                    _ => Place::Inside,
                }
            }
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                match self.depth {
                    0 => {
                        self.closed = true;
                        if std::mem::take(&mut self.bare) { Place::Behind } else { Place::Closed }
                    }
                    1 => Place::Last,
                    _ => Place::Inside,
                }
            }
            b',' | b' ' | b'\t' | b'\r' | b'\n' if self.depth <= 1 => {
                if std::mem::take(&mut self.bare) {
                    Place::Behind
                } else {
                    Place::Between
                }
            }
            _ if outside => {
                self.closed = true;
                Place::Between
            }
            _ => return ControlFlow::Continue(()),
        })
    }

    /// Whether an element has begun that is not complete.
    pub fn is_mid_event(&self) -> bool {
        self.depth > 1 || self.text.is_some() || self.bare
    }

    /// Whether the array has ended.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

/// An element grew beyond the decoder's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an element of the array is longer than {limit} bytes")]
pub struct TooLong {
    pub limit: usize,
}

/// Reads elements from bytes that come in pieces of any size. Bytes outside UTF-8 are replaced.
#[derive(Debug)]
pub struct Decoder {
    scanner: Scanner,
    held: Vec<u8>,
    limit: usize,
}

impl Decoder {
    /// A decoder that refuses elements longer than `limit` bytes.
    pub fn new(limit: usize) -> Decoder {
        Decoder { scanner: Scanner::default(), held: Vec::new(), limit }
    }

    /// Takes the next bytes and returns the elements that they complete, as JSON text.
    ///
    /// # Errors
    /// An element is longer than the limit. The decoder is of no use afterwards.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut elements = Vec::new();
        for byte in bytes {
            let place = self.scanner.step(*byte);
            if matches!(place, Place::First | Place::Inside | Place::Last) {
                if self.held.len() >= self.limit {
                    return Err(TooLong { limit: self.limit });
                }
                self.held.push(*byte);
            }
            if matches!(place, Place::Last | Place::Behind) {
                elements.push(String::from_utf8_lossy(&std::mem::take(&mut self.held)).into_owned());
            }
        }
        Ok(elements)
    }

    /// Whether an element has begun that is not complete.
    pub fn is_mid_event(&self) -> bool {
        self.scanner.is_mid_event()
    }

    /// Whether the array has ended.
    pub fn is_closed(&self) -> bool {
        self.scanner.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Decoder;

    fn read(text: &str, cut: usize) -> Vec<String> {
        let mut decoder = Decoder::new(1 << 20);
        text.as_bytes().chunks(cut).flat_map(|piece| decoder.feed(piece).unwrap()).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        for cut in [1, 3, 1000] {
            assert_eq!(read(text, cut), expected, "{text}, {cut} bytes at a time");
        }
    }

    #[test]
    fn elements_are_events() {
        check("[{\"a\": [1, \"]}\\\"\"]}\n,\r\n{\"b\":{}}\n]", &["{\"a\": [1, \"]}\\\"\"]}", "{\"b\":{}}"]);
        check("[1, true,\"x,y\" , [2]]", &["1", "true", "\"x,y\"", "[2]"]);
        check("[7", &[]);
        check("[]", &[]);
        check("{\"error\": [1]}", &[]);
        check("nothing [1]", &[]);
        check("[1] [2]", &["1"]);
    }

    #[test]
    fn long_elements_are_refused() {
        assert!(Decoder::new(4).feed(b"[\"abcdef\"]").is_err());
    }

    proptest! {
        #[test]
        fn elements_are_those_of_a_parser(
            values in prop::collection::vec(prop_oneof![
                any::<i32>().prop_map(|number| serde_json::json!(number)),
                ".{0,12}".prop_map(|text| serde_json::json!(text)),
                prop::collection::hash_map(".{0,4}", ".{0,4}", 0..3).prop_map(|map| serde_json::json!([map])),
                Just(serde_json::Value::Null),
            ], 0..6),
            pretty: bool,
            cut in 1_usize..20,
        ) {
            let array = serde_json::Value::Array(values.clone());
            let text = if pretty { serde_json::to_string_pretty(&array) } else { serde_json::to_string(&array) }.unwrap();
            let elements: Vec<serde_json::Value> = read(&text, cut).iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            prop_assert_eq!(elements, values);
        }
    }
}
