//! Round numbers along an axis.

/// Tick marks of one axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ticks {
    /// Values with their labels (markup).
    pub major: Vec<(f64, String)>,
    /// Values without labels.
    pub minor: Vec<f64>,
    /// Common factor of the labels (markup).
    pub factor: Option<String>,
}

/// Multiples of 1, 2 or 5 times a power of ten: at most `most`, as many as fit.
pub(super) fn linear(low: f64, high: f64, most: usize) -> Ticks {
    let Some((mantissa, exponent)) = step(low, high, most) else { return Ticks::default() };
    let unit = decimal(mantissa, exponent);
    // A relative hair lets ticks sit on the very ends.
    let hair = 1e-9;
    let first = (low / unit - hair).ceil() as i64;
    let last = (high / unit + hair).floor() as i64;
    let values: Vec<(i64, f64)> =
        (first..=last).map(|k| k * mantissa).map(|m| (m, decimal(m, exponent))).collect();
    let largest = values.iter().map(|&(m, _)| m.abs()).max().unwrap_or(0);
    if largest == 0 {
        return Ticks { major: vec![(0.0, "0".into())], ..Ticks::default() };
    }
    // Exponent of the largest label: outside of 0.001 to 99 999 it becomes a common factor.
    let magnitude = exponent + largest.ilog10() as i32;
    let shift = if (-3..5).contains(&magnitude) { 0 } else { magnitude };
    let factor = (shift != 0).then(|| format!("×10^{{{shift}}}"));
    let major = values.iter().map(|&(m, v)| (v, digits(m, exponent - shift))).collect();
    Ticks { major, minor: Vec::new(), factor }
}

/// The smallest step that gives no more than `most` ticks, as mantissa and exponent of ten.
fn step(low: f64, high: f64, most: usize) -> Option<(i64, i32)> {
    let coarse = (high - low) / most.max(1) as f64;
    if !(coarse.is_finite() && coarse > 0.0) {
        return None;
    }
    let start = coarse.log10().floor() as i32 - 1;
    let candidates = (start..start + 4).flat_map(|e| [(1, e), (2, e), (5, e)]);
    let mut candidates = candidates.filter(|&(m, e)| {
        let unit = decimal(m, e);
        let count = (high / unit + 1e-9).floor() - (low / unit - 1e-9).ceil() + 1.0;
        unit > 0.0 && count <= most.max(1) as f64
    });
    candidates.next()
}

/// `mantissa` times ten to the `exponent`, correctly rounded.
fn decimal(mantissa: i64, exponent: i32) -> f64 {
    format!("{mantissa}e{exponent}").parse().unwrap_or(0.0)
}

/// `mantissa` times ten to the `exponent` in digits, with a true minus sign.
fn digits(mantissa: i64, exponent: i32) -> String {
    let decimals = (-exponent).max(0) as usize;
    let whole = mantissa.unsigned_abs() * 10u64.pow(exponent.clamp(0, 4) as u32);
    let padded = format!("{whole:0>width$}", width = decimals + 1);
    let (integer, fraction) = padded.split_at(padded.len() - decimals);
    let sign = if mantissa < 0 { "−" } else { "" };
    let point = if decimals > 0 { "." } else { "" };
    format!("{sign}{integer}{point}{fraction}")
}

/// Powers of ten, thinned to `most` labels; below two decades also 2 and 5 times them. `length` is
/// the axis in points: minor ticks appear where there is room.
pub(super) fn log(low: f64, high: f64, most: usize, length: f64) -> Ticks {
    let (low_log, high_log) = (low.log10(), high.log10());
    let hair = 1e-9 * (high_log - low_log).max(1.0);
    let first = (low_log - hair).ceil() as i32;
    let last = (high_log + hair).floor() as i32;
    let within = |v: &f64| v.log10() >= low_log - hair && v.log10() <= high_log + hair;
    if last < first + 1 {
        return narrow_log(low, high, most, &within);
    }
    let strides = [1, 2, 3, 5, 10, 20, 50, 100, 200, 400];
    let labels = |stride: i32| last.div_euclid(stride) - (first - 1).div_euclid(stride);
    let stride = strides.into_iter().find(|&s| labels(s) <= most.max(2) as i32).unwrap_or(400);
    let major: Vec<(f64, String)> = (first..=last)
        .filter(|e| e.rem_euclid(stride) == 0)
        .map(|e| (decimal(1, e), format!("10^{{{e}}}")))
        .collect();
    let decade = length / (high_log - low_log);
    let minor = if stride == 1 && decade >= 9.0 {
        (first - 1..=last)
            .flat_map(|e| (2..10).map(move |m| decimal(m, e)))
            .filter(within)
            .collect()
    } else if stride > 1 && decade >= 2.0 {
        (first..=last).filter(|e| e.rem_euclid(stride) != 0).map(|e| decimal(1, e)).collect()
    } else {
        Vec::new()
    };
    Ticks { major, minor, factor: None }
}

