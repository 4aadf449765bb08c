//! The first-order transition of the perceptron with weights ±1.

use super::ensembles::{Mean, dots, measure_runs};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::explain_marks;
use crate::generalization::perceptron::examples::error_at;
use crate::generalization::perceptron::ising::{
    Transition, annealed_entropy, annealed_overlap, annealed_students, annealed_transition,
    high_temperature_overlap, high_temperature_transition, quenched, quenched_transition,
};
use crate::generalization::perceptron::ising_enumeration::SampledSpaces;
use crate::generalization::perceptron::ising_messages::IsingMessages;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Color, Dash, Dots, Legend, Line, Marker, Panel, Rule, Sheet, gradient_color,
    series_color,
};
use crate::trajectory::mean_over_runs;
use crate::{Agreement, Result, ensemble};

/// Weights and iterations of message passing.
const N_MESSAGES: usize = 150;
const ITERATIONS: usize = 60;
/// Loads at which messages are compared with state evolution: far from the spinodal.
const COMPARED: [f64; 6] = [0.2, 0.4, 0.6, 0.8, 1.0, 1.2];
/// Loads at which they are only shown.
const BEYOND: [f64; 6] = [1.35, 1.5, 1.7, 1.9, 2.1, 2.3];
/// Loads of panels b and c.
const LAST_LOAD: f64 = 2.0;

const WEIGHTS: Parameter = Parameter {
    name: "weights",
    symbol: "N",
    unit: "",
    default: 17.0,
    low: 5.0,
    high: 20.0,
    kind: ParameterKind::Integer,
    help: "weights of the largest perceptron whose students are enumerated",
};

