//! A short list that only grows: reading it takes no lock.

use std::sync::OnceLock;

/// A list takes no more than this.
const MOST: usize = 16;

/// Values by what they are known by, in the order in which they came.
#[derive(Debug)]
pub(super) struct Kept<K, V>(OnceLock<Box<Link<K, V>>>);

#[derive(Debug)]
struct Link<K, V> {
    key: K,
    value: V,
    rest: Kept<K, V>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Kept<K, V> {
        Kept(OnceLock::new())
    }
}

impl<K: PartialEq, V> Kept<K, V> {
    fn links(&self) -> impl Iterator<Item = &Link<K, V>> {
        std::iter::successors(self.0.get(), |link| link.rest.0.get()).map(Box::as_ref)
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.links().find(|link| link.key == *key).map(|link| &link.value)
    }

    /// Keeps a value, unless its key has one or there are enough.
    pub(super) fn keep(&self, key: K, value: V) {
        let mut link = Box::new(Link { key, value, rest: Kept::default() });
        let mut place = self;
        for _ in 0..MOST {
            match place.0.set(link) {
                Ok(()) => return,
                Err(back) => link = back,
            }
            match place.0.get() {
                Some(there) if there.key != link.key => place = &there.rest,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, MOST};

    #[test]
    fn the_first_value_of_a_key_stays_and_the_list_has_an_end() {
        let kept = Kept::default();
        (0..MOST + 4).for_each(|key| kept.keep(key, key * 10));
        kept.keep(3, 0);
        let values: Vec<_> = (0..MOST + 4).map(|key| kept.get(&key).copied()).collect();
        let expected: Vec<_> = (0..MOST + 4).map(|key| (key < MOST).then_some(key * 10)).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn of_threads_that_keep_the_same_key_one_wins() {
        let kept = Kept::default();
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let kept = &kept;
                scope.spawn(move || (0..MOST).for_each(|key| kept.keep(key, worker)));
            }
        });
        assert_eq!(kept.links().count(), MOST);
        assert!((0..MOST).all(|key| kept.get(&key).is_some()));
    }
}