/// Ticks of a logarithmic axis that shows less than two powers of ten.
fn narrow_log(low: f64, high: f64, most: usize, within: &dyn Fn(&f64) -> bool) -> Ticks {
    let decades = low.log10().floor() as i32 - 1..=high.log10().ceil() as i32;
    let all: Vec<(i64, i32)> = decades
        .flat_map(|e| (1..10).map(move |m| (m, e)))
        .filter(|&(m, e)| within(&decimal(m, e)))
        .collect();
    let label = |m: i64, e: i32| {
        if (-3..5).contains(&e) { digits(m, e) } else { format!("{m}×10^{{{e}}}") }
    };
    for chosen in [&[1, 2, 3, 4, 5, 6, 7, 8, 9][..], &[1, 2, 5], &[1, 3], &[1]] {
        let major: Vec<(f64, String)> = all
            .iter()
            .filter(|(m, _)| chosen.contains(m))
            .map(|&(m, e)| (decimal(m, e), label(m, e)))
            .collect();
        if (2..=most.max(2)).contains(&major.len()) {
            let minor = all.iter().map(|&(m, e)| decimal(m, e)).collect();
            return Ticks { major, minor, factor: None };
        }
    }
    linear(low, high, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &Ticks) -> Vec<&str> {
        ticks.major.iter().map(|(_, l)| l.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(labels(&linear(0.0, 1.0, 6)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&linear(-3.2, 7.9, 6)), ["−2", "0", "2", "4", "6"]);
        assert_eq!(labels(&linear(0.0, 50_000.0, 6))[1], "10000");
        assert_eq!(linear(0.1, 0.7, 4).major[2].0, 0.6);
    }

    #[test]
    fn very_large_and_very_small_numbers_share_a_factor() {
        let large = linear(0.0, 2e6, 5);
        assert_eq!(labels(&large), ["0.0", "0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(large.factor.as_deref(), Some("×10^{6}"));
        let small = linear(-4e-7, 4e-7, 5);
        assert_eq!(labels(&small), ["−4", "−2", "0", "2", "4"]);
        assert_eq!(small.factor.as_deref(), Some("×10^{-7}"));
    }

    #[test]
    fn extreme_ranges_have_ticks() {
        for (low, high) in
            [(1e299, 1e300), (-1e300, 1e300), (1e-300, 3e-300), (1.0, 1.0 + 2e-12), (-1e-12, 1.0)]
        {
            let ticks = linear(low, high, 6);
            assert!((1..=6).contains(&ticks.major.len()), "{low} {high}: {ticks:?}");
            assert!(ticks.major.iter().all(|t| t.0.is_finite()));
        }
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten_thinned_when_many() {
        let few = log(1e-3, 1e1, 6, 100.0);
        assert_eq!(labels(&few), ["10^{-3}", "10^{-2}", "10^{-1}", "10^{0}", "10^{1}"]);
        assert_eq!(few.minor.len(), 32);
        let many = log(1e-300, 1e300, 6, 100.0);
        assert!((3..=7).contains(&many.major.len()), "{many:?}");
        assert!(many.minor.is_empty());
        let thinned = log(1e-12, 1e0, 5, 100.0);
        assert_eq!(labels(&thinned), ["10^{-12}", "10^{-9}", "10^{-6}", "10^{-3}", "10^{0}"]);
        assert_eq!(thinned.minor.len(), 8);
    }

    #[test]
    fn a_narrow_logarithmic_axis_is_labeled_between_the_decades() {
        assert_eq!(labels(&log(0.15, 0.7, 6, 100.0)), ["0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]);
        assert_eq!(labels(&log(2.0, 40.0, 5, 100.0)), ["2", "5", "10", "20"]);
        assert!(log(1.1, 1.2, 5, 100.0).major.len() >= 2);
    }
}
