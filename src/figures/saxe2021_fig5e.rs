//! An illusory correlation: for a time, a deep network believes that worms have bones.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::own::focus::stack;
use super::parts::{even_grid, explain_marks, named, theory_and_simulation, thin};
use crate::agreement::halving::compare_with_descent;
use crate::deep_linear::AlignedNetwork;
use crate::gated::frozen::mean_held_answer;
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dash, Dots, Legend, Line, Marker, Panel, Rule, Sheet, Text, series_color,
};
use crate::semantic::CorrelatedInputs;
use crate::semantic::ItemFeature;
use crate::semantic::NonlinearNetwork;
use crate::{Agreement, Correlations, Dataset, Result, Solvable, check};

const END: f64 = 60.0;
/// Hidden units of the nonlinear networks.
const N_HIDDEN: usize = 64;
/// Rectified units: seen on the colors of the modes.
const RELU: Color = Color(240, 160, 40);

const U0: Parameter = Parameter {
    name: "u0",
    symbol: "u₀",
    unit: "",
    default: 1e-4,
    low: 1e-8,
    high: 0.05,
    kind: ParameterKind::Log,
    help: "strength of every mode at the start",
};

const CORRELATION: Parameter = Parameter {
    name: "correlation",
    symbol: "c",
    unit: "",
    default: 0.9,
    low: 0.0,
    high: 0.98,
    kind: ParameterKind::Linear,
    help: "correlation of the two inputs in c",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2021_fig5e",
    reference: "saxe2021",
    title: "Worms have bones: a transient error, its modes, and what it takes",
    caption: "What a network says about the bones of worms while it learns a table of five animals and \
        three plants (written for this project; the paper gives no numbers). a, Two layers: sum of all \
        modes (line, exact) over the contributions of the single modes, positive and negative ones \
        stacked separately; gradient descent (circles), and networks of 64 tanh or ReLU units from \
        random weights of the same expected strength (triangles; mean of three), whose largest departure \
        from the line is given as a share of its range. A ReLU unit never hears of the items whose \
        first weight starts below zero, about half of them, and learns the others from a weaker table. Dashed: \
        linear networks with those gates, held as they start and trained by gradient descent; ReLU units \
        depart from that by the second number. b, One layer: the same modes are learned together and \
        cancel at every time, so that the belief never leaves zero but for its start. c, The caveat: one \
        layer whose two inputs are correlated, with the best weights 1 and 0. Its second weight errs \
        too. Depth is needed only if inputs are white.",
    parameters: &[U0, CORRELATION],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut agreements = Vec::new();
    let panels = vec![
        belief(settings, 2, &mut agreements)?,
        belief(settings, 1, &mut agreements)?,
        correlated(settings, &mut agreements)?,
    ];
    let sheet = Sheet { columns: 3, ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn belief(settings: &Settings, depth: usize, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let data = Dataset::worm();
    let scale = settings.values.get(&U0).powf((depth as f64).recip());
    let rate = if settings.effort == Effort::Paper { 0.01 } else { 0.04 };
    let task = Correlations::of(&data)?;
    let network = AlignedNetwork::uniform(task, &vec![8; depth - 1], scale, rate);
    let pair = ItemFeature::named(network, &data, "worm", "bones")?;
    let grid = even_grid(END, 301);
    let theory = pair.predict(&grid)?;
    let mut panel = Panel::new(
        AxisSpec::linear("time (τ)").within(0.0, END),
        AxisSpec::linear("output \"has bones\" for the worm").within(-0.7, 1.5),
    );
    panel.title = Some(if depth == 1 { "shallow".into() } else { "deep (two layers)".into() });
    panel.legend = if depth == 1 { Legend::TopLeft } else { Legend::TopRight };
    // The names of the modes in one panel, of the lines and marks in the other.
    stack(&mut panel, &theory, depth == 1);
    panel.add(Rule::horizontal(0.0));
    let total = theory.get("total").unwrap_or_default();
    panel.add(Line {
        width: 1.6,
        ..Line::new(if depth == 2 { "exact" } else { "" }, &grid, total, Color::BLACK)
    });
    if settings.effort == Effort::Theory {
        return Ok(panel);
    }
    let run = pair.simulate(&grid, settings.seed)?;
    let (x, y) = thin(&grid, run.get("total").unwrap_or_default());
    let label = if depth == 2 { "gradient descent" } else { "" };
    panel.add(Dots { open: true, ..Dots::new(label, &x, &y, Color::BLACK) });
    let name = if depth == 1 { "shallow" } else { "deep" };
    agreements.extend(named(name, check(&pair, &grid, &[settings.seed])?));
    if depth == 2 {
        add_nonlinear(&mut panel, settings, &data, &pair, total)?;
    }
    Ok(panel)
}

/// Networks of tanh and rectified units, and the latter with their gates held.
fn add_nonlinear(
    panel: &mut Panel,
    settings: &Settings,
    data: &Dataset,
    pair: &ItemFeature,
    total: &[f64],
) -> Result<()> {
    let grid = even_grid(END, 301);
    let range = |of: fn(f64, f64) -> f64| total.iter().copied().reduce(of).unwrap_or(0.0);
    let size = range(f64::max) - range(f64::min);
    let off = |a: &[f64], b: &[f64]| {
        let gap = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        format!("{:.0} %", 100.0 * gap / size)
    };
    // Three random starts whose modes are expected to be as strong as the aligned ones.
    let seeds: Vec<u64> = (0..3).map(|run| settings.seed + run).collect();
    let network = |activation: Nonlinearity| {
        let rate = if settings.effort == Effort::Paper { 0.05 } else { 0.1 };
        let u0 = settings.values.get(&U0);
        NonlinearNetwork::of_strength(data.clone(), N_HIDDEN, activation, u0, rate)
    };
    let item = data.inputs.rows().into_iter().position(|x| x.iter().eq(&pair.input)).unwrap_or(0);
    let place = (item, pair.feature);
    let tanh = network(Nonlinearity::Tanh).mean_answer(place, &grid, &seeds)?;
    let (x, y) = thin(&grid, &tanh);
    let label = format!("tanh (off by {})", off(total, &tanh));
    panel.add(Dots {
        marker: Marker::Triangle,
        open: true,
        ..Dots::new(label, &x, &y, Color::BLACK)
    });
    let rectified = network(Nonlinearity::RELU);
    let relu = rectified.mean_answer(place, &grid, &seeds)?;
    let starts = seeds.iter().map(|seed| rectified.start(*seed)).collect::<Result<Vec<_>>>()?;
    let held = mean_held_answer(&starts, data, rectified.rate, &grid, place)?;
    let label = format!("ReLU (off by {})", off(total, &relu));
    let (x, y) = thin(&grid, &relu);
    panel.add(Dots { marker: Marker::Wedge, ..Dots::new(label, &x, &y, RELU) });
    let label = format!("its gates, held ({} from it)", off(&held, &relu));
    panel.add(Line { dash: Dash::Dashed, ..Line::new(label, &grid, &held, RELU) });
    Ok(())
}

fn correlated(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let rate = if settings.effort == Effort::Paper { 0.01 } else { 0.04 };
    let network = CorrelatedInputs { correlation: settings.values.get(&CORRELATION), rate };
    let end = 40.0;
    let grid = even_grid(end, 401);
    let theory = network.predict(&grid)?;
    let mut run = None;
    if settings.effort != Effort::Theory {
        let train = |rate: f64| network.train(&grid, rate);
        let (trained, found) = compare_with_descent(&theory, rate, train)?;
        agreements.extend(named("correlated inputs", found));
        run = Some(trained);
    }
    let mut panel = Panel::new(
        AxisSpec::linear("time (τ)").within(0.0, end),
        AxisSpec::linear("weight").within(-0.1, 1.1),
    );
    panel.title = Some("shallow, correlated inputs".into());
    panel.add(Rule::horizontal(0.0));
    for (i, (name, values)) in theory.columns().enumerate() {
        let run = run.as_ref().and_then(|run| run.get(name));
        theory_and_simulation(&mut panel, name, &grid, values, run, series_color(i));
    }
    let second = theory.get("second weight").unwrap_or_default();
    let peak = (0..grid.len()).max_by(|a, b| second[*a].total_cmp(&second[*b])).unwrap_or(0);
    if second[peak] > 0.02 {
        let text = format!("up to {:.3}", second[peak]);
        panel.add(Text {
            color: series_color(1),
            ..Text::new(grid[peak] + 1.0, second[peak] + 0.04, text)
        });
    }
    explain_marks(&mut panel, run.is_some());
    Ok(panel)
}
