//! Reversal learning: rich networks slow down exponentially, lazy ones do not.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, log_grid, named, theory_and_simulation};
use crate::agreement::halving::compare_with_descent;
use crate::deep_linear::reversal::{
    ReversedNetwork, reversed_mode, shallow_reversal_loss, trained_half_times,
};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dots, Line, Marker, Panel, Sheet, series_color};
use crate::{Agreement, Correlations, Result, Solvable, Trajectory};
use ndarray::{Array2, arr1};

const S: [f64; 3] = [1.0, 0.8, 0.5];

const LAMBDA: Parameter = Parameter {
    name: "lambda",
    symbol: "λ",
    unit: "",
    default: 2.0,
    low: 0.01,
    high: 20.0,
    kind: ParameterKind::Log,
    help: "balance of the λ-balanced network in panel a",
};

pub(super) const FIGURE: Figure = Figure {
    name: "braun2022_fig5",
    reference: "braun2022",
    title: "Reversal learning is slow from a rich start",
    caption: "A two-layer linear network that has learned a map (singular values 1, 0.8, 0.5) must \
        learn its negative. a, Loss after the reversal for zero-balanced weights with a residual ε \
        in the growing directions, for λ-balanced weights and for a shallow network. The network \
        first unlearns, then waits at the saddle. b, Time to half-way of each mode against ε: it \
        grows as ln(1/ε)/s. c, The same against λ. Lines: exact solution. Symbols: gradient descent.",
    parameters: &[LAMBDA],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let task = Correlations::white(Array2::from_diag(&arr1(&S)), 1.0)?;
    let rate = if settings.effort == Effort::Paper { 5e-3 } else { 2e-2 };
    let network = |residual: f64, lambda: f64| {
        let task = task.clone();
        ReversedNetwork { task, residual, lambda, rate }
    };
    let mut agreements = Vec::new();
    let loss = loss_panel(&network, settings, &mut agreements)?;
    let mut against_residual = Panel::new(
        AxisSpec::log("residual ε").within(5e-9, 2e-1),
        AxisSpec::linear("time to half-way (τ)"),
    );
    let mut against_lambda = Panel::new(
        AxisSpec::log("balance λ").within(8e-3, 25.0),
        AxisSpec::log("time to half-way (τ)"),
    );
    let (residuals, lambdas) = (log_grid(1e-8, 1e-1, 29), log_grid(1e-2, 20.0, 29));
    add_times(&mut against_residual, settings, &residuals, &|e| network(e, 0.0))?;
    add_times(&mut against_lambda, settings, &lambdas, &|l| network(0.0, l))?;
    let sheet = Sheet::new(FIGURE.title, vec![loss, against_residual, against_lambda]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn loss_panel(
    network: &dyn Fn(f64, f64) -> ReversedNetwork,
    settings: &Settings,
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let grid = even_grid(40.0, 321);
    let mut panel = Panel::new(
        AxisSpec::linear("time after reversal (τ)").within(0.0, 40.0),
        AxisSpec::linear("loss"),
    );
    let lambda = settings.values.get(&LAMBDA);
    let starts = [
        (1e-2, 0.0, "ε = 10^{-2}".to_owned()),
        (1e-4, 0.0, "ε = 10^{-4}".to_owned()),
        (1e-8, 0.0, "ε = 10^{-8}".to_owned()),
        (0.0, lambda, format!("λ = {lambda}")),
    ];
    for (i, (residual, lambda, label)) in starts.into_iter().enumerate() {
        let network = network(residual, lambda);
        let prediction = network.predict(&grid)?;
        let mut run = None;
        if settings.effort != Effort::Theory {
            let train = |rate: f64| network.train(&grid, rate);
            let (found, agreement) = compare_with_descent(&prediction, network.rate, train)?;
            agreements.extend(named(&label.replace("10^{-", "1e-").replace("}", ""), agreement));
            run = Some(found);
        }
        fn of(run: &Trajectory) -> &[f64] {
            run.get("loss").unwrap_or_default()
        }
        let trained = run.as_ref().map(of);
        theory_and_simulation(&mut panel, &label, &grid, of(&prediction), trained, series_color(i));
    }
    let shallow = shallow_reversal_loss(&network(0.0, 0.0).task, &grid)?;
    panel.add(Line::new("shallow", &grid, &shallow, series_color(4)));
    Ok(panel)
}

/// Half-way times of each mode along one parameter of the start.
fn add_times(
    panel: &mut Panel,
    settings: &Settings,
    grid: &[f64],
    network: &dyn Fn(f64) -> ReversedNetwork,
) -> Result<()> {
    for (k, s) in S.into_iter().enumerate() {
        let half = |x: &f64| {
            let ReversedNetwork { residual, lambda, .. } = network(*x);
            reversed_mode(s, 1.0, residual, lambda).map(|mode| mode.half_time().unwrap_or(0.0))
        };
        let times: Vec<f64> = grid.iter().map(half).collect::<Result<_>>()?;
        panel.add(Line::new(format!("*s* = {s}"), grid, &times, series_color(k)));
    }
    if settings.effort == Effort::Theory {
        return Ok(());
    }
    let every: Vec<f64> = grid.iter().copied().step_by(4).collect();
    let networks: Vec<_> = every.iter().map(|x| network(*x)).collect();
    let trained = trained_half_times(&networks, &even_grid(50.0, 2501))?;
    for k in 0..S.len() {
        let found = every.iter().zip(&trained).filter_map(|(x, times)| Some((*x, times[k]?)));
        let (x, y): (Vec<f64>, Vec<f64>) = found.unzip();
        let marker = [Marker::Circle, Marker::Square, Marker::Triangle][k];
        panel.add(Dots { open: true, marker, ..Dots::new("", &x, &y, series_color(k)) });
    }
    Ok(())
}
