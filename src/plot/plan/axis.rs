//! Axes: which ticks, and where their labels fit.

use super::span::Span;
use super::ticks::{Ticks, linear, log};
use crate::plot::font::Face;
use crate::plot::look::Look;
use crate::plot::panel::{AxisSpec, Panel, Scale};
use crate::plot::text::{Label, fitted};

/// Gaps between the tick labels of a horizontal axis and its name.
pub(crate) const NAME_GAP: f64 = 1.4;

/// One axis with its labels set.
pub(crate) struct AxisPlan {
    pub span: Span,
    /// Labeled ticks.
    pub major: Vec<(f64, Label)>,
    /// Ticks without labels.
    pub minor: Vec<f64>,
    /// Common factor of the tick labels.
    pub factor: Option<Label>,
    /// Name of the axis.
    pub name: Option<Label>,
    pub is_vertical: bool,
    /// Turn of the tick labels in degrees.
    pub angle: f64,
    /// Room that tick labels need, away from the axis.
    pub tick_depth: f64,
    /// Whether tick marks are drawn; a heat map's names stand without.
    pub has_marks: bool,
    /// How far labels reach beyond the low and the high end.
    pub overhang: (f64, f64),
}

impl AxisPlan {
    /// An axis without ticks and names.
    fn bare(span: Span, is_vertical: bool) -> Self {
        Self {
            span,
            major: vec![],
            minor: vec![],
            factor: None,
            name: None,
            is_vertical,
            angle: 0.0,
            tick_depth: 0.0,
            has_marks: false,
            overhang: (0.0, 0.0),
        }
    }

    /// Room from the axis to the far side of its name.
    pub(super) fn depth(&self, look: &Look) -> f64 {
        let gap = if self.is_vertical { look.gap } else { NAME_GAP * look.gap };
        let name = self.name.as_ref().map(|n| n.height() + gap);
        let factor = self.factor.as_ref().map(|f| f.height() + gap);
        // The factor of a horizontal axis shares the line of its name.
        let beside = if self.is_vertical { None } else { factor };
        self.tick_depth + name.unwrap_or(0.0).max(beside.unwrap_or(0.0)) + look.spine
    }
}

fn name(spec: &AxisSpec, length: f64, look: &Look) -> Option<Label> {
    if spec.label.is_empty() {
        return None;
    }
    let label = Label::new(&spec.label, look.label_text, Face::Regular);
    // A little longer than the axis is fine; much longer is set smaller, then cut.
    let room = 1.15 * length;
    Some(if label.width <= room {
        label
    } else {
        let size = (look.label_text * room / label.width).max(look.smallest_text);
        fitted(&spec.label, size, 1.3 * length)
    })
}

fn ticks(span: Span, most: usize, length: f64) -> Ticks {
    match span.scale {
        Scale::Linear => linear(span.from, span.to, most),
        Scale::Log => log(span.from, span.to, most, length),
    }
}

/// Names along a side: the axis' own or the heat map's; `None` where there are numbers.
fn names<'a>(spec: &'a AxisSpec, of_map: Option<&'a Vec<String>>) -> Option<&'a [String]> {
    match of_map {
        Some(labels) if !labels.is_empty() => Some(labels),
        Some(_) if spec.range.is_none() && spec.categories.is_empty() => Some(&[]),
        _ => (!spec.categories.is_empty()).then_some(&spec.categories),
    }
}

/// Plans the horizontal axis; labels may reach `deepest` below it.
pub(super) fn plan_x(
    panel: &Panel,
    span: Span,
    length: f64,
    deepest: f64,
    look: &Look,
) -> AxisPlan {
    if panel.x.hidden {
        return AxisPlan::bare(span, false);
    }
    let map = panel.heatmap();
    let plan = match names(&panel.x, map.map(|m| &m.column_labels)) {
        Some(names) => named_x(names, span, length, deepest, map.is_none(), look),
        None => numbered_x(span, length, look),
    };
    AxisPlan { name: name(&panel.x, length, look), ..plan }
}

/// A horizontal axis of numbers, its name left out: as many as fit beside each other.
fn numbered_x(span: Span, length: f64, look: &Look) -> AxisPlan {
    let mut most = ((length / (2.6 * look.tick_text)) as usize).clamp(2, 6);
    let (ticks, major) = loop {
        let ticks = ticks(span, most, length);
        let labels = number_labels(span, &ticks, look);
        let overlaps = labels.windows(2).any(|pair| {
            let distance = (span.share(pair[1].0) - span.share(pair[0].0)).abs() * length;
            distance < 0.5 * (pair[0].1.width + pair[1].1.width) + 0.5 * look.tick_text
        });
        if !overlaps || most <= 1 {
            break (ticks, labels);
        }
        most -= 1;
    };
    let depth = major.iter().map(|(_, l)| l.ascent).fold(0.0, f64::max);
    AxisPlan {
        overhang: overhang(&major, span, length, |l| 0.5 * l.width),
        major,
        minor: ticks.minor,
        factor: ticks.factor.map(|f| Label::new(&f, look.tick_text, Face::Regular)),
        tick_depth: look.tick + 0.7 * look.gap + depth,
        has_marks: true,
        ..AxisPlan::bare(span, false)
    }
}

