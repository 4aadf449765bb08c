//! Fixed points of smooth maps of a few numbers.

/// Steps of the map before Newton's method starts.
const WARM_UP: usize = 10;
/// Newton steps before giving up.
const MAX_STEPS: usize = 200;
/// Change of each number at which it is called fixed.
const PRECISION: f64 = 1e-12;
/// Change at which it is called fixed if no step makes it smaller: rounding of the map.
const ROUNDING: f64 = 1e-9;
/// Shares of a Newton step that are tried, one after another.
const SHORTER: [f64; 4] = [1.0, 0.5, 0.2, 0.05];
/// Largest Newton step of any number.
const LONGEST: f64 = 2.0;

/// The fixed point x = map(x) near `start`, by the map itself and then Newton's method with
/// differences for derivatives; steps of the map again wherever Newton's would lead away.
///
/// `None` if it does not settle.
pub fn fixed_point<const N: usize>(
    map: impl Fn([f64; N]) -> [f64; N],
    start: [f64; N],
) -> Option<[f64; N]> {
    let residual = |x: [f64; N]| {
        let image = map(x);
        std::array::from_fn::<f64, N, _>(|i| image[i] - x[i])
    };
    let size = |r: &[f64; N]| r.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let moved = |x: &[f64; N], by: &[f64; N]| std::array::from_fn::<f64, N, _>(|i| x[i] + by[i]);
    let mut x = start;
    for _ in 0..WARM_UP {
        x = map(x);
    }
    let mut r = residual(x);
    for _ in 0..MAX_STEPS {
        if !size(&r).is_finite() {
            return None;
        }
        if size(&r) <= PRECISION {
            return Some(x);
        }
        let better = newton_step(&residual, &x, &r).and_then(|step| {
            SHORTER.iter().find_map(|share| {
                let there = moved(&x, &step.map(|s| share * s));
                Some((there, residual(there))).filter(|(_, new)| size(new) < size(&r))
            })
        });
        (x, r) = match better {
            Some(better) => better,
            None if size(&r) <= ROUNDING => return Some(x),
            None => {
                let plain = moved(&x, &r);
                (plain, residual(plain))
            }
        };
    }
    None
}

/// Solution of J step = −r, shortened if it is long; `None` if J is singular.
fn newton_step<const N: usize>(
    residual: &impl Fn([f64; N]) -> [f64; N],
    x: &[f64; N],
    r: &[f64; N],
) -> Option<[f64; N]> {
    let mut columns = [[0.0; N]; N];
    for (j, column) in columns.iter_mut().enumerate() {
        let mut shifted = *x;
        let h = 1e-6 * x[j].abs().max(1.0);
        shifted[j] += h;
        let there = residual(shifted);
        *column = std::array::from_fn(|i| (there[i] - r[i]) / h);
    }
    // Gauss elimination with pivoting of the rows [J | −r].
    let mut rows: Vec<Vec<f64>> =
        (0..N).map(|i| columns.iter().map(|c| c[i]).chain([-r[i]]).collect()).collect();
    for k in 0..N {
        let pivot = (k..N).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs()))?;
        rows.swap(k, pivot);
        if !rows[k][k].is_normal() {
            return None;
        }
        let upper = rows[k].clone();
        for row in rows.iter_mut().skip(k + 1) {
            let factor = row[k] / upper[k];
            row.iter_mut().zip(&upper).for_each(|(x, u)| *x -= factor * u);
        }
    }
    let mut step = [0.0; N];
    for k in (0..N).rev() {
        let known: f64 = (k + 1..N).map(|j| rows[k][j] * step[j]).sum();
        step[k] = (rows[k][N] - known) / rows[k][k];
    }
    let longest = step.iter().fold(0.0f64, |m, s| m.max(s.abs()));
    let scale = if longest > LONGEST { LONGEST / longest } else { 1.0 };
    Some(step.map(|s| scale * s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_and_oscillating_maps_settle() {
        let slow = |[x, y]: [f64; 2]| [0.999 * x + 0.001 * y.cos(), y - 0.01 * (y - 0.5 * x)];
        let [x, y] = fixed_point(slow, [0.0, 3.0]).unwrap();
        assert!((x - y.cos()).abs() < 1e-8 && (y - 0.5 * x).abs() < 1e-9, "{x} {y}");
        let [x] = fixed_point(|[x]: [f64; 1]| [3.0 / (1.0 + x * x)], [0.1]).unwrap();
        assert!((x * (1.0 + x * x) - 3.0).abs() < 1e-10);
        assert_eq!(fixed_point(|[x]: [f64; 1]| [x + 1.0], [0.0]), None);
    }
}
