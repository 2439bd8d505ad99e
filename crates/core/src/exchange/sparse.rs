//! Parts that are nearly always empty: they cost a pointer, not their size, where there are many of what holds them.

use std::fmt::{self, Debug, Formatter};
use std::ops::{Deref, DerefMut};

/// What a [`Sparse`] value is while nothing is said.
pub trait Blank: Default + PartialEq + 'static {
    /// The default, to be borrowed.
    fn blank() -> &'static Self;
}

/// A value that is kept only where it is not the default; it is read as if it always were there.
#[derive(Clone)]
pub struct Sparse<T>(Option<Box<T>>);

impl<T> Default for Sparse<T> {
    fn default() -> Sparse<T> {
        Sparse(None)
    }
}

impl<T: Blank> From<T> for Sparse<T> {
    fn from(value: T) -> Sparse<T> {
        Sparse((value != *T::blank()).then(|| Box::new(value)))
    }
}

impl<T: Blank> Deref for Sparse<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::blank())
    }
}

impl<T: Blank> DerefMut for Sparse<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Blank> PartialEq for Sparse<T> {
    fn eq(&self, other: &Sparse<T>) -> bool {
        **self == **other
    }
}

impl<T: Blank + Debug> Debug for Sparse<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Sparse;
    use crate::exchange::Overrides;

    #[test]
    fn what_says_nothing_is_not_kept_and_reads_as_the_default() {
        let mut sparse = Sparse::from(Overrides::default());
        assert_eq!((sparse.0.is_none(), sparse.id.as_deref()), (true, None));
        sparse.id = Some("given".to_owned());
        assert_eq!((sparse.0.is_some(), sparse.id.as_deref()), (true, Some("given")));
        assert_eq!(sparse, Overrides { id: Some("given".to_owned()), ..Overrides::default() }.into());
        sparse.id = None;
        assert_eq!(sparse, Sparse::default(), "kept or not, the default is the default");
    }
}
