//! Continual learning of two tasks: forgetting is worst between tasks that are half alike.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named, thin};
use crate::continual::overlaps::{Task, TeacherPair};
use crate::continual::similarity::{Outcomes, SimilaritySweep, TasksAt};
use crate::continual::two_tasks::{Curriculum, Protection, TwoTasks};
use crate::net::Nonlinearity;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Band, Color, Dash, Dots, Legend, Line, Panel, Rule, Sheet, series_color, series_dash,
    series_marker,
};
use crate::student_teacher::flow::Learning;
use crate::{Agreement, Result};

const RATE: Parameter = Parameter {
    name: "rate",
    symbol: "η",
    unit: "",
    default: 1.0,
    low: 0.1,
    high: 2.0,
    kind: ParameterKind::Log,
    help: "learning rate of both layers",
};

const SWITCH: Parameter = Parameter {
    name: "switch",
    symbol: "t_s",
    unit: "examples per input",
    default: 60.0,
    low: 10.0,
    high: 300.0,
    kind: ParameterKind::Linear,
    help: "examples per input of each task",
};

const STRENGTH: Parameter = Parameter {
    name: "strength",
    symbol: "λ",
    unit: "",
    default: 5.0,
    low: 0.1,
    high: 1e3,
    kind: ParameterKind::Log,
    help: "strength of elastic weights",
};

pub(super) const FIGURE: Figure = Figure {
    name: "lee2021_fig2",
    reference: "lee2021",
    title: "Two tasks in sequence: forgetting is worst where they are half alike",
    caption: "A student of two erf units with a head for each task learns from one teacher of one \
        unit, then from another (settings are ours: weights of standard deviation 1, heads of \
        0.1, drawn in 128 dimensions). a, Errors on both tasks for three overlaps V of the \
        teachers' features. b, Forgetting at the end and shortly after the switch against V. c, \
        Transfer shortly after the switch. d, Forgetting of a student of three units against the \
        similarity of the readouts of two teachers of two units, (1, 1) and the same turned. e, \
        Forgetting when the second task is learned plainly, with elastic weights of strength λ, \
        with a tenth of replayed examples, and with a frozen first layer. f, Error on the second \
        task at the end that is the price. Lines: theory of infinitely many dimensions, mean \
        over random starts; bands: one standard deviation over starts (one standard error in d). \
        Open marks: networks of N inputs from the very same starts, one of N = 256 in a, and of \
        N = 128 (64 in the quick version) elsewhere, mean over the first starts (8 of 16 in b \
        and c, all 6 in e and f); bars: one standard error. New heads start small, near a \
        saddle, where small networks leave earlier or later than large ones: gaps are held \
        against what half as many inputs change.",
    parameters: &[RATE, SWITCH, STRENGTH],
    draw,
};

/// Dimensions in which starts are drawn.
const DRAWN_IN: usize = 128;
/// Examples per input after the switch at which early forgetting and transfer are shown.
const EARLY: f64 = 8.0;
/// Share of examples of the first task that are replayed.
const REPLAYED: f64 = 0.1;

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut agreements = Vec::new();
    let mut panels = vec![course_panel(settings)?];
    panels.extend(similarity_panels(settings, &mut agreements)?);
    panels.push(readout_panel(settings)?);
    panels.extend(protection_panels(settings, &mut agreements)?);
    let sheet = Sheet { description: FIGURE.caption.into(), ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet, agreements })
}

/// By effort: theory only, quick, paper.
fn by_effort<T>(settings: &Settings, choices: [T; 3]) -> T {
    let [theory, quick, paper] = choices;
    match settings.effort {
        Effort::Theory => theory,
        Effort::Quick => quick,
        Effort::Paper => paper,
    }
}

/// Students of `units` units at the random start of a seed, teachers of `teacher_units`.
fn tasks(
    settings: &Settings,
    (units, teacher_units): (usize, usize),
    (features, readouts): (f64, f64),
    seed: u64,
) -> Result<TwoTasks> {
    let pair = TeacherPair::similar(teacher_units, features, readouts)?;
    let rate = settings.values.get(&RATE);
    Ok(TwoTasks {
        activation: Nonlinearity::ERF_SQRT2,
        learning: Learning { rate, readout_rate: rate, noise: 0.0 },
        start: pair.random_student_with_heads(units, 0.1, 1.0, DRAWN_IN, seed)?,
        curriculum: Curriculum::sequential(settings.values.get(&SWITCH)),
        protection: Protection::None,
        size: by_effort(settings, [64, 64, 128]),
    })
}

