//! Times at which a model is asked and training is recorded.

use crate::{Error, Result};

/// Rejects a grid of times that a model cannot use.
///
/// # Errors
/// The grid is empty, not finite, negative, or not increasing.
pub fn validate_times(grid: &[f64]) -> Result<()> {
    if grid.is_empty() {
        return Err(Error::parameter("times", "empty", "at least one time is needed").of("times"));
    }
    if let Some(t) = grid.iter().find(|t| !(t.is_finite() && **t >= 0.0)) {
        let allowed = "times must be finite and not negative";
        return Err(Error::parameter("time", t, allowed).of("times"));
    }
    if let Some(w) = grid.windows(2).find(|w| w[1] <= w[0]) {
        let allowed = format!("times must increase, but it follows {}", w[0]);
        return Err(Error::parameter("time", w[1], allowed).of("times"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_must_be_finite_increasing_and_not_negative() {
        assert!(validate_times(&[0.0, 0.5, 3.0]).is_ok());
        for bad in [&[][..], &[0.0, 0.0], &[1.0, 0.5], &[-1.0], &[f64::NAN], &[f64::INFINITY]] {
            assert!(validate_times(bad).is_err(), "{bad:?}");
        }
    }
}
