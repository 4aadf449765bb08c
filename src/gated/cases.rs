//! Gated networks for the [list of models](crate::models).
//!
//! Where a race ends is written from what is conserved and the sum s/d, solved here by hand for each
//! depth.

use ndarray::arr2;

use crate::contract::{End, ModelCase};
use crate::deep_linear::cases::{E_FOLDS, uniform};
use crate::gated::race_network::RaceNetwork;
use crate::gated::routing::Routing;
use crate::gated::xor::XorNetwork;
use crate::{Correlations, Result};

/// Every gated network.
pub const ALL: &[ModelCase] = &[
    ModelCase {
        name: "gated-xor",
        summary: "the exclusive or by four gated pathways, as by four rectified units",
        reference: "saxe2022",
        model: |rate| Ok(Box::new(xor(rate))),
        rate: 0.02,
        grid: &uniform::<41>(40.0),
        seeds: &[0, 1, 2],
        // A start of the opposite sign first decays: from 1e-3 at the latest at the rate s.
        end: || {
            let strength = 0.5f64.sqrt();
            let values = vec![strength, strength, strength, strength, 0.0];
            Ok(End { values, after: 2.0 * E_FOLDS * 8f64.sqrt() })
        },
        restart: |time| Ok(Box::new(xor(0.02).after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "gated-routing",
        summary: "three input and three output domains: untrained pairs learn with the trained ones",
        reference: "saxe2022",
        model: |rate| Ok(Box::new(routing(rate)?)),
        rate: 0.01,
        grid: &uniform::<41>(24.0),
        seeds: &[0, 1, 2],
        end: || {
            let values = vec![2.0 / 0.9, 1.0 / 0.9, 0.0];
            Ok(End { values: [values.clone(), values].concat(), after: 100.0 * E_FOLDS })
        },
        restart: |time| Ok(Box::new(routing(0.01)?.after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "race-two-layers",
        summary: "three paths of two layers for one mode: a head start is kept in proportion",
        reference: "saxe2022",
        model: |rate| Ok(Box::new(race_two_layers(rate))),
        rate: 0.01,
        grid: &uniform::<41>(8.0),
        seeds: &[0, 1, 2],
        // Ratios of the layers stay: strengths are as the squares of the starts.
        end: || {
            let squares = [0.2f64, 0.25, 0.1].map(|a| a * a);
            let total: f64 = squares.iter().sum();
            let mut values: Vec<f64> = squares.iter().map(|a| 1.3 * a / total).collect();
            values.extend([1.3, 0.0]);
            Ok(End { values, after: 4.0 * E_FOLDS })
        },
        restart: |time| Ok(Box::new(race_two_layers(0.01).after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "race-three-layers",
        summary: "two paths of three layers for one mode: a small head start takes almost all",
        reference: "saxe2022",
        model: |rate| Ok(Box::new(race_three_layers(rate))),
        rate: 0.01,
        grid: &uniform::<41>(12.0),
        seeds: &[0, 1, 2],
        // 1/a − 1/b = 1/0.2 − 1/0.25 = 1, so b = a/(1 − a); the sum of cubes rises with a.
        end: || {
            let strengths = |a: f64| [a.powi(3), (a / (1.0 - a)).powi(3)];
            let a = bisect(|a| strengths(a).iter().sum::<f64>() - 1.3, 0.0, 1.0 - 1e-9);
            let values = strengths(a).into_iter().chain([1.3, 0.0]).collect();
            Ok(End { values, after: 20.0 * E_FOLDS })
        },
        restart: |time| Ok(Box::new(race_three_layers(0.01).after(time)?)),
        exact: true,
    },
    ModelCase {
        name: "race-shared",
        summary: "a path shared by three contexts against a private one in each, four layers",
        reference: "saxe2022",
        model: |rate| Ok(Box::new(race_shared(rate))),
        rate: 0.005,
        grid: &uniform::<41>(16.0),
        seeds: &[0, 1, 2],
        // 3/b² − 1/a² stays for private b and shared a: b² = 3/(c + 1/a²); fourth powers add up.
        end: || {
            let kept = 3.0 / 0.5f64.powi(2) - 1.0 / 0.4f64.powi(2);
            let strengths = |a: f64| [a.powi(4), (3.0 / (kept + a.powi(-2))).powi(2)];
            let a = bisect(|a| strengths(a).iter().sum::<f64>() - 1.5, 1e-9, 2.0);
            let values = strengths(a).into_iter().chain([1.5, 0.0]).collect();
            Ok(End { values, after: 20.0 * E_FOLDS })
        },
        restart: |time| Ok(Box::new(race_shared(0.005).after(time)?)),
        exact: true,
    },
];

/// Root of a rising function, by halving.
fn bisect(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if f(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Four different starts, one of which pulls the wrong way.
pub fn xor(rate: f64) -> XorNetwork {
    let layers = [[0.1, 0.1], [0.3, 0.05], [0.02, 0.4], [0.3, -0.1]];
    XorNetwork { layers, n_hidden: 2, rate }
}

/// A task of two modes on white inputs.
///
/// # Errors
/// None: the numbers are fixed.
pub fn routing_task() -> Result<Correlations> {
    // Columns of an orthogonal matrix, so that the modes are not the axes.
    let (c, s) = (0.8, 0.6);
    Correlations::white(arr2(&[[2.0 * c, 2.0 * s, 0.0], [-s, c, 0.0]]), 0.9)
}

/// Three domains, six trained pairs, unequal layers.
///
/// # Errors
/// None: the numbers are fixed.
pub fn routing(rate: f64) -> Result<Routing> {
    let layers = vec![[0.3, 0.5, 0.2], [0.4; 3]];
    Ok(Routing { task: routing_task()?, domains: 3, pairs: 6, hidden: [4, 3], layers, rate })
}

fn race(depth: usize, shared: &[f64], private: &[f64], rate: f64) -> RaceNetwork {
    let contexts = if private.is_empty() { 1 } else { 3 };
    let (s, d) = if private.is_empty() { (1.3, 1.0) } else { (1.2, 0.8) };
    let (shared, private) = (shared.to_vec(), private.to_vec());
    RaceNetwork { s, d, depth, contexts, shared, private, n_hidden: 2, rate }
}

/// Three always-open paths of two layers.
pub fn race_two_layers(rate: f64) -> RaceNetwork {
    race(2, &[0.2, 0.25, 0.1], &[], rate)
}

/// Two always-open paths of three layers.
pub fn race_three_layers(rate: f64) -> RaceNetwork {
    race(3, &[0.2, 0.25], &[], rate)
}

/// A shared path, and a private one with a head start in each of three contexts.
pub fn race_shared(rate: f64) -> RaceNetwork {
    race(4, &[0.4], &[0.5], rate)
}
