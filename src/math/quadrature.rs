//! Gaussian quadrature.

/// Nodes and weights of Gauss–Legendre quadrature with 16 points on [−1, 1], positive half.
const NODES: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_58),
    (0.458_016_777_657_227_37, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_7, 0.149_595_988_816_576_73),
    (0.755_404_408_355_003, 0.124_628_971_255_533_87),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_78),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_89),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_095),
];

/// ∫ f over [a, b] by 16-point Gauss–Legendre: exact for polynomials up to degree 31.
pub fn gauss_legendre(f: impl Fn(f64) -> f64, a: f64, b: f64) -> f64 {
    let (center, half) = (0.5 * (a + b), 0.5 * (b - a));
    half * NODES.iter().map(|(x, w)| w * (f(center - half * x) + f(center + half * x))).sum::<f64>()
}

/// Abscissas, rising, and weights of [`gauss_legendre`] on [a, b], for several integrals over one grid.
pub fn gauss_legendre_nodes(a: f64, b: f64) -> impl Iterator<Item = (f64, f64)> {
    let (center, half) = (0.5 * (a + b), 0.5 * (b - a));
    let left = NODES.iter().rev().map(|(x, w)| (-x, w));
    let both = left.chain(NODES.iter().map(|(x, w)| (*x, w)));
    both.map(move |(x, w)| (center + half * x, half * w))
}

/// The same on `panels` equal parts of [a, b].
pub fn composite_nodes(a: f64, b: f64, panels: usize) -> Vec<(f64, f64)> {
    let edge = |i: usize| a + (b - a) * i as f64 / panels as f64;
    (0..panels).flat_map(|i| gauss_legendre_nodes(edge(i), edge(i + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_up_to_degree_31_are_exact() {
        for degree in 0..32 {
            let exact = 2f64.powi(degree + 1) / f64::from(degree + 1);
            let found = gauss_legendre(|x| x.powi(degree), 0.0, 2.0);
            assert!((found / exact - 1.0).abs() < 1e-14, "degree {degree}");
        }
        assert!((gauss_legendre(f64::exp, -1.0, 1.0) - 2.0 * 1f64.sinh()).abs() < 1e-15);
    }

    #[test]
    fn panels_add_up_to_the_whole() {
        let nodes = composite_nodes(-1.0, 3.0, 5);
        assert!(nodes.windows(2).all(|w| w[0].0 < w[1].0));
        let sum: f64 = nodes.iter().map(|(x, w)| w * x.cos()).sum();
        assert!((sum - (3f64.sin() + 1f64.sin())).abs() < 1e-14);
    }
}