/// Students along a similarity.
fn sweep<'a>(settings: &Settings, tasks: TasksAt<'a>) -> SimilaritySweep<'a> {
    SimilaritySweep { tasks, early: EARLY, seed: settings.seed }
}

/// What students come to, and how it is drawn. Outcomes are numbered as in
/// [`OUTCOMES`](crate::continual::similarity::OUTCOMES).
struct Curves(Outcomes);

impl Curves {
    fn line(&self, panel: &mut Panel, k: usize, label: &str, color: Color, dash: Dash) {
        let mean = self.0.mean_and_error(k).0;
        panel.add(Line { dash, ..Line::new(label, &self.0.points, &mean, color) });
    }

    /// The number of standard errors that a standard deviation is.
    fn deviation(&self) -> f64 {
        (self.0.values[0].len() as f64).sqrt()
    }

    /// A band of some standard errors on both sides of the mean.
    fn band(&self, panel: &mut Panel, k: usize, errors: f64, color: Color) {
        let (mean, error) = self.0.mean_and_error(k);
        let edge = |sign: f64| -> Vec<f64> {
            mean.iter().zip(&error).map(|(m, e)| m + sign * errors * e).collect()
        };
        panel.add(Band::new("", &self.0.points, &edge(-1.0), &edge(1.0), color));
    }

    fn dots(&self, panel: &mut Panel, k: usize, series: usize, color: Color) {
        let (mean, error) = self.0.mean_and_error(k);
        panel.add(Dots {
            open: true,
            marker: series_marker(series),
            spread: Some(error),
            ..Dots::new("", &self.0.points, &mean, color)
        });
    }
}

fn simulated(settings: &Settings) -> bool {
    settings.effort != Effort::Theory
}

fn course_panel(settings: &Settings) -> Result<Panel> {
    let switch = settings.values.get(&SWITCH);
    let mut panel = Panel::new(
        AxisSpec::linear("time (examples per input)").within(0.0, 2.0 * switch),
        AxisSpec::log("error").within(1e-6, 1.0),
    );
    panel.legend = Legend::BottomLeft;
    panel.add(Rule { label: Some("switch".into()), ..Rule::vertical(switch) });
    let grid = even_grid(2.0 * switch, 161);
    for (i, features) in [0.0, 0.4, 1.0].into_iter().enumerate() {
        let tasks = tasks(settings, (2, 1), (features, 1.0), settings.seed)?;
        let states = tasks.course(&grid)?;
        let color = series_color(i);
        for (task, dash) in [(Task::First, Dash::Solid), (Task::Second, Dash::Dashed)] {
            let errors: Vec<f64> =
                states.iter().map(|state| state.error(tasks.activation, task)).collect();
            let label =
                if task == Task::First { format!("*V* = {features}") } else { String::new() };
            panel.add(Line { dash, ..Line::new(label, &grid, &errors, color) });
        }
        if simulated(settings) {
            let size = by_effort(settings, [64, 64, 256]);
            let run = TwoTasks { size, ..tasks.clone() }.train(&grid, settings.seed)?;
            for (task, series) in [(Task::First, 0), (Task::Second, 1)] {
                let errors: Vec<f64> =
                    run.iter().map(|state| state.error(tasks.activation, task)).collect();
                let (x, y) = thin(&grid, &errors);
                let marker = series_marker(series);
                panel.add(Dots { open: true, marker, size: 0.8, ..Dots::new("", &x, &y, color) });
            }
        }
    }
    let second = Line::new("second task", &[], &[], Color::GRAY);
    panel.add(Line::new("first task", &[], &[], Color::GRAY));
    panel.add(Line { dash: Dash::Dashed, ..second });
    Ok(panel)
}

