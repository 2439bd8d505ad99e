//! Work on many rows, shared among the cores.

use std::sync::OnceLock;

/// So many rows are looked at on all cores at a time; fewer are not worth telling the others.
pub(super) const SHARED: usize = 1 << 13;

/// What one core looks at.
const PART: usize = SHARED / 16;

/// The parts into which these are cut.
pub(super) fn parts<T>(rows: &[T]) -> Vec<&[T]> {
    rows.chunks(PART).collect()
}

/// How many there are.
pub(super) fn cores() -> usize {
    rayon::current_num_threads().max(1)
}

/// What is made of each of so many parts, in their order. One part is not worth telling the other cores.
pub(super) fn on_all_cores<T: Send + Sync>(count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if count <= 1 || cores() == 1 {
        return (0..count).map(make).collect();
    }
    let slots: Vec<OnceLock<T>> = std::iter::repeat_with(OnceLock::new).take(count).collect();
    let make = &make;
    rayon::scope(|scope| {
        for (part, slot) in slots.iter().enumerate() {
            // Each is filled once.
            scope.spawn(move |_| drop(slot.set(make(part))));
        }
    });
    slots.into_iter().filter_map(OnceLock::into_inner).collect()
}
