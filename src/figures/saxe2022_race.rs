//! Gated linear networks: the exclusive or, routing, and the race of pathways.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named, theory_and_simulation, thin};
use crate::agreement::halving::compare_with_descent;
use crate::deep_linear::recording::mode_name;
use crate::gated::XorNetwork;
use crate::gated::race_network::{RaceNetwork, final_shares, trained_shares};
use crate::gated::rectified::{equivalent_loss, random_units, xor_modes};
use crate::gated::routing::{Routing, random_task};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dash, Dots, Legend, Line, Marker, Panel, Sheet, Text, gradient_color,
    series_color,
};
use crate::{Agreement, Result, Solvable, Trajectory};

/// Weights of all aligned layers of the exclusive or.
const XOR_START: f64 = 0.05;
/// Standard deviation of the random ones, small enough for their theory.
const RANDOM_START: f64 = 0.005;
const RANDOM_UNITS: usize = 20;
/// Layers of the race that is behind.
const RACE_START: f64 = 0.3;
const SLOWEST_DEPTH: usize = 6;
const DEEPEST: usize = 8;

const ADVANTAGE: Parameter = Parameter {
    name: "advantage",
    symbol: "h",
    unit: "%",
    default: 10.0,
    low: 0.1,
    high: 100.0,
    kind: ParameterKind::Log,
    help: "head start of the leading path's layers in percent",
};

