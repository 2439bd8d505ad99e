//! The part of a line that fits a screen: around its labels, with `...` where it was cut.
//!
//! Never looks further than a screen from the labels, so that a line of a gigabyte costs no more than a short one.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::prose::escape;

/// What stands where text was cut.
const CUT: &str = "...";

/// Cuts `line` around `core` (byte offsets) to `width` columns, of which `tail` behind the core stay free for words.
/// Returns the byte range that is shown.
pub(super) fn around(line: &str, core: &Range<usize>, tail: usize, width: usize) -> Range<usize> {
    let body = visible(&line[core.clone()]).width();
    let room = width.saturating_sub(body);
    let (all_before, before) = back(line, core.start, room);
    let (all_after, after) = forth(line, core.end, room);
    if all_before == 0 && all_after == line.len() && before + after.max(tail) <= room {
        return 0..line.len();
    }
    // A third of the room goes to what follows, more if there are words to place, the rest to what led there.
    let inner = room.saturating_sub(2 * CUT.len());
    let wanted = (inner / 3).min(after).max(tail);
    let (from, used) = back(line, core.start, inner.saturating_sub(wanted));
    if all_before == 0 && used == before {
        return from..forth(line, core.end, room.saturating_sub(used + CUT.len())).0;
    }
    let (to, taken) = forth(line, core.end, inner.saturating_sub(used));
    if to == line.len() {
        return back(line, core.start, room.saturating_sub(taken.max(tail) + CUT.len())).0..to;
    }
    from..to
}

/// Text of a range of a line as a terminal may show it, and how many bytes a mark stands to the right of it.
pub(super) fn cut(line: &str, shown: &Range<usize>) -> (String, usize) {
    let lead = if shown.start > 0 { CUT } else { "" };
    let trail = if shown.end < line.len() { CUT } else { "" };
    (format!("{lead}{}{trail}", visible(&line[shown.clone()])), lead.len())
}

/// A line as a terminal may show it: tabs as four spaces, everything else that moves the cursor spelled out.
pub(super) fn visible(text: &str) -> String {
    text.split('\t').map(escape).collect::<Vec<_>>().join("    ")
}

/// The character boundary at or before an offset; the text's length at most.
pub(super) fn floor(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The offset at most `room` columns before `from`, and the columns between them.
fn back(line: &str, from: usize, room: usize) -> (usize, usize) {
    walk(line[..from].char_indices().rev(), from, room)
}

/// The offset at most `room` columns behind `from`, and the columns between them.
fn forth(line: &str, from: usize, room: usize) -> (usize, usize) {
    walk(line[from..].char_indices().map(|(at, character)| (from + at + character.len_utf8(), character)), from, room)
}

fn walk(characters: impl Iterator<Item = (usize, char)>, start: usize, room: usize) -> (usize, usize) {
    let mut reached = (start, 0);
    for (offset, character) in characters {
        // Marks without a width count too, or a line of nothing else would have no end.
        let columns = reached.1 + visible(character.encode_utf8(&mut [0; 4])).width().max(1);
        if columns > room {
            break;
        }
        reached = (offset, columns);
    }
    reached
}
