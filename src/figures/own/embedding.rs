//! Items that move in a picture, with names at their ends: a user's own and the papers'.

use crate::plot::{AxisSpec, Color, Dots, Legend, Line, Marker, Panel, Sheet, Text, Width};
use crate::plot::{gradient_color, literal};
use crate::semantic::embedding::ItemPaths;
use crate::semantic::item_paths::CoursePaths;

use crate::figures::parts::{explain_marks, thin};

/// More items than this are drawn as every second, third, …: a picture holds no more lines.
const MOST_ITEMS: usize = 120;
/// Points of type: height of a name, and how wide a letter is on average.
const NAME_HEIGHT: f64 = 6.0;
const LETTER: f64 = 3.4;
/// Letters of a name that are shown.
const LONGEST: usize = 24;
/// Most of the picture's extent that is left free for names at its sides.
const WIDEST_MARGIN: f64 = 0.42;
/// Share of it that is left free above and below.
const MARGIN: f64 = 0.14;
/// With more items than this, a name that would hide a path is left out.
const FEW_ITEMS: usize = 16;
/// Distance of the points at which paths are looked at, in points of type.
const CLOSE: f64 = 2.0;

/// A plane with the same unit along both axes, wide enough for paths and the names at their ends.
pub(crate) struct Plane {
    /// Data units to a point of type.
    unit: f64,
    /// Largest values along both axes.
    half: (f64, f64),
}

impl Plane {
    /// For these paths, in a panel whose inside is `width` points wide, with room for `names`.
    pub(crate) fn around(paths: &[&ItemPaths], names: &[String], width: f64) -> Self {
        let largest = |axis: usize| {
            let all = paths.iter().flat_map(|p| &p.coordinates);
            all.flat_map(|c| c.column(axis).to_vec()).fold(0.0f64, |m, x| m.max(x.abs()))
        };
        let (x, y) = (largest(0), largest(1));
        // Items that do not move are still drawn.
        let size = if x.max(y) > 0.0 { x.max(y) } else { 1.0 };
        let letters = names.iter().map(|n| n.chars().count()).max().unwrap_or(0).min(LONGEST);
        let longest = 2.0 * (LETTER * letters as f64 + 6.0);
        let margin = (longest / (width - longest).max(1.0)).clamp(0.1, WIDEST_MARGIN);
        let (x, y) = (x.max(0.05 * size) * (1.0 + margin), y.max(0.05 * size) * (1.0 + MARGIN));
        // Neither a ribbon nor a tower.
        let y = y.clamp(0.5 * x, f64::INFINITY);
        let x = x.max(y / 0.9);
        Self { unit: 2.0 * x / width, half: (x, y) }
    }

    /// An empty panel of this plane.
    pub(crate) fn panel(&self) -> Panel {
        let (x, y) = self.half;
        let axis = |label: &str, half: f64| AxisSpec::linear(label).within(-half, half);
        Panel { aspect: y / x, ..Panel::new(axis("axis 1", x), axis("axis 2", y)) }
    }

    /// Writes names beside points where there is room, none over another and as little as possible
    /// over paths. Names for which there is no room are left out.
    pub(crate) fn write_names(
        &self,
        panel: &mut Panel,
        names: &[String],
        ends: &[(f64, f64)],
        paths: &[&ItemPaths],
        color: impl Fn(usize) -> Color,
    ) {
        let on_paths: Vec<_> = paths.iter().flat_map(|p| self.points_along(p)).collect();
        let mut taken: Vec<NameBox> = Vec::new();
        for (i, (name, end)) in names.iter().zip(ends).enumerate() {
            let name = short(name);
            let spots = self.spots(*end, name.chars().count());
            let free = spots.into_iter().filter(|spot| {
                let inside = spot.left > -self.half.0 && spot.right < self.half.0;
                let (low, high) = (spot.low, spot.low + NAME_HEIGHT * self.unit);
                let inside = inside && low > -self.half.1 && high < self.half.1;
                let ends = ends.iter().filter(|e| spot.holds(**e, self.unit)).count();
                inside && ends == 0 && !taken.iter().any(|t| t.meets(spot, self.unit))
            });
            let crossed = |s: &NameBox| on_paths.iter().filter(|p| s.holds(**p, self.unit)).count();
            // The first of the best: the order of spots is that of preference.
            let best = free.map(|spot| (crossed(&spot), spot)).min_by_key(|(n, _)| *n);
            let Some((hidden, spot)) = best else { continue };
            if hidden > 0 && names.len() > FEW_ITEMS {
                continue;
            }
            let baseline = spot.low + 0.2 * NAME_HEIGHT * self.unit;
            let text = Text::new(spot.left, baseline, literal(&name));
            panel.add(Text { color: color(i), x: spot.at, anchor: spot.anchor, ..text });
            taken.push(spot);
        }
    }

    /// Points along all paths, close enough that no name fits between two.
    fn points_along(&self, paths: &ItemPaths) -> Vec<(f64, f64)> {
        let mut points = Vec::new();
        for pair in paths.coordinates.windows(2) {
            for (from, to) in pair[0].rows().into_iter().zip(pair[1].rows()) {
                let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
                let steps = (dx.hypot(dy) / (CLOSE * self.unit)).ceil().clamp(1.0, 200.0) as i32;
                let at = |i: i32| f64::from(i) / f64::from(steps);
                points.extend((1..=steps).map(|i| (from[0] + at(i) * dx, from[1] + at(i) * dy)));
            }
        }
        points
    }