const DOMAINS: Parameter = Parameter {
    name: "domains",
    symbol: "M",
    unit: "",
    default: 3.0,
    low: 2.0,
    high: 6.0,
    kind: ParameterKind::Integer,
    help: "input domains, output domains and contexts",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2022_race",
    reference: "saxe2022",
    title: "Gated linear networks: what is shared wins the race",
    caption: "Our settings throughout. a, Exclusive or: loss of four gated linear pathways (line: \
        exact solution; circles: gradient descent) and of the four rectified units that do the same \
        (triangles); beside it twenty rectified units from random weights of standard deviation \
        0.005, against the gated network that they are equivalent to if they start small. b, Routing \
        between input and output domains through one shared layer, two modes: pairs that were \
        trained, and pairs that were not. c, Share of the winner of two paths for one mode, of \
        singular value 1, from layers of about 0.3: with a head start, and without one if it is open \
        in all contexts and its rival in one. d, Strengths of two always-open paths with that head \
        start over time. Lines: exact solution. Open marks: gradient descent.",
    parameters: &[ADVANTAGE, DOMAINS],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut agreements = Vec::new();
    let panels = vec![
        xor_panel(settings, &mut agreements)?,
        routing_panel(settings, &mut agreements)?,
        depth_panel(settings, &mut agreements)?,
        course_panel(settings, &mut agreements)?,
    ];
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

fn simulated(settings: &Settings) -> bool {
    settings.effort != Effort::Theory
}

fn rate(settings: &Settings, paper: f64) -> f64 {
    if settings.effort == Effort::Paper { paper } else { 4.0 * paper }
}

fn xor_panel(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let grid = even_grid(24.0, 121);
    let network = XorNetwork::uniform(XOR_START, rate(settings, 0.01));
    let mut panel = Panel::new(
        AxisSpec::linear("time (τ)").within(0.0, 24.0),
        AxisSpec::linear("loss").within(0.0, 0.55),
    );
    panel.legend = Legend::TopRight;
    let prediction = network.predict(&grid)?;
    panel.add(Line::new("gated pathways", &grid, &loss(&prediction), series_color(0)));
    let random = random_units(RANDOM_UNITS, RANDOM_START, (settings.seed, 1))?;
    let equivalent = equivalent_loss(&xor_modes(&random)?, &grid);
    let line = Line::new("equivalent of random units", &grid, &equivalent, series_color(1));
    panel.add(Line { dash: Dash::Dashed, ..line });
    if simulated(settings) {
        add_xor_runs(&mut panel, settings, &network, &prediction, agreements)?;
        let random = XorNetwork::train_rectified(random, &grid, network.rate)?;
        add_random_units(&mut panel, &equivalent, &random);
    }
    Ok(panel)
}

fn loss(run: &Trajectory) -> Vec<f64> {
    run.get("loss").unwrap_or_default().to_vec()
}

/// The gated network and the four rectified units that do the same.
fn add_xor_runs(
    panel: &mut Panel,
    settings: &Settings,
    network: &XorNetwork,
    prediction: &Trajectory,
    agreements: &mut Vec<Agreement>,
) -> Result<()> {
    let (grid, blue) = (prediction.grid(), series_color(0));
    let (gated, found) = compare_with_descent(prediction, network.rate, |rate| {
        XorNetwork { rate, ..network.clone() }.simulate(grid, settings.seed)
    })?;
    agreements.extend(named("exclusive or", found));
    let (relu, found) = compare_with_descent(prediction, network.rate, |rate| {
        XorNetwork::train_rectified(network.relu()?, grid, rate)
    })?;
    agreements.extend(named("exclusive or, four rectified units", found));
    let (x, y) = thin(grid, &loss(&gated));
    panel.add(Dots { open: true, ..Dots::new("gated, trained", &x, &y, blue) });
    let (x, y) = thin(&grid[3..], &loss(&relu)[3..]);
    let dots = Dots::new("4 rectified units", &x, &y, blue);
    panel.add(Dots { open: true, marker: Marker::Triangle, ..dots });
    Ok(())
}

fn add_random_units(panel: &mut Panel, equivalent: &[f64], random: &Trajectory) {
    let orange = series_color(1);
    let (x, y) = thin(random.grid(), &loss(random));
    let dots = Dots::new(format!("{RANDOM_UNITS} random rectified units"), &x, &y, orange);
    panel.add(Dots { open: true, marker: Marker::Triangle, ..dots });
    let gap = equivalent.iter().zip(loss(random)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let share = 100.0 * gap / equivalent[0];
    panel.add(Text { color: orange, ..Text::new(14.5, 0.2, format!("largest gap {share:.1} %")) });
}

fn routing_panel(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let domains = settings.values.integer(&DOMAINS);
    let end = 6.0 * domains as f64;
    let grid = even_grid(end, 121);
    let rate = rate(settings, 0.01);
    let network = Routing {
        task: random_task(&[2.0, 1.0, 0.0], settings.seed)?,
        domains,
        pairs: if domains == 2 { 2 } else { 2 * domains },
        hidden: [4, 4],
        layers: vec![[0.2; 3], [0.2; 3], [0.2; 3]],
        rate,
    };
    let prediction = network.predict(&grid)?;
    let run = match simulated(settings) {
        false => None,
        true => {
            let (run, found) = compare_with_descent(&prediction, rate, |rate| {
                Routing { rate, ..network.clone() }.simulate(&grid, settings.seed)
            })?;
            agreements.extend(named("routing", found));
            Some(run)
        }
    };
    let mut panel = Panel::new(
        AxisSpec::linear("time (τ)").within(0.0, end),
        AxisSpec::linear("mode strength *u*_*k*").within(0.0, 2.2),
    );
    panel.legend = Legend::BottomRight;
    explain_marks(&mut panel, false);
    if run.is_some() {
        panel.add(Dots { open: true, ..Dots::new("trained pairs", &[], &[], Color::GRAY) });
        let untrained = Dots::new("untrained pairs", &[], &[], Color::GRAY);
        panel.add(Dots { open: true, marker: Marker::Square, ..untrained });
    }
    for k in 0..2 {
        let color = gradient_color(k, 2);
        let of = |t: &Trajectory, group: &str| {
            t.get(&format!("{group} {}", mode_name(k))).unwrap_or_default().to_vec()
        };
        panel.add(Line::new("", &grid, &of(&prediction, "trained"), color));
        if let Some(run) = &run {
            let (x, y) = thin(&grid, &of(run, "trained"));
            panel.add(Dots { open: true, ..Dots::new("", &x, &y, color) });
            let (x, y) = thin(&grid[3..], &of(run, "untrained")[3..]);
            let dots = Dots { open: true, marker: Marker::Square, ..Dots::new("", &x, &y, color) };
            panel.add(dots);
        }
    }
    Ok(panel)
}

/// Two always-open paths, one with a head start.
fn head_start(settings: &Settings, depth: usize, rate: f64) -> RaceNetwork {
    let lead = RACE_START * (1.0 + settings.values.get(&ADVANTAGE) / 100.0);
    RaceNetwork {
        s: 1.0,
        d: 1.0,
        depth,
        contexts: 1,
        shared: vec![lead, RACE_START],
        private: Vec::new(),
        n_hidden: 2,
        rate,
    }
}

/// A path open in all contexts, and in each a private one with the same start.
fn shared_and_private(settings: &Settings, depth: usize, rate: f64) -> RaceNetwork {
    RaceNetwork {
        contexts: settings.values.integer(&DOMAINS),
        shared: vec![RACE_START],
        private: vec![RACE_START],
        ..head_start(settings, depth, rate)
    }
}

fn depth_panel(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::linear("depth *L* (weight layers)").within(1.7, DEEPEST as f64 + 0.3),
        AxisSpec::linear("share of the winner").within(0.45, 1.03),
    );
    panel.legend = Legend::BottomRight;
    let all: Vec<usize> = (2..=DEEPEST).collect();
    let trained: Vec<usize> = (2..=SLOWEST_DEPTH).collect();
    let (h, m) = (settings.values.get(&ADVANTAGE), settings.values.integer(&DOMAINS));
    let rate = rate(settings, 0.02);
    type Build = fn(&Settings, usize, f64) -> RaceNetwork;
    let series: [(String, Build); 2] = [
        (format!("head start of {h} %"), head_start),
        (format!("open in {m} contexts against 1"), shared_and_private),
    ];
    let of = |t: &Trajectory| t.get("share").unwrap_or_default().to_vec();
    for (i, (label, build)) in series.into_iter().enumerate() {
        let color = series_color(2 + i);
        let networks = |depths: &[usize]| -> Vec<RaceNetwork> {
            depths.iter().map(|depth| build(settings, *depth, rate)).collect()
        };
        let theory = final_shares(&networks(&all))?;
        panel.add(Line::new(&label, theory.grid(), &of(&theory), color));
        panel.add(Dots { size: 0.6, ..Dots::new("", theory.grid(), &of(&theory), color) });
        if !simulated(settings) {
            continue;
        }
        // Behind the slower of the starts, then a few e-folds.
        let late = trained.iter().map(|depth| RACE_START.powi(2 - *depth as i32) + 20.0);
        let late: Vec<f64> = late.collect();
        let (run, found) = trained_shares(&networks(&trained), &late, settings.seed)?;
        agreements.extend(named(&format!("depth, {label}"), found));
        panel.add(Dots { open: true, size: 1.4, ..Dots::new("", run.grid(), &of(&run), color) });
    }
    Ok(panel)
}

fn course_panel(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let end = 14.0;
    let grid = even_grid(end, 141);
    let rate = rate(settings, 0.005);
    let mut panel = Panel::new(
        AxisSpec::linear("time (τ)").within(0.0, end),
        AxisSpec::linear("strength of a path *a*_*i*^*L*"),
    );
    panel.legend = Legend::Auto;
    for (i, depth) in [2, 4].into_iter().enumerate() {
        let network = head_start(settings, depth, rate);
        let prediction = network.predict(&grid)?;
        let mut run = None;
        if simulated(settings) {
            let (found, agreement) = compare_with_descent(&prediction, rate, |rate| {
                RaceNetwork { rate, ..network.clone() }.simulate(&grid, settings.seed)
            })?;
            agreements.extend(named(&format!("race, {depth} layers"), agreement));
            run = Some(found);
        }
        let color = series_color(4 + i);
        for (name, label) in [
            ("shared path 1", format!("*L* = {depth}, leader")),
            ("shared path 2", format!("*L* = {depth}, rival")),
        ] {
            let theory = prediction.get(name).unwrap_or_default();
            let simulation = run.as_ref().and_then(|run| run.get(name));
            if name.ends_with('1') {
                theory_and_simulation(&mut panel, &label, &grid, theory, simulation, color);
            } else {
                let line = Line::new(&label, &grid, theory, color);
                panel.add(Line { dash: Dash::Dashed, ..line });
                let (x, y) = simulation.map(|u| thin(&grid, u)).unwrap_or_default();
                panel.add(Dots { open: true, ..Dots::new("", &x, &y, color) });
            }
        }
    }
    Ok(panel)
}
