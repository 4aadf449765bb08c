//! Reversal learning: rich networks slow down exponentially, lazy ones do not.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{compare_with_descent, even_grid, log_grid, named, theory_and_simulation};
use crate::deep_linear::half_times::first_crossing;
use crate::deep_linear::recording::{mode_name, record_strengths, train};
use crate::deep_linear::reversal::{reversed_mode, reversed_weights};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dots, Line, Marker, Panel, Sheet, series_color};
use crate::{Agreement, Correlations, Modes, Result, Trajectory};
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

fn task() -> Result<Correlations> {
    Correlations::white(Array2::from_diag(&arr1(&S)), 1.0)
}

fn predict(task: &Correlations, residual: f64, lambda: f64, grid: &[f64]) -> Result<Trajectory> {
    let modes = Modes::of(task)?;
    let reversed: Vec<_> =
        S.iter().map(|s| reversed_mode(*s, 1.0, residual, lambda)).collect::<Result<_>>()?;
    let at = |t: &f64| reversed.iter().map(|mode| mode.strength(*t)).collect();
    record_strengths(task, &modes, grid, &grid.iter().map(at).collect::<Vec<_>>())
}

fn simulate(
    task: &Correlations,
    residual: f64,
    lambda: f64,
    rate: f64,
    grid: &[f64],
) -> Result<Trajectory> {
    let modes = Modes::of(task)?;
    let (w1, w2) = reversed_weights(&modes, residual, lambda)?;
    train(vec![w1, w2], task, &modes, rate, grid)
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let task = task()?;
    let rate = if settings.effort == Effort::Paper { 5e-3 } else { 2e-2 };
    let simulated = settings.effort != Effort::Theory;
    let mut agreements = Vec::new();
    let loss = loss_panel(&task, settings, rate, simulated, &mut agreements)?;

    let residuals = log_grid(1e-8, 1e-1, 29);
    let mut against_residual = Panel::new(
        AxisSpec::log("residual ε").within(5e-9, 2e-1),
        AxisSpec::linear("time to half-way (τ)"),
    );
    let lambdas = log_grid(1e-2, 20.0, 29);
    let mut against_lambda = Panel::new(
        AxisSpec::log("balance λ").within(8e-3, 25.0),
        AxisSpec::log("time to half-way (τ)"),
    );
    for (k, s) in S.into_iter().enumerate() {
        let half = |residual: f64, lambda: f64| {
            reversed_mode(s, 1.0, residual, lambda).map(|mode| mode.half_time().unwrap_or(0.0))
        };
        let times: Vec<f64> = residuals.iter().map(|e| half(*e, 0.0)).collect::<Result<_>>()?;
        let color = series_color(k);
        against_residual.add(Line::new(format!("*s* = {s}"), &residuals, &times, color));
        let times: Vec<f64> = lambdas.iter().map(|l| half(0.0, *l)).collect::<Result<_>>()?;
        against_lambda.add(Line::new(format!("*s* = {s}"), &lambdas, &times, color));
    }
    if simulated {
        let every = |grid: &[f64]| grid.iter().copied().step_by(4).collect::<Vec<_>>();
        let starts = every(&residuals).into_iter().map(|e| (e, 0.0, e));
        dots(&task, starts.collect(), rate, &mut against_residual)?;
        let starts = every(&lambdas).into_iter().map(|l| (0.0, l, l));
        dots(&task, starts.collect(), rate, &mut against_lambda)?;
    }
    let sheet = Sheet::new(FIGURE.title, vec![loss, against_residual, against_lambda]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn loss_panel(
    task: &Correlations,
    settings: &Settings,
    rate: f64,
    simulated: bool,
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
        let prediction = predict(task, residual, lambda, &grid)?;
        let mut run = None;
        if simulated {
            let simulate = |rate: f64| simulate(task, residual, lambda, rate, &grid);
            let (found, agreement) = compare_with_descent(&prediction, rate, simulate)?;
            agreements.extend(named(&label.replace("10^{-", "1e-").replace("}", ""), agreement));
            run = Some(found);
        }
        let of = |t: &Trajectory| t.get("loss").unwrap_or_default().to_vec();
        theory_and_simulation(
            &mut panel,
            &label,
            &grid,
            &of(&prediction),
            run.as_ref().map(of).as_deref(),
            series_color(i),
        );
    }
    // A single layer of white inputs: the gap of 2s closes as e^{−t}.
    let start: f64 = S.iter().map(|s| 2.0 * s * s).sum();
    let shallow: Vec<f64> = grid.iter().map(|t| start * (-2.0 * t).exp()).collect();
    panel.add(Line::new("shallow", &grid, &shallow, series_color(4)));
    Ok(panel)
}

/// Half-way times of simulated networks; `starts` are (residual, λ, abscissa).
fn dots(
    task: &Correlations,
    starts: Vec<(f64, f64, f64)>,
    rate: f64,
    panel: &mut Panel,
) -> Result<()> {
    let grid = even_grid(50.0, 2501);
    let runs = crate::math::parallel::in_parallel(starts.len(), |i| {
        let (residual, lambda, _) = starts[i];
        simulate(task, residual, lambda, rate, &grid)
    })?;
    for (k, s) in S.into_iter().enumerate() {
        let half = |(run, start): (&Trajectory, &(f64, f64, f64))| {
            let time = first_crossing(run.grid(), run.get(&mode_name(k))?, 0.5 * s)?;
            Some((start.2, time))
        };
        let (x, y): (Vec<f64>, Vec<f64>) = runs.iter().zip(&starts).filter_map(half).unzip();
        let marker = [Marker::Circle, Marker::Square, Marker::Triangle][k];
        panel.add(Dots { open: true, marker, ..Dots::new("", &x, &y, series_color(k)) });
    }
    Ok(())
}
