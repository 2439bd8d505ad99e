//! Ids of requests and of entries of the journal: drawn at once, spelled out when someone asks.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::provider::numbered_id;

/// Draws ids. They cannot be foretold: no test can wait for a certain one.
#[derive(Debug)]
pub(super) struct Ids {
    salt: u64,
    count: AtomicU64,
}

/// One id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    salt: u64,
    count: u64,
}

impl Ids {
    /// Ids that differ from those of another `salt`.
    pub(super) fn new(salt: u64) -> Ids {
        Ids { salt, count: AtomicU64::new(0) }
    }

    /// The next.
    pub(super) fn draw(&self) -> Id {
        Id { salt: self.salt, count: self.count.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Id {
    /// `req-` and 16 characters.
    pub(super) fn text(self) -> String {
        numbered_id("req-", self.salt, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_what_it_is_and_no_other_is_the_same() {
        let (ids, others) = (Ids::new(7), Ids::new(8));
        let all: std::collections::BTreeSet<_> = (0..1000).flat_map(|_| [ids.draw().text(), others.draw().text()]).collect();
        assert_eq!(all.len(), 2000);
        let id = ids.draw();
        assert_eq!((id.text(), id.text().len()), (id.text(), 20));
        assert!(id.text().starts_with("req-"));
    }
}
