//! Roots of functions of one variable.

/// Root of `f` between `low` and `high`, where it changes sign, by Brent's method.
///
/// Returns `None` if the signs at the ends do not differ.
pub fn brent(f: impl Fn(f64) -> f64, low: f64, high: f64) -> Option<f64> {
    let (mut a, mut b) = (low, high);
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 {
        return Some(a);
    }
    if fb == 0.0 {
        return Some(b);
    }
    if fa.is_nan() || fb.is_nan() || fa.signum() == fb.signum() {
        return None;
    }
    let (mut c, mut fc) = (a, fa);
    let (mut step, mut previous) = (b - a, b - a);
    for _ in 0..200 {
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let width = 2.0 * f64::EPSILON * b.abs();
        let half = 0.5 * (c - b);
        if half.abs() <= width || fb == 0.0 {
            return Some(b);
        }
        let interpolated = interpolate((a, fa), (b, fb), (c, fc));
        // Interpolation is accepted only while it shrinks faster than bisection would.
        if previous.abs() >= width
            && fa.abs() > fb.abs()
            && interpolated.abs() < (0.5 * previous).abs().min((1.5 * half).abs())
            && interpolated.signum() == half.signum()
        {
            (previous, step) = (step, interpolated);
        } else {
            (previous, step) = (half, half);
        }
        (a, fa) = (b, fb);
        b += if step.abs() > width { step } else { width.copysign(half) };
        fb = f(b);
        if fb.signum() == fc.signum() {
            (c, fc) = (a, fa);
            (step, previous) = (b - a, b - a);
        }
    }
    Some(b)
}

/// Step from `b` by the secant (two distinct points) or inverse quadratic interpolation (three).
fn interpolate(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> f64 {
    let s = b.1 / a.1;
    let (p, q) = if a.0 == c.0 {
        ((c.0 - b.0) * s, 1.0 - s)
    } else {
        let (q, r) = (a.1 / c.1, b.1 / c.1);
        let p = s * ((c.0 - b.0) * q * (q - r) - (b.0 - a.0) * (r - 1.0));
        (p, (q - 1.0) * (r - 1.0) * (s - 1.0))
    };
    -p / q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_found_to_rounding() {
        let cubic = |x: f64| x.powi(3) - 2.0;
        assert!((brent(cubic, 0.0, 2.0).unwrap() - 2f64.cbrt()).abs() < 1e-15);
        assert!(
            (brent(|x: f64| x.cos() - x, 0.0, 1.0).unwrap() - 0.739_085_133_215_160_6).abs()
                < 1e-15
        );
        let steep = |x: f64| (x - 0.3).powi(9);
        assert!((brent(steep, 0.0, 1.0).unwrap() - 0.3).abs() < 1e-2);
        assert_eq!(brent(|x| x * x + 1.0, -1.0, 1.0), None);
    }
}
