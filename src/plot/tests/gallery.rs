//! Figures with many features, to test and to look at.

use ndarray::Array2;

use crate::plot::*;

pub(super) fn grid(n: usize, to: f64) -> Vec<f64> {
    (0..n).map(|i| to * i as f64 / (n - 1) as f64).collect()
}

/// Curves of several modes with simulation, spread and a reference line.
fn dynamics(name: &str) -> Panel {
    let mut panel =
        Panel::new(AxisSpec::linear("time (τ)"), AxisSpec::linear("mode strength *a*_α"));
    panel.title = Some(name.into());
    let t = grid(200, 20.0);
    for mode in 0..4 {
        let s = 4.0 - mode as f64;
        let a = |t: f64| s / (1.0 + (s / 1e-2 - 1.0) * (-2.0 * s * t / 4.0).exp());
        let theory: Vec<f64> = t.iter().map(|&t| a(t)).collect();
        let color = gradient_color(mode, 4);
        let label = format!("*s*_{} = {s}", mode + 1);
        let (low, high): (Vec<f64>, Vec<f64>) =
            theory.iter().map(|a| (a - 0.15 * (1.0 - (a / s - 0.5).abs()), a + 0.15)).unzip();
        panel.add(Band::new("", &t, &low, &high, color));
        panel.add(Line::new(label.clone(), &t, &theory, color));
        let few: Vec<f64> = t.iter().step_by(12).copied().collect();
        let simulated: Vec<f64> = few.iter().map(|&t| a(t) + 0.03 * (7.0 * t).sin()).collect();
        let dots = Dots::new(label, &few, &simulated, color);
        panel.add(Dots { open: true, marker: series_marker(mode), ..dots });
    }
    panel.add(Rule { label: Some("*t*^*".into()), ..Rule::vertical(12.0) });
    panel
}

fn losses() -> Panel {
    let mut panel = Panel::new(
        AxisSpec::log("samples per dimension α = *P*/*N*"),
        AxisSpec::log("generalization error ε_g"),
    );
    let alpha: Vec<f64> = (0..60).map(|i| 10f64.powf(-1.0 + f64::from(i) * 0.08)).collect();
    for i in 0..3 {
        let error: Vec<f64> = alpha.iter().map(|a| 1.0 / (1.0 + a.powf(1.0 + i as f64))).collect();
        let name = ["*K* = 1", "*K* = 2", "*K* = 3"][i];
        let line = Line::new(name, &alpha, &error, series_color(i));
        panel.add(Line { dash: series_dash(i), ..line });
        let few: Vec<usize> = (0..60).step_by(6).collect();
        let x: Vec<f64> = few.iter().map(|&k| alpha[k]).collect();
        let y: Vec<f64> = few.iter().map(|&k| error[k] * 1.05).collect();
        let spread = Some(y.iter().map(|y| 0.3 * y).collect());
        let dots = Dots::new(name, &x, &y, series_color(i));
        panel.add(Dots { spread, marker: series_marker(i), ..dots });
    }
    panel.add(Text::new(0.2, 1e-8, "slope ∝ α^{−*K*}"));
    panel
}

fn matrix(rows: usize, columns: usize, diverging: bool) -> Panel {
    let mut panel = Panel::new(AxisSpec::linear("feature"), AxisSpec::linear("item"));
    let values = Array2::from_shape_fn((rows, columns), |(i, j)| {
        ((i * 7 + j * 3) as f64 * 0.37).sin() * 2.0 + if i == j { 1.0 } else { 0.0 }
    });
    panel.title = Some("Σ^{yx} = *U S V*ᵀ".into());
    panel.add(Heatmap {
        row_labels: (0..rows).map(|i| literal(&format!("item_{i}"))).collect(),
        column_labels: (0..columns).map(|j| literal(&format!("can <do> & {j}"))).collect(),
        colormap: if diverging { Colormap::Diverging } else { Colormap::Sequential },
        bar_label: Some("correlation Σ^{yx}_{ij}".into()),
        ..Heatmap::new(values)
    });
    panel
}

