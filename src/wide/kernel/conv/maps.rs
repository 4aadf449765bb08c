//! Kernels between the pixels of some pairs of images, led through the stages of a network.

use super::pairs::{Run, Sums};
use super::plan::{Affine, Plan, Point, Stage, Step};
use crate::math::folded_pairs::{FoldedMaps, Kink};
use crate::math::vector::vectorized;
use crate::net::unit::Nonlinearity;
use crate::wide::dual::hermite_series::{HermiteSeries, correlation};
use crate::wide::dual::variances::Variances;

/// Images, `[channel][pixel · lanes + lane]`.
pub(crate) type Pixels = Vec<Vec<f64>>;

/// Coefficients of every pixel of all images at every site with a nonlinearity that has no closed form,
/// `[site][pixel · images + image]`.
pub(crate) type Series = Vec<Option<HermiteSeries>>;

/// What is known of the image of each lane.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Variances of the pixels of these images at every site, `[site][pixel · lanes + lane]`.
    pub variances: &'a [Variances],
    pub series: &'a Series,
    /// Which image is in each lane, of how many.
    pub images: &'a [usize],
    pub n_images: usize,
}

/// Where the variances of the pixels come from.
pub(crate) enum Source<'a> {
    /// Known for both images of each lane.
    Known([Known<'a>; 2]),
    /// Every lane is an image with itself: they are read off the kernel on the way, and kept.
    Own(&'a mut [Variances]),
}

/// Kernels of several pairs of images (lanes) between tracked pairs of rows and of columns, stored
/// `[pair of rows][pair of columns][lane]`: vector instructions work on lanes and neighbors alike.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    nngp: Vec<f64>,
    ntk: Vec<f64>,
    /// Where the sums of both go.
    sums: [Vec<f64>; 2],
    room: Vec<f64>,
    /// Numbers of the map and of the pixels of both images that belong together: first places and how many.
    stretches: Vec<[usize; 4]>,
    cols: usize,
    lanes: usize,
    /// Lanes that are an image with itself.
    selves: Vec<usize>,
}

impl Maps {
    /// Before [`start`](Self::start), for so many pairs, of which some are an image with itself.
    pub fn begin(&mut self, lanes: usize, selves: Vec<usize>) {
        (self.lanes, self.selves) = (lanes, selves);
    }

    /// Starts with the kernel of the input, $`x_p\cdot x'_{p'}/C`$, and no tangent kernel.
    pub fn start(&mut self, [rows, cols]: [&Plan; 2], width: usize, images: [&Pixels; 2]) {
        self.cols = cols.start.len();
        let n = rows.start.len() * self.cols * self.lanes;
        for map in [&mut self.nngp, &mut self.ntk] {
            map.clear();
            map.resize(n, 0.0);
        }
        self.find_stretches([&rows.start, &cols.start], width);
        let [first, second] = images;
        let share = 1.0 / first.len() as f64;
        let (nngp, stretches) = (&mut self.nngp, &self.stretches);
        vectorized(
            #[inline(always)]
            || {
                for (a, b) in first.iter().zip(second) {
                    for [place, p, q, n] in stretches {
                        let pixels = a[*p..p + n].iter().zip(&b[*q..q + n]);
                        let products = nngp[*place..place + n].iter_mut().zip(pixels);
                        products.for_each(|(k, (a, b))| *k += a * b);
                    }
                }
                nngp.iter_mut().for_each(|k| *k *= share);
            },
        );
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
                    self.sum([rows, cols], *scale);
                }
                (Stage::Pool { scale, .. }, (Step::Sum(rows), Step::Sum(cols))) => {
                    self.sum([rows, cols], Affine::factor(*scale));
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
        let row = self.cols * self.lanes;
        let add = |total: &mut [f64], map: &[f64]| {
            // From zero, so that long sums do not swallow the small numbers of one part.
            let mut rows = vec![0.0; row];
            for of_row in map.chunks_exact(row) {
                rows.iter_mut().zip(of_row).for_each(|(sum, k)| *sum += k);
            }
            for lanes in rows.chunks_exact(self.lanes) {
                total.iter_mut().zip(lanes).for_each(|(sum, k)| *sum += k);
            }
        };
        add(&mut totals.0, &self.nngp);
        add(&mut totals.1, &self.ntk);
    }

    /// Adds up what the runs say, along rows and columns, and applies `by` to the sums.
    fn sum(&mut self, [rows, cols]: [&Sums; 2], by: Affine) {
        let (before, after) = (self.cols * self.lanes, cols.after.len() * self.lanes);
        self.cols = cols.after.len();
        let [nngp, ntk] = &mut self.sums;
        nngp.resize(rows.after.len() * after, 0.0);
        ntk.resize(rows.after.len() * after, 0.0);
        self.room.resize(2 * before, 0.0);
        let (of_rows, tangents_of_rows) = self.room.split_at_mut(before);
        let (lanes, from) = (self.lanes, [&self.nngp, &self.ntk]);
        vectorized(
            #[inline(always)]
            || {
                // Row by row, all that a row needs, while it is in the nearest cache.
                for run in &rows.runs {
                    for i in 0..run.length {
                        let range = (run.output + i) * after..(run.output + i + 1) * after;
                        let (k, t) = (&mut nngp[range.clone()], &mut ntk[range]);
                        sum_at(&run.inputs, i, before, from[0], of_rows);
                        sum_at(&run.inputs, i, before, from[1], tangents_of_rows);
                        sum_runs(&cols.runs, of_rows, k, lanes);
                        sum_runs(&cols.runs, tangents_of_rows, t, lanes);
                        scale(by, k, t);
                    }
                }
            },
        );
        std::mem::swap(&mut self.nngp, nngp);
        std::mem::swap(&mut self.ntk, ntk);
    }

    fn apply(
        &mut self,
        phi: Nonlinearity,
        points: [&Point; 2],
        [_, width]: [usize; 2],
        source: &Source<'_>,
        site: usize,
    ) {
        let sides = source.of(site);
        // Where both pixels are the same the kernel is the variance, and its average has a simpler
        // and exact form: the general one loses half of the digits there.
        let exact = self.places_of_selves(points, width);
        let tangents: Vec<f64> = exact.iter().map(|(place, _)| self.ntk[*place]).collect();
        if exact.len() < self.nngp.len() {
            self.find_stretches(points, width);
            match (source.series(site), phi.kink().filter(Kink::folds)) {
                (Some(series), _) => self.apply_series(&series),
                (None, Some(kink)) => FoldedMaps {
                    kink,
                    sides: sides.map(Variances::lists),
                    stretches: &self.stretches,
                    nngp: &mut self.nngp,
                    ntk: &mut self.ntk,
                }
                .apply(),
                (None, None) => {
                    for [place, p, q, n] in self.stretches.iter().copied() {
                        let sides = [sides[0].side(p..p + n), sides[1].side(q..q + n)];
                        let (nngp, ntk) =
                            (&mut self.nngp[place..place + n], &mut self.ntk[place..place + n]);
                        phi.dual_sides(sides, nngp, ntk, &mut self.room);
                    }
                }
            }
        }
        for ((place, pixel), tangent) in exact.into_iter().zip(tangents) {
            let dual = phi.diagonal(sides[0].q[pixel]);
            (self.nngp[place], self.ntk[place]) = (dual.value, tangent * dual.slope);
        }
    }

    fn apply_series(&mut self, series: &SeriesOfPairs<'_>) {
        for [place, p, q, n] in self.stretches.iter().copied() {
            for i in 0..n {
                let (k, t) = (&mut self.nngp[place + i], &mut self.ntk[place + i]);
                (*k, *t) = series.dual([p + i, q + i], self.lanes, *k, *t);
            }
        }
    }

    fn normalize(
        &mut self,
        epsilon: f64,
        points: [&Point; 2],
        width: usize,
        sides: [&Variances; 2],
    ) {
        self.find_stretches(points, width);
        for [place, p, q, n] in self.stretches.iter().copied() {
            let maps = self.nngp[place..place + n].iter_mut().zip(&mut self.ntk[place..place + n]);
            let variances = sides[0].q[p..p + n].iter().zip(&sides[1].q[q..q + n]);
            for ((k, t), (q, q2)) in maps.zip(variances) {
                let scale = ((q + epsilon) * (q2 + epsilon)).sqrt();
                // Without any variance and ε there is nothing to normalize.
                let share = if scale > 0.0 { 1.0 / scale } else { 0.0 };
                (*k, *t) = (*k * share, *t * share);
            }
        }
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
        let mut skipped = Self {
            nngp: self.nngp.clone(),
            ntk: self.ntk.clone(),
            cols: self.cols,
            lanes: self.lanes,
            ..Self::default()
        };
        skipped.sum([skip_rows, skip_cols], Affine::factor(1.0));
        self.run(stages, [rows, cols], sites, source);
        let add = |sum: &mut [f64], part: &[f64]| {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        };
        add(&mut self.nngp, &skipped.nngp);
        add(&mut self.ntk, &skipped.ntk);
    }

    fn find_stretches(&mut self, [rows, cols]: [&Point; 2], width: usize) {
        let lanes = self.lanes;
        self.stretches.clear();
        for [row, r, s, height] in &rows.runs {
            for i in 0..*height {
                let (place, p, q) = ((row + i) * self.cols, (r + i) * width, (s + i) * width);
                for [col, c, d, length] in &cols.runs {
                    let firsts = [(place + col) * lanes, (p + c) * lanes, (q + d) * lanes];
                    self.stretches.push([firsts[0], firsts[1], firsts[2], length * lanes]);
                }
            }
        }
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
            let mut q = vec![0.0; height * width * maps.lanes];
            for (place, pixel) in maps.places_of_selves(points, width) {
                q[pixel] = maps.nngp[place];
            }
            variances[site] = Variances::of(q);
        }
    }

    fn of(&self, site: usize) -> [&Variances; 2] {
        match self {
            Self::Known(sides) => sides.map(|side| &side.variances[site]),
            Self::Own(variances) => [&variances[site], &variances[site]],
        }
    }

    /// The series of a site whose nonlinearity has no closed form.
    fn series(&self, site: usize) -> Option<SeriesOfPairs<'_>> {
        let Self::Known(sides) = self else { return None };
        let [first, second] = sides.map(|side| side.series[site].as_ref());
        let q = sides.map(|side| &side.variances[site].q[..]);
        Some(SeriesOfPairs { sides, q, series: [first?, second?] })
    }
}

