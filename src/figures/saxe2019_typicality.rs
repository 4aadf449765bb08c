//! Typical items, the recall of a category, and induction over development.

use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named, theory_and_simulation};
use crate::agreement::halving::compare_with_descent;
use crate::deep_linear::AlignedNetwork;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{
    AxisSpec, Dots, Legend, Line, Panel, Rule, Sheet, Width, gradient_color, literal, series_color,
};
use crate::semantic::CategoryRecall;
use crate::semantic::NewFeature;
use crate::semantic::NewItem;
use crate::semantic::categories::{category, typicality};
use crate::{Agreement, Correlations, Dataset, Modes, Result, Solvable, check};

/// Hidden units: as many modes are learned.
const N_HIDDEN: usize = 20;
/// Items that are named in a.
const NAMED: usize = 18;
const END: f64 = 80.0;
/// How long development is followed in c.
const CHILDHOOD: f64 = 24.0;

const MODE: Parameter = Parameter {
    name: "mode",
    symbol: "a",
    unit: "",
    default: 5.0,
    low: 2.0,
    high: 12.0,
    kind: ParameterKind::Integer,
    help: "mode whose category is shown in a and b",
};

const U0: Parameter = Parameter {
    name: "u0",
    symbol: "u₀",
    unit: "",
    default: 1e-3,
    low: 1e-6,
    high: 0.05,
    kind: ParameterKind::Log,
    help: "strength of every mode at the start",
};

