//! Trees drawn as trees, the same way in every figure.

use crate::plot::{AxisSpec, Color, Dots, Legend, Line, Panel, gradient_color};
use crate::task::environment::Tree;

/// Color of a level of a tree: what the children at that depth of a node differ by; 0 is what all
/// items share.
pub(super) fn level_color(tree: &Tree, level: usize) -> Color {
    gradient_color(level, tree.depth() + 1)
}

/// A tree without axes, its root on top and its items at x = 0, 1, …: above the columns of a matrix,
/// if the two panels stand in one column.
pub(super) fn tree_panel(tree: &Tree) -> Panel {
    let (depth, last) = (tree.depth() as f64, tree.n_items() as f64 - 1.0);
    let mut panel = Panel::new(
        AxisSpec::hidden().within(-0.5, last + 0.5),
        AxisSpec::hidden().within(-0.12, depth + 0.2),
    );
    panel.legend = Legend::TopLeft;
    let place = |level: usize, node: usize| {
        let below = tree.leaves_below(level) as f64;
        ((node as f64 + 0.5) * below - 0.5, depth - level as f64)
    };
    draw_tree(&mut panel, tree, place, "level ");
    panel
}

/// Branches and nodes of a tree, colored by level, wherever `place` puts the nodes of a level. The
/// levels are named in the legend if a `label` to go before their number is not empty.
pub(super) fn draw_tree(
    panel: &mut Panel,
    tree: &Tree,
    place: impl Fn(usize, usize) -> (f64, f64),
    label: &str,
) {
    for level in 1..=tree.depth() {
        let color = level_color(tree, level);
        for node in 0..tree.n_nodes(level) {
            let (from, to) =
                (place(level - 1, node / tree.branching()[level - 1]), place(level, node));
            let name = match node {
                0 if !label.is_empty() => format!("{label}{level}"),
                _ => String::new(),
            };
            let line = Line::new(name, &[from.0, to.0], &[from.1, to.1], color);
            panel.add(Line { width: 1.3, ..line });
        }
    }
    for level in 0..=tree.depth() {
        let (x, y): (Vec<f64>, Vec<f64>) =
            (0..tree.n_nodes(level)).map(|node| place(level, node)).unzip();
        panel.add(Dots { size: 1.2, ..Dots::new("", &x, &y, level_color(tree, level)) });
    }
}
