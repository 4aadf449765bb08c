//! Plane shapes by their signed distance.

use std::f64::consts::{PI, TAU};

/// A shape; all of them are drawn with the area of a disk of the size asked for, so that brightness
/// does not tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// A disk.
    Disk,
    /// A square.
    Square,
    /// An equilateral triangle.
    Triangle,
    /// A star of five points.
    Star,
    /// A ring whose hole has half its radius.
    Ring,
    /// A plus sign of five squares.
    Cross,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Disk, Self::Square, Self::Triangle, Self::Star, Self::Ring, Self::Cross];

    /// Name in tables and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Square => "square",
            Self::Triangle => "triangle",
            Self::Star => "star",
            Self::Ring => "ring",
            Self::Cross => "cross",
        }
    }

    /// Radius of the smallest circle around the center that holds the shape of area π.
    pub fn reach(self) -> f64 {
        Outline::of(self).reach()
    }
}

/// A shape of area π around the origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outline {
    /// All points with a distance from the origin between these.
    Round { inner: f64, outer: f64 },
    /// Corners in order.
    Polygon(Vec<[f64; 2]>),
}

impl Outline {
    pub fn of(shape: Shape) -> Self {
        match shape {
            Shape::Disk => Self::Round { inner: 0.0, outer: 1.0 },
            // π(R² − R²/4) = π.
            Shape::Ring => {
                let outer = (4.0f64 / 3.0).sqrt();
                Self::Round { inner: 0.5 * outer, outer }
            }
            Shape::Square => Self::polygon((0..4).map(|i| (1.0, f64::from(i) / 4.0))),
            Shape::Triangle => Self::polygon((0..3).map(|i| (1.0, f64::from(i) / 3.0))),
            // Inner corners where the lines between the points of a pentagram cross.
            Shape::Star => Self::polygon((0..10).map(|i| {
                let inner = (PI / 10.0).sin() / (3.0 * PI / 10.0).sin();
                (if i % 2 == 0 { 1.0 } else { inner }, f64::from(i) / 10.0)
            })),
            Shape::Cross => {
                let corner = [[3.0, 1.0], [1.0, 1.0], [1.0, 3.0]];
                let turned = (0..4).flat_map(|quarter| {
                    corner.map(|[x, y]| (0..quarter).fold([x, y], |[x, y], _| [-y, x]))
                });
                Self::with_area_pi(turned.collect())
            }
        }
    }

    /// Corners at radii and parts of a turn.
    fn polygon(corners: impl Iterator<Item = (f64, f64)>) -> Self {
        let at = |(radius, turn): (f64, f64)| {
            let (sin, cos) = (TAU * turn).sin_cos();
            [radius * cos, radius * sin]
        };
        Self::with_area_pi(corners.map(at).collect())
    }

    fn with_area_pi(corners: Vec<[f64; 2]>) -> Self {
        let twice: f64 = edges(&corners).map(|([a, b], [c, d])| a * d - b * c).sum();
        let scale = (PI / (0.5 * twice)).sqrt();
        Self::Polygon(corners.into_iter().map(|corner| corner.map(|x| scale * x)).collect())
    }

    pub fn reach(&self) -> f64 {
        match self {
            Self::Round { outer, .. } => *outer,
            Self::Polygon(corners) => {
                corners.iter().fold(0.0, |reach, [x, y]| x.hypot(*y).max(reach))
            }
        }
    }

    /// Distance of a point from the outline, negative inside.
    pub fn distance(&self, [x, y]: [f64; 2]) -> f64 {
        match self {
            Self::Round { inner, outer } => {
                let radius = x.hypot(y);
                if *inner > 0.0 { (radius - outer).max(inner - radius) } else { radius - outer }
            }
            Self::Polygon(corners) => {
                let mut nearest = f64::INFINITY;
                let mut inside = false;
                for ([a, b], [c, d]) in edges(corners) {
                    let (u, v) = (c - a, d - b);
                    let along = ((x - a) * u + (y - b) * v) / (u * u + v * v);
                    let along = along.clamp(0.0, 1.0);
                    nearest = nearest.min((x - a - along * u).hypot(y - b - along * v));
                    // A ray to the right crosses the outline an odd number of times from inside.
                    if (b > y) != (d > y) && x < a + (y - b) / v * u {
                        inside = !inside;
                    }
                }
                if inside { -nearest } else { nearest }
            }
        }
    }
}

fn edges(corners: &[[f64; 2]]) -> impl Iterator<Item = ([f64; 2], [f64; 2])> + '_ {
    let next = corners.iter().cycle().skip(1);
    corners.iter().copied().zip(next.copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shapes_have_the_same_area() {
        for shape in Shape::ALL {
            let (outline, step) = (Outline::of(shape), 0.01);
            let grid = || (-250..250).map(|i| (f64::from(i) + 0.5) * step);
            // A tilted grid: edges along it would be cut at the same side by every cell.
            let (sin, cos) = 0.3f64.sin_cos();
            let tilted = move |x: f64, y: f64| [cos * x - sin * y, sin * x + cos * y];
            let inside = grid().flat_map(|x| grid().map(move |y| tilted(x, y)));
            let n = inside.filter(|p| outline.distance(*p) < 0.0).count();
            // Only cells that the outline cuts can be counted wrongly, and half of them on average.
            let area = n as f64 * step * step;
            assert!((area / PI - 1.0).abs() < 2e-3, "{shape:?}: {area}");
        }
    }

    #[test]
    fn distances_are_those_to_the_nearest_point_of_the_outline() {
        let side = PI.sqrt();
        let square = Outline::of(Shape::Square);
        // Corners of the square are on the axes.
        let corner = side / 2f64.sqrt();
        assert!((square.distance([0.0, 0.0]) + side / 2.0).abs() < 1e-15);
        assert!((square.distance([corner + 1.0, 0.0]) - 1.0).abs() < 1e-14);
        let ring = Outline::of(Shape::Ring);
        assert!((ring.distance([0.0, 0.0]) - 0.5 * (4.0f64 / 3.0).sqrt()).abs() < 1e-15);
        for shape in Shape::ALL {
            let outline = Outline::of(shape);
            assert!((shape.reach() - outline.reach()).abs() < 1e-15);
            // A signed distance changes by no more than the way.
            for i in 0..200 {
                let at = |t: f64| [2.0 * (7.1 * t).sin(), 2.0 * (3.3 * t + 0.4).cos()];
                let (p, q) = (at(f64::from(i) * 0.1), at(f64::from(i) * 0.1 + 0.03));
                let way = (p[0] - q[0]).hypot(p[1] - q[1]);
                let change = (outline.distance(p) - outline.distance(q)).abs();
                assert!(change <= way + 1e-12, "{shape:?} {p:?}");
            }
            let far = 1.5 * shape.reach();
            assert!(outline.distance([far, 0.0]) > 0.0 && outline.distance([0.0, -far]) > 0.0);
        }
    }
}
