//! Who takes whose requests.
#[derive(Debug)]
pub struct Reach {}
impl Reach {
    pub fn of(_: &crate::matcher::Table) -> Reach {
        Reach {}
    }
}
