//! Cutting text into the slices of a stream.
//!
//! A slice holds at most so many UTF-16 code units, which is how the fixture format counts, so that ordinary text is
//! cut where recorded chunk counts expect it. But a cut never falls inside a grapheme cluster: half an emoji or a
//! letter without its accent is something no model sends, and a lone surrogate cannot be encoded at all. A cluster
//! longer than the limit stands alone.

use unicode_segmentation::UnicodeSegmentation;

/// The slices of a text, in order, none of them empty; together they are the text. A limit of 0 counts as 1.
pub(in crate::provider) fn slices(text: &str, limit: usize) -> Vec<&str> {
    let limit = limit.max(1);
    let plain = text.is_ascii() && !text.contains('\r');
    if plain { every(text, limit) } else { by_cluster(text, limit) }
}

/// Without CR every ASCII character is a cluster of its own, and one byte is one unit.
fn every(text: &str, limit: usize) -> Vec<&str> {
    (0..text.len()).step_by(limit).filter_map(|start| text.get(start..start.saturating_add(limit).min(text.len()))).collect()
}

fn by_cluster(text: &str, limit: usize) -> Vec<&str> {
    let mut slices = Vec::new();
    let (mut start, mut units) = (0, 0);
    for (at, cluster) in text.grapheme_indices(true) {
        let more = units_of(cluster);
        if units > 0 && units + more > limit {
            slices.extend(text.get(start..at));
            (start, units) = (at, 0);
        }
        units += more;
    }
    slices.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    slices
}

/// The length of a text in UTF-16 code units.
pub(in crate::provider) fn units_of(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    // One for each byte that begins a character, and one more for those of four bytes, which are the pairs of UTF-16. Bytes are
    // counted many at a time, characters one by one.
    text.bytes().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::units_of;

    proptest! {
        #[test]
        fn units_are_counted_as_utf_16_has_them(text in "\\PC{0,40}") {
            prop_assert_eq!(units_of(&text), text.encode_utf16().count());
        }
    }
}
