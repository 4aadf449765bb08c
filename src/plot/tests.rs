//! Whole figures: what they show, what they refuse, and that they are the same every time.

use ndarray::Array2;
use proptest::prelude::*;

use super::*;
use crate::Error;

mod gallery;
use gallery::{gallery, grid};

#[test]
#[ignore = "writes figures to look at into out/odd-figures, or the folder that GALLERY names"]
fn gallery_to_look_at() {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/out/odd-figures");
    let folder = std::env::var_os("GALLERY").unwrap_or_else(|| ours.into());
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, sheet) in gallery() {
        let style = if name == "slides" { Style::Slides } else { Style::Paper };
        let start = std::time::Instant::now();
        let made = render_all(&sheet, style, PRINT_DPI).unwrap();
        let time = start.elapsed();
        let files = [
            ("svg", made.svg.as_bytes()),
            ("pdf", &made.pdf),
            ("png", &made.png),
            ("csv", made.csv.as_bytes()),
        ];
        let sizes =
            files.map(|(extension, bytes)| format!("{extension} {} kB", bytes.len() / 1000));
        eprintln!("{name}: {time:.0?}, {}", sizes.join(", "));
        for (extension, bytes) in files {
            std::fs::write(folder.join(name).with_extension(extension), bytes).unwrap();
        }
    }
}

fn one_line(x: &[f64], y: &[f64]) -> Sheet {
    let mut panel = Panel { title: Some("Loss".into()), ..Panel::default() };
    panel.add(Line::new("mode 1", x, y, series_color(0)));
    Sheet::new("", vec![panel])
}

fn refusal(sheet: &Sheet) -> String {
    let error = svg(sheet, Style::Paper).unwrap_err();
    error.to_string()
}

#[test]
fn numbers_that_are_not_finite_are_refused_with_their_place() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let sheet = one_line(&[0.0, 1.0], &[0.0, bad]);
        assert!(matches!(svg(&sheet, Style::Paper), Err(Error::NonFinite { .. })));
        assert!(matches!(csv(&sheet), Err(Error::NonFinite { .. })));
        let message = refusal(&sheet);
        for part in ["panel a (Loss)", "mode 1", "y of", "index 1"] {
            assert!(message.contains(part), "{message}");
        }
    }
    let mut panel = Panel::default();
    let mut values = Array2::zeros((2, 3));
    values[(1, 2)] = f64::NAN;
    panel.add(Heatmap::new(values));
    assert!(refusal(&Sheet::new("", vec![panel])).contains("row 1, column 2"));
}

#[test]
fn columns_of_different_lengths_are_refused() {
    assert!(refusal(&one_line(&[0.0, 1.0], &[0.0])).contains("y of panel a (Loss), mode 1"));
    let mut panel = Panel::default();
    panel.add(Dots { spread: Some(vec![]), ..Dots::new("d", &[1.0], &[1.0], Color::BLACK) });
    assert!(refusal(&Sheet::new("", vec![panel])).contains("spread"));
    let mut panel = Panel::default();
    panel.add(Heatmap { row_labels: vec!["one".into()], ..Heatmap::new(Array2::zeros((2, 2))) });
    assert!(refusal(&Sheet::new("", vec![panel])).contains("row labels"));
}

#[test]
fn a_logarithmic_axis_names_the_series_that_is_not_positive() {
    let mut sheet = one_line(&[0.0, 1.0], &[1.0, 2.0]);
    sheet.panels[0].x = AxisSpec::log("samples");
    let message = refusal(&sheet);
    assert!(message.contains("mode 1") && message.contains("positive"), "{message}");
}

#[test]
fn axis_ranges_without_extent_are_refused() {
    let beyond = f64::MAX;
    for (low, high) in [
        (1.0, 1.0),
        (2.0, 1.0),
        (f64::NAN, 1.0),
        (0.0, f64::INFINITY),
        (1.0, 1.0 + 1e-15),
        (0.0, beyond),
    ] {
        let mut sheet = one_line(&[0.0, 1.0], &[1.0, 2.0]);
        sheet.panels[0].y = AxisSpec::linear("loss").within(low, high);
        let message = refusal(&sheet);
        assert!(message.contains("y axis of panel a (Loss)"), "{message}");
    }
    assert!(refusal(&one_line(&[0.0, 1.0], &[1e301, 2e301])).contains("y axis"));
}