pub(super) const FIGURE: Figure = Figure {
    name: "seung1992_ising",
    reference: "seung1992",
    title: "A perceptron with weights ±1 jumps to perfect generalization",
    caption: "Students and teacher have weights ±1. a, Error of a typical student without errors on \
        αN examples: quenched and annealed theory against α, high-temperature theory against α/T. \
        Solid: stable; dashed: metastable, up to the spinodal (diamond); dotted: the jump. Circles: \
        message passing (N = 150, 60 iterations, mean and standard error), which follows the \
        metastable branch because it cannot see the teacher, and finds it beyond the spinodal; it \
        is compared with state evolution up to α = 1.2, beyond which systems of this size round the \
        end of the branch. b, Logarithm of the \
        number of students without errors, per weight: its mean (quenched), and the logarithm of \
        the mean (annealed), in theory and by enumeration of all 2^N students (circles). The mean \
        number is known exactly at any N (dotted). c, Error of a typical student by enumeration: \
        in small systems the jump is smeared. Sizes are our choice.",
    parameters: &[WEIGHTS],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut agreements = Vec::new();
    let n = settings.values.integer(&WEIGHTS);
    let mut panels = vec![transition_panel(settings, &mut agreements)?];
    let sizes = [(n / 2).max(3), (3 * n / 4).max(4), n];
    let spaces = match settings.effort {
        Effort::Theory => Vec::new(),
        Effort::Quick => enumerations(&sizes, 100, settings.seed)?,
        Effort::Paper => enumerations(&sizes, 200, settings.seed)?,
    };
    panels.push(entropy_panel(n, spaces.last(), &mut agreements)?);
    panels.push(finite_panel(&spaces)?);
    let sheet = Sheet::new(FIGURE.title, panels);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

/// Overlap at a load, up to the spinodal.
type Branch<'a> = &'a dyn Fn(f64) -> Result<Option<f64>>;

/// The three theories and message passing.
fn transition_panel(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::linear("examples per weight α (or α/T)").within(0.0, 2.4),
        AxisSpec::linear("generalization error ε").within(-0.015, 0.52),
    );
    panel.aspect = 1.0;
    panel.legend = Legend::TopRight;
    let typical = |alpha: f64| quenched(alpha).map(|state| state.map(|s| s.overlap));
    let theories: [(&str, Transition, Branch<'_>); 3] = [
        ("quenched", quenched_transition()?, &typical),
        ("annealed", annealed_transition()?, &|a| Ok(annealed_overlap(a))),
        ("high temperature", high_temperature_transition()?, &|a| Ok(high_temperature_overlap(a))),
    ];
    for (i, (name, transition, overlap)) in theories.into_iter().enumerate() {
        add_theory(&mut panel, name, &transition, overlap, series_color(i))?;
    }
    add_messages(&mut panel, settings, agreements)?;
    Ok(panel)
}

/// One theory: stable up to the transition, metastable up to the spinodal.
fn add_theory(
    panel: &mut Panel,
    name: &str,
    transition: &Transition,
    overlap: Branch<'_>,
    color: Color,
) -> Result<()> {
    let branch = |from: f64, to: f64| -> Result<(Vec<f64>, Vec<f64>)> {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for k in 0..=120 {
            let at = from + (to - from) * f64::from(k) / 120.0;
            let r = if at == 0.0 { Some(0.0) } else { overlap(at)? };
            if let Some(r) = r {
                x.push(at);
                y.push(error_at(r));
            }
        }
        Ok((x, y))
    };
    let (x, y) = branch(0.0, transition.load)?;
    panel.add(Line::new(name, &x, &y, color));
    let (mut x, mut y) = branch(transition.load, transition.spinodal - 1e-9)?;
    x.push(transition.spinodal);
    y.push(error_at(transition.spinodal_overlap));
    panel.add(Line { dash: Dash::Dashed, ..Line::new("", &x, &y, color) });
    let jump = [error_at(transition.overlap), 0.0];
    let dotted = Line::new("", &[transition.load; 2], &jump, color);
    panel.add(Line { dash: Dash::Dotted, ..dotted });
    panel.add(Line::new("", &[transition.load, 2.4], &[0.0, 0.0], color));
    let end =
        Dots::new("", &[transition.spinodal], &[error_at(transition.spinodal_overlap)], color);
    panel.add(Dots { marker: Marker::Diamond, size: 1.2, ..end });
    Ok(())
}

fn add_messages(
    panel: &mut Panel,
    settings: &Settings,
    agreements: &mut Vec<Agreement>,
) -> Result<()> {
    let n_runs = match settings.effort {
        Effort::Theory => return Ok(()),
        Effort::Quick => 8,
        Effort::Paper => 20,
    };
    let model = IsingMessages { weights: N_MESSAGES, iterations: ITERATIONS };
    let seeds = seeds(settings.seed, n_runs);
    let (means, found) = measure_runs(&model, &COMPARED, &seeds)?;
    agreements.extend(found);
    let (later, later_errors) =
        mean_over_runs(&ensemble(&model, &BEYOND, &seeds)?, "message passing");
    let mean = Mean {
        values: [&means[0].values[..], &later].concat(),
        errors: [&means[0].errors[..], &later_errors].concat(),
    };
    let loads = [&COMPARED[..], &BEYOND].concat();
    panel.add(dots("message passing", &loads, &mean, series_color(0)));
    Ok(())
}

/// Seeds of runs, whose numbers have twenty bits.
fn seeds(seed: u64, runs: u64) -> Vec<u64> {
    (0..runs).map(|run| (seed << 20) + run).collect()
}

fn enumerations(sizes: &[usize], n_runs: u64, seed: u64) -> Result<Vec<SampledSpaces>> {
    let of_size = |n: &usize| {
        SampledSpaces::sample(*n, (LAST_LOAD * *n as f64) as usize, &seeds(seed, n_runs))
    };
    sizes.iter().map(of_size).collect()
}

/// About ten numbers of examples, evenly.
fn chosen(n: usize) -> Vec<usize> {
    let last = (LAST_LOAD * n as f64) as usize;
    (1..=last).step_by((last / 11).max(1)).collect()
}

fn entropy_panel(
    n: usize,
    sampled: Option<&SampledSpaces>,
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::linear("examples per weight α").within(0.0, LAST_LOAD),
        AxisSpec::linear("entropy per weight").within(-0.12, 0.72),
    );
    panel.aspect = 1.0;
    panel.legend = Legend::TopRight;
    panel.add(Rule::horizontal(0.0));
    let (color, annealed_color) = (series_color(0), series_color(1));
    let (mut stable, mut beyond) = ((vec![0.0], vec![2f64.ln()]), (Vec::new(), Vec::new()));
    let transition = quenched_transition()?;
    for k in 1..=150 {
        let alpha = transition.spinodal * f64::from(k) / 150.0;
        if let Some(state) = quenched(alpha)? {
            let part = if alpha <= transition.load { &mut stable } else { &mut beyond };
            part.0.push(alpha);
            part.1.push(state.entropy);
        }
    }
    panel.add(Line::new("quenched", &stable.0, &stable.1, color));
    panel.add(Line { dash: Dash::Dashed, ..Line::new("", &beyond.0, &beyond.1, color) });
    let end = annealed_transition()?.load;
    let loads: Vec<f64> = (0..=100).map(|k| end * f64::from(k) / 100.0).collect();
    let annealed = |a: &f64| annealed_entropy(*a, annealed_overlap(*a).unwrap_or(0.0));
    let values: Vec<f64> = loads.iter().map(annealed).collect();
    panel.add(Line::new("annealed", &loads, &values, annealed_color));
    let exact = |p: usize| annealed_students(n, p).iter().sum::<f64>();
    let last = (LAST_LOAD * n as f64) as usize;
    let (x, y): (Vec<f64>, Vec<f64>) =
        (0..=last).map(|p| (p as f64 / n as f64, exact(p).ln() / n as f64)).unzip();
    let line = Line::new(format!("annealed, exact at N = {n}"), &x, &y, annealed_color);
    panel.add(Line { dash: Dash::Dotted, ..line });
    let Some(sampled) = sampled else { return Ok(panel) };
    let key = Dots::new("enumeration", &[], &[], Color::GRAY);
    panel.add(Dots { open: true, ..key });
    let p = chosen(n);
    let x: Vec<f64> = p.iter().map(|p| *p as f64 / n as f64).collect();
    let mean = |of: &dyn Fn(usize) -> (f64, f64)| {
        let (values, errors) = p.iter().map(|p| of(*p)).unzip();
        Mean { values, errors }
    };
    panel.add(dots("", &x, &mean(&|p| sampled.entropy(p)), color));
    panel.add(dots("", &x, &mean(&|p| sampled.annealed_entropy(p)), annealed_color));
    agreements.extend(sampled.compare_counts(&p)?);
    Ok(panel)
}

