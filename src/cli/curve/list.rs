//! The curves there are, with their parameters.

use serde_json::json;
use solvable::Result;
use solvable::models::CURVES;

use super::super::output::Output;
use super::super::report;
use super::super::status::Status;

/// Lists them, for people or as JSON.
pub fn list(json: bool, output: &Output) -> Result<Status> {
    if json {
        let curves = CURVES.iter().map(|curve| {
            let parameters = curve.parameters.iter().map(|p| {
                json!({
                    "name": p.name, "symbol": p.symbol, "default": p.default, "low": p.low,
                    "high": p.high, "help": p.help,
                })
            });
            json!({
                "name": curve.name, "summary": curve.summary, "reference": curve.reference,
                "observables": curve.observables, "size": curve.size,
                "parameters": parameters.collect::<Vec<_>>(),
            })
        });
        let curves = curves.collect::<Vec<_>>();
        output.json(&json!({"schema": "solvable/curves/1", "curves": curves}))?;
        return Ok(Status::Success);
    }
    let mut text = String::new();
    for curve in CURVES {
        text += &format!("{}: {} (N is the {})\n", curve.name, curve.summary, curve.size);
        let rows = curve.parameters.iter().map(|p| {
            let range = format!("{} to {}", report::exact(p.low), report::exact(p.high));
            vec![format!("  --{}", p.name), report::exact(p.default), range, p.help.to_owned()]
        });
        text += &report::columns(&["  parameter", "default", "range", "meaning"], rows);
        text.push('\n');
    }
    output.data(text.trim_end_matches('\n'))?;
    output.data("\n")?;
    Ok(Status::Success)
}
