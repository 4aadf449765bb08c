//! Final error against the number of examples; stopping in time against the best ridge.

use super::ensembles::{add_pieces, dots, measure};
use super::figure::{Drawing, Effort, Figure, Settings};
use super::parts::{explain_marks, log_grid, named};
use crate::curve::{Curve, Sweep};
use crate::generalization::linear::least_squares::{LEAST_SQUARES, STOPPED};
use crate::generalization::linear::ridge::{RIDGE_OPTIMAL, stopping_excess};
use crate::generalization::linear::student::Variances;
use crate::parameter::{Parameter, ParameterKind};
use crate::plot::{AxisSpec, Dash, Legend, Line, Panel, Sheet, series_color, series_dash};
use crate::{Axis, Result};

const SNR: Parameter = Parameter {
    name: "snr",
    symbol: "SNR",
    unit: "",
    default: 5.0,
    low: 0.5,
    high: 50.0,
    kind: ParameterKind::Log,
    help: "variance of the teacher's weights over that of the label noise (panel a)",
};

pub(super) const FIGURE: Figure = Figure {
    name: "advani2020_fig3",
    reference: "advani2020",
    title: "Stopping in time is nearly as good as the best ridge, and removes the peak",
    caption: "a, Test error of a linear student against examples per weight: trained without end (it \
        diverges at α = 1), stopped at the best time, and with the best penalty; signal-to-noise ratio \
        5. Lines: theory. Circles: networks with 100 inputs, mean and standard error over 30 draws. b, \
        How much larger the error of stopping is than that of the best ridge, theory, for four \
        signal-to-noise ratios of our choice.",
    parameters: &[SNR],
    draw,
};

fn draw(settings: &Settings) -> Result<Drawing> {
    let mut panel = Panel::new(
        AxisSpec::log("training examples per weight α").within(0.1, 10.0),
        AxisSpec::linear("test error").within(0.0, 2.2 * (1.0 + settings.values.get(&SNR).recip())),
    );
    panel.legend = Legend::TopRight;
    let (size, runs) = if settings.effort == Effort::Paper { (100, 30) } else { (40, 8) };
    let whole = vec![log_grid(0.1, 10.0, 121)];
    let broken = vec![log_grid(0.1, 0.98, 100), log_grid(1.02, 10.0, 100)];
    let near = [0.1, 0.25, 0.5, 0.7, 0.85, 1.18, 1.4, 2.0, 4.0, 10.0];
    let even = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0];
    let kinds: [(&'static Curve, &str, _, &[f64]); 3] = [
        (&LEAST_SQUARES, "without end", &broken, &near),
        (&STOPPED, "best stopping", &whole, &even),
        (&RIDGE_OPTIMAL, "best ridge", &whole, &even),
    ];
    let mut agreements = Vec::new();
    for (i, (curve, label, pieces, grid)) in kinds.into_iter().enumerate() {
        let sweep =
            Sweep::new(curve, &[("snr", settings.values.get(&SNR))], "alpha", Axis::Load, size)?;
        let color = series_color(i);
        let style = Line { dash: series_dash(i), ..Line::new(label, &[], &[], color) };
        add_pieces(&mut panel, &sweep, pieces, 0, &style, |e| e)?;
        if settings.effort != Effort::Theory {
            let (means, found) = measure(&sweep, grid, runs, settings.seed)?;
            panel.add(dots("", grid, &means[0], color));
            agreements.extend(named(label, found));
        }
    }
    explain_marks(&mut panel, settings.effort != Effort::Theory);
    let sheet = Sheet::new(FIGURE.title, vec![panel, excess()?]);
    Ok(Drawing { sheet: Sheet { description: FIGURE.caption.into(), ..sheet }, agreements })
}

fn excess() -> Result<Panel> {
    let mut panel = Panel::new(
        AxisSpec::log("training examples per weight α").within(0.1, 10.0),
        AxisSpec::linear("excess of stopping over ridge (%)"),
    );
    let grid = log_grid(0.1, 10.0, 121);
    for (i, snr) in [0.5, 1.0, 5.0, 50.0].into_iter().enumerate() {
        let variances = Variances::from_snr(snr)?;
        let values: Vec<f64> = grid
            .iter()
            .map(|alpha| Ok(100.0 * stopping_excess(*alpha, &variances)?))
            .collect::<Result<_>>()?;
        let dash = [Dash::Dotted, Dash::DashDotted, Dash::Solid, Dash::Dashed][i];
        let line = Line::new(format!("SNR {snr}"), &grid, &values, series_color(i + 3));
        panel.add(Line { dash, ..line });
    }
    Ok(panel)
}
