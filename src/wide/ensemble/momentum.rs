//! One mode under momentum: an oscillator, in steps and in continuous time.
//!
//! Both have two decaying exponentials, two powers, or a damped wave, with removable singularities
//! where these meet and where a mode hardly moves. The forms here have neither: what cancels has been
//! canceled by hand.
//!
//! Heavy ball (`polyak1964`): with e the error in units of its start, v ← μv − ue, e ← e + v, so
//!
//! ```math
//! e_{k+1} = (1 + \mu - u) e_k - \mu e_{k-1}, \qquad e_0 = 1,\; e_1 = 1 - u.
//! ```
//!
//! Its roots are 1 − d with d² − (1 − μ + u)d + u = 0. The flow has f″ = −∇L − (1 − μ)/√η f′ in time
//! √η t, that is, in steps t: e″ = −ue − (1 − μ)e′.

/// What is left of a mode's error and what has been learned, per unit of its speed.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    /// e: the error in units of its start.
    pub residual: f64,
    /// (1 − e)/u, which is finite for u → 0.
    pub learned: f64,
}

/// A mode of speed `u` ≥ 0 after `k` whole steps with momentum `momentum` in [0, 1).
pub fn heavy_ball(u: f64, momentum: f64, k: f64) -> Mode {
    if k == 0.0 {
        return Mode { residual: 1.0, learned: 0.0 };
    }
    let sum = 1.0 - momentum + u;
    // sum² − 4u in factors, each of which is accurate where it vanishes.
    let (root_u, root_m) = (u.sqrt(), momentum.sqrt());
    let discriminant = (1.0 - root_u - root_m)
        * (1.0 - root_u + root_m)
        * (1.0 + root_u - root_m)
        * (1.0 + root_u + root_m);
    if discriminant < 0.0 {
        return damped_wave(u, momentum, (-discriminant).sqrt(), k);
    }
    // The larger root first: the smaller one is a quotient, not a difference.
    let large = 0.5 * (sum + discriminant.sqrt());
    let small = u / large;
    let powers = sum_of_powers(small, large, k);
    let (power, slow) = power_and_sum(small, k);
    Mode {
        residual: power + small * (1.0 - large) * powers,
        learned: (slow - (1.0 - large) * powers) / large,
    }
}

/// (1 − d)ᵏ, and Σ (1 − d)ʲ over j < k.
fn power_and_sum(d: f64, k: f64) -> (f64, f64) {
    if k == 0.0 {
        return (1.0, 0.0);
    }
    if d < 1.0 {
        let log = k * (-d).ln_1p();
        return (log.exp(), if d > 0.0 { -log.exp_m1() / d } else { k });
    }
    let size = (k * (d - 1.0).ln()).exp();
    let power = if k % 2.0 == 0.0 { size } else { -size };
    (power, (1.0 - power) / d)
}

/// Σ (1 − a)ʲ (1 − b)ᵏ⁻¹⁻ʲ over j < k: the divided difference of kth powers of two roots, both of the
/// same sign.
fn sum_of_powers(a: f64, b: f64, k: f64) -> f64 {
    let (p, q) = (1.0 - a, 1.0 - b);
    let (major, minor) = if p.abs() >= q.abs() { (a, b) } else { (b, a) };
    let log = |d: f64| if d < 1.0 { (-d).ln_1p() } else { (d - 1.0).ln() };
    if minor == 1.0 {
        // One root is 0.
        return power_and_sum(major, k - 1.0).0;
    }
    let gap = log(minor) - log(major);
    let sum = if gap == 0.0 { k } else { (k * gap).exp_m1() / gap.exp_m1() };
    power_and_sum(major, k - 1.0).0 * sum
}

/// Complex roots z = (1 + μ − u ± i·root)/2 of size √μ.
fn damped_wave(u: f64, momentum: f64, root: f64, k: f64) -> Mode {
    let (real, imaginary) = (0.5 * (1.0 + momentum - u), 0.5 * root);
    // The angle from the nearer half of the real axis, where sines lose nothing.
    let angle = imaginary.atan2(real.abs());
    let even = k % 2.0 == 0.0;
    let flipped = real < 0.0;
    let sign = |odd_flips: bool| if flipped && odd_flips { -1.0 } else { 1.0 };
    // |z|ᵏ, and cos and sin of k times the angle of z.
    let size = (0.5 * k * momentum.ln()).exp();
    let (sin, cos) = (k * angle).sin_cos();
    let (sin, cos) = (sin * sign(even), cos * sign(!even));
    // e = Re zᵏ + (1 − μ − u)/root Im zᵏ.
    let residual = size * (cos + (1.0 - momentum - u) / root * sin);
    // (1 − e)/u = Im[(z − zᵏ⁺¹)(1 − z̄)]/(u Im z), with |1 − z|² = u.
    let one_minus = if flipped {
        1.0 - size * cos
    } else {
        let half = (0.5 * k * angle).sin();
        -(0.5 * k * momentum.ln()).exp_m1() * cos + 2.0 * half * half
    };
    let (a, b) = (one_minus, -size * sin);
    let (c, d) = (real * a - imaginary * b, real * b + imaginary * a);
    let learned = (d * (1.0 - real) + c * imaginary) / (u * imaginary);
    Mode { residual, learned }
}