pub(super) const FIGURE: Figure = Figure {
    name: "saxe2019_typicality",
    reference: "saxe2019",
    title: "Typical members of a category, and how far a new fact about one spreads",
    caption: "a, Typicality of items in one mode of a table of 67 living things, here birds against \
        invertebrates: entry of the item analyzer v (bars) and overlap of the item's features with \
        the prototype, y·u/(Ps) (dots), for members above a quarter of the largest. b, Recall of \
        the category for the most typical, a middle and the least typical of them: exact (lines), \
        gradient descent (circles). Typical items are recalled earlier and more. c, A new feature is given to the canary among \
        Rumelhart's eight living things after learning for a time t: projection to others, exact \
        (lines), and with both networks and new weights trained by gradient descent (circles). \
        Before anything is learned it stays with the canary; then it spreads to all, then to animals, \
        then to birds. d, The reverse: all that is known of a new item is that it has wings, studied for \
        5 τ; the features ascribed to it. All starts have modes of strength u₀. The \
        table and u₀ are chosen here.",
    parameters: &[MODE, U0],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let data = Dataset::living_things();
    let task = Correlations::of(&data)?;
    let modes = Modes::of(&task)?;
    let k = settings.values.integer(&MODE) - 1;
    let members = category(&modes, k)?.items;
    let mut agreements = Vec::new();
    let names: Vec<String> = data.item_names.iter().map(|name| literal(name)).collect();
    let panels = vec![
        analyzer(&data, &modes, k, &members, &names)?,
        recalled(settings, (&task, k), &members, &names, &mut agreements)?,
        induced(settings, &mut agreements)?,
        ascribed(settings, &mut agreements)?,
    ];
    let sheet = Sheet { columns: 2, width: Width::Double, ..Sheet::new(FIGURE.title, panels) };
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn analyzer(
    data: &Dataset,
    modes: &Modes,
    k: usize,
    members: &[(usize, f64)],
    names: &[String],
) -> Result<Panel> {
    // All if there is room for their names, otherwise an even choice.
    let n = members.len();
    let shown: Vec<(usize, f64)> = if n <= NAMED {
        members.to_vec()
    } else {
        (0..NAMED).map(|i| members[i * (n - 1) / (NAMED - 1)]).collect()
    };
    let overlap = typicality(data, modes.u.column(k), modes.singular_values[k])?;
    // The first category is at the bottom: the most typical is to be on top.
    let shown: Vec<_> = shown.into_iter().rev().collect();
    let largest = shown.iter().fold(0.0f64, |m, (_, v)| m.max(*v));
    let mut panel = Panel::new(
        AxisSpec::linear("typicality").within(0.0, 1.12 * largest),
        AxisSpec::categories("", shown.iter().map(|(i, _)| names[*i].clone())),
    );
    panel.aspect = 0.8;
    let features = &category(modes, k)?.features;
    let named = features.iter().take(2).map(|(m, _)| literal(&data.feature_names[*m]));
    let named: Vec<String> = named.collect();
    panel.title = Some(format!("mode {}: {}", k + 1, named.join(", ")));
    panel.legend = Legend::None;
    let places: Vec<f64> = (0..shown.len()).map(|i| i as f64).collect();
    for (place, (_, v)) in places.iter().zip(&shown) {
        let bar = Line::new("", &[0.0, *v], &[*place, *place], series_color(5));
        panel.add(Line { width: 3.0, ..bar });
    }
    let overlaps: Vec<f64> = shown.iter().map(|(i, _)| overlap[*i]).collect();
    panel.add(Dots::new("overlap with prototype", &overlaps, &places, series_color(0)));
    Ok(panel)
}

/// What the mode alone says of three members: its strength times their typicality.
fn recalled(
    settings: &Settings,
    (task, mode): (&Correlations, usize),
    members: &[(usize, f64)],
    names: &[String],
    agreements: &mut Vec<Agreement>,
) -> Result<Panel> {
    let rate = if settings.effort == Effort::Paper { 0.1 } else { 0.4 };
    let scale = settings.values.get(&U0).sqrt();
    let network = AlignedNetwork::uniform(task.clone(), &[N_HIDDEN], scale, rate);
    let grid = even_grid(END, 201);
    let last = members.len() - 1;
    let mut picked: Vec<usize> = [0, last / 2, last].iter().map(|i| members[*i].0).collect();
    picked.dedup();
    let items = picked.into_iter().map(|item| (names[item].clone(), item)).collect();
    let recall = CategoryRecall { network, mode, items };
    let theory = recall.predict(&grid)?;
    let mut run = None;
    if settings.effort != Effort::Theory {
        let train = |rate: f64| recall.train(&grid, settings.seed, rate);
        let (trained, found) = compare_with_descent(&theory, rate, train)?;
        agreements.extend(named("recall", found));
        run = Some(trained);
    }
    let mut panel = Panel::new(
        AxisSpec::linear("time (τ)").within(0.0, END),
        AxisSpec::linear("recall of the category *u*_*a*(*t*) *v*_{*ia*}"),
    );
    panel.aspect = 0.8;
    panel.legend = Legend::TopLeft;
    for (j, (name, values)) in theory.columns().enumerate() {
        let run = run.as_ref().and_then(|run| run.get(name));
        theory_and_simulation(&mut panel, name, &grid, values, run, gradient_color(j, 3));
    }
    explain_marks(&mut panel, run.is_some());
    Ok(panel)
}

fn induced(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let data = Dataset::rumelhart();
    let task = Correlations::of(&data)?;
    let rate = if settings.effort == Effort::Paper { 0.005 } else { 0.02 };
    let scale = settings.values.get(&U0).sqrt();
    let network = AlignedNetwork::uniform(task, &[16], scale, rate);
    let index = |name: &str| data.item_names.iter().position(|n| n == name).unwrap_or(0);
    let question = NewFeature { network, given: index("canary") };
    let grid = even_grid(CHILDHOOD, 241);
    let theory = question.predict(&grid)?;
    let mut run = None;
    if settings.effort != Effort::Theory {
        let found = check(&question, &grid, &[settings.seed])?;
        agreements.extend(named("induction", found));
        run = Some(question.simulate(&grid, settings.seed)?);
    }
    let mut panel = Panel::new(
        AxisSpec::linear("experience before the new fact (τ)").within(0.0, CHILDHOOD),
        AxisSpec::linear("projection of a canary's new feature"),
    );
    panel.aspect = 0.8;
    panel.legend = Legend::Auto;
    panel.add(Rule::horizontal(0.0));
    for (j, name) in ["robin", "salmon", "rose", "oak"].into_iter().enumerate() {
        let observable = format!("input {}", index(name) + 1);
        let run = run.as_ref().and_then(|run| run.get(&observable));
        let values = theory.get(&observable).unwrap_or_default();
        theory_and_simulation(&mut panel, name, &grid, values, run, series_color(j));
    }
    Ok(panel)
}

/// What else a new item is thought to have, of which one feature is known.
fn ascribed(settings: &Settings, agreements: &mut Vec<Agreement>) -> Result<Panel> {
    let data = Dataset::rumelhart();
    let task = Correlations::of(&data)?;
    let rate = if settings.effort == Effort::Paper { 0.005 } else { 0.02 };
    let network = AlignedNetwork::uniform(task, &[16], settings.values.get(&U0).sqrt(), rate);
    let index = |name: &str| data.feature_names.iter().position(|n| n == name).unwrap_or(0);
    let question = NewItem { network, given: vec![(index("has wings"), 1.0)], study: 5.0 };
    let grid = even_grid(CHILDHOOD, 121);
    let theory = question.predict(&grid)?;
    let mut run = None;
    if settings.effort != Effort::Theory {
        agreements.extend(named("new item", check(&question, &grid, &[settings.seed])?));
        run = Some(question.simulate(&grid, settings.seed)?);
    }
    let mut panel = Panel::new(
        AxisSpec::linear("experience before the new item (τ)").within(0.0, CHILDHOOD),
        AxisSpec::linear("ascribed to what has wings"),
    );
    panel.aspect = 0.8;
    panel.legend = Legend::Auto;
    panel.add(Rule::horizontal(0.0));
    let names = ["can fly", "can grow", "has skin", "has scales", "has roots"];
    for (j, name) in names.into_iter().enumerate() {
        let observable = format!("output {}", index(name) + 1);
        let run = run.as_ref().and_then(|run| run.get(&observable));
        let values = theory.get(&observable).unwrap_or_default();
        theory_and_simulation(&mut panel, name, &grid, values, run, series_color(j));
    }
    Ok(panel)
}
