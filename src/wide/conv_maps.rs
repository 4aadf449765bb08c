//! Kernels between the pixels of some pairs of images, led through the stages of a network.

use std::ops::Range;

use super::conv_pairs::{Run, Sums};
use super::conv_plan::{Affine, Plan, Point, Stage, Step};
use super::duals;
use super::hermite_series::{HermiteSeries, correlation};
use super::nonlinearity::Nonlinearity;
use crate::math::vector::vectorized;

/// Variance of every pixel at every site, `[site][pixel · lanes + lane]`.
pub(super) type Variances = Vec<Vec<f64>>;

/// Images, `[channel][pixel · lanes + lane]`.
pub(super) type Pixels = Vec<Vec<f64>>;

/// Coefficients of every pixel of all images at every site with a nonlinearity that has no closed form,
/// `[site][pixel · images + image]`.
pub(super) type Series = Vec<Option<HermiteSeries>>;

/// What is known of the image of each lane.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// Variances of the pixels of these images at every site.
    pub variances: &'a [duals::Variances],
    pub series: &'a Series,
    /// Which image is in each lane, of how many.
    pub images: &'a [usize],
    pub n_images: usize,
}

/// Where the variances of the pixels come from.
pub(super) enum Source<'a> {
    /// Known for both images of each lane.
    Known([Known<'a>; 2]),
    /// Every lane is an image with itself: they are read off the kernel on the way, and kept.
    Own(&'a mut Variances),
}

/// Kernels of several pairs of images (lanes) between tracked pairs of rows and of columns, stored
/// `[pair of rows][pair of columns][lane]`: vector instructions work on lanes and neighbors alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Maps {
    nngp: Vec<f64>,
    ntk: Vec<f64>,
    spare: Vec<f64>,
    room: Vec<f64>,
    rows: usize,
    cols: usize,
    lanes: usize,
    /// Lanes that are an image with itself.
    selves: Vec<usize>,
}

impl Maps {
    pub fn new(lanes: usize, selves: Vec<usize>) -> Self {
        Self { lanes, selves, ..Self::default() }
    }

    /// Starts with the kernel of the input, $`x_p\cdot x'_{p'}/C`$, and no tangent kernel.
    pub fn start(&mut self, [rows, cols]: [&Plan; 2], width: usize, images: [&Pixels; 2]) {
        (self.rows, self.cols) = (rows.before.len(), cols.before.len());
        let n = self.rows * self.cols * self.lanes;
        for map in [&mut self.nngp, &mut self.ntk] {
            map.clear();
            map.resize(n, 0.0);
        }
        let points = [Point::of(&rows.before), Point::of(&cols.before)];
        let [first, second] = images;
        let share = 1.0 / first.len() as f64;
        for (a, b) in first.iter().zip(second) {
            each_run([&points[0], &points[1]], width, self.lanes, |place, p, q| {
                let pixels = a[p].iter().zip(&b[q]);
                self.nngp[place].iter_mut().zip(pixels).for_each(|(k, (a, b))| *k += a * b);
            });
        }
        self.nngp.iter_mut().for_each(|k| *k *= share);
    }

    /// Goes through all stages.
    pub fn run(
        &mut self,
        stages: &[Stage],
        [rows, cols]: [&[Step]; 2],
        sites: &[[usize; 2]],
        source: &mut Source<'_>,
    ) {
        for (stage, steps) in stages.iter().zip(rows.iter().zip(cols)) {
            match (stage, steps) {
                (Stage::Conv { scale, .. }, (Step::Sum(rows), Step::Sum(cols))) => {
                    self.sum([rows, cols]);
                    self.scale(*scale);
                }
                (Stage::Pool { scale, .. }, (Step::Sum(rows), Step::Sum(cols))) => {
                    self.sum([rows, cols]);
                    let (weight, bias) = (*scale, 0.0);
                    self.scale(Affine { weight, bias, tangent_weight: 0.0, tangent_bias: 0.0 });
                }
                (Stage::Nonlinear { phi, site }, (Step::Point(rows), Step::Point(cols))) => {
                    source.read(*site, self, [rows, cols], sites[*site]);
                    self.apply(*phi, [rows, cols], sites[*site], source, *site);
                }
                (Stage::Normalize { epsilon, site }, (Step::Point(rows), Step::Point(cols))) => {
                    source.read(*site, self, [rows, cols], sites[*site]);
                    self.normalize(*epsilon, [rows, cols], sites[*site][1], source.of(*site));
                }
                (Stage::Residual(branch), (rows @ Step::Residual { .. }, cols)) => {
                    self.residual(branch, [rows, cols], sites, source);
                }
                _ => unreachable!("plans are made from the stages"),
            }
        }
    }

    /// Adds what all pairs of pixels sum up to in each lane: NNGP and tangent kernel.
    pub fn add_totals(&self, totals: &mut (Vec<f64>, Vec<f64>)) {
        let add = |total: &mut [f64], map: &[f64]| {
            // From zero, so that long sums do not swallow the small numbers of one part.
            let mut part = vec![0.0; self.lanes];
            for lanes in map.chunks_exact(self.lanes) {
                part.iter_mut().zip(lanes).for_each(|(sum, k)| *sum += k);
            }
            total.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        };
        add(&mut totals.0, &self.nngp);
        add(&mut totals.1, &self.ntk);
    }

    /// Adds up what the runs say, along rows and then along columns.
    fn sum(&mut self, [rows, cols]: [&Sums; 2]) {
        let between = rows.after.len();
        for map in [&mut self.nngp, &mut self.ntk] {
            let inner = self.cols * self.lanes;
            self.spare.resize(between * inner, 0.0);
            let after = cols.after.len() * self.lanes;
            let (spare, lanes) = (&mut self.spare, self.lanes);
            vectorized(
                #[inline(always)]
                || sum_runs(&rows.runs, map, spare, inner),
            );
            map.resize(between * after, 0.0);
            vectorized(
                #[inline(always)]
                || {
                    for (from, to) in spare.chunks_exact(inner).zip(map.chunks_exact_mut(after)) {
                        sum_runs(&cols.runs, from, to, lanes);
                    }
                },
            );
        }
        (self.rows, self.cols) = (between, cols.after.len());
    }

    fn scale(&mut self, by: Affine) {
        let maps = self.nngp.iter_mut().zip(&mut self.ntk);
        vectorized(
            #[inline(always)]
            || {
                for (k, t) in maps {
                    *t = by.weight * *t + (by.tangent_weight * *k + by.tangent_bias);
                    *k = by.weight * *k + by.bias;
                }
            },
        );
    }

    fn apply(
        &mut self,
        phi: Nonlinearity,
        points: [&Point; 2],
        [_, width]: [usize; 2],
        source: &Source<'_>,
        site: usize,
    ) {
        let q = source.of(site);
        // Where both pixels are the same the kernel is the variance, and its average has a simpler
        // and exact form: the general one loses half of the digits there.
        let exact = self.places_of_selves(points, width);
        let tangents: Vec<f64> = exact.iter().map(|(place, _)| self.ntk[*place]).collect();
        if exact.len() < self.nngp.len() {
            let lanes = self.lanes;
            each_run(points, width, lanes, |place, p, q2| {
                let (nngp, ntk) = (&mut self.nngp[place.clone()], &mut self.ntk[place]);
                if let Some(series) = source.series(site) {
                    for ((k, t), (p, q2)) in nngp.iter_mut().zip(ntk).zip(p.zip(q2)) {
                        (*k, *t) = series.dual([p, q2], lanes, [q[0][p], q[1][q2]], *k, *t);
                    }
                } else if let Source::Known(sides) = source {
                    let [first, second] = sides.map(|side| &side.variances[site]);
                    phi.dual_sides([first.side(p), second.side(q2)], nngp, ntk, &mut self.room);
                } else {
                    phi.dual_pairs(&q[0][p], &q[1][q2], nngp, ntk);
                }
            });
        }
        for ((place, pixel), tangent) in exact.into_iter().zip(tangents) {
            let dual = phi.diagonal(q[0][pixel]);
            (self.nngp[place], self.ntk[place]) = (dual.value, tangent * dual.slope);
        }
    }

    fn normalize(&mut self, epsilon: f64, points: [&Point; 2], width: usize, q: [&[f64]; 2]) {
        each_run(points, width, self.lanes, |place, p, q2| {
            let maps = self.nngp[place.clone()].iter_mut().zip(&mut self.ntk[place]);
            for ((k, t), (q, q2)) in maps.zip(q[0][p].iter().zip(&q[1][q2])) {
                let scale = ((q + epsilon) * (q2 + epsilon)).sqrt();
                // Without any variance and ε there is nothing to normalize.
                let share = if scale > 0.0 { 1.0 / scale } else { 0.0 };
                (*k, *t) = (*k * share, *t * share);
            }
        });
    }

    /// x + f(x).
    fn residual(
        &mut self,
        stages: &[Stage],
        [rows, cols]: [&Step; 2],
        sites: &[[usize; 2]],
        source: &mut Source<'_>,
    ) {
        let (
            Step::Residual { branch: rows, skip: skip_rows },
            Step::Residual { branch: cols, skip: skip_cols },
        ) = (rows, cols)
        else {
            unreachable!("both axes have the same stages")
        };
        let mut skipped = self.clone();
        self.run(stages, [rows, cols], sites, source);
        skipped.sum([skip_rows, skip_cols]);
        let add = |sum: &mut [f64], part: &[f64]| {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        };
        add(&mut self.nngp, &skipped.nngp);
        add(&mut self.ntk, &skipped.ntk);
    }

    /// Where a lane of an image with itself holds a pixel with itself, and `pixel · lanes + lane`.
    fn places_of_selves(&self, [rows, cols]: [&Point; 2], width: usize) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        if self.selves.is_empty() {
            return places;
        }
        for (r, row) in &rows.equal {
            for (c, col) in &cols.equal {
                let (place, pixel) = (row * self.cols + col, r * width + c);
                let lanes = self.selves.iter();
                places.extend(lanes.map(|l| (place * self.lanes + l, pixel * self.lanes + l)));
            }
        }
        places
    }
}

