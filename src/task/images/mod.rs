//! Synthetic images to learn from: shapes at random place, size and rotation on 1/f noise.
//!
//! What is in an image does not depend on where it is: the simplest task that tells networks that know
//! about places apart from those that do not. Shapes are drawn from their signed distance with soft
//! edges of one pixel, so that a shape may be anywhere between the pixels; all have the same area at
//! the same size, so that the sum of an image says nothing about its label.
//!
//! ```
//! use solvable::task::images::ShapeImages;
//!
//! let task = ShapeImages { height: 12, width: 12, ..ShapeImages::default() };
//! let found = task.sample(20, 0)?;
//! assert_eq!(found.images.dim(), (20, 12, 12, 1));
//! assert_eq!(found.labels[..4], [0, 1, 2, 0]);
//! // Image 7 is the same whatever the number of images.
//! assert_eq!(task.sample(8, 0)?.images.row_of(7), found.images.row_of(7));
//! # trait Row { fn row_of(&self, i: usize) -> Vec<f64>; }
//! # impl Row for ndarray::Array4<f64> {
//! #     fn row_of(&self, i: usize) -> Vec<f64> {
//! #         self.index_axis(ndarray::Axis(0), i).iter().copied().collect()
//! #     }
//! # }
//! # Ok::<(), solvable::Error>(())
//! ```

pub mod noise;
mod shapes;

use std::f64::consts::TAU;

use ndarray::{Array2, Array4, ArrayView4, s};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use shapes::Outline;
pub use shapes::Shape;

use crate::math::random::{Purpose, stream};
use crate::{Error, Result};

/// Images of shapes, to be drawn at random.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeImages {
    /// Rows of pixels, at least 1.
    pub height: usize,
    /// Columns of pixels, at least 1.
    pub width: usize,
    /// Channels, at least 1. Each has noise of its own; the shape is in all of them.
    pub channels: usize,
    /// What is to be told apart, at least one; label k is the k-th.
    pub shapes: Vec<Shape>,
    /// Smallest and largest size: the radius of a disk of the same area, as a share of the shorter side
    /// of the image, in (0, ½].
    pub size: [f64; 2],
    /// How much of the room there is a shape uses, in 0 … 1: 0 puts it in the middle, at 1 its center is
    /// uniform over all places where the shape is inside the image.
    pub placement: f64,
    /// How much it is turned, in 0 … 1: 0 not at all, at 1 the angle is uniform over the whole turn.
    pub rotation: f64,
    /// Smallest and largest brightness of the shape. Background and noise have mean 0.
    pub contrast: [f64; 2],
    /// Standard deviation of the noise over the pixels of an image, 0 or more.
    pub noise: f64,
    /// Amplitudes of the noise fall with this power of the frequency, −4 … 4: 0 is white noise, 1
    /// that of natural images (`field1987`).
    pub noise_exponent: f64,
}

impl Default for ShapeImages {
    /// Disk, triangle and cross anywhere in 16 × 16 pixels.
    fn default() -> Self {
        Self {
            height: 16,
            width: 16,
            channels: 1,
            shapes: vec![Shape::Disk, Shape::Triangle, Shape::Cross],
            size: [0.18, 0.26],
            placement: 1.0,
            rotation: 1.0,
            contrast: [1.5, 2.5],
            noise: 0.5,
            noise_exponent: 1.0,
        }
    }
}

/// Images with labels.
#[derive(Debug, Clone, PartialEq)]
pub struct LabeledImages {
    /// n × height × width × channels.
    pub images: Array4<f64>,
    /// Which shape is in each, as its number in [`ShapeImages::shapes`].
    pub labels: Vec<usize>,
}

impl ShapeImages {
    /// `n` images; that number i shows shape i modulo their number, so that labels are balanced
    /// however many images are used. Each image depends on the seed and its number alone.
    ///
    /// # Errors
    /// A parameter out of range; shapes that do not fit into the image at their largest size; more than
    /// 2³² images.
    pub fn sample(&self, n: usize, seed: u64) -> Result<LabeledImages> {
        self.check()?;
        let last = u32::try_from(n)
            .map_err(|_| Error::parameter("number of images", n, "it must be less than 2^32"))?;
        let mut images = Array4::zeros((n, self.height, self.width, self.channels));
        let outlines: Vec<Outline> = self.shapes.iter().map(|shape| Outline::of(*shape)).collect();
        let labels: Vec<usize> = (0..n).map(|i| i % outlines.len()).collect();
        for (i, label) in (0..last).zip(&labels) {
            let mut rng = stream(seed, Purpose::Task, i);
            let shape = self.draw(&outlines[*label], &mut rng);
            for channel in 0..self.channels {
                let noise =
                    noise::power_law([self.height, self.width], self.noise_exponent, &mut rng);
                let mut plane = images.slice_mut(s![i as usize, .., .., channel]);
                plane.assign(&(&shape + self.noise * noise));
            }
        }
        Ok(LabeledImages { images, labels })
    }

