//! The gallery: what is committed is what the program draws.

use solvable::figures::{ALL, Effort, find};
use solvable::plot::{Style, csv, svg};

/// Figures that show gaps for which no bound is known (finite width against infinite), or compare
/// methods with each other.
const NOT_JUDGED: [&str; 4] = ["nngp_regression", "lee2019_fig2", "jacot2018_fig", "cntk_images"];

/// Cells of a table: numbers where they are numbers.
fn cells(text: &str) -> Vec<Vec<Result<f64, String>>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let record = |r: Result<csv::StringRecord, csv::Error>| {
        let r = r.expect("a table of equal rows");
        r.iter().map(|cell| cell.parse::<f64>().map_err(|_| cell.to_owned())).collect()
    };
    reader.records().map(record).collect()
}

/// Same numbers to 1e-6, on any machine: rounding of exp and of fused products differs.
fn assert_same_table(name: &str, drawn: &str, committed: &str) {
    let (drawn, committed) = (cells(drawn), cells(committed));
    assert_eq!(drawn.len(), committed.len(), "{name}: number of rows");
    for (row, (a, b)) in drawn.iter().zip(&committed).enumerate() {
        assert_eq!(a.len(), b.len(), "{name}, row {}", row + 1);
        for (a, b) in a.iter().zip(b) {
            let same = match (a, b) {
                (Ok(a), Ok(b)) => (a - b).abs() <= 1e-6 * (1.0 + b.abs()),
                (a, b) => a == b,
            };
            assert!(same, "{name}, row {}: drawn {a:?}, committed {b:?}", row + 1);
        }
    }
}

#[test]
fn every_committed_table_is_what_the_figure_draws_and_every_gap_is_within_tolerance() {
    for figure in ALL {
        let drawing = (figure.draw)(&figure.settings(Effort::Paper, 0)).expect(figure.name);
        let drawn = csv(&drawing.sheet).expect(figure.name);
        let path = format!("{}/figures/{}.csv", env!("CARGO_MANIFEST_DIR"), figure.name);
        let committed = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_same_table(figure.name, &drawn, &committed);
        if NOT_JUDGED.contains(&figure.name) {
            let judged = drawing.agreements.iter().any(|agreement| agreement.tolerance.is_some());
            assert!(!judged, "{} is judged: take it off the list", figure.name);
            continue;
        }
        assert!(!drawing.agreements.is_empty(), "{} compares nothing", figure.name);
        for agreement in &drawing.agreements {
            assert!(agreement.holds(), "{}: {agreement:?}", figure.name);
            assert!(agreement.tolerance.is_some(), "{}: {agreement:?}", figure.name);
        }
    }
}

#[test]
fn theory_alone_draws_without_simulating() {
    for figure in ALL {
        let drawing = (figure.draw)(&figure.settings(Effort::Theory, 0)).expect(figure.name);
        assert!(drawing.agreements.is_empty(), "{} simulated", figure.name);
        for style in [Style::Paper, Style::Slides] {
            let text = svg(&drawing.sheet, style).expect(figure.name);
            // The word "infinite" may be said.
            let text = text.replace("infinit", "");
            assert!(!text.contains("NaN") && !text.contains("inf"), "{}", figure.name);
        }
    }
}

#[test]
fn every_parameter_can_be_turned_to_the_ends_of_its_range() {
    for figure in ALL {
        for parameter in figure.parameters {
            for value in [parameter.low, parameter.high] {
                let mut settings = figure.settings(Effort::Theory, 1);
                settings.values.set(parameter.name, value).expect(parameter.name);
                let drawing = (figure.draw)(&settings).unwrap_or_else(|e| {
                    panic!("{}, {} = {value}: {e}", figure.name, parameter.name)
                });
                svg(&drawing.sheet, Style::Paper).unwrap_or_else(|e| {
                    panic!("{}, {} = {value}: {e}", figure.name, parameter.name)
                });
            }
        }
    }
}

#[test]
fn parameters_and_figures_that_do_not_exist_are_refused_by_name() {
    let figure = find("saxe2021_fig4a").unwrap();
    let mut settings = figure.settings(Effort::Theory, 0);
    assert!(settings.values.set("u1", 0.1).unwrap_err().to_string().contains("u0"));
    assert!(settings.values.set("u0", 1.0).unwrap_err().to_string().contains("0.1"));
    assert!(settings.values.set("u0", f64::NAN).is_err());
    assert!(find("saxe2021_fig9").unwrap_err().to_string().contains("saxe2021_fig4a"));
}