#[test]
fn nothing_and_constants_are_drawn_on_sensible_axes() {
    for (x, y) in [(vec![], vec![]), (vec![3.0], vec![0.0]), (vec![0.0, 1.0], vec![7.0, 7.0])] {
        let figure = svg(&one_line(&x, &y), Style::Paper).unwrap();
        assert!(!figure.contains("NaN") && !figure.contains("inf"), "{figure}");
    }
    assert!(refusal(&Sheet::default()).contains("at least one panel"));
}

#[test]
fn the_same_figure_is_the_same_bytes() {
    let sheet = &gallery()[0].1;
    let first = render_all(sheet, Style::Paper, 100.0).unwrap();
    assert!(first == render_all(&sheet.clone(), Style::Paper, 100.0).unwrap());
    assert_eq!(first.svg, svg(sheet, Style::Paper).unwrap());
    for _ in 0..8 {
        assert!(first.pdf == pdf(sheet, Style::Paper).unwrap());
    }
    assert!(first.png == png(sheet, Style::Paper, 100.0).unwrap());
    assert!(!String::from_utf8_lossy(&first.pdf).contains("CreationDate"));
}

#[test]
fn names_of_users_cannot_break_the_figure() {
    let nasty = "<script>alert('&\"')</script> ]]> \u{0}\u{7} --> 日本 _x_^*";
    let mut panel = Panel { title: Some(nasty.into()), ..Panel::default() };
    panel.y = AxisSpec::categories(nasty, [nasty, &literal(nasty)]);
    panel.add(Dots::new(nasty, &[0.0, 1.0], &[0.0, 1.0], Color::BLACK));
    panel.add(Text::new(0.5, 0.5, nasty));
    let sheet = Sheet { description: nasty.into(), ..Sheet::new(nasty, vec![panel]) };
    let figure = render_all(&sheet, Style::Slides, 72.0).unwrap();
    assert!(!figure.svg.contains("<script"));
    assert!(figure.svg.chars().all(|c| c == '\n' || !c.is_control()));
    // Another parser accepts it.
    resvg::usvg::roxmltree::Document::parse(&figure.svg).unwrap();
}

#[test]
fn a_figure_has_its_real_size_and_words_for_those_who_cannot_see_it() {
    let sheet = Sheet { description: "One curve.".into(), ..one_line(&[0.0, 1.0], &[0.0, 1.0]) };
    let sheet = Sheet { title: "Loss & time".into(), ..sheet };
    let figure = svg(&sheet, Style::Paper).unwrap();
    assert!(figure.contains("width=\"89mm\""));
    assert!(figure.contains("<title>Loss &amp; time</title>\n<desc>One curve.</desc>"));
}

#[test]
fn figures_of_usual_content_are_small_files() {
    let four = render_all(&gallery()[0].1, Style::Paper, PRINT_DPI).unwrap();
    assert!(four.svg.len() < 250_000, "{}", four.svg.len());
    assert!(four.pdf.len() < 150_000, "{}", four.pdf.len());
}

#[test]
fn a_legend_that_would_hide_curves_stands_outside() {
    let x = grid(100, 1.0);
    let mut panel = Panel::default();
    for i in 0..40 {
        let y: Vec<f64> = x.iter().map(|x| f64::from(i) + (9.0 * x).sin()).collect();
        panel.add(Line::new(
            if i < 3 { format!("run {i}") } else { String::new() },
            &x,
            &y,
            series_color(0),
        ));
    }
    let sheet = Sheet::new("", vec![panel]);
    let (_, frames) = plan::layout::arrange(&sheet, &Style::Paper.look(Width::Single)).unwrap();
    assert!(frames[0].legend_at.0 > frames[0].inner.right());
    let mut free = one_line(&[0.0, 1.0], &[0.0, 1.0]);
    free.panels[0].legend = Legend::Auto;
    let (_, frames) = plan::layout::arrange(&free, &Style::Paper.look(Width::Single)).unwrap();
    assert!(frames[0].inner.contains(frames[0].legend_at));
}