    /// One shape without noise.
    fn draw(&self, outline: &Outline, rng: &mut ChaCha8Rng) -> Array2<f64> {
        let mut between = |[low, high]: [f64; 2]| low + (high - low) * rng.random::<f64>();
        let radius = between(self.size) * self.shorter();
        let contrast = between(self.contrast);
        let angle = self.rotation * TAU * between([-0.5, 0.5]);
        let mut center = |length: usize| {
            let room = (0.5 * length as f64 - outline.reach() * radius).max(0.0);
            0.5 * length as f64 + self.placement * room * between([-1.0, 1.0])
        };
        let (row, col) = (center(self.height), center(self.width));
        let (sin, cos) = angle.sin_cos();
        Array2::from_shape_fn((self.height, self.width), |(i, j)| {
            // Pixels are squares of side 1 with the first one at the corner of the image.
            let (x, y) = ((j as f64 + 0.5 - col) / radius, (i as f64 + 0.5 - row) / radius);
            let distance = radius * outline.distance([cos * x + sin * y, cos * y - sin * x]);
            contrast * (0.5 - distance).clamp(0.0, 1.0)
        })
    }

    fn shorter(&self) -> f64 {
        self.height.min(self.width) as f64
    }

    fn check(&self) -> Result<()> {
        let counts = [("height", self.height), ("width", self.width), ("channels", self.channels)];
        if let Some((name, _)) = counts.iter().find(|(_, n)| *n == 0) {
            return Err(Error::parameter(*name, 0, "it must be 1 or more"));
        }
        if self.shapes.is_empty() {
            return Err(Error::parameter("number of shapes", 0, "it must be 1 or more"));
        }
        let within = |name: &str, value: f64, low: f64, high: f64| {
            if value >= low && value <= high {
                return Ok(());
            }
            Err(Error::parameter(name, value, format!("it must be from {low} to {high}")))
        };
        within("placement", self.placement, 0.0, 1.0)?;
        within("rotation", self.rotation, 0.0, 1.0)?;
        within("noise", self.noise, 0.0, 1e100)?;
        within("noise exponent", self.noise_exponent, -4.0, 4.0)?;
        let [low, high] = self.contrast;
        within("contrast", low, -1e100, 1e100)?;
        within("largest contrast", high, low, 1e100)?;
        let [low, high] = self.size;
        within("size", low, f64::MIN_POSITIVE, 0.5)?;
        within("largest size", high, low, 0.5)?;
        for shape in &self.shapes {
            if 2.0 * shape.reach() * high > 1.0 {
                let allowed = format!(
                    "a {} of that area reaches over the edge; it must be at most {:.3}",
                    shape.name(),
                    0.5 / shape.reach()
                );
                return Err(Error::parameter("largest size", high, allowed));
            }
        }
        Ok(())
    }
}

