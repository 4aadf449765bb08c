//! How far theory and simulation are apart, as tables and as JSON.

use serde_json::{Value, json};
use solvable::{Agreement, Result};

use super::status::Status;

/// A figure or model, and how it was judged.
pub struct Judged {
    /// Its name.
    pub name: &'static str,
    /// BibTeX key of its theory.
    pub reference: &'static str,
    /// Its comparisons of theory with simulation, or why there are none.
    pub agreements: Result<Vec<Agreement>>,
}

impl Judged {
    /// One word for the comparisons.
    pub fn verdict(&self) -> &'static str {
        self.agreements.as_ref().map_or("failed", |agreements| verdict(agreements))
    }

    /// Worst observable, its gap, tolerance and range.
    pub fn worst_cells(&self) -> Vec<String> {
        let worst = self.agreements.as_ref().ok().and_then(|agreements| worst(agreements));
        worst.map_or_else(|| vec![String::from("-"); 4], cells)
    }
}

/// The first failure if there is one; otherwise whether all is within tolerance.
pub fn status<'a>(all: impl IntoIterator<Item = &'a Judged>) -> Result<Status> {
    let mut status = Status::Success;
    for judged in all {
        if !hold(judged.agreements.as_ref().map_err(Clone::clone)?) {
            status = Status::ToleranceExceeded;
        }
    }
    Ok(status)
}

/// Whether every gap is within its tolerance.
pub fn hold(agreements: &[Agreement]) -> bool {
    agreements.iter().all(Agreement::holds)
}

/// One word for a set of comparisons.
pub fn verdict(agreements: &[Agreement]) -> &'static str {
    if agreements.is_empty() {
        "theory only"
    } else if !hold(agreements) {
        "EXCEEDED"
    } else if agreements.iter().all(|agreement| agreement.tolerance.is_none()) {
        "no bound"
    } else {
        "holds"
    }
}

/// The observable nearest to its tolerance, or furthest beyond it.
pub fn worst(agreements: &[Agreement]) -> Option<&Agreement> {
    agreements.iter().max_by(|a, b| strain(a).total_cmp(&strain(b)))
}

/// Gap in units of its tolerance; below zero where no tolerance is known.
fn strain(agreement: &Agreement) -> f64 {
    match agreement.tolerance {
        None => -1.0,
        Some(_) if agreement.max_gap == 0.0 => 0.0,
        Some(tolerance) => (agreement.max_gap / tolerance).abs(),
    }
}

/// Every comparison, one a line.
pub fn table(agreements: &[Agreement]) -> String {
    if agreements.is_empty() {
        return "theory only: nothing is compared\n".into();
    }
    let rows = agreements.iter().map(|agreement| {
        let mut row = cells(agreement);
        row.push(verdict(std::slice::from_ref(agreement)).to_owned());
        row.push(agreement.reason.to_owned());
        row
    });
    columns(&["observable", "max gap", "tolerance", "range", "verdict", "why that tolerance"], rows)
}

fn cells(agreement: &Agreement) -> Vec<String> {
    vec![
        agreement.observable.clone(),
        number(agreement.max_gap),
        agreement.tolerance.map_or_else(|| "-".into(), number),
        number(agreement.range),
    ]
}

/// A number for a table: three digits.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        "0".into()
    } else if (1e-3..1e4).contains(&value.abs()) {
        let decimals = (2.0 - value.abs().log10().floor()).max(0.0);
        format!("{value:.0$}", decimals as usize)
    } else {
        format!("{value:.2e}")
    }
}

