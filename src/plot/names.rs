//! What panels and series are called in messages and in the table.

use super::marks::Mark;
use super::panel::Panel;
use super::text::plain;

/// "panel b (Loss)".
pub(super) fn panel_name(index: usize, panel: &Panel) -> String {
    match &panel.title {
        Some(title) => format!("panel {} ({})", letter(index), plain(title)),
        None => format!("panel {}", letter(index)),
    }
}

/// a, b, …, z, aa, ab, …
pub(super) fn letter(index: usize) -> String {
    let last = char::from(b'a' + (index % 26) as u8);
    if index < 26 { last.into() } else { letter(index / 26 - 1) + &last.to_string() }
}

/// A mark's label, or its kind and number where it has none.
pub(super) fn series_name(index: usize, mark: &Mark) -> String {
    let (kind, label) = match mark {
        Mark::Line(m) => ("line", m.label.as_ref()),
        Mark::Dots(m) => ("dots", m.label.as_ref()),
        Mark::Band(m) => ("band", m.label.as_ref()),
        Mark::Heatmap(m) => ("heat map", m.bar_label.as_ref()),
        Mark::Rule(m) => ("rule", m.label.as_ref()),
        Mark::Text(m) => ("text", Some(&m.text)),
    };
    label.map_or_else(|| format!("{kind} {}", index + 1), |l| plain(l))
}