/// Images as vectors: n × (height · width · channels).
pub fn as_rows(images: ArrayView4<'_, f64>) -> Array2<f64> {
    let n = images.dim().0;
    let mut pixels = images.iter().copied();
    let length = images.len().checked_div(n).unwrap_or(0);
    Array2::from_shape_simple_fn((n, length), || pixels.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn clean(shape: Shape) -> ShapeImages {
        let contrast = [1.0, 1.0];
        ShapeImages { shapes: vec![shape], noise: 0.0, contrast, ..ShapeImages::default() }
    }

    #[test]
    fn labels_are_balanced_and_images_reproducible() {
        let task = ShapeImages { shapes: Shape::ALL[..5].to_vec(), ..ShapeImages::default() };
        let found = task.sample(50, 4).unwrap();
        for label in 0..5 {
            assert_eq!(found.labels.iter().filter(|l| **l == label).count(), 10);
        }
        assert_eq!(found, task.sample(50, 4).unwrap());
        let other = task.sample(50, 5).unwrap();
        assert_eq!(other.labels, found.labels);
        assert_ne!(other.images, found.images);
        assert!(found.images.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn shapes_have_the_area_of_their_size_wherever_they_are() {
        for shape in Shape::ALL {
            let task = ShapeImages { size: [0.2, 0.2], ..clean(shape) };
            let images = task.sample(40, 1).unwrap().images;
            let radius: f64 = 0.2 * 16.0;
            for image in images.outer_iter() {
                // Soft edges are exact for straight ones along the grid; corners and curvature cost a
                // part of a pixel each, which is what is allowed here: a quarter of a pixel for each of 10
                // corners.
                let area = image.sum();
                // A shape that is cut off by the border loses more.
                assert!((area - PI * radius * radius).abs() < 2.5, "{shape:?}: {area}");
            }
        }
    }

    #[test]
    fn placement_moves_shapes_and_zero_leaves_them_in_the_middle() {
        let center = |image: ndarray::ArrayView3<'_, f64>| {
            let sum = image.sum();
            let along = |at: fn((usize, usize, usize)) -> usize| {
                image.indexed_iter().map(|(i, x)| (at(i) as f64 + 0.5) * x).sum::<f64>() / sum
            };
            [along(|i| i.0), along(|i| i.1)]
        };
        for (placement, spread) in [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)] {
            let task = ShapeImages { placement, size: [0.2, 0.2], ..clean(Shape::Disk) };
            let images = task.sample(400, 2).unwrap().images;
            let room = 8.0 - 0.2 * 16.0;
            let mut square = 0.0;
            for image in images.outer_iter() {
                for c in center(image) {
                    assert!((c - 8.0).abs() <= spread * room + 0.05, "{c}");
                    square += (c - 8.0).powi(2) / 800.0;
                }
            }
            // Variance of the uniform distribution, 800 numbers: four standard errors are 13 %.
            let expected = (spread * room).powi(2) / 3.0;
            assert!((square - expected).abs() <= 0.13 * expected + 1e-4, "{square} {expected}");
        }
    }

    #[test]
    fn without_rotation_and_placement_images_of_one_size_are_the_same() {
        let still =
            ShapeImages { placement: 0.0, rotation: 0.0, size: [0.2, 0.2], ..clean(Shape::Star) };
        let images = still.sample(2, 0).unwrap().images;
        assert_eq!(images.slice(s![0, .., .., ..]), images.slice(s![1, .., .., ..]));
        // Mirror image about the horizontal axis: a point of the star is to the right.
        let image = images.slice(s![0, .., .., 0]);
        let gap = (&image - &image.slice(s![..;-1, ..])).mapv(f64::abs).sum();
        assert!(gap < 1e-12, "{gap}");
        let turned = ShapeImages { rotation: 1.0, ..still }.sample(2, 0).unwrap().images;
        assert_ne!(turned.slice(s![0, .., .., ..]), turned.slice(s![1, .., .., ..]));
    }

    #[test]
    fn the_background_has_the_noise_asked_for_in_every_channel() {
        let task = ShapeImages {
            contrast: [0.0, 0.0],
            noise: 0.7,
            channels: 3,
            height: 9,
            width: 14,
            ..ShapeImages::default()
        };
        let images = task.sample(6, 3).unwrap().images;
        for image in images.outer_iter() {
            for channel in 0..3 {
                let plane = image.slice(s![.., .., channel]);
                let deviation = (plane.mapv(|x| x * x).sum() / 126.0).sqrt();
                assert!((deviation - 0.7).abs() < 1e-12, "{deviation}");
            }
            assert_ne!(image.slice(s![.., .., 0]), image.slice(s![.., .., 1]));
        }
        assert_eq!(as_rows(images.view()).dim(), (6, 9 * 14 * 3));
        assert_eq!(as_rows(images.view())[[2, 4]], images[[2, 0, 1, 1]]);
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let task = ShapeImages::default();
        for (bad, words) in [
            (ShapeImages { height: 0, ..task.clone() }, "height is 0"),
            (ShapeImages { shapes: vec![], ..task.clone() }, "number of shapes is 0"),
            (ShapeImages { placement: 1.5, ..task.clone() }, "placement is 1.5"),
            (ShapeImages { noise: f64::NAN, ..task.clone() }, "noise is NaN"),
            (ShapeImages { size: [0.1, 0.4], ..task.clone() }, "reaches over the edge"),
            (ShapeImages { size: [0.2, 0.1], ..task.clone() }, "largest size is 0.1"),
        ] {
            let message = bad.sample(3, 0).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}
