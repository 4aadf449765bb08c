//! Kernels of convolutional networks.
//!
//! Between two images the kernel before a layer is a function of a pixel p of one and a pixel p′ of
//! the other, starting from $`K(p,p')=x_p\cdot x'_{p'}/C`$ over C channels (`novak2019`,
//! `garriga2019`). With filters of k taps, both pixels moved by the same tap a,
//!
//! ```math
//! (\mathcal A K)(p,p')=\frac1k\sum_a K(p+a,\,p'+a),\qquad
//! K\gets\sigma_w^2\,\mathcal A K+\sigma_b^2,\qquad T\gets K+\sigma_w^2\,\mathcal A T,
//! ```
//!
//! where taps beyond the edge are zeros (or around the corner) and the bias is shared by all places. A
//! nonlinearity φ acts on each pair of pixels as on a pair of inputs, with the variances of the two
//! pixels (`arora2019b` for the tangent kernel T):
//!
//! ```math
//! T\gets T\,\mathbb E[\varphi'(u)\varphi'(v)],\qquad K\gets\mathbb E[\varphi(u)\varphi(v)],\qquad
//! (u,v)\sim\mathcal N\Big(0,\begin{pmatrix}q(p)&K(p,p')\\K(p,p')&q'(p')\end{pmatrix}\Big).
//! ```
//!
//! Average pooling averages over p and p′ independently. Flatten is the mean over p = p′, global
//! average pooling that over all p and p′. Layers after that are those of [`super::dense`].
//!
//! What it costs, with P pixels, L layers and filters of k × k: time L P (2k + a nonlinearity) for each
//! pair of images before flatten, and P times that before global average pooling; memory that of a
//! few images in both cases, because only the displacement p′ − p matters to a convolution. Average
//! pooling in between needs a band of displacements.

mod head;
mod images;
mod maps;
mod pairs;
mod plan;
mod schedule;

use ndarray::{Array2, ArrayView4};

use super::conv::head::{Merged, needs_variances};
use super::conv::images::{Gathered, Images};
use super::conv::maps::{Maps, Source};
use super::conv::plan::Trunk;
use super::conv::schedule::Schedule;
use super::dense::Kernels;
use super::memory_limit::{DEFAULT_LIMIT, require_memory};
use crate::math::parallel::in_parallel_with;
use crate::net::architecture::Architecture;
use crate::{Error, Result};

/// Jobs at least, if there are so many parts, so that all cores have work.
const JOBS: usize = 64;

/// Kernels of `images` (n × height × width × channels) with themselves (`other` is `None`) or with
/// `other` (m × height × width × channels).
///
/// With themselves they are symmetric to the last bit, and an image with itself is as exact as the
/// others.
///
/// ```
/// use ndarray::Array4;
/// use solvable::net::architecture::{Architecture, Layer, Padding, Parameterization};
/// use solvable::wide::kernel::conv::kernels;
/// use solvable::net::unit::Nonlinearity;
///
/// let (filter, stride, padding) = ([3, 3], [1, 1], Padding::Circular);
/// let conv = Layer::Conv { filter, stride, padding, weight_std: 2f64.sqrt(), bias_std: 0.0 };
/// let layers = vec![conv, Layer::Nonlinear(Nonlinearity::RELU), Layer::GlobalAveragePool];
/// let network = Architecture { layers, parameterization: Parameterization::Ntk };
/// // A dot here, a dot there: to global average pooling around a circle they are the same.
/// let mut dots = Array4::zeros((2, 6, 6, 1));
/// (dots[[0, 1, 1, 0]], dots[[1, 4, 2, 0]]) = (1.0, 1.0);
/// let found = kernels(&network, dots.view(), None)?;
/// assert!((found.ntk[[0, 1]] / found.ntk[[0, 0]] - 1.0).abs() < 1e-14);
/// # Ok::<(), solvable::Error>(())
/// ```
///
/// # Errors
/// An architecture that does not fit the images (see [`sizes`](crate::net::architecture::conv_shape::sizes)); no images; images that are not
/// finite, or whose variances overflow; other sizes or channels; [more memory](memory) than
/// [`DEFAULT_LIMIT`].
pub fn kernels(
    architecture: &Architecture,
    images: ArrayView4<'_, f64>,
    other: Option<ArrayView4<'_, f64>>,
) -> Result<Kernels> {
    kernels_within(architecture, images, other, DEFAULT_LIMIT)
}

