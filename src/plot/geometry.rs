//! Points, rectangles, clipping and thinning in points of the page, y downward.

/// A place on the page, in points.
pub(super) type Point = (f64, f64);

/// A rectangle on the page.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }
    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }
    pub(super) fn contains(&self, (x, y): Point) -> bool {
        // A hair of tolerance keeps points that sit exactly on the frame.
        let hair = 1e-6;
        x >= self.x - hair
            && x <= self.right() + hair
            && y >= self.y - hair
            && y <= self.bottom() + hair
    }
}

/// The parts of a segment's parameter range that lie inside (Liang and Barsky).
fn clip_segment(a: Point, b: Point, to: &Rect) -> Option<(Point, Point)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (step, room) in
        [(-dx, a.0 - to.x), (dx, to.right() - a.0), (-dy, a.1 - to.y), (dy, to.bottom() - a.1)]
    {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
    (enter <= leave).then(|| (at(enter), at(leave)))
}

/// The visible pieces of a curve.
pub(super) fn clip_curve(curve: &[Point], to: &Rect) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    for pair in curve.windows(2) {
        let Some((a, b)) = clip_segment(pair[0], pair[1], to) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&a) => piece.push(b),
            _ => pieces.push(vec![a, b]),
        }
    }
    pieces
}

/// The visible part of a polygon (Sutherland and Hodgman).
pub(super) fn clip_polygon(polygon: &[Point], to: &Rect) -> Vec<Point> {
    // Signed distance to each side, positive inside.
    let sides: [&dyn Fn(Point) -> f64; 4] =
        [&|p| p.0 - to.x, &|p| to.right() - p.0, &|p| p.1 - to.y, &|p| to.bottom() - p.1];
    let mut kept = polygon.to_vec();
    for inside in sides {
        let mut next = Vec::with_capacity(kept.len());
        for (i, &b) in kept.iter().enumerate() {
            let a = kept[(i + kept.len() - 1) % kept.len()];
            let (da, db) = (inside(a), inside(b));
            if (da < 0.0) != (db < 0.0) {
                let t = da / (da - db);
                next.push((a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)));
            }
            if db >= 0.0 {
                next.push(b);
            }
        }
        kept = next;
    }
    kept
}

/// Width of the columns within which only first, lowest, highest and last point are kept.
const COLUMN: f64 = 0.2;
/// How far a point may be from the chord that replaces it: a fiftieth of a line's width.
const FLATNESS: f64 = 0.02;

/// Fewer points that draw the same curve.
pub(super) fn thin(curve: &[Point]) -> Vec<Point> {
    flatten(&thin_columns(curve))
}

/// Runs of points within one narrow column shrink to four: first, lowest, highest, last.
fn thin_columns(curve: &[Point]) -> Vec<Point> {
    let column = |p: &Point| (p.0 / COLUMN).floor();
    let mut kept = Vec::new();
    for run in curve.chunk_by(|a, b| column(a) == column(b)) {
        let by_height = |a: &usize, b: &usize| run[*a].1.total_cmp(&run[*b].1);
        let low = (0..run.len()).min_by(by_height).unwrap_or(0);
        let high = (0..run.len()).max_by(by_height).unwrap_or(0);
        let mut chosen = [0, low, high, run.len() - 1];
        chosen.sort_unstable();
        for (i, &index) in chosen.iter().enumerate() {
            if i == 0 || index != chosen[i - 1] {
                kept.push(run[index]);
            }
        }
    }
    kept
}

/// Drops points that lie on the chord between their neighbors (Douglas and Peucker).
fn flatten(curve: &[Point]) -> Vec<Point> {
    if curve.len() < 3 {
        return curve.to_vec();
    }
    let mut keep = vec![false; curve.len()];
    (keep[0], keep[curve.len() - 1]) = (true, true);
    let mut spans = vec![(0, curve.len() - 1)];
    while let Some((first, last)) = spans.pop() {
        let (mut far, mut farthest) = (first, FLATNESS);
        for i in first + 1..last {
            let distance = distance_to_segment(curve[i], curve[first], curve[last]);
            if distance > farthest {
                (far, farthest) = (i, distance);
            }
        }
        if far > first {
            keep[far] = true;
            spans.extend([(first, far), (far, last)]);
        }
    }
    curve.iter().zip(keep).filter_map(|(&p, kept)| kept.then_some(p)).collect()
}

fn distance_to_segment(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length_squared = dx * dx + dy * dy;
    let t = if length_squared == 0.0 {
        0.0
    } else {
        (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length_squared).clamp(0.0, 1.0)
    };
    let (x, y) = (p.0 - a.0 - t * dx, p.1 - a.1 - t * dy);
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect { x: 0.0, y: 0.0, width: 10.0, height: 10.0 };

    #[test]
    fn a_curve_that_leaves_and_returns_has_two_pieces() {
        let curve = [(5.0, 5.0), (15.0, 5.0), (15.0, 8.0), (5.0, 8.0)];
        let pieces = clip_curve(&curve, &FRAME);
        assert_eq!(pieces, [vec![(5.0, 5.0), (10.0, 5.0)], vec![(10.0, 8.0), (5.0, 8.0)]]);
    }

    #[test]
    fn a_polygon_larger_than_the_frame_becomes_the_frame() {
        let polygon = [(-9.0, -9.0), (99.0, -9.0), (99.0, 99.0), (-9.0, 99.0)];
        let clipped = clip_polygon(&polygon, &FRAME);
        assert_eq!(clipped.len(), 4);
        assert!(clipped.iter().all(|&p| FRAME.contains(p)));
        assert!(clip_polygon(&[(20.0, 20.0), (30.0, 20.0), (30.0, 30.0)], &FRAME).is_empty());
    }

    #[test]
    fn a_million_points_are_thinned_without_losing_peaks() {
        let curve: Vec<Point> = (0..1_000_000)
            .map(|i| {
                let spike = if i == 777_777 { 50.0 } else { 0.0 };
                (f64::from(i) * 2e-4, 10.0 * (f64::from(i) * 1e-2).sin() + spike)
            })
            .collect();
        let thinned = thin(&curve);
        assert!(thinned.len() <= 4004, "{}", thinned.len());
        assert!(thinned.iter().any(|p| p.1 > 40.0));
        assert_eq!((thinned[0], thinned[thinned.len() - 1]), (curve[0], curve[999_999]));
    }

    #[test]
    fn a_straight_line_needs_two_points() {
        let line: Vec<Point> = (0..500).map(|i| (f64::from(i), 2.0 * f64::from(i))).collect();
        assert_eq!(thin(&line), [line[0], line[499]]);
    }
}
