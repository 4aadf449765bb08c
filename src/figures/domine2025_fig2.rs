//! λ-balanced networks: from lazy to rich learning.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, named, theory_and_simulation};
use crate::agreement::halving::compare_with_descent;
use crate::deep_linear::observables::kernel_movement::BalanceSeries;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dots, Line, Panel, Rule, Sheet, series_color, series_dash};
use crate::{Agreement, Result, Solvable};

const S: [f64; 4] = [2.0, 1.2, 0.7, 0.4];
const END: f64 = 8.0;
/// Late enough for the weakest mode of the richest start.
const LATE: f64 = 40.0;

const SCALE: Parameter = Parameter {
    name: "scale",
    symbol: "s₀",
    unit: "",
    default: 0.02,
    low: 1e-4,
    high: 0.5,
    kind: ParameterKind::Log,
    help: "singular values of the map at the start",
};

pub(super) const FIGURE: Figure = Figure {
    name: "domine2025_fig2",
    reference: "domine2025",
    title: "The balance of the layers sets lazy or rich learning",
    caption: "Two-layer linear networks with four inputs and four hidden units (task singular values \
        2, 1.2, 0.7, 0.4; white inputs) from λ-balanced weights with the same initial map. a, Loss \
        with four outputs: sigmoidal stages at λ = 0, exponential decay at large |λ|. b, Movement of \
        the neural tangent kernel since the start (1 − cosine). c, Total movement against λ; dashed: \
        |λ| = 2s of the strongest mode. With a fifth output large λ > 0 is not lazy, because four \
        hidden units cannot span five outputs from the start. Lines: exact solution. Circles: \
        gradient descent.",
    parameters: &[SCALE],
    draw,
};

fn series(settings: &Settings, n_out: usize) -> BalanceSeries {
    BalanceSeries {
        singular_values: S.to_vec(),
        n_out,
        scale: settings.values.get(&SCALE),
        rate: if settings.effort == Effort::Paper { 2e-3 } else { 1e-2 },
        seed: settings.seed,
    }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let simulated = settings.effort != Effort::Theory;
    let series = series(settings, 4);
    let grid = even_grid(END, 161);
    let time = || AxisSpec::linear("time (τ)").within(0.0, END);
    let mut loss = Panel::new(time(), AxisSpec::linear("loss"));
    let mut movement = Panel::new(time(), AxisSpec::linear("kernel movement").within(0.0, 0.3));
    let mut agreements = Vec::new();
    for (i, lambda) in [-3.0, 0.0, 1.0, 10.0].into_iter().enumerate() {
        let network = series.network(lambda)?;
        let prediction = network.predict(&grid)?;
        let mut run = None;
        if simulated {
            let train = |rate: f64| network.train(&grid, rate);
            let (found, agreement) = compare_with_descent(&prediction, network.rate, train)?;
            agreements.extend(named(&format!("λ = {lambda}"), agreement));
            run = Some(found);
        }
        let label = format!("λ = {lambda}").replace('-', "−");
        for (panel, name) in [(&mut loss, "loss"), (&mut movement, "kernel movement")] {
            let simulation = run.as_ref().and_then(|run| run.get(name));
            let predicted = prediction.get(name).unwrap_or_default();
            theory_and_simulation(panel, &label, &grid, predicted, simulation, series_color(i));
        }
    }
    let total = total_panel(settings, simulated, &mut agreements)?;
    let sheet = Sheet::new(FIGURE.title, vec![loss, movement, total]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn total_panel(
    settings: &Settings,
    simulated: bool,
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::linear("balance λ").within(-20.0, 20.0),
        AxisSpec::linear("total kernel movement").within(0.0, 0.3),
    );
    for side in [-1.0, 1.0] {
        panel.add(Rule::vertical(side * 2.0 * S[0]));
    }
    let lambdas: Vec<f64> = (0..=160).map(|i| f64::from(i) * 0.25 - 20.0).collect();
    let every: Vec<f64> = lambdas.iter().copied().step_by(16).collect();
    for (i, (n_out, label)) in [(4, "4 outputs"), (5, "5 outputs")].into_iter().enumerate() {
        let series = series(settings, n_out);
        let predicted = series.movements(&lambdas, LATE)?;
        let color = series_color(5 + i);
        panel.add(Line { dash: series_dash(i), ..Line::new(label, &lambdas, &predicted, color) });
        if !simulated {
            continue;
        }
        let (measured, found): (Vec<f64>, Vec<_>) =
            series.trained_movements(&every, LATE)?.into_iter().unzip();
        for (lambda, found) in every.iter().zip(found) {
            agreements.extend(named(&format!("{label}, λ = {lambda}, total"), found));
        }
        panel.add(Dots { open: true, ..Dots::new("", &every, &measured, color) });
    }
    Ok(panel)
}