/// A number with all its digits, but not all its zeros.
pub fn exact(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// Comparisons as JSON, with their verdict.
pub fn to_json(agreements: &[Agreement]) -> Value {
    let one = |agreement: &Agreement| {
        let Agreement { observable, max_gap, rms_gap, range, spread, tolerance, reason } =
            agreement;
        // What is not finite becomes null.
        json!({
            "observable": observable, "max_gap": max_gap, "rms_gap": rms_gap, "range": range,
            "spread": spread, "tolerance": tolerance, "reason": reason,
            "holds": agreement.holds(),
        })
    };
    agreements.iter().map(one).collect()
}

/// Text in columns as wide as they need to be.
pub fn columns(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut lines = vec![headings.iter().map(|heading| (*heading).to_owned()).collect()];
    lines.extend(rows);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line: &Vec<String>| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement(observable: &str, max_gap: f64, tolerance: Option<f64>) -> Agreement {
        let (observable, reason) = (observable.to_owned(), "step size");
        Agreement { observable, max_gap, rms_gap: 0.0, range: 1.0, spread: 0.0, tolerance, reason }
    }

    #[test]
    fn the_worst_observable_is_judged_by_its_own_tolerance() {
        let large = agreement("large", 0.5, Some(1.0));
        let tight = agreement("tight", 0.01, Some(0.011));
        let free = agreement("free", 7.0, None);
        let exact = agreement("exact", 0.0, Some(0.0));
        let all = [free.clone(), large, tight, exact.clone()];
        assert_eq!(worst(&all).unwrap().observable, "tight");
        assert_eq!(worst(&[exact, free]).unwrap().observable, "exact");
        assert_eq!(worst(&[]), None);
        let beyond_exact = agreement("beyond", 1e-9, Some(0.0));
        assert_eq!(worst(&[all[1].clone(), beyond_exact]).unwrap().observable, "beyond");
    }

    #[test]
    fn verdicts_say_when_there_was_nothing_to_judge() {
        assert_eq!(verdict(&[]), "theory only");
        assert_eq!(verdict(&[agreement("a", 9.0, None)]), "no bound");
        assert_eq!(verdict(&[agreement("a", 9.0, None), agreement("b", 1.0, Some(1.0))]), "holds");
        for gap in [1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(verdict(&[agreement("a", gap, Some(1.0))]), "EXCEEDED");
        }
    }

    #[test]
    fn a_failure_outweighs_an_exceeded_tolerance() {
        let judged = |agreements| Judged { name: "a", reference: "b", agreements };
        let exceeded = judged(Ok(vec![agreement("a", 2.0, Some(1.0))]));
        let failed = judged(Err(solvable::Error::Usage("no".into())));
        assert_eq!(status([]), Ok(Status::Success));
        assert_eq!(status([&exceeded]), Ok(Status::ToleranceExceeded));
        assert!(status([&exceeded, &failed]).is_err());
        assert_eq!((exceeded.verdict(), failed.verdict()), ("EXCEEDED", "failed"));
        assert_eq!(failed.worst_cells(), ["-"; 4]);
    }

    #[test]
    fn numbers_have_three_digits() {
        let cases = [(0.0, "0"), (1.0, "1.00"), (0.012345, "0.0123"), (1234.5, "1234")];
        let more = [(1e-3, "0.00100"), (-0.5, "-0.500"), (12345.0, "1.23e4"), (2.5e-9, "2.50e-9")];
        for (value, text) in cases.into_iter().chain(more) {
            assert_eq!(number(value), text);
        }
        assert_eq!(
            (exact(1e-7), exact(0.25), exact(0.1 + 0.2)),
            ("1e-7".into(), "0.25".into(), "0.30000000000000004".into())
        );
    }

    #[test]
    fn columns_align_by_letters_not_bytes() {
        let rows = [vec!["τ".to_owned(), "1".into()], vec!["time".into(), "2".into()]];
        assert_eq!(columns(&["a", "b"], rows), "a     b\nτ     1\ntime  2\n");
    }

    #[test]
    fn json_holds_no_nan() {
        let found = to_json(&[agreement("a", f64::NAN, Some(f64::INFINITY))]);
        assert_eq!((&found[0]["max_gap"], &found[0]["tolerance"]), (&Value::Null, &Value::Null));
        assert_eq!(found[0]["holds"], false);
        assert_eq!(to_json(&[agreement("a", 0.1 + 0.2, None)])[0]["max_gap"], 0.1 + 0.2);
    }
}
