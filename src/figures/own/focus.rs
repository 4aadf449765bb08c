//! The figure of one item and feature through a user's learning course.

use crate::Trajectory;
use crate::figures::parts::thin;
use crate::plot::{
    AxisSpec, Band, Color, Dots, Legend, Line, Panel, Rule, Sheet, Text, Width, gradient_color,
    literal,
};
use crate::semantic::focus::Focus;

/// Layers of a stack that can be told apart; weaker modes are drawn as one.
const MOST_LAYERS: usize = 6;
/// How much of what is below a layer it hides.
const OPACITY: f64 = 0.8;

/// The course of an item's feature: contributions of the modes stacked, positive above zero and
/// negative below, with their sum as a line and training as circles.
pub fn focus(focus: &Focus) -> Sheet {
    let theory = &focus.prediction;
    let grid = theory.grid();
    let pair = format!("{}, {}", literal(&focus.item), literal(&focus.feature));
    let mut panel = Panel::new(AxisSpec::linear(theory.axis().label()), AxisSpec::linear("output"));
    panel.title = Some(pair);
    panel.legend = Legend::Right;
    stack(&mut panel, theory, true);
    panel.add(Rule::horizontal(0.0));
    let truth = Rule { label: Some("in the data".into()), ..Rule::horizontal(focus.truth) };
    if focus.truth != 0.0 {
        panel.add(truth);
    }
    let total = theory.get("total").unwrap_or_default();
    panel.add(Line { width: 1.6, ..Line::new("theory", grid, total, Color::BLACK) });
    let (x, y) = thin(grid, focus.simulation.get("total").unwrap_or_default());
    panel.add(Dots { open: true, ..Dots::new("simulation", &x, &y, Color::BLACK) });
    let end = grid.last().copied().unwrap_or(0.0);
    if let Some(error) = focus.course.transient().filter(|e| focus.errs() && e.time <= end) {
        let dot = Dots::new("", &[error.time], &[error.value], Color::BLACK);
        panel.add(Dots { size: 1.3, ..dot });
        let text = format!("{:.2} at *t* = {}", error.value, Short(error.time));
        let below = error.overshoot < 0.0;
        let lift = 0.06 * span(theory) * if below { -1.6 } else { 1.0 };
        let anchor = if error.time > 0.6 * end { 1.0 } else { 0.0 };
        panel.add(Text { anchor, ..Text::new(error.time, error.value + lift, text) });
    }
    let description = "Output of the network for one item and feature. Bands: contribution of each \
        mode. Line: theory. Circles: gradient descent.";
    let sheet = Sheet::new("One item and feature over learning", vec![panel]);
    Sheet { description: description.into(), width: Width::OneAndHalf, ..sheet }
}

/// A time with one digit after the point, or none from 100 on.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 >= 100.0 { write!(f, "{:.0}", self.0) } else { write!(f, "{:.1}", self.0) }
    }
}

/// How far the stacks reach from bottom to top.
fn span(theory: &Trajectory) -> f64 {
    let sums = |sign: f64| {
        let at = |i: usize| -> f64 {
            theory.columns().skip(1).map(|(_, part)| (sign * part[i]).max(0.0)).sum()
        };
        (0..theory.grid().len()).map(at).fold(0.0, f64::max)
    };
    sums(1.0) + sums(-1.0)
}

/// Contributions to "total", the first observable, by all others: positive parts stacked upward from
/// zero and negative ones downward, strong modes innermost; `named` puts them into the legend.
pub(crate) fn stack(panel: &mut Panel, theory: &Trajectory, named: bool) {
    let grid = theory.grid();
    let size = |part: &[f64]| part.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let mut layers: Vec<(String, Vec<f64>)> = Vec::new();
    let parts: Vec<(&str, &[f64])> = theory.columns().skip(1).collect();
    let largest = parts.iter().map(|(_, part)| size(part)).fold(0.0, f64::max);
    let shown = |part: &[f64]| size(part) > 0.004 * largest;
    for (name, part) in parts.into_iter().filter(|(_, part)| shown(part)) {
        match layers.get_mut(MOST_LAYERS - 1) {
            Some((label, rest)) => {
                *label = "weaker modes".into();
                rest.iter_mut().zip(part).for_each(|(rest, part)| *rest += part);
            }
            None => layers.push((name.to_owned(), part.to_vec())),
        }
    }
    let (mut top, mut bottom) = (vec![0.0; grid.len()], vec![0.0; grid.len()]);
    let n = layers.len();
    for (k, (name, part)) in layers.into_iter().enumerate() {
        // A layer that changes its sign is drawn on both sides.
        let (mut low, mut high) = (bottom.clone(), top.clone());
        let (up, down) = (part.iter().any(|x| *x > 0.0), part.iter().any(|x| *x < 0.0));
        for (i, x) in part.iter().enumerate() {
            if *x > 0.0 { high[i] += x } else { low[i] += x }
        }
        let color = gradient_color(k, n);
        let mut label = if named { name } else { String::new() };
        for (is_there, from, to) in [(up, &top, &high), (down, &low, &bottom)] {
            if is_there {
                let band = Band::new(std::mem::take(&mut label), grid, from, to, color);
                panel.add(Band { opacity: OPACITY, ..band });
            }
        }
        (bottom, top) = (low, high);
    }
}
