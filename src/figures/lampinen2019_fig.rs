//! A low-rank teacher with noisy targets over time.

use super::ensembles::{dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{even_grid, explain_marks, named};
use crate::generalization::linear::noisy_teacher::{
    NoisyTeacher, best_shrinkage_error, leading_errors,
};
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Color, Dash, Legend, Line, Panel, Sheet, series_color};
use crate::{Result, Solvable};

const STRENGTH: Parameter = Parameter {
    name: "strength",
    symbol: "s̄",
    unit: "",
    default: 6.0,
    low: 4.5,
    high: 12.0,
    kind: ParameterKind::Log,
    help: "singular value of the strongest teacher; the others have 1.5 and 3",
};

const START: Parameter = Parameter {
    name: "start",
    symbol: "ε₀",
    unit: "",
    default: 1e-3,
    low: 1e-6,
    high: 0.1,
    kind: ParameterKind::Log,
    help: "strength of every mode at the start",
};

pub(super) const FIGURE: Figure = Figure {
    name: "lampinen2019_fig",
    reference: "lampinen2019",
    title: "Signal is learned first and noise later",
    caption: "A two-layer linear network with 100 inputs and 50 outputs learns a teacher of rank one \
        from targets with noise (its singular values fill 1 ± √½; white inputs; start 10⁻³). a, Test \
        error, relative to the teacher, for three strengths of the teacher: it falls while the \
        teacher's mode is learned and rises with the noise. Dashed: the best that any shrinkage of \
        the targets' singular values reaches. b, Training error. Lines: theory with its corrections \
        of finite rank; dotted: the leading order of the paper, without them. Circles: singular \
        modes of sampled targets, mean and standard error over 30 draws.",
    parameters: &[STRENGTH, START],
    draw,
};

const END: f64 = 8.0;
const N_OUT: usize = 50;

fn draw(settings: &Settings) -> Result<Drawing> {
    let runs = if settings.effort == Effort::Paper { 30 } else { 8 };
    let time = || AxisSpec::linear("time (τ)").within(0.0, END);
    let mut test = Panel::new(time(), AxisSpec::log("test error"));
    let mut training = Panel::new(time(), AxisSpec::linear("training error").within(0.0, 1.05));
    (test.legend, training.legend) = (Legend::Auto, Legend::TopRight);
    let fine = even_grid(END, 161);
    let mut agreements = Vec::new();
    for (i, strength) in [1.5, 3.0, settings.values.get(&STRENGTH)].into_iter().enumerate() {
        let model = NoisyTeacher {
            strengths: vec![strength],
            ratio: 0.5,
            start: settings.values.get(&START),
            n_out: N_OUT,
        };
        let color = series_color(i);
        let label = format!("teacher {}", (100.0 * strength).round() / 100.0);
        let theory = model.predict(&fine)?;
        let leading = leading_errors(&model, &fine)?;
        let columns = [
            leading.iter().map(|e| e.test).collect::<Vec<_>>(),
            leading.iter().map(|e| e.training).collect(),
        ];
        for ((panel, (_, values)), leading) in
            [&mut test, &mut training].into_iter().zip(theory.columns()).zip(&columns)
        {
            let label = if panel.legend == Legend::Auto { label.as_str() } else { "" };
            panel.add(Line::new(label, &fine, values, color));
            let line = Line::new("", &fine, leading, Color::BLACK);
            panel.add(Line { dash: Dash::Dotted, width: 0.7, ..line });
        }
        let best = best_shrinkage_error(&model.strengths, model.ratio)?;
        let line = Line::new("", &[0.0, END], &[best, best], color);
        test.add(Line { dash: Dash::Dashed, width: 0.7, ..line });
        if settings.effort != Effort::Theory {
            let grid: Vec<f64> = even_grid(END, 17)[1..].to_vec();
            let (means, found) = measure(&model, &grid, runs, settings.seed)?;
            test.add(dots("", &grid, &means[0], color));
            training.add(dots("", &grid, &means[1], color));
            agreements.extend(named(&label, found));
        }
    }
    explain_marks(&mut training, settings.effort != Effort::Theory);
    for (label, dash, color) in [
        ("leading order", Dash::Dotted, Color::BLACK),
        ("best shrinkage (a)", Dash::Dashed, Color::GRAY),
    ] {
        training.add(Line { dash, width: 0.7, ..Line::new(label, &[], &[], color) });
    }
    let sheet = Sheet::new(FIGURE.title, vec![test, training]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}
