//! The recursion over all pairs of pixels of convolutional kernels, as slow and obvious as it can be.

use std::collections::HashMap;

use ndarray::{Array2, Array4};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solvable::net::architecture::{Layer, Padding};
use solvable::net::unit::Nonlinearity;
use solvable::wide::Kernels;

type Pixel = (usize, usize);
/// Kernel and tangent kernel of each pair of pixels.
type Pairs = HashMap<(Pixel, Pixel), (f64, f64)>;

/// A kernel between two images, and those of each with itself.
#[derive(Clone)]
struct State {
    between: Pairs,
    first: Pairs,
    second: Pairs,
    size: Pixel,
}

/// Kernels of networks that end in flatten or global average pooling.
pub fn kernels(layers: &[Layer], a: &Array4<f64>, b: &Array4<f64>, same: bool) -> Kernels {
    let both = Array2::from_shape_fn((a.dim().0, b.dim().0), |(i, j)| {
        let state = State {
            between: start(a, i, b, j),
            first: start(a, i, a, i),
            second: start(b, j, b, j),
            size: (a.dim().1, a.dim().2),
        };
        let state = run(state, layers, same && i == j);
        let all: Vec<_> = state.between.into_values().collect();
        assert_eq!(all.len(), 1, "the layers end in flatten or gap");
        all[0]
    });
    Kernels { nngp: both.map(|k| k.0), ntk: both.map(|k| k.1) }
}

fn pixels(size: Pixel) -> impl Iterator<Item = Pixel> {
    (0..size.0).flat_map(move |r| (0..size.1).map(move |c| (r, c)))
}

fn start(a: &Array4<f64>, i: usize, b: &Array4<f64>, j: usize) -> Pairs {
    let (_, height, width, channels) = a.dim();
    let size = (height, width);
    let kernel = |p: Pixel, q: Pixel| {
        (0..channels).map(|d| a[[i, p.0, p.1, d]] * b[[j, q.0, q.1, d]]).sum::<f64>()
            / channels as f64
    };
    let all = pixels(size).flat_map(|p| pixels(size).map(move |q| (p, q)));
    all.map(|(p, q)| ((p, q), (kernel(p, q), 0.0))).collect()
}

fn run(mut state: State, layers: &[Layer], itself: bool) -> State {
    for layer in layers {
        state = after(state, layer, itself);
    }
    state
}

