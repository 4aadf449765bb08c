//! λ-balanced networks: from lazy to rich learning.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{compare_with_descent, even_grid, named, theory_and_simulation};
use crate::deep_linear::balanced::sample_two_layer;
use crate::deep_linear::kernel::TangentKernel;
use crate::deep_linear::riccati::RiccatiFlow;
use crate::math::parallel::in_parallel;
use crate::math::random::{Purpose, orthogonal, stream};
use crate::net::{LinearNetwork, gradient_descent};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dots, Line, Panel, Rule, Sheet, series_color, series_dash};
use crate::{Agreement, Axis, Correlations, Result, Trajectory};
use ndarray::{Array2, s};

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

struct Start {
    task: Correlations,
    w1: Array2<f64>,
    w2: Array2<f64>,
    lambda: f64,
}

impl Start {
    fn new(settings: &Settings, n_out: usize, lambda: f64) -> Result<Self> {
        // The same streams for every λ: only the balance differs.
        let mut rng = stream(settings.seed, Purpose::InitialWeights, 0);
        let s0 = [settings.values.get(&SCALE); 4];
        let (w1, w2) = sample_two_layer(4, n_out, &s0, lambda, &mut rng)?;
        let mut rng = stream(settings.seed, Purpose::Task, 0);
        let (u, v) = (orthogonal(n_out, &mut rng), orthogonal(4, &mut rng));
        let task = |sign: f64| {
            let s = ndarray::arr1(&[sign * S[0], S[1], S[2], S[3]]);
            Correlations::white((&u.slice(s![.., ..4]) * &s).dot(&v.t()), 1.0)
        };
        // A square zero-balanced network can only learn a map whose determinant has the sign of its
        // own: of the two tasks that differ in the sign of one mode, take the learnable one.
        let right = task(1.0)?;
        let learnable = RiccatiFlow::new(&right, &w1, &w2, 0.0)?.never_learned().is_empty();
        let task = if learnable || n_out != 4 { right } else { task(-1.0)? };
        Ok(Self { task, w1, w2, lambda })
    }

    fn predict(&self, grid: &[f64]) -> Result<Trajectory> {
        let flow = RiccatiFlow::new(&self.task, &self.w1, &self.w2, self.lambda)?;
        let modes = flow.modes();
        let states = flow.states(grid)?;
        let points = states.iter().map(|s| (s.map(modes), TangentKernel::of_state(s, modes)));
        self.record(grid, points.collect())
    }

    fn simulate(&self, grid: &[f64], rate: f64) -> Result<Trajectory> {
        let mut points = Vec::with_capacity(grid.len());
        let net = LinearNetwork::new(vec![self.w1.clone(), self.w2.clone()])?;
        gradient_descent(net, &self.task, rate, grid, |_, net| {
            let [w1, w2] = net.weights() else { unreachable!("two layers were given") };
            points.push((w2.dot(w1), TangentKernel::of(w1, w2)));
            Ok(())
        })?;
        self.record(grid, points)
    }

    fn record(
        &self,
        grid: &[f64],
        points: Vec<(Array2<f64>, TangentKernel)>,
    ) -> Result<Trajectory> {
        let start = TangentKernel::of(&self.w1, &self.w2);
        let mut trajectory = Trajectory::new(Axis::Time, grid);
        trajectory.push("loss", points.iter().map(|(w, _)| self.task.loss(w.view())).collect())?;
        let movement = points.iter().map(|(_, k)| start.movement(k, self.task.sigma_x()));
        trajectory.push("kernel movement", movement.collect())?;
        Ok(trajectory)
    }
}

fn draw(settings: &Settings) -> Result<Drawing> {
    let simulated = settings.effort != Effort::Theory;
    let rate = if settings.effort == Effort::Paper { 2e-3 } else { 1e-2 };
    let grid = even_grid(END, 161);
    let time = || AxisSpec::linear("time (τ)").within(0.0, END);
    let mut loss = Panel::new(time(), AxisSpec::linear("loss"));
    let mut movement = Panel::new(time(), AxisSpec::linear("kernel movement").within(0.0, 0.3));
    let mut agreements = Vec::new();
    for (i, lambda) in [-3.0, 0.0, 1.0, 10.0].into_iter().enumerate() {
        let start = Start::new(settings, 4, lambda)?;
        let prediction = start.predict(&grid)?;
        let mut run = None;
        if simulated {
            let (found, agreement) =
                compare_with_descent(&prediction, rate, |rate| start.simulate(&grid, rate))?;
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
    let total = total_panel(settings, simulated, rate, &mut agreements)?;
    let sheet = Sheet::new(FIGURE.title, vec![loss, movement, total]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn total_panel(
    settings: &Settings,
    simulated: bool,
    rate: f64,
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
    let last = |run: Trajectory| run.get("kernel movement").map_or(0.0, |m| m[m.len() - 1]);
    for (i, (n_out, label)) in [(4, "4 outputs"), (5, "5 outputs")].into_iter().enumerate() {
        let at = |lambda: f64| Start::new(settings, n_out, lambda);
        let theory = |i: usize| Ok(last(at(lambdas[i])?.predict(&[LATE])?));
        let predicted = in_parallel(lambdas.len(), theory)?;
        let color = series_color(5 + i);
        panel.add(Line { dash: series_dash(i), ..Line::new(label, &lambdas, &predicted, color) });
        if !simulated {
            continue;
        }
        let runs = in_parallel(every.len(), |i| {
            let start = at(every[i])?;
            let prediction = start.predict(&[LATE])?;
            compare_with_descent(&prediction, rate, |rate| start.simulate(&[LATE], rate))
        })?;
        let mut measured = Vec::new();
        for (lambda, (run, agreement)) in every.iter().zip(runs) {
            let total = agreement.into_iter().filter(|a| a.observable == "kernel movement");
            agreements.extend(named(&format!("{label}, λ = {lambda}, total"), total.collect()));
            measured.push(last(run));
        }
        panel.add(Dots { open: true, ..Dots::new("", &every, &measured, color) });
    }
    Ok(panel)
}
