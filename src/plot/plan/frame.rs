//! One panel with everything set and placed.

use super::axis::AxisPlan;
use super::color_bar::BarPlan;
use super::legend::LegendPlan;
use crate::plot::geometry::{Point, Rect};
use crate::plot::panel::Panel;
use crate::plot::text::Label;

/// Everything needed to draw one panel.
pub(crate) struct Frame<'a> {
    pub panel: &'a Panel,
    /// The panel with its margins.
    pub cell: Rect,
    /// The area of the data.
    pub inner: Rect,
    pub x: AxisPlan,
    pub y: AxisPlan,
    pub title: Option<Label>,
    pub letter: Option<Label>,
    pub bar: Option<BarPlan>,
    pub legend: Option<LegendPlan>,
    /// Upper left corner of the legend.
    pub legend_at: Point,
    /// Distance of the y axis' name from the data, shared by a column.
    pub y_name_distance: f64,
}

impl Frame<'_> {
    /// Where a place of the data is on the page.
    pub(crate) fn place(&self, x: f64, y: f64) -> Point {
        let far = 1e5;
        let x = self.inner.x + (self.x.span.share(x) * self.inner.width).clamp(-far, far);
        let y = self.inner.bottom() - (self.y.span.share(y) * self.inner.height).clamp(-far, far);
        (x, y)
    }
}