fn finite_panel(spaces: &[SampledSpaces]) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::linear("examples per weight α").within(0.0, LAST_LOAD),
        AxisSpec::linear("error of a typical student ε").within(-0.015, 0.52),
    );
    panel.aspect = 1.0;
    panel.legend = Legend::TopRight;
    let transition = quenched_transition()?;
    let (mut x, mut y) = (vec![0.0], vec![0.5]);
    for k in 1..=120 {
        let alpha = transition.load * f64::from(k) / 120.0;
        if let Some(state) = quenched(alpha)? {
            x.push(alpha);
            y.push(error_at(state.overlap));
        }
    }
    let last = y[y.len() - 1];
    panel.add(Line::new("*N* → ∞", &x, &y, Color::BLACK));
    let jump = Line::new("", &[transition.load; 2], &[last, 0.0], Color::BLACK);
    panel.add(Line { dash: Dash::Dotted, ..jump });
    panel.add(Line::new("", &[transition.load, LAST_LOAD], &[0.0, 0.0], Color::BLACK));
    for (i, space) in spaces.iter().enumerate() {
        let (n, p) = (space.weights, chosen(space.weights));
        let x: Vec<f64> = p.iter().map(|p| *p as f64 / n as f64).collect();
        let (values, errors) = p.iter().map(|p| space.error(*p)).unzip();
        let label = format!("all students, *N* = {n}");
        let color = gradient_color(i, spaces.len());
        panel.add(dots(&label, &x, &Mean { values, errors }, color));
    }
    if spaces.is_empty() {
        explain_marks(&mut panel, false);
    }
    Ok(panel)
}