fn areas() -> Panel {
    let areas = ["V1", "V2", "V4", "IT", "a long area name", "another_one"].map(literal);
    let mut panel = Panel::new(AxisSpec::categories("", areas), AxisSpec::linear("transfer (%)"));
    for i in 0..3 {
        let x: Vec<f64> = (0..6).map(|k| f64::from(k) + 0.15 * (i as f64 - 1.0)).collect();
        let y: Vec<f64> = (0..6).map(|k| 60.0 + 30.0 * (f64::from(k) + i as f64).cos()).collect();
        let dots = Dots::new(format!("cond. {i}"), &x, &y, series_color(i));
        panel.add(Dots { spread: Some(vec![6.0; 6]), marker: series_marker(i), ..dots });
    }
    panel.add(Rule { label: Some("chance".into()), ..Rule::horizontal(50.0) });
    panel
}

fn large_numbers() -> Panel {
    let mut panel = Panel::new(
        AxisSpec::linear("gradient descent steps"),
        AxisSpec::linear("‖*W*_2 *W*_1‖^2_F"),
    );
    panel.title = Some("Slow".into());
    let t = grid(5000, 3e6);
    for i in 0..7 {
        let y: Vec<f64> = t
            .iter()
            .map(|t| 1e-6 * (1.0 + (t * 2e-6 * (1.0 + i as f64)).sin() * (t * 1e-3).cos()))
            .collect();
        panel.add(Line::new(format!("run {i}"), &t, &y, series_color(i)));
    }
    panel
}

fn distances() -> Panel {
    let mut panel = Panel::default();
    let n = 60;
    let values = Array2::from_shape_fn((n, n), |(i, j)| {
        (i as f64 / 10.0).floor().mul_add(-1.0, (j as f64 / 10.0).floor()).abs()
            + 0.01 * (i * j % 7) as f64
    });
    let names: Vec<String> = (0..n).map(|i| format!("stimulus {i}")).collect();
    panel.add(Heatmap {
        row_labels: names.clone(),
        column_labels: names,
        square: true,
        bar_label: Some("distance".into()),
        ..Heatmap::new(values)
    });
    panel
}

pub(super) fn gallery() -> Vec<(&'static str, Sheet)> {
    let four = vec![dynamics("Linear network"), losses(), matrix(8, 36, true), areas()];
    let mut phase = Panel::new(
        AxisSpec::log("load α").within(0.1, 100.0),
        AxisSpec::linear("noise σ").within(0.0, 2.0),
    );
    let values = Array2::from_shape_fn((40, 50), |(i, j)| (i as f64 / 8.0).sin() * 1e-4 * j as f64);
    phase.add(Heatmap { bar_label: Some("error".into()), ..Heatmap::new(values) });
    phase.add(Line::new("", &[0.1, 100.0], &[0.1, 1.9], Color::WHITE));
    let names = [
        "日本語",
        "עברית",
        "العربية",
        "Ελληνικά",
        "русский",
        "<script>alert(1)</script>",
        "a \"b\" & 'c'",
        "=1+1",
        "x_y^z*w*",
    ];
    let mut scripts =
        Panel::new(AxisSpec::linear("x"), AxisSpec::categories("", names.map(literal)));
    scripts.add(Dots::new(
        literal("日本 <b>_x_</b>"),
        &grid(9, 1.0),
        &grid(9, 8.0),
        series_color(1),
    ));
    let mut many = large_numbers();
    many.title =
        Some("A title that is longer than the panel is wide and therefore cut somewhere".into());
    many.legend = Legend::Below;
    let mut tall = matrix(60, 5, false);
    tall.aspect = 1.6;
    let mut narrow = losses();
    narrow.y.range = Some((0.2, 1.0));
    narrow.x = AxisSpec::linear("samples").within(1e4, 1e4 + 0.02);
    vec![
        ("four", Sheet::new("Four panels", four.clone())),
        ("slides", Sheet::new("Four panels", four)),
        ("single", Sheet::new("One panel", vec![dynamics("")])),
        (
            "six",
            Sheet::new(
                "Six",
                vec![
                    dynamics("A"),
                    losses(),
                    areas(),
                    large_numbers(),
                    matrix(8, 36, false),
                    phase,
                ],
            ),
        ),
        (
            "timing",
            Sheet::new(
                "Timing",
                vec![
                    dynamics("A"),
                    dynamics("B"),
                    losses(),
                    areas(),
                    matrix(8, 36, true),
                    matrix(8, 36, false),
                ],
            ),
        ),
        ("odd", Sheet::new("Odd", vec![many, tall, narrow])),
        ("rdm", Sheet::new("RDM", vec![distances(), scripts])),
    ]
}
