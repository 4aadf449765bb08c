//! Where words find room: the first of their usual places at which they hide nothing.

use super::frame::Frame;
use super::legend::LegendPlan;
use super::obstacles::{drawn_curves, is_free, label_box, rule_label_places};
use crate::plot::geometry::{Point, Rect};
use crate::plot::look::Look;
use crate::plot::marks::Rule;
use crate::plot::panel::Legend;
use crate::plot::text::Label;

/// Where the legend can stand: `None` asks for a place outside.
pub(super) fn legend_spot(
    frame: &Frame,
    plan: &LegendPlan,
    legend: Legend,
    look: &Look,
) -> Option<Point> {
    let inner = frame.inner;
    let inset = 2.0 * look.gap;
    let (left, top) = (inner.x + inset, inner.y + 0.5 * look.gap);
    let right = inner.right() - plan.width - 0.5 * inset;
    let bottom = inner.bottom() - plan.height - inset;
    let (center, middle) = (0.5 * (left + right), 0.5 * (top + bottom));
    let wanted = match legend {
        Legend::None | Legend::Right | Legend::Below => return Some(frame.legend_at),
        Legend::Auto => None,
        Legend::TopLeft => Some((left, top)),
        Legend::TopRight => Some((right, top)),
        Legend::BottomLeft => Some((left, bottom)),
        Legend::BottomRight => Some((right, bottom)),
    };
    if look.keeps_corners && wanted.is_some() {
        return wanted;
    }
    let others = [
        (right, top),
        (left, top),
        (right, bottom),
        (left, bottom),
        (right, middle),
        (left, middle),
        (center, top),
        (center, bottom),
        (center, middle),
    ];
    if plan.width > inner.width - inset || plan.height > inner.height - inset {
        return None;
    }
    let drawn = drawn_curves(frame, look, None);
    let hides_nothing = |&(x, y): &Point| {
        let margin = look.gap;
        let (width, height) = (plan.width + 2.0 * margin, plan.height + 2.0 * margin);
        is_free(&Rect { x: x - margin, y: y - margin, width, height }, &drawn)
    };
    wanted.into_iter().chain(others).find(hides_nothing)
}

/// Where the words of the reference line that is mark number `index` start: at their usual place if
/// there is no room anywhere.
pub(crate) fn rule_label_spot(
    frame: &Frame,
    index: usize,
    m: &Rule,
    label: &Label,
    look: &Look,
) -> Point {
    let places = rule_label_places(frame, m, label, look);
    let drawn = drawn_curves(frame, look, Some(index));
    let is_good = |at: &Point| {
        let spot = label_box(label, *at);
        frame.inner.contains((spot.x, spot.y))
            && frame.inner.contains((spot.right(), spot.bottom()))
            && is_free(&spot, &drawn)
    };
    places.into_iter().find(is_good).unwrap_or(places[0])
}