impl Source<'_> {
    /// Reads the variances off the kernel, if that is where they come from.
    fn read(&mut self, site: usize, maps: &Maps, points: [&Point; 2], [height, width]: [usize; 2]) {
        if let Self::Own(variances) = self {
            let of_site = &mut variances[site];
            of_site.resize(height * width * maps.lanes, 0.0);
            for (place, pixel) in maps.places_of_selves(points, width) {
                of_site[pixel] = maps.nngp[place];
            }
        }
    }

    fn of(&self, site: usize) -> [&[f64]; 2] {
        match self {
            Self::Known(sides) => sides.map(|side| &side.variances[site].q[..]),
            Self::Own(variances) => [&variances[site], &variances[site]],
        }
    }

    /// The series of a site whose nonlinearity has no closed form.
    fn series(&self, site: usize) -> Option<SeriesOfPairs<'_>> {
        let Self::Known(sides) = self else { return None };
        let [first, second] = sides.map(|side| side.series[site].as_ref());
        Some(SeriesOfPairs { sides, series: [first?, second?] })
    }
}

/// Series of both images of each lane at one site.
struct SeriesOfPairs<'a> {
    sides: &'a [Known<'a>; 2],
    series: [&'a HermiteSeries; 2],
}

impl SeriesOfPairs<'_> {
    /// Kernels after the nonlinearity of a pair of `pixel · lanes + lane` with variances `q`.
    #[inline]
    fn dual(
        &self,
        places: [usize; 2],
        lanes: usize,
        q: [f64; 2],
        nngp: f64,
        ntk: f64,
    ) -> (f64, f64) {
        let column = |side: usize| {
            let Known { images, n_images, .. } = self.sides[side];
            places[side] / lanes * n_images + images[places[side] % lanes]
        };
        let rho = correlation(nngp, q[0], q[1]);
        let (value, slope) = self.series[0].dual(column(0), self.series[1], column(1), rho);
        (value, ntk * slope)
    }
}

