//! Images as the kernel engine reads them, with the variances of their pixels.

use ndarray::ArrayView4;

use super::maps::{Known, Maps, Pixels, Series, Source};
use super::plan::Trunk;
use super::schedule::Schedule;
use crate::math::parallel::in_parallel_with;
use crate::net::unit::Nonlinearity;
use crate::wide::dual::hermite_series::HermiteSeries;
use crate::wide::dual::variances::Variances;
use crate::{Error, Result};

/// Images with the variance of every pixel at every site, stored pixel by pixel for all images.
#[derive(Debug, Clone)]
pub(crate) struct Images {
    pub n: usize,
    pixels: Pixels,
    /// Variance of every pixel at every site, `[site][pixel · images + image]`.
    variances: Vec<Vec<f64>>,
    series: Series,
}

impl Images {
    /// Computes the variances.
    pub fn new(trunk: &Trunk, images: ArrayView4<'_, f64>) -> Result<Self> {
        let (n, _, _, channels) = images.dim();
        let channel = |c: usize| {
            // Stored [row][column][image].
            let plane = images.index_axis(ndarray::Axis(3), c);
            plane.permuted_axes([1, 2, 0]).iter().copied().collect()
        };
        let pixels: Pixels = (0..channels).map(channel).collect();
        let empty = trunk.sites.iter().map(|[h, w]| vec![0.0; h * w * n]).collect();
        let series = trunk.sites.iter().map(|_| None).collect();
        let mut found = Self { n, pixels, variances: empty, series };
        if trunk.sites.is_empty() {
            return Ok(found);
        }
        let schedule = Schedule::of_equal(trunk);
        let lanes = schedule.lanes();
        let parts = in_parallel_with(
            n.div_ceil(lanes),
            Default::default,
            |(maps, room): &mut (Maps, Gathered), tile| {
                let images: Vec<usize> = (tile * lanes..n.min((tile + 1) * lanes)).collect();
                room.gather_pixels(&found.pixels, n, &images);
                maps.begin(images.len(), (0..images.len()).collect());
                let pixels = &room.pixels;
                let mut variances = vec![Variances::default(); trunk.sites.len()];
                let (rows, cols) = (&schedule.rows[0], &schedule.cols[0]);
                maps.start([rows, cols], trunk.width, [pixels, pixels]);
                let mut source = Source::Own(&mut variances);
                maps.run(&trunk.stages, [&rows.steps, &cols.steps], &trunk.sites, &mut source);
                Ok(variances)
            },
        )?;
        for (tile, part) in parts.iter().enumerate() {
            for (all, part) in found.variances.iter_mut().zip(part) {
                let lanes_here = lanes.min(n - tile * lanes);
                for (all, part) in all.chunks_exact_mut(n).zip(part.q.chunks_exact(lanes_here)) {
                    all[tile * lanes..][..lanes_here].copy_from_slice(part);
                }
            }
        }
        found.check()?;
        Ok(found)
    }

    /// Bytes that [`prepare_series`](Self::prepare_series) takes.
    pub fn series_bytes(&self, trunk: &Trunk) -> u64 {
        let of_site = |(phi, site): (Nonlinearity, usize)| {
            let variances = &self.variances[site];
            let largest = variances.iter().fold(0.0f64, |m, q| m.max(*q));
            (variances.len() * HermiteSeries::bytes(phi, largest)) as u64
        };
        trunk.series_sites().into_iter().map(of_site).sum()
    }

    /// Prepares nonlinearities without closed form.
    ///
    /// # Errors
    /// Variances that are too large for them.
    pub fn prepare_series(&mut self, trunk: &Trunk) -> Result<()> {
        for (phi, site) in trunk.series_sites() {
            self.series[site] = Some(HermiteSeries::new(phi, &self.variances[site])?);
        }
        Ok(())
    }

    /// Gathers some images, one a lane.
    pub fn gather(&self, images: &[usize], into: &mut Gathered) {
        into.gather_pixels(&self.pixels, self.n, images);
        into.variances.resize_with(self.variances.len(), Variances::default);
        for (to, plane) in into.variances.iter_mut().zip(&self.variances) {
            to.replace(|q| gather(plane, self.n, images, q));
        }
    }

    /// What is known of some images, one a lane, that have been gathered.
    pub fn known<'a>(&'a self, gathered: &'a Gathered, images: &'a [usize]) -> Known<'a> {
        Known { variances: &gathered.variances, series: &self.series, images, n_images: self.n }
    }

    /// Refuses variances that overflowed: everything after them would be NaN.
    fn check(&self) -> Result<()> {
        for (site, variances) in self.variances.iter().enumerate() {
            if let Some(place) = variances.iter().position(|q| !q.is_finite()) {
                let reason = format!(
                    "the variance of pixel {} of image {} overflows before nonlinearity {}; rescale \
                     the images or take smaller weights",
                    place / self.n,
                    place % self.n,
                    site + 1
                );
                return Err(Error::Numerical { method: "kernel of images", reason });
            }
        }
        Ok(())
    }
}

/// Some images, one a lane.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub pixels: Pixels,
    variances: Vec<Variances>,
}

impl Gathered {
    fn gather_pixels(&mut self, planes: &[Vec<f64>], n: usize, images: &[usize]) {
        self.pixels.resize_with(planes.len(), Vec::new);
        for (to, plane) in self.pixels.iter_mut().zip(planes) {
            gather(plane, n, images, to);
        }
    }
}

/// Some of `n` lanes.
fn gather(plane: &[f64], n: usize, lanes: &[usize], to: &mut Vec<f64>) {
    to.resize(plane.len() / n * lanes.len(), 0.0);
    for (all, some) in plane.chunks_exact(n).zip(to.chunks_exact_mut(lanes.len())) {
        some.iter_mut().zip(lanes).for_each(|(to, lane)| *to = all[*lane]);
    }
}
