//! Texts one after another in one piece of memory.

/// Texts that are read in the order in which they were put in. Says nothing of what is in them.
#[derive(Clone, Default)]
pub(super) struct Texts(Vec<u8>);

/// What is left to read of some texts.
pub(super) struct Reader<'a>(&'a [u8]);

/// Memory of texts that are not needed any more: a new entry of the journal is written where an old one was.
#[derive(Debug, Default)]
pub(super) struct Spare(Vec<Texts>);

/// Buffers that wait to be used again.
const MOST_SPARE: usize = 64;
/// Larger ones do not wait.
const LARGEST_SPARE: usize = 8 * 1024;
/// Texts from this length on have it in four bytes more, others in one.
const LONG: u8 = u8::MAX;
/// What stands before a text at most.
const MOST_BEFORE: usize = 1 + size_of::<u32>();

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Texts({} bytes)", self.0.len())
    }
}

impl Texts {
    /// Puts a text behind the others. No request has one of 4 GiB; of such a one the beginning is kept.
    pub(super) fn put(&mut self, text: &[u8]) {
        let length = self.put_length(text.len());
        self.0.extend_from_slice(text.get(..length).unwrap_or(text));
    }

    /// Puts a length alone, of what is part of another text, and says what of it can be told.
    pub(super) fn put_length(&mut self, length: usize) -> usize {
        match u8::try_from(length) {
            Ok(short) if short < LONG => {
                self.0.push(short);
                length
            }
            _ => {
                let told = u32::try_from(length).unwrap_or(u32::MAX);
                self.0.push(LONG);
                self.0.extend_from_slice(&told.to_le_bytes());
                told as usize
            }
        }
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader(&self.0)
    }
}

impl<'a> Reader<'a> {
    /// The next text, which was one as it came; nothing behind the last.
    pub(super) fn text(&mut self) -> &'a str {
        self.next().and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }

    /// The next length.
    pub(super) fn length(&mut self) -> Option<usize> {
        let (length, rest) = match self.0.split_first()? {
            (&LONG, rest) => {
                let (length, rest) = rest.split_first_chunk()?;
                (u32::from_le_bytes(*length) as usize, rest)
            }
            (length, rest) => (usize::from(*length), rest),
        };
        self.0 = rest;
        Some(length)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }
}

impl Spare {
    /// Memory for so many texts of so many bytes in all.
    pub(super) fn take(&mut self, texts: usize, bytes: usize) -> Texts {
        let most = bytes + texts * MOST_BEFORE;
        let fits = |old: &Texts| (most..=2 * most + 256).contains(&old.0.capacity());
        self.0.pop().filter(fits).unwrap_or_else(|| Texts(Vec::with_capacity(most)))
    }

    /// Takes texts that nobody needs any more.
    pub(super) fn put(&mut self, Texts(mut old): Texts) {
        if self.0.len() < MOST_SPARE && old.capacity() <= LARGEST_SPARE {
            old.clear();
            self.0.push(Texts(old));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_they_were_put() {
        let mut spare = Spare::default();
        for lengths in [vec![], vec![0], vec![1, 0, 254, 255, 256, 0], vec![70_000, 3], vec![7; 100]] {
            let texts: Vec<Vec<u8>> = lengths.iter().map(|length| vec![b'q'; *length]).collect();
            let mut put = spare.take(2 * texts.len(), lengths.iter().sum());
            let before = put.0.capacity();
            for text in &texts {
                put.put(text);
                put.put_length(text.len());
            }
            assert_eq!(put.0.capacity(), before, "there was room for all of it");
            let mut reader = put.reader();
            for text in &texts {
                assert_eq!((reader.next(), reader.length()), (Some(text.as_slice()), Some(text.len())));
            }
            assert_eq!((reader.next(), reader.length()), (None, None));
            assert!(!format!("{put:?}").contains('q'));
            spare.put(put);
        }
    }

    #[test]
    fn memory_is_used_again_where_it_fits() {
        let mut spare = Spare::default();
        let mut first = spare.take(1, 100);
        first.put(&[1; 100]);
        spare.put(first);
        let again = spare.take(1, 90);
        assert_eq!((again.reader().next(), again.0.capacity() >= 105), (None, true));
        spare.put(again);
        assert!(spare.take(1, 5000).0.capacity() >= 5000);
        spare.put(Texts(Vec::with_capacity(LARGEST_SPARE + 1)));
        assert!(spare.0.is_empty());
    }
}