fn after(state: State, layer: &Layer, itself: bool) -> State {
    let each = |job: &dyn Fn(&Pairs, &Pairs, &Pairs, bool) -> Pairs, size: Pixel| State {
        between: job(&state.between, &state.first, &state.second, itself),
        first: job(&state.first, &state.first, &state.first, true),
        second: job(&state.second, &state.second, &state.second, true),
        size,
    };
    match layer {
        Layer::Conv { filter, stride, padding, weight_std, bias_std } => {
            let (w, b) = (weight_std.powi(2), bias_std.powi(2));
            let (size, taps) = windows(state.size, *filter, *stride, *padding);
            let share = 1.0 / (filter[0] * filter[1]) as f64;
            let job = |k: &Pairs, _: &Pairs, _: &Pairs, _: bool| {
                sums(k, size, |p, q| {
                    let taps = taps(p).into_iter().zip(taps(q));
                    taps.filter_map(|(p, q)| Some((p?, q?))).collect()
                })
                .into_iter()
                .map(|(at, (k, t))| {
                    let new = w * share * k + b;
                    (at, (new, new + w * share * t))
                })
                .collect()
            };
            each(&job, size)
        }
        Layer::AveragePool { window, stride, padding } => {
            let (size, taps) = windows(state.size, *window, *stride, *padding);
            let share = ((window[0] * window[1]) as f64).powi(-2);
            let job = |k: &Pairs, _: &Pairs, _: &Pairs, _: bool| {
                sums(k, size, |p, q| {
                    let inside = |p| taps(p).into_iter().flatten().collect::<Vec<_>>();
                    let second = inside(q);
                    let all = inside(p).into_iter();
                    all.flat_map(|p| second.iter().map(move |q| (p, *q))).collect()
                })
                .into_iter()
                .map(|(at, (k, t))| (at, (share * k, share * t)))
                .collect()
            };
            each(&job, size)
        }
        Layer::Nonlinear(phi) => {
            let job = |k: &Pairs, first: &Pairs, second: &Pairs, itself: bool| {
                k.iter()
                    .map(|((p, q), (k, t))| {
                        let (v, v2) = (first[&(*p, *p)].0, second[&(*q, *q)].0);
                        let exact = itself && p == q;
                        let dual = if exact { phi.diagonal(v) } else { phi.dual(v, *k, v2) };
                        ((*p, *q), (dual.value, t * dual.slope))
                    })
                    .collect()
            };
            each(&job, state.size)
        }
        Layer::LayerNorm { epsilon } => {
            let job = |k: &Pairs, first: &Pairs, second: &Pairs, _: bool| {
                k.iter()
                    .map(|((p, q), (k, t))| {
                        let (v, v2) = (first[&(*p, *p)].0, second[&(*q, *q)].0);
                        let scale = ((v + epsilon) * (v2 + epsilon)).sqrt();
                        ((*p, *q), (k / scale, t / scale))
                    })
                    .collect()
            };
            each(&job, state.size)
        }
        Layer::Residual(branch) => {
            let added = run(state.clone(), branch, itself);
            let add = |a: &Pairs, b: &Pairs| {
                a.iter().map(|(at, (k, t))| (*at, (k + b[at].0, t + b[at].1))).collect()
            };
            State {
                between: add(&state.between, &added.between),
                first: add(&state.first, &added.first),
                second: add(&state.second, &added.second),
                size: state.size,
            }
        }
        Layer::Flatten | Layer::GlobalAveragePool => {
            let flatten = *layer == Layer::Flatten;
            let job = |k: &Pairs, _: &Pairs, _: &Pairs, _: bool| {
                let kept = k.iter().filter(|((p, q), _)| !flatten || p == q);
                let mut values: Vec<_> = kept.map(|(_, v)| *v).collect();
                values.sort_by(|a, b| a.partial_cmp(b).unwrap());
                let n = values.len() as f64;
                let mean =
                    |part: &dyn Fn(&(f64, f64)) -> f64| values.iter().map(part).sum::<f64>() / n;
                HashMap::from([(((0, 0), (0, 0)), (mean(&|v| v.0), mean(&|v| v.1)))])
            };
            each(&job, (1, 1))
        }
        Layer::Dense { weight_std, bias_std } => {
            let (w, b) = (weight_std.powi(2), bias_std.powi(2));
            let job = |k: &Pairs, _: &Pairs, _: &Pairs, _: bool| {
                let dense = |(at, (k, t)): (&_, &(f64, f64))| (*at, (w * k + b, w * k + b + w * t));
                k.iter().map(dense).collect()
            };
            each(&job, state.size)
        }
        Layer::LocallyConnected { .. } | Layer::MaxPool { .. } | Layer::Recurrent { .. } => {
            unreachable!("these have no kernel of infinite width")
        }
    }
}

fn sums(k: &Pairs, size: Pixel, inputs: impl Fn(Pixel, Pixel) -> Vec<(Pixel, Pixel)>) -> Pairs {
    let all = pixels(size).flat_map(|p| pixels(size).map(move |q| (p, q)));
    let sum = |(p, q): (Pixel, Pixel)| {
        let found = inputs(p, q).into_iter().map(|at| k[&at]);
        found.fold((0.0, 0.0), |sum, k| (sum.0 + k.0, sum.1 + k.1))
    };
    all.map(|at| (at, sum(at))).collect()
}