/// Series of both images of each lane at one site.
struct SeriesOfPairs<'a> {
    sides: &'a [Known<'a>; 2],
    q: [&'a [f64]; 2],
    series: [&'a HermiteSeries; 2],
}

impl SeriesOfPairs<'_> {
    /// Kernels after the nonlinearity of a pair of `pixel · lanes + lane`.
    #[inline]
    fn dual(&self, places: [usize; 2], lanes: usize, nngp: f64, ntk: f64) -> (f64, f64) {
        let column = |side: usize| {
            let Known { images, n_images, .. } = self.sides[side];
            places[side] / lanes * n_images + images[places[side] % lanes]
        };
        let rho = correlation(nngp, self.q[0][places[0]], self.q[1][places[1]]);
        let (value, slope) = self.series[0].dual(column(0), self.series[1], column(1), rho);
        (value, ntk * slope)
    }
}

/// `to` becomes the sums of `from` that the runs say; every entry stands for `unit` numbers.
#[inline(always)]
fn sum_runs(runs: &[Run], from: &[f64], to: &mut [f64], unit: usize) {
    for run in runs {
        let to = &mut to[run.output * unit..][..run.length * unit];
        sum_at(&run.inputs, 0, unit, from, to);
    }
}

/// `to` becomes the sum of what follows in `from` on each of `places`, moved on by `offset`, of so many `unit`s.
#[inline(always)]
fn sum_at(places: &[usize], offset: usize, unit: usize, from: &[f64], to: &mut [f64]) {
    let n = to.len();
    let input = |i: usize| &from[(places[i] + offset) * unit..][..n];
    match places.len() {
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
    for i in 3..places.len() {
        to.iter_mut().zip(input(i)).for_each(|(sum, a)| *sum += a);
    }
}

#[inline(always)]
fn scale(by: Affine, nngp: &mut [f64], ntk: &mut [f64]) {
    for (k, t) in nngp.iter_mut().zip(ntk) {
        *t = by.weight * *t + (by.tangent_weight * *k + by.tangent_bias);
        *k = by.weight * *k + by.bias;
    }
}