/// Calls `job` with ranges of the map and of the pixels of both images that belong together.
fn each_run(
    [rows, cols]: [&Point; 2],
    width: usize,
    lanes: usize,
    mut job: impl FnMut(Range<usize>, Range<usize>, Range<usize>),
) {
    let n_cols = cols.runs.iter().map(|[_, _, _, length]| length).sum::<usize>();
    for [row, r, s, height] in &rows.runs {
        for i in 0..*height {
            for [col, c, d, length] in &cols.runs {
                let range = |start: usize| start * lanes..(start + length) * lanes;
                let (p, q) = ((r + i) * width + c, (s + i) * width + d);
                job(range((row + i) * n_cols + col), range(p), range(q));
            }
        }
    }
}

/// `to` becomes the sums of `from` that the runs say; every entry stands for `unit` numbers.
#[inline(always)]
fn sum_runs(runs: &[Run], from: &[f64], to: &mut [f64], unit: usize) {
    for run in runs {
        let n = run.length * unit;
        let to = &mut to[run.output * unit..][..n];
        let input = |i: usize| &from[run.inputs[i] * unit..][..n];
        match run.inputs.len() {
            0 => to.fill(0.0),
            1 => to.copy_from_slice(input(0)),
            2 => {
                let inputs = input(0).iter().zip(input(1));
                to.iter_mut().zip(inputs).for_each(|(sum, (a, b))| *sum = a + b);
            }
            _ => {
                let inputs = input(0).iter().zip(input(1)).zip(input(2));
                to.iter_mut().zip(inputs).for_each(|(sum, ((a, b), c))| *sum = a + b + c);
            }
        }
        for i in 3..run.inputs.len() {
            to.iter_mut().zip(input(i)).for_each(|(sum, a)| *sum += a);
        }
    }
}