#[test]
fn what_decays_to_the_smallest_numbers_is_drawn_on_a_logarithmic_axis() {
    for smallest in [1e-300, 1e-310, 5e-324] {
        let mut panel = Panel { y: AxisSpec::log("loss"), ..Panel::default() };
        panel.add(Line::new("", &[0.0, 1.0, 2.0], &[1.0, 1e-9, smallest], Color::BLACK));
        let figure = svg(&Sheet::new("", vec![panel]), Style::Paper).unwrap();
        assert!(!figure.contains("NaN") && !figure.contains("inf"));
    }
}

#[test]
fn panels_of_a_row_and_of_a_column_are_aligned() {
    let sheet = &gallery()[0].1;
    let (_, frames) = plan::layout::arrange(sheet, &Style::Paper.look(sheet.width)).unwrap();
    assert_eq!(frames[0].inner.y, frames[1].inner.y);
    assert_eq!(frames[0].inner.x, frames[2].inner.x);
    assert_eq!(frames[1].inner.right(), frames[3].inner.right());
    assert_eq!(frames[0].inner.height, frames[1].inner.height);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_finite_numbers_are_drawn_or_refused_but_never_break(
        points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..40),
        scale in -300i32..300,
        is_log in any::<bool>(),
    ) {
        let squash = |v: f64| if v.is_finite() { v.signum() * (v.abs().ln_1p() * 10f64.powi(scale)) } else { v };
        let (x, y): (Vec<f64>, Vec<f64>) = points.iter().map(|&(x, y)| (x, squash(y))).unzip();
        let is_finite = x.iter().chain(&y).all(|v| v.is_finite());
        let mut panel = Panel::default();
        if is_log {
            panel.y = AxisSpec::log("y");
        }
        panel.add(Line::new("a", &x, &y, Color::BLACK));
        panel.add(Dots { spread: Some(y.iter().map(|y| y.abs()).collect()), ..Dots::new("b", &x, &y, Color::BLACK) });
        panel.add(Band::new("c", &x, &y, &y, Color::BLACK));
        match svg(&Sheet::new("", vec![panel]), Style::Paper) {
            Ok(figure) => {
                prop_assert!(is_finite);
                prop_assert!(!figure.contains("NaN") && !figure.contains("inf"));
            }
            Err(Error::NonFinite { .. }) => prop_assert!(!is_finite),
            Err(Error::Parameter { .. }) => {}
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn any_label_is_drawn(label in any::<String>()) {
        let mut panel = Panel { title: Some(label.clone()), ..Panel::default() };
        panel.x.label = label.clone();
        panel.add(Line::new(label.clone(), &[0.0, 1.0], &[0.0, 1.0], Color::BLACK));
        let sheet = Sheet::new(label, vec![panel]);
        let figure = svg(&sheet, Style::Paper).unwrap();
        prop_assert!(resvg::usvg::roxmltree::Document::parse(&figure).is_ok());
        prop_assert!(csv(&sheet).is_ok());
    }

    #[test]
    fn any_matrix_is_drawn(rows in 1usize..30, columns in 1usize..30, seed in any::<u32>(), scale in -320i32..300) {
        let values = Array2::from_shape_fn((rows, columns), |(i, j)| {
            ((i * 31 + j * 17) as f64 + f64::from(seed)).sin() * 10f64.powi(scale)
        });
        for colormap in [Colormap::Sequential, Colormap::Diverging] {
            let mut panel = Panel::default();
            panel.add(Heatmap { colormap, square: seed % 2 == 0, ..Heatmap::new(values.clone()) });
            let figure = svg(&Sheet::new("", vec![panel]), Style::Paper).unwrap();
            prop_assert!(!figure.contains("NaN") && !figure.contains("inf"));
        }
    }
}
