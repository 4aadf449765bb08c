//! The modes of a task as heat maps with names, and how a deep and a shallow network learn them.

use ndarray::{Array1, Array2, concatenate};

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named, theory_and_simulation};
use crate::deep_linear::AlignedNetwork;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Colormap, Heatmap, Legend, Panel, Rule, Sheet, gradient_color};
use crate::task::environment::Tree;
use crate::{Correlations, Dataset, Result, Solvable, compare};

const END: f64 = 40.0;
/// What each mode tells apart.
const MODES: [&str; 4] = ["1 all", "2 animal − plant", "3 canary − salmon", "4 oak − rose"];

const U0: Parameter = Parameter {
    name: "u0",
    symbol: "u₀",
    unit: "",
    default: 1e-3,
    low: 1e-6,
    high: 0.1,
    kind: ParameterKind::Log,
    help: "strength of every mode at the start",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2019_fig3",
    reference: "saxe2019",
    title: "A deep network learns the modes of its task one after another",
    caption: "The table of canary, salmon, oak and rose: a, its input-output correlation Σʸˣ = U S Vᵀ; \
        b, features by mode; c, strengths; d, modes by item. The table is a tree of two levels, so that \
        its modes are known: what all share, animals against plants, and one item against the other of \
        its kind (equal strengths: any two directions in their plane would do). e, f, \
        Strength of each mode in a network with two weight layers and in one without a hidden \
        layer: exact theory (lines) and gradient descent (circles). All modes start with the strength \
        u₀. Both end with the same map; only the deep one learns in stages.",
    parameters: &[U0],
    draw,
};

fn heat(values: Array2<f64>, rows: &[String], columns: &[String], title: &str) -> Panel {
    let mut panel = Panel::new(AxisSpec::default(), AxisSpec::default());
    panel.title = Some(title.into());
    panel.add(Heatmap {
        row_labels: rows.to_vec(),
        column_labels: columns.to_vec(),
        colormap: Colormap::Diverging,
        ..Heatmap::new(values)
    });
    panel.aspect = 0.9;
    panel
}

fn heat_maps(task: &Correlations, data: &Dataset) -> Result<Vec<Panel>> {
    // One feature for every node of the tree: analytic modes, also where they are equal.
    let spectrum = Tree::new(&[2, 2])?.indicator_spectrum(&[1; 3])?;
    let spaces = &spectrum.eigenspaces;
    let views: Vec<_> = spaces.iter().map(|e| e.vectors.view()).collect();
    let v = concatenate(ndarray::Axis(1), &views)
        .map_err(|_| crate::Error::shape("eigenvectors", [views.len()], "one row for each item"))?;
    let sizes = spaces.iter().zip(spectrum.singular_values(1.0));
    let s: Array1<f64> =
        sizes.flat_map(|(e, s)| std::iter::repeat_n(s, e.multiplicity())).collect();
    let u = task.sigma_yx().dot(&v) / &s;
    let modes: Vec<String> = MODES.iter().map(|m| (*m).to_owned()).collect();
    let numbers: Vec<String> = (1..=4).map(|k| k.to_string()).collect();
    let (features, items) = (&data.feature_names, &data.item_names);
    Ok(vec![
        heat(task.sigma_yx().clone(), features, items, "correlation Σ^{yx}"),
        heat(u, features, &numbers, "= features by mode, *U*"),
        heat(Array2::from_diag(&s), &numbers, &numbers, "× strengths, *S*"),
        heat(v.t().to_owned(), &modes, items, "× modes by item, *V*^T"),
    ])
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let data = Dataset::toy();
    let task = Correlations::of(&data)?;
    let u0 = settings.values.get(&U0);
    let grid = even_grid(END, 201);
    let mut panels = heat_maps(&task, &data)?;
    let mut agreements = Vec::new();
    for (hidden, title) in [(vec![4], "two layers"), (vec![], "one layer (shallow)")] {
        let depth = hidden.len() + 1;
        let rate = if settings.effort == Effort::Paper { 0.005 } else { 0.05 };
        let scale = u0.powf(1.0 / depth as f64);
        let model = AlignedNetwork::uniform(task.clone(), &hidden, scale, rate);
        let theory = model.predict(&grid)?;
        let run = match settings.effort {
            Effort::Theory => None,
            _ => Some(model.simulate(&grid, settings.seed)?),
        };
        let y = AxisSpec::linear("mode strength *u*_*k*").within(0.0, 3.0);
        let mut panel = Panel::new(AxisSpec::linear("time (τ)").within(0.0, END), y);
        panel.title = Some(title.into());
        panel.legend = if depth == 2 { Legend::BottomRight } else { Legend::None };
        panel.aspect = 0.9;
        // Modes 3 and 4 have one curve.
        for k in 0..3 {
            let curve = |t: &crate::Trajectory| {
                t.columns().nth(k).map(|(_, u)| u.to_vec()).unwrap_or_default()
            };
            let (line, dots) = (curve(&theory), run.as_ref().map(curve));
            let color = gradient_color(k, 3);
            theory_and_simulation(&mut panel, "", &grid, &line, dots.as_deref(), color);
        }
        for (target, label) in [(7f64.sqrt(), "mode 1"), (3f64.sqrt(), "mode 2"), (1.0, "3 and 4")]
        {
            panel.add(Rule { label: Some(label.into()), ..Rule::horizontal(target) });
        }
        if depth == 2 {
            explain_marks(&mut panel, run.is_some());
        }
        if let Some(run) = run {
            let tolerance = model.tolerance(&theory)?;
            agreements.extend(named(title, compare(&theory, &[run], Some(&tolerance))?));
        }
        panels.push(panel);
    }
    let sheet = Sheet { columns: 3, ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}
