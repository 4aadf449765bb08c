//! Figures of what wide networks say of a user's own data.

use ndarray::Array2;

use crate::plot::{
    AxisSpec, Band, Color, Dots, Legend, Line, Panel, Rule, Scale, Sheet, series_color, series_dash,
};

/// Most times that get a panel of their own.
const PANELS: usize = 4;

/// Predictions on one-dimensional inputs.
#[derive(Debug)]
pub struct Bands<'a> {
    /// Times, which may be infinite.
    pub times: &'a [f64],
    /// Test inputs, m.
    pub points: &'a [f64],
    /// Mean outputs at each time, m × outputs, of which the first is drawn.
    pub means: &'a [Array2<f64>],
    /// Standard deviations, times × m.
    pub deviations: &'a Array2<f64>,
    /// Training inputs, n.
    pub inputs: &'a [f64],
    /// Their first target, n.
    pub targets: &'a [f64],
}

/// Mean and two standard deviations along the input, one panel for each time (the first, the last, and
/// some between), with the training examples.
pub fn bands(of: &Bands<'_>) -> Sheet {
    let mut order: Vec<usize> = (0..of.points.len()).collect();
    order.sort_by(|i, j| of.points[*i].total_cmp(&of.points[*j]));
    let x: Vec<f64> = order.iter().map(|i| of.points[*i]).collect();
    let panel = |time: usize| {
        let y = |sign: f64| -> Vec<f64> {
            let at = |i: &usize| of.means[time][[*i, 0]] + sign * of.deviations[[time, *i]];
            order.iter().map(at).collect()
        };
        let outputs = if of.means[time].ncols() > 1 { "output 1" } else { "output" };
        let mut panel = Panel::new(AxisSpec::linear("input"), AxisSpec::linear(outputs));
        panel.title = Some(match of.times[time] {
            f64::INFINITY => "end of training".into(),
            t => format!("after {t} steps"),
        });
        panel.legend = if time == 0 { Legend::Auto } else { Legend::None };
        let color = series_color(0);
        if x.len() > 1 {
            panel.add(Band::new("mean ± 2 std of networks", &x, &y(-2.0), &y(2.0), color));
            panel.add(Line::new("", &x, &y(0.0), color));
        } else {
            let spread = of.deviations.row(time).iter().map(|s| 2.0 * s).collect();
            let dots = Dots::new("mean ± 2 std of networks", &x, &y(0.0), color);
            panel.add(Dots { spread: Some(spread), ..dots });
        }
        panel.add(Dots::new("training examples", of.inputs, of.targets, Color::BLACK));
        panel
    };
    let n = of.times.len();
    let mut shown: Vec<usize> = (0..n.min(PANELS))
        .map(|k| if n <= PANELS { k } else { (k * (n - 1)).div_ceil(PANELS - 1) })
        .collect();
    shown.dedup();
    let panels = shown.into_iter().map(panel).collect();
    let description = "Line and band: mean and two standard deviations of the outputs of infinitely \
        wide networks, over their random initial weights. Dots: training examples.";
    let sheet = Sheet::new("Predictions of wide networks", panels);
    Sheet { description: description.into(), ..sheet }
}

/// How an ensemble learns.
#[derive(Debug)]
pub struct Curves<'a> {
    /// Finite times, increasing and positive.
    pub times: &'a [f64],
    /// Mean loss on the training examples.
    pub training: Vec<f64>,
    /// Mean loss on test points, where their targets are known.
    pub test: Option<Vec<f64>>,
    /// Root mean square standard deviation of the predictions over networks.
    pub spread: Vec<f64>,
}

/// Losses, and the spread of predictions, against time.
pub fn learning_curves(of: &Curves<'_>) -> Sheet {
    let time = || AxisSpec::log("training time (steps)");
    let lowest =
        of.training.iter().chain(of.test.iter().flatten()).fold(f64::INFINITY, |m, x| m.min(*x));
    let highest = of.training.iter().chain(of.test.iter().flatten()).fold(0.0f64, |m, x| m.max(*x));
    // Losses that fall out of sight are cut off, not drawn down to nothing.
    let mut losses = match lowest > 0.0 && highest > 20.0 * lowest {
        true => AxisSpec::log("loss"),
        false => AxisSpec::linear("loss"),
    };
    if losses.scale == Scale::Log {
        losses.range = Some((lowest.max(1e-12 * highest), 2.0 * highest));
    }
    let mut loss = Panel::new(time(), losses);
    let curves = [("training", Some(&of.training)), ("test", of.test.as_ref())];
    for (k, (name, values)) in curves.iter().enumerate() {
        if let Some(values) = values {
            let line = Line::new(*name, of.times, values, series_color(k));
            loss.add(Line { dash: series_dash(k), ..line });
        }
    }
    if let Some(start) = of.training.first() {
        loss.add(Rule::horizontal(*start));
    }
    let mut spread = Panel::new(time(), AxisSpec::linear("std of predictions"));
    spread.add(Line::new("", of.times, &of.spread, series_color(2)));
    let description = "Half mean squared errors averaged over infinitely wide networks, and the \
        standard deviation of their predictions on the test points.";
    let sheet = Sheet::new("Learning curves of wide networks", vec![loss, spread]);
    Sheet { description: description.into(), ..sheet }
}
