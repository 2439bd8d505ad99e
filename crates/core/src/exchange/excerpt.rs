//! Parts of texts for people, none of which ends in the middle of a key: half a key is still a secret, and looks like none to
//! whoever takes keys out of what is shown.

use std::ops::Range;

/// Shorter words are no keys.
const SHORTEST: usize = 16;
/// Longer ones are left out, not shown whole.
const LONGEST: usize = 256;

/// So many characters of a text from one of them on, as bytes of the text. Where it would begin or end within a long word, it
/// begins before and ends behind it.
pub fn excerpt(text: &str, from: usize, characters: usize) -> Range<usize> {
    let start = place(text, 0, from);
    let end = place(text, start, characters);
    let start = match word(text, start) {
        Some((before, behind)) if before + behind > LONGEST => (start + behind).min(end),
        Some((before, _)) => start - before,
        None => start,
    };
    let end = match word(text, end) {
        Some((before, behind)) if before + behind > LONGEST => end - before,
        Some((_, behind)) => end + behind,
        None => end,
    };
    start..end.max(start)
}

/// Whether a text is nothing but letters, digits, punctuation and spaces of ASCII, as nearly all are.
// Where it is inlined it is compiled as its surroundings are, some of them for size and byte by byte.
#[inline(never)]
pub fn is_printable_ascii(text: &str) -> bool {
    // One byte that is not ends nothing, so that many are looked at together.
    text.bytes().fold(0, |other, byte| other | u8::from(!matches!(byte, b' '..=b'~'))) == 0
}

/// Where a text is after so many characters from a byte on.
fn place(text: &str, from: usize, characters: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.char_indices().nth(characters).map_or(text.len(), |(at, _)| from + at)
}

/// How far a long word reaches to both sides of a place within it; of a very long one no more than says that it is.
fn word(text: &str, at: usize) -> Option<(usize, usize)> {
    let (left, right) = text.as_bytes().split_at_checked(at)?;
    let before = left.iter().rev().take(LONGEST + 1).take_while(|byte| is_of_key(**byte)).count();
    let behind = right.iter().take(LONGEST + 1).take_while(|byte| is_of_key(**byte)).count();
    (before > 0 && behind > 0 && before + behind >= SHORTEST).then_some((before, behind))
}

/// What keys are made of: the letters of base64, in both alphabets, and what stands between the parts of a token.
fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'=' | b'.' | b'~')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LONGEST, SHORTEST, excerpt, is_of_key};

    #[track_caller]
    fn check(text: &str, from: usize, characters: usize, expected: &str) {
        assert_eq!(&text[excerpt(text, from, characters)], expected);
    }

    #[test]
    fn a_long_word_is_shown_whole_and_others_are_cut() {
        check("summarise it", 3, 5, "maris");
        check("the key abcdefghijklmnopqrst here", 0, 12, "the key abcdefghijklmnopqrst");
        check("the key abcdefghijklmnopqrst here", 12, 17, "abcdefghijklmnopqrst ");
        check("the key abcdefghijklmnopqrst here", 0, 8, "the key ");
        check("日本語の文章はここで終わります", 2, 4, "語の文章");
        check("short", 0, 50, "short");
        check("short", 50, 50, "");
    }

    #[test]
    fn a_very_long_word_is_left_out() {
        let text = format!("data {} end", "a".repeat(LONGEST + 1));
        check(&text, 0, 20, "data ");
        check(&text, 20, 300, " end");
        check(&text, 20, 30, "");
    }

    proptest! {
        #[test]
        fn no_edge_is_within_a_key(text in "([a-zA-Z0-9_.-]{0,40}|[a-z]{250,260}|[ é\n\"]{1,3}){0,6}", from in 0_usize..60, characters in 0_usize..60) {
            let range = excerpt(&text, from, characters);
            prop_assert!(range.len() <= 4 * characters + 2 * LONGEST);
            for at in [range.start, range.end] {
                let is_cut = at > 0 && at < text.len() && is_of_key(text.as_bytes()[at - 1]) && is_of_key(text.as_bytes()[at]);
                if is_cut && !range.is_empty() {
                    let left = text.as_bytes()[..at].iter().rev().take_while(|byte| is_of_key(**byte)).count();
                    let right = text.as_bytes()[at..].iter().take_while(|byte| is_of_key(**byte)).count();
                    prop_assert!(left + right < SHORTEST, "{range:?} of {text:?}");
                }
            }
        }
    }
}