fn similarity_panels(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<[Panel; 2]> {
    let sweep = sweep(settings, Box::new(|v, seed| tasks(settings, (2, 1), (v, 1.0), seed)));
    let points = even_grid(1.0, by_effort(settings, [7, 7, 11]));
    let theory = Curves(sweep.predict(&points, by_effort(settings, [4, 5, 16]))?);
    let axis = || AxisSpec::linear("similarity of features *V*").within(-0.03, 1.03);
    let mut forgetting = Panel::new(axis(), AxisSpec::linear("forgetting"));
    let mut transfer = Panel::new(axis(), AxisSpec::linear("transfer"));
    let (end, early) = (series_color(0), series_color(1));
    let soon = format!("{EARLY} after the switch");
    let deviation = theory.deviation();
    theory.band(&mut forgetting, 2, deviation, end);
    theory.line(&mut forgetting, 2, "at the end", end, Dash::Solid);
    theory.band(&mut forgetting, 0, deviation, early);
    theory.line(&mut forgetting, 0, &soon, early, Dash::Dashed);
    theory.band(&mut transfer, 1, deviation, early);
    theory.line(&mut transfer, 1, &soon, early, Dash::Dashed);
    if simulated(settings) {
        let points = by_effort(settings, [vec![], vec![0.5, 1.0], vec![0.0, 0.2, 0.4, 0.7, 1.0]]);
        let starts = by_effort(settings, [0, 3, 8]);
        let runs = Curves(sweep.simulate(&points, starts)?);
        agreements.extend(named("features", sweep.compare(&runs.0, &[0, 1, 2], "V")?));
        runs.dots(&mut forgetting, 2, 0, end);
        runs.dots(&mut forgetting, 0, 1, early);
        runs.dots(&mut transfer, 1, 1, early);
    }
    explain_marks(&mut transfer, simulated(settings));
    forgetting.legend = Legend::TopRight;
    transfer.legend = Legend::TopLeft;
    Ok([forgetting, transfer])
}

fn readout_panel(settings: &Settings) -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::linear("similarity of readouts").within(-1.06, 1.06),
        AxisSpec::linear("forgetting at the end"),
    );
    panel.legend = Legend::Auto;
    let points = even_grid(2.0, by_effort(settings, [3, 3, 7]));
    let points: Vec<f64> = points.iter().map(|x| x - 1.0).collect();
    for (i, features) in [0.3, 1.0].into_iter().enumerate() {
        let at = move |r, seed| tasks(settings, (3, 2), (features, r), seed);
        let starts = by_effort(settings, [2, 2, 10]);
        let theory = Curves(sweep(settings, Box::new(at)).predict(&points, starts)?);
        let (color, dash) = (series_color(4 + i), series_dash(i));
        theory.band(&mut panel, 2, 1.0, color);
        theory.line(&mut panel, 2, &format!("*V* = {features}"), color, dash);
    }
    Ok(panel)
}

fn protection_panels(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<[Panel; 2]> {
    let axis = || AxisSpec::linear("similarity of features *V*").within(-0.03, 1.03);
    let mut forgetting = Panel::new(axis(), AxisSpec::linear("forgetting at the end"));
    let mut price = Panel::new(axis(), AxisSpec::log("error on task 2 at the end"));
    let (switch, strength) = (settings.values.get(&SWITCH), settings.values.get(&STRENGTH));
    let sequential = Curriculum::sequential(switch);
    let variants = [
        ("plain".to_owned(), sequential, Protection::None),
        (format!("elastic, λ = {strength}"), sequential, Protection::Elastic { strength }),
        (format!("replay of {REPLAYED}"), Curriculum::replay(switch, REPLAYED), Protection::None),
        ("frozen layer".to_owned(), sequential, Protection::frozen_layer(2)),
    ];
    for (i, (label, curriculum, protection)) in variants.into_iter().enumerate() {
        let protected = move |v, seed| {
            let plain = tasks(settings, (2, 1), (v, 1.0), seed)?;
            Ok(TwoTasks { curriculum, protection: protection.clone(), ..plain })
        };
        let sweep = sweep(settings, Box::new(protected));
        let points = even_grid(1.0, by_effort(settings, [5, 5, 9]));
        let theory = Curves(sweep.predict(&points, by_effort(settings, [2, 2, 6]))?);
        let (color, dash) = (series_color(i), series_dash(i));
        theory.line(&mut forgetting, 2, &label, color, dash);
        theory.line(&mut price, 3, "", color, dash);
        // The plain ones are in panel b.
        if settings.effort == Effort::Paper && i > 0 {
            let runs = Curves(sweep.simulate(&[0.2, 0.5, 0.8], 6)?);
            agreements.extend(named(&label, sweep.compare(&runs.0, &[2, 3], "V")?));
            runs.dots(&mut forgetting, 2, i, color);
            runs.dots(&mut price, 3, i, color);
        }
    }
    forgetting.legend = Legend::TopRight;
    Ok([forgetting, price])
}
