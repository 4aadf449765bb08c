//! The color bar beside a heat map: its range, its numbers and its room.

use super::span::Span;
use super::ticks::linear;
use crate::plot::color::Colormap;
use crate::plot::font::Face;
use crate::plot::look::Look;
use crate::plot::marks::Heatmap;
use crate::plot::panel::Scale;
use crate::plot::text::{Label, fitted};

/// The color bar, with its labels set.
pub(crate) struct BarPlan {
    pub span: Span,
    pub labels: Vec<(f64, Label)>,
    pub factor: Option<Label>,
    pub name: Option<Label>,
    /// Room right of the data for the bar and its labels.
    pub depth: f64,
}

/// Values at the two ends of the color bar.
pub(crate) fn color_range(map: &Heatmap) -> (f64, f64) {
    let (low, high) = map.range.unwrap_or_else(|| {
        let start = (f64::INFINITY, f64::NEG_INFINITY);
        map.values.iter().fold(start, |(low, high), &v| (low.min(v), high.max(v)))
    });
    let (low, high) = match map.colormap {
        Colormap::Sequential => (low, high),
        Colormap::Diverging => {
            let end = low.abs().max(high.abs());
            (-end, end)
        }
    };
    let largest = low.abs().max(high.abs());
    if high - low > 1e-12 * largest && high - low > 1e-300 {
        (low, high)
    } else if largest > 1e-300 {
        (low - 0.1 * largest, high + 0.1 * largest)
    } else {
        (-1.0, 1.0)
    }
}

/// Distance of the bar from the data and its width.
pub(crate) fn bar_place(look: &Look) -> (f64, f64) {
    (3.0 * look.gap, 3.0 * look.gap)
}

/// Plans the color bar of a panel whose area of data is `height` high.
pub(super) fn plan_bar(map: &Heatmap, height: f64, look: &Look) -> BarPlan {
    let (from, to) = color_range(map);
    let most = ((height / (2.4 * look.tick_text)) as usize).clamp(2, 5);
    let ticks = linear(from, to, most);
    let set = |text: &String, size| Label::new(text, size, Face::Regular);
    let labels: Vec<(f64, Label)> =
        ticks.major.iter().map(|(v, text)| (*v, set(text, look.tick_text))).collect();
    let factor = ticks.factor.as_ref().map(|f| set(f, look.tick_text));
    let name = map.bar_label.as_ref().map(|text| {
        let label = set(text, look.label_text);
        let shrink = (1.15 * height / label.width).min(1.0);
        fitted(text, (look.label_text * shrink).max(look.smallest_text), 1.3 * height)
    });
    let (distance, width) = bar_place(look);
    let widest = labels.iter().map(|(_, l)| l.width).fold(0.0, f64::max);
    let name_height = name.as_ref().map_or(0.0, |n| n.height() + look.gap);
    let depth = distance + width + 0.6 * look.tick + 0.7 * look.gap + widest + name_height;
    BarPlan { span: Span { from, to, scale: Scale::Linear }, labels, factor, name, depth }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_diverging_bar_is_symmetric_about_zero() {
        let map = Heatmap {
            colormap: Colormap::Diverging,
            ..Heatmap::new(array![[-1.0, 0.5], [0.0, 3.0]])
        };
        assert_eq!(color_range(&map), (-3.0, 3.0));
    }

    #[test]
    fn a_constant_matrix_has_a_color_bar() {
        assert_eq!(color_range(&Heatmap::new(array![[0.0, 0.0]])), (-1.0, 1.0));
        let (low, high) = color_range(&Heatmap::new(array![[5.0, 5.0]]));
        assert!(low < 5.0 && high > 5.0);
    }
}
