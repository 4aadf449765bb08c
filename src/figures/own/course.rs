//! The figures of a user's own learning course.

use ndarray::{Array2, s};

use crate::Dataset;
use crate::course::Report;
use crate::deep_linear::recording::mode_name;
use crate::figures::parts::{explain_marks, theory_and_simulation};
use crate::plot::{
    AxisSpec, Colormap, Heatmap, Legend, Panel, Sheet, Width, gradient_color, literal, series_color,
};

/// Modes beyond this many are not drawn as curves or columns: they could not be told apart.
const MOST_MODES: usize = 12;

/// Mode strengths and loss over time: theory as lines, simulation as dots.
pub fn dynamics(report: &Report) -> Sheet {
    let (theory, run) = (&report.prediction, &report.simulation);
    let time = || AxisSpec::linear(theory.axis().label());
    let mut strengths = Panel::new(time(), AxisSpec::linear("mode strength *u*_*k*"));
    let n = shown_modes(report);
    for k in 0..n {
        let name = mode_name(k);
        let Some(curve) = theory.get(&name) else { continue };
        let label = if k == 0 || k + 1 == n || n <= 8 { name.as_str() } else { "" };
        theory_and_simulation(
            &mut strengths,
            label,
            theory.grid(),
            curve,
            run.get(&name),
            gradient_color(k, n),
        );
    }
    strengths.legend = Legend::Right;
    let mut loss = Panel::new(time(), AxisSpec::linear("loss"));
    let color = series_color(0);
    let curve = theory.get("loss").unwrap_or_default();
    theory_and_simulation(&mut loss, "", theory.grid(), curve, run.get("loss"), color);
    explain_marks(&mut loss, true);
    let description = "Strength of each singular mode and loss over learning. Lines: theory. Circles: \
        gradient descent.";
    let sheet = Sheet::new("Learning course", vec![strengths, loss]);
    Sheet { description: description.into(), ..sheet }
}

/// The learned input-output map at the last time and the singular value decomposition of the
/// task's input-output correlation, as heat maps with the names of items and features.
pub fn modes(report: &Report, data: &Dataset) -> Sheet {
    let n = shown_modes(report);
    let names = |names: &[String]| names.iter().map(|n| literal(n)).collect::<Vec<_>>();
    let (features, items) = (names(&data.feature_names), names(&data.input_names));
    let numbers: Vec<String> = (1..=n).map(|k| k.to_string()).collect();
    // Each item is an input of its own, unless inputs were given.
    let one_hot = data.input_names == data.item_names;
    let modes = &report.modes;
    let until = report.prediction.grid().last().copied().unwrap_or(0.0);
    let map =
        |values: Array2<f64>, rows: &[String], columns: &[String], title: String, bar: &str| {
            let mut panel = Panel::new(AxisSpec::default(), AxisSpec::default());
            panel.title = Some(title);
            panel.add(Heatmap {
                row_labels: rows.to_vec(),
                column_labels: columns.to_vec(),
                colormap: Colormap::Diverging,
                bar_label: Some(bar.into()),
                ..Heatmap::new(values)
            });
            // Rows need room for their names, whatever the width of the panel.
            panel.aspect = (0.05 * rows.len() as f64).clamp(0.6, 2.4);
            panel
        };
    let strengths = Array2::from_diag(&modes.singular_values.slice(s![..n]));
    let panels = vec![
        map(
            report.final_map.clone(),
            &features,
            &items,
            format!("learned map, *t* = {until:.3}"),
            "weight",
        ),
        map(
            modes.u.slice(s![.., ..n]).to_owned(),
            &features,
            &numbers,
            "features by mode, *U*".into(),
            "entry",
        ),
        map(strengths, &numbers, &numbers, "strength by mode, *S*".into(), "singular value"),
        map(
            modes.v.slice(s![.., ..n]).t().to_owned(),
            &numbers,
            &items,
            format!("modes by {}, *V*^{{T}}", if one_hot { "item" } else { "input" }),
            "entry",
        ),
    ];
    let description = "Predicted input-output map at the end, and the singular value decomposition \
        of the input-output correlation of the task, U S Vᵀ.";
    let sheet =
        Sheet { columns: 2, width: Width::Double, ..Sheet::new("Modes of the task", panels) };
    Sheet { description: description.into(), ..sheet }
}

fn shown_modes(report: &Report) -> usize {
    report.modes.len().min(MOST_MODES)
}