/// As [`kernels`], in at most `limit` bytes.
///
/// # Errors
/// As [`kernels`].
pub fn kernels_within(
    architecture: &Architecture,
    images: ArrayView4<'_, f64>,
    other: Option<ArrayView4<'_, f64>>,
    limit: u64,
) -> Result<Kernels> {
    check_images(images, "images")?;
    let (n, height, width, channels) = images.dim();
    if let Some(other) = other {
        check_images(other, "other images")?;
        let (m, h, w, c) = other.dim();
        if (h, w, c) != (height, width, channels) {
            let expected = format!("(n, {height}, {width}, {channels}), as the first images");
            return Err(Error::shape("other images", (m, h, w, c), expected));
        }
    }
    let m = other.map_or(n, |other| other.dim().0);
    check_memory(architecture, [n, m, height, width], 0, limit)?;
    let trunk = Trunk::of(architecture, [height, width, channels])?;
    let schedule = Schedule::of(&trunk);
    let mut first = Images::new(&trunk, images)?;
    let mut second = other.map(|other| Images::new(&trunk, other)).transpose()?;
    let sides = || std::iter::once(&first).chain(&second);
    let series: u64 = sides().map(|images| images.series_bytes(&trunk)).sum();
    check_memory(architecture, [n, m, height, width], series, limit)?;
    for images in std::iter::once(&mut first).chain(&mut second) {
        images.prepare_series(&trunk)?;
    }
    let layers = &architecture.layers[trunk.n_layers..];
    let kernels = match &second {
        None => symmetric(&trunk, &schedule, &first)?,
        Some(second) => between(&trunk, &schedule, &first, second)?,
    };
    // What is needed of the images with themselves.
    let own = |images: &Images| -> Result<Vec<f64>> {
        if !needs_variances(layers) {
            return Ok(vec![0.0; images.n]);
        }
        let pairs: Vec<_> = (0..images.n).map(|i| (i, i)).collect();
        Ok(of_pairs(&trunk, &schedule, [images, images], &pairs, true)?.0)
    };
    let (own_first, own_second) = match &second {
        None => (kernels.nngp.diag().to_vec(), kernels.nngp.diag().to_vec()),
        Some(second) => (own(&first)?, own(second)?),
    };
    let places = if trunk.global { 1 } else { trunk.last[0] * trunk.last[1] };
    let mut merged = Merged {
        kernels,
        first: own_first,
        second: own_second,
        places,
        symmetric: second.is_none(),
    };
    merged.run(layers, architecture.parameterization)?;
    check_kernels(merged.kernels)
}

fn symmetric(trunk: &Trunk, schedule: &Schedule, images: &Images) -> Result<Kernels> {
    let n = images.n;
    let pairs: Vec<_> = (0..n).flat_map(|i| (i..n).map(move |j| (i, j))).collect();
    let (nngp, ntk) = of_pairs(trunk, schedule, [images, images], &pairs, true)?;
    let mirrored = |values: Vec<f64>| {
        let mut kernel = Array2::zeros((n, n));
        for ((i, j), value) in pairs.iter().zip(values) {
            (kernel[[*i, *j]], kernel[[*j, *i]]) = (value, value);
        }
        kernel
    };
    Ok(Kernels { nngp: mirrored(nngp), ntk: mirrored(ntk) })
}

fn between(trunk: &Trunk, schedule: &Schedule, first: &Images, second: &Images) -> Result<Kernels> {
    let (n, m) = (first.n, second.n);
    let pairs: Vec<_> = (0..n).flat_map(|i| (0..m).map(move |j| (i, j))).collect();
    let (nngp, ntk) = of_pairs(trunk, schedule, [first, second], &pairs, false)?;
    let kernel = |values: Vec<f64>| {
        let mut values = values.into_iter();
        Array2::from_shape_simple_fn((n, m), || values.next().unwrap_or(f64::NAN))
    };
    Ok(Kernels { nngp: kernel(nngp), ntk: kernel(ntk) })
}