/// A horizontal axis of names, its own name left out.
fn named_x(
    names: &[String],
    span: Span,
    length: f64,
    deepest: f64,
    has_marks: bool,
    look: &Look,
) -> AxisPlan {
    let (major, angle) = turned_names(names, span, length, deepest, look);
    let marks = if has_marks { look.tick } else { 0.0 };
    let (sin, cos) = f64::to_radians(angle.abs()).sin_cos();
    let deep = |l: &Label| l.width * sin + l.ascent * cos;
    let depth = major.iter().map(|(_, l)| deep(l)).fold(0.0, f64::max);
    let half = |l: &Label| if angle == 0.0 { 0.5 * l.width } else { 0.5 * l.height() };
    let mut overhang = overhang(&major, span, length, half);
    if angle == -45.0 {
        // Turned labels end at their tick and reach to its left.
        overhang.0 = major
            .iter()
            .map(|(v, l)| l.width * cos - span.share(*v) * length)
            .fold(overhang.0, f64::max);
    }
    AxisPlan {
        major,
        angle,
        tick_depth: marks + 0.7 * look.gap + depth,
        has_marks,
        overhang,
        ..AxisPlan::bare(span, false)
    }
}

/// Names below a horizontal axis: level if they fit, else at 45°, else upright; smaller, and at last
/// only every second, third, … where they are still too many.
fn turned_names(
    names: &[String],
    span: Span,
    length: f64,
    deepest: f64,
    look: &Look,
) -> (Vec<(f64, Label)>, f64) {
    let distance = (span.share(1.0) - span.share(0.0)).abs() * length;
    let size = look.tick_text;
    let level: Vec<(f64, Label)> = names
        .iter()
        .enumerate()
        .map(|(i, n)| (i as f64, Label::new(n, size, Face::Regular)))
        .collect();
    let widest = level.iter().map(|(_, l)| l.width).fold(0.0, f64::max);
    if widest + 0.4 * size <= distance {
        return (level, 0.0);
    }
    let angle = if distance >= 1.6 * size { -45.0 } else { -90.0 };
    (spaced_names(names, distance, deepest, look), angle)
}

/// Names on lines `distance` apart, none wider than `widest`: smaller when close, thinned when
/// closer still.
fn spaced_names(names: &[String], distance: f64, widest: f64, look: &Look) -> Vec<(f64, Label)> {
    let size = (distance / 1.08).clamp(look.smallest_text, look.tick_text);
    let stride = (1.05 * size / distance.max(1e-3)).ceil().max(1.0) as usize;
    let label = |(i, n): (usize, &String)| (i as f64, fitted(n, size, widest));
    names.iter().enumerate().step_by(stride).map(label).collect()
}

/// Plans the vertical axis; labels may reach `deepest` to its left.
pub(super) fn plan_y(
    panel: &Panel,
    span: Span,
    length: f64,
    deepest: f64,
    look: &Look,
) -> AxisPlan {
    if panel.y.hidden {
        return AxisPlan::bare(span, true);
    }
    let map = panel.heatmap();
    let (major, minor, factor, has_marks) = match names(&panel.y, map.map(|m| &m.row_labels)) {
        Some(names) => {
            let distance = (span.share(1.0) - span.share(0.0)).abs() * length;
            (spaced_names(names, distance, deepest, look), vec![], None, map.is_none())
        }
        None => {
            let most = ((length / (2.4 * look.tick_text)) as usize).clamp(2, 6);
            let ticks = ticks(span, most, length);
            let factor = ticks.factor.as_ref();
            let factor = factor.map(|f| Label::new(f, look.tick_text, Face::Regular));
            (number_labels(span, &ticks, look), ticks.minor, factor, true)
        }
    };
    let widest = major.iter().map(|(_, l)| l.width).fold(0.0, f64::max);
    let marks = if has_marks { look.tick } else { 0.0 };
    let tick_depth = marks + 0.7 * look.gap + widest;
    let overhang = overhang(&major, span, length, |_| 0.5 * look.tick_text);
    let name = name(&panel.y, length, look);
    AxisPlan {
        span,
        major,
        minor,
        factor,
        name,
        is_vertical: true,
        angle: 0.0,
        tick_depth,
        has_marks,
        overhang,
    }
}

fn number_labels(span: Span, ticks: &Ticks, look: &Look) -> Vec<(f64, Label)> {
    let visible = |v: f64| (-1e-6..=1.0 + 1e-6).contains(&span.share(v));
    let shown = ticks.major.iter().filter(|(v, _)| visible(*v));
    shown.map(|(v, text)| (*v, Label::new(text, look.tick_text, Face::Regular))).collect()
}

/// How far labels reach beyond the two ends of an axis.
fn overhang(
    labels: &[(f64, Label)],
    span: Span,
    length: f64,
    half: impl Fn(&Label) -> f64,
) -> (f64, f64) {
    labels.iter().fold((0.0, 0.0), |(low, high), (value, label)| {
        let at = span.share(*value) * length;
        (f64::max(low, half(label) - at), f64::max(high, half(label) + at - length))
    })
}