/// Size after a window, and the pixels that each place after it reads (`None` is padding).
fn windows(
    before: Pixel,
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) -> (Pixel, impl Fn(Pixel) -> Vec<Option<Pixel>>) {
    let axis = |n: usize, k: usize, s: usize| {
        if padding == Padding::Valid {
            return ((n - k) / s + 1, 0);
        }
        let out = n.div_ceil(s);
        (out, ((out - 1) * s + k).saturating_sub(n) as i64 / 2)
    };
    let (rows, low_r) = axis(before.0, window[0], stride[0]);
    let (cols, low_c) = axis(before.1, window[1], stride[1]);
    let place = move |p: usize, a: usize, s: usize, low: i64, n: usize| {
        let at = (p * s + a) as i64 - low;
        match padding {
            Padding::Circular => Some(at.rem_euclid(n as i64) as usize),
            _ => usize::try_from(at).ok().filter(|at| *at < n),
        }
    };
    let taps = move |(r, c): Pixel| {
        pixels((window[0], window[1]))
            .map(|(a, b)| {
                let row = place(r, a, stride[0], low_r, before.0)?;
                Some((row, place(c, b, stride[1], low_c, before.1)?))
            })
            .collect()
    };
    ((rows, cols), taps)
}

/// Networks of random layers with sizes of images that survive them: (height, width, channels).
pub fn random_networks(n: usize) -> Vec<(Vec<Layer>, [usize; 3])> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut networks = Vec::with_capacity(n);
    while networks.len() < n {
        let size = [rng.random_range(1..6), rng.random_range(1..6), rng.random_range(1..3)];
        let mut layers = vec![random_conv(&mut rng)];
        for _ in 0..rng.random_range(1..4) {
            layers.extend(random_layers(&mut rng));
        }
        layers.push(if rng.random_range(0..3) == 0 {
            Layer::Flatten
        } else {
            Layer::GlobalAveragePool
        });
        layers.push(Layer::Dense { weight_std: 1.2, bias_std: 0.1 });
        let architecture = solvable::net::architecture::Architecture {
            layers: layers.clone(),
            parameterization: solvable::net::architecture::Parameterization::Ntk,
        };
        if solvable::net::architecture::conv_shape::sizes(&architecture, size[0], size[1]).is_ok() {
            networks.push((layers, size));
        }
    }
    networks
}

/// Ends with a Gaussian signal.
fn random_layers(rng: &mut impl Rng) -> Vec<Layer> {
    let phis = [Nonlinearity::RELU, Nonlinearity::ERF, Nonlinearity::ABS, Nonlinearity::Tanh];
    let phi = Layer::Nonlinear(phis[rng.random_range(0..4)]);
    let block = |rng: &mut _| {
        let (filter, stride) = ([3, 2], [1, 1]);
        let padding = random_padding(rng, 2);
        let conv = Layer::Conv { filter, stride, padding, weight_std: 1.1, bias_std: 0.2 };
        let pool = Layer::AveragePool { window: [2, 1], stride: [1, 1], padding };
        Layer::Residual(vec![phi.clone(), pool, conv])
    };
    match rng.random_range(0..6) {
        0 => vec![block(rng)],
        1 => vec![Layer::LayerNorm { epsilon: 1e-3 }, phi, random_conv(rng)],
        2 | 3 => vec![phi, random_pool(rng), random_conv(rng)],
        _ => vec![phi, random_conv(rng)],
    }
}

fn random_padding(rng: &mut impl Rng, least: usize) -> Padding {
    [Padding::Valid, Padding::Valid, Padding::Same, Padding::Same, Padding::Circular]
        [rng.random_range(least..5)]
}

fn random_conv(rng: &mut impl Rng) -> Layer {
    Layer::Conv {
        filter: [rng.random_range(1..5), rng.random_range(1..4)],
        stride: [rng.random_range(1..3), rng.random_range(1..4)],
        padding: random_padding(rng, 0),
        weight_std: 1.3,
        bias_std: 0.2,
    }
}

fn random_pool(rng: &mut impl Rng) -> Layer {
    Layer::AveragePool {
        window: [rng.random_range(1..4), rng.random_range(1..3)],
        stride: [rng.random_range(1..3), rng.random_range(1..3)],
        padding: random_padding(rng, 0),
    }
}