/// Means over pixels of the kernels of some pairs of images: NNGP and tangent kernel.
fn of_pairs(
    trunk: &Trunk,
    schedule: &Schedule,
    [first, second]: [&Images; 2],
    pairs: &[(usize, usize)],
    same: bool,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let tiles: Vec<_> = pairs.chunks(schedule.lanes()).collect();
    // Rows of displacements are shared out where there are few pairs.
    let groups = JOBS.div_ceil(tiles.len().max(1)).min(schedule.rows.len());
    let rows_in = |group: usize| {
        let at = |group: usize| group * schedule.rows.len() / groups;
        &schedule.rows[at(group)..at(group + 1)]
    };
    type Room = (Maps, [Gathered; 2]);
    let parts = in_parallel_with(tiles.len() * groups, Room::default, |(maps, [a, b]), job| {
        let (tile, group) = (tiles[job / groups], job % groups);
        let (i, j): (Vec<_>, Vec<_>) = tile.iter().copied().unzip();
        let selves = (0..tile.len()).filter(|lane| same && i[*lane] == j[*lane]).collect();
        first.gather(&i, a);
        second.gather(&j, b);
        maps.begin(tile.len(), selves);
        let mut totals = (vec![0.0; tile.len()], vec![0.0; tile.len()]);
        for rows in rows_in(group) {
            for cols in &schedule.cols {
                maps.start([rows, cols], trunk.width, [&a.pixels, &b.pixels]);
                let mut source = Source::Known([first.known(a, &i), second.known(b, &j)]);
                maps.run(&trunk.stages, [&rows.steps, &cols.steps], &trunk.sites, &mut source);
                maps.add_totals(&mut totals);
            }
        }
        Ok(totals)
    })?;
    let places = (trunk.last[0] * trunk.last[1]) as f64;
    let share = 1.0 / if trunk.global { places * places } else { places };
    let mut means = (Vec::with_capacity(pairs.len()), Vec::with_capacity(pairs.len()));
    for groups in parts.chunks(groups) {
        for lane in 0..groups[0].0.len() {
            means.0.push(share * groups.iter().map(|totals| totals.0[lane]).sum::<f64>());
            means.1.push(share * groups.iter().map(|totals| totals.1[lane]).sum::<f64>());
        }
    }
    Ok(means)
}

/// Bytes that [`kernels`] takes for n images with m others (n again for the same), of height × width
/// pixels and, if there are several channels, a little more: two n × m kernels, the variances of all
/// pixels, and the maps that each thread works on. Nonlinearities without closed form take more, how much
/// depends on the variances (about 2 kB for each pixel of every image and layer of tanh at variance 1).
///
/// # Errors
/// As [`sizes`](crate::net::architecture::conv_shape::sizes).
pub fn memory(architecture: &Architecture, [n, m, height, width]: [usize; 4]) -> Result<u64> {
    let trunk = Trunk::of(architecture, [height, width, 1])?;
    let schedule = Schedule::of(&trunk);
    let pixels: usize = trunk.sites.iter().map(|[h, w]| h * w).sum::<usize>() + 2 * height * width;
    let images = (n as f64 + m as f64) * pixels as f64;
    // Sums of every pair, then two kernels of them; twice over while layers follow.
    let kernels = 4.0 * n as f64 * m as f64;
    let lanes = schedule.lanes() as f64;
    let maps = threads() as f64 * (schedule.working_set() + 6.0 * lanes * pixels as f64);
    Ok((8.0 * (images + kernels + maps)) as u64)
}

#[cfg(feature = "parallel")]
fn threads() -> usize {
    rayon::current_num_threads()
}

#[cfg(not(feature = "parallel"))]
fn threads() -> usize {
    1
}

fn check_memory(
    architecture: &Architecture,
    shape: [usize; 4],
    series: u64,
    limit: u64,
) -> Result<()> {
    let needed = memory(architecture, shape)? + series;
    let [n, m, height, width] = shape;
    let remedy = "compute blocks of fewer images with `other` (each block streams over displacements and \
        needs no more than its own kernels), or raise `limit`";
    let size = || format!("{n} x {m} of {height}x{width}");
    require_memory(needed, limit, "number of images", size, remedy)
}

fn check_images(images: ArrayView4<'_, f64>, what: &str) -> Result<()> {
    if images.is_empty() {
        let expected = "at least one image, one pixel and one channel";
        return Err(Error::shape(what, images.dim(), expected));
    }
    match images.indexed_iter().find(|(_, x)| !x.is_finite()) {
        None => Ok(()),
        Some(((i, row, col, channel), value)) => Err(Error::NonFinite {
            what: what.into(),
            place: format!("[{i}, {row}, {col}, {channel}]"),
            value: *value,
        }),
    }
}

fn check_kernels(kernels: Kernels) -> Result<Kernels> {
    for kernel in [&kernels.nngp, &kernels.ntk] {
        if let Some(((i, j), value)) = kernel.indexed_iter().find(|(_, k)| !k.is_finite()) {
            let reason = format!("the kernel of images {i} and {j} is {value}; rescale the images");
            return Err(Error::Numerical { method: "kernel of images", reason });
        }
    }
    Ok(kernels)
}
