//! Figures of many measurements.

/// The value that `share` (0 to 1) of all are not above; `None` of nothing. Sorts.
pub fn quantile(values: &mut [u32], share: f64) -> Option<f64> {
    values.sort_unstable();
    let last = values.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index below the length")]
    let index = (last as f64 * share).round() as usize;
    values.get(index).copied().map(f64::from)
}

/// The average; `None` of nothing.
pub fn mean(values: &[u32]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 measurements")]
    let count = values.len() as f64;
    (!values.is_empty()).then(|| values.iter().copied().map(f64::from).sum::<f64>() / count)
}

#[cfg(test)]
mod tests {
    use super::{mean, quantile};

    #[test]
    fn quantiles_are_measured_values() {
        let mut values = [5, 1, 4, 2, 3];
        assert_eq!(quantile(&mut values, 0.5), Some(3.0));
        assert_eq!(quantile(&mut values, 1.0), Some(5.0));
        assert_eq!((quantile(&mut [], 0.5), mean(&[])), (None, None));
        assert_eq!(mean(&values), Some(3.0));
    }
}