    /// Where a name of so many letters can stand beside a point, outward first.
    fn spots(&self, (x, y): (f64, f64), letters: usize) -> Vec<NameBox> {
        let width = LETTER * letters as f64 * self.unit;
        let spot = |(dx, dy, anchor): (f64, f64, f64)| {
            let (at, low) = (x + dx * self.unit, y + dy * self.unit);
            NameBox {
                at,
                anchor,
                left: at - anchor * width,
                right: at + (1.0 - anchor) * width,
                low,
            }
        };
        let (near, far) = (4.0, -0.5 * NAME_HEIGHT);
        let side = |out: f64| {
            let anchor = if out > 0.0 { 0.0 } else { 1.0 };
            [(out * near, far, anchor), (out * 3.0, 1.0, anchor), (out * 3.0, -7.0, anchor)]
        };
        let outward = if x >= 0.0 { 1.0 } else { -1.0 };
        let mut places = side(outward).to_vec();
        places.extend([(0.0, 3.5, 0.5), (0.0, -3.5 - NAME_HEIGHT, 0.5)]);
        places.extend(side(-outward));
        places.into_iter().map(spot).collect()
    }
}

/// The place of a name.
struct NameBox {
    at: f64,
    anchor: f64,
    left: f64,
    right: f64,
    low: f64,
}

impl NameBox {
    fn holds(&self, (x, y): (f64, f64), unit: f64) -> bool {
        let high = self.low + NAME_HEIGHT * unit;
        x > self.left - unit && x < self.right + unit && y > self.low - unit && y < high + unit
    }

    fn meets(&self, other: &Self, unit: f64) -> bool {
        let apart = self.right < other.left || other.right < self.left;
        !apart && (self.low - other.low).abs() < 1.05 * NAME_HEIGHT * unit
    }
}

/// A name on one line and not too long.
fn short(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.chars().count() <= LONGEST {
        return name;
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// Where all items are at the last time.
pub(crate) fn ends(paths: &ItemPaths) -> Vec<(f64, f64)> {
    let last = paths.coordinates.last();
    last.map(|c| c.rows().into_iter().map(|r| (r[0], r[1])).collect()).unwrap_or_default()
}

/// Draws one item: theory as a line that ends in a dot, simulation as open marks along it.
pub(crate) fn draw_item(
    panel: &mut Panel,
    item: usize,
    theory: &ItemPaths,
    simulation: Option<(&ItemPaths, Marker)>,
    color: Color,
) {
    let (x, y) = (theory.path(item, 0), theory.path(item, 1));
    if let (Some(x), Some(y)) = (x.last(), y.last()) {
        panel.add(Dots { size: 0.9, ..Dots::new("", &[*x], &[*y], color) });
    }
    panel.add(Line::new("", &x, &y, color));
    if let Some((run, marker)) = simulation {
        let (x, y) = thin(&run.path(item, 0), &run.path(item, 1));
        panel.add(Dots { open: true, marker, size: 0.8, ..Dots::new("", &x, &y, color) });
    }
}

/// How the hidden layer moves a user's items: theory as lines, simulation as circles.
pub fn embedding(paths: &CoursePaths, names: &[String]) -> Sheet {
    let every = names.len().div_ceil(MOST_ITEMS).max(1);
    let shown: Vec<usize> = (0..names.len()).step_by(every).collect();
    let plane = Plane::around(&[&paths.theory, &paths.simulation], names, 300.0);
    let mut panel = plane.panel();
    panel.legend = Legend::Below;
    explain_marks(&mut panel, true);
    let all = ends(&paths.theory);
    // Items that end beside each other along the first axis have similar colors.
    let mut order = shown.clone();
    order.sort_by(|i, j| all[*i].0.total_cmp(&all[*j].0).then(i.cmp(j)));
    let mut colors = vec![Color::BLACK; names.len()];
    for (rank, item) in order.iter().enumerate() {
        colors[*item] = gradient_color(rank, order.len());
    }
    for i in &shown {
        let run = Some((&paths.simulation, Marker::Circle));
        draw_item(&mut panel, *i, &paths.theory, run, colors[*i]);
    }
    let named: Vec<String> = shown.iter().map(|i| names[*i].clone()).collect();
    let at: Vec<_> = shown.iter().map(|i| all[*i]).collect();
    let both = [&paths.theory, &paths.simulation];
    plane.write_names(&mut panel, &named, &at, &both, |k| colors[shown[k]]);
    let share = paths.theory.shares.last().copied().unwrap_or(1.0);
    let percent = format!("two axes: {:.0} % of squared distances at the end", 100.0 * share);
    panel.title = Some(percent);
    let description = "Items in the last hidden layer over learning, along the two principal axes of \
        the last time. Lines: theory, from the start (near the origin) to the named ends. Circles: \
        gradient descent.";
    let sheet = Sheet::new("Items in the hidden layer", vec![panel]);
    Sheet { description: description.into(), width: Width::OneAndHalf, ..sheet }
}