/// A mode of speed `u` ≥ 0 after `t` ≥ 0 steps' worth of the flow with momentum in [0, 1).
pub fn momentum_flow(u: f64, momentum: f64, t: f64) -> Mode {
    let friction = 1.0 - momentum;
    let discriminant = (friction - 2.0 * u.sqrt()) * (friction + 2.0 * u.sqrt());
    if discriminant >= 0.0 {
        let fast = 0.5 * (friction + discriminant.sqrt());
        let slow = u / fast;
        let decay = (-slow * t).exp();
        let gap = fast - slow;
        let difference = decay * if gap > 0.0 { -(-gap * t).exp_m1() / gap } else { t };
        let sum = if slow > 0.0 { -(-slow * t).exp_m1() / slow } else { t };
        return Mode { residual: decay + slow * difference, learned: (sum - difference) / fast };
    }
    let (a, b) = (-0.5 * friction * t, 0.5 * (-discriminant).sqrt() * t);
    let decay = a.exp();
    let sinc = if b == 0.0 { 1.0 } else { b.sin() / b };
    let half = (0.5 * b).sin();
    let learned = -a.exp_m1() * b.cos() + 2.0 * half * half + a * decay * sinc;
    Mode { residual: decay * (b.cos() - a * sinc), learned: learned / u }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::ode::integrate;

    /// Speeds of all kinds: hardly any, slow, at and beside both double roots, up to the limit.
    fn speeds(momentum: f64) -> Vec<f64> {
        let (low, high) = ((1.0 - momentum.sqrt()).powi(2), (1.0 + momentum.sqrt()).powi(2));
        let mut speeds = vec![0.0, 1e-300, 1e-18, 1e-9, 1e-4, 0.03, 0.5, 1.0 - momentum, 1.0, 1.7];
        speeds.extend([low, high].iter().flat_map(|at| {
            [0.0, 1e-15, -1e-15, 1e-9, -1e-9, 1e-3, -1e-3].map(|d| (at * (1.0 + d)).max(0.0))
        }));
        speeds.push(2.0 * (1.0 + momentum) * (1.0 - 1e-9));
        speeds.retain(|u| *u < 2.0 * (1.0 + momentum));
        speeds
    }

    #[test]
    fn heavy_balls_roll_as_their_steps_say() {
        let mut worst = 0.0f64;
        for momentum in [0.0, 1e-12, 0.3, 0.8, 0.9, 0.99] {
            for u in speeds(momentum) {
                let (mut e, mut v, mut learned, mut change) = (1.0f64, 0.0f64, 0.0f64, 0.0f64);
                let (mut largest, mut most) = (1.0f64, 0.0f64);
                for k in 0..=400 {
                    let found = heavy_ball(u, momentum, f64::from(k));
                    // Rounding of the plain steps grows with their number; the largest value so far is
                    // their unit.
                    let unit = 1e-15 * f64::from(k + 4) * largest / (1.0 - momentum);
                    let gap = (found.residual - e).abs() / unit;
                    worst = worst.max(gap);
                    assert!(gap < 10.0, "μ = {momentum}, u = {u:e}, step {k}: {found:?}, not {e}");
                    let unit = 1e-15 * f64::from(k + 4) * most.max(1e-300) / (1.0 - momentum);
                    let gap = (found.learned - learned).abs() / unit;
                    assert!(
                        gap < 10.0,
                        "μ = {momentum}, u = {u:e}, step {k}: {found:?}, {learned}"
                    );
                    v = momentum * v - u * e;
                    change = momentum * change + e;
                    e += v;
                    learned += change;
                    (largest, most) = (largest.max(e.abs()), most.max(learned.abs()));
                }
            }
        }
        assert!(worst > 1e-3, "the unit is far too large: {worst}");
    }

    #[test]
    fn late_errors_keep_their_digits() {
        // Two powers, 0.9 and 0.5: e = A 0.9ᵏ + B 0.5ᵏ.
        let (p, q, k) = (0.9f64, 0.5f64, 3000);
        let (momentum, u) = (p * q, 1.0 + p * q - p - q);
        let a = (1.0 - u - q) / (p - q);
        let exact = a * p.powi(k);
        let found = heavy_ball(u, momentum, f64::from(k)).residual;
        assert!((found / exact - 1.0).abs() < 1e-11, "{found:e} {exact:e}");
        assert_eq!(heavy_ball(0.3, 0.5, 1e15).residual, 0.0);
    }

    #[test]
    fn the_flow_solves_its_equation() {
        let times = [0.0, 0.5, 3.0, 40.0];
        for momentum in [0.0, 0.8, 0.99] {
            let critical = 0.25 * (1.0f64 - momentum).powi(2);
            for u in [1e-12, 1e-5, critical, critical * 1.000001, 0.3, 2.0] {
                let field = |y: &[f64], dy: &mut [f64]| {
                    (dy[0], dy[1], dy[2]) = (y[1], -u * y[0] - (1.0 - momentum) * y[1], y[3]);
                    dy[3] = y[0] - (1.0 - momentum) * y[3];
                };
                let states = integrate(field, &[1.0, 0.0, 0.0, 0.0], &times).unwrap();
                for (t, state) in times.iter().zip(&states) {
                    let found = momentum_flow(u, momentum, *t);
                    assert!((found.residual - state[0]).abs() < 1e-11, "{momentum} {u} {t}");
                    let gap = (found.learned - state[2]).abs();
                    assert!(gap <= 1e-10 * state[2].abs(), "{momentum} {u} {t}: {gap}");
                }
            }
        }
    }

    #[test]
    fn steps_become_the_flow_when_they_are_small() {
        // Halving the step twice: friction and speed per step scale as those of the flow.
        let flow = momentum_flow(0.02, 0.9, 10.0).residual;
        let gap = |n: f64| {
            let (friction, u) = (0.1 / n, 0.02 / (n * n));
            (heavy_ball(u, 1.0 - friction, 10.0 * n).residual - flow).abs()
        };
        let ratio = gap(64.0) / gap(128.0);
        assert!((ratio - 2.0).abs() < 0.1, "{ratio}");
    }
}
