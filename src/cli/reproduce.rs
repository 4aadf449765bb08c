//! All figures, as a gallery.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use serde_json::{Map, Value};
use solvable::figures::{self, Figure};
use solvable::store::{Manifest, OutDir};
use solvable::{Agreement, Result};

use super::figure::{How, control_values, draw, exceeded};
use super::progress::Progress;
use super::render::render;
use super::report::{self, Outcome};
use super::{Output, Status, gallery, interrupt};

const EXAMPLES: &str = "\
Examples:
  solvable reproduce --quick
  solvable reproduce --out gallery --style slides";

/// Draw every figure, side by side, and a page that shows them.
///
/// Writes SVG, PDF, PNG and CSV of each figure, README.md and manifest.json. Prints how far
/// simulation and theory are apart; the exit status is 4 when a gap exceeds its tolerance.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// Directory for the results [default: figures, or out/quick with --quick].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also write into a directory that holds other files.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    how: How,
}

/// Draws every figure.
pub fn run(args: Args, output: &Output) -> Result<Status> {
    let default = if args.how.quick { "out/quick" } else { "figures" };
    let path = args.out.unwrap_or_else(|| default.into());
    let out = OutDir::create(&path, args.force)?;
    let (sender, receiver) = channel();
    let interrupter = sender.clone();
    // Once nobody receives, there is nothing left to stop.
    interrupt::calls(move || drop(interrupter.send(Event::Interrupted)))?;
    draw_all(figures::ALL, args.how, out, (sender, receiver), output)
}

/// What the thread that writes waits for.
enum Event {
    /// The figure of that number is ready or has failed, after so many seconds.
    Drawn(usize, Result<Drawn>, f64),
    Interrupted,
}

struct Drawn {
    agreements: Vec<Agreement>,
    files: Vec<(&'static str, Vec<u8>)>,
}

/// Draws on all threads, writes on this one. An interrupt does not wait for figures under way.
fn draw_all(
    figures: &'static [Figure],
    how: How,
    mut out: OutDir,
    (sender, receiver): (Sender<Event>, Receiver<Event>),
    output: &Output,
) -> Result<Status> {
    for (i, figure) in figures.iter().enumerate() {
        let sender = sender.clone();
        rayon::spawn_fifo(move || {
            let start = Instant::now();
            let drawn = draw_files(figure, how);
            // The receiver is gone after an interrupt.
            let _ = sender.send(Event::Drawn(i, drawn, start.elapsed().as_secs_f64()));
        });
    }
    let mut finished: Vec<Option<(Outcome, f64)>> = figures.iter().map(|_| None).collect();
    let mut progress = Progress::new(figures.len(), output);
    while finished.iter().any(Option::is_none) {
        let Ok(Event::Drawn(i, drawn, seconds)) = receiver.recv() else { break };
        let Figure { name, reference, .. } = figures[i];
        if let Ok(Drawn { files, .. }) = &drawn {
            for (extension, bytes) in files {
                out.write(&format!("{name}.{extension}"), bytes)?;
            }
        }
        let agreements = drawn.map(|drawn| drawn.agreements);
        let outcome = Outcome { name, reference, agreements };
        progress.finished(&format!("{name}: {} ({seconds:.1} s)", outcome.verdict()));
        finished[i] = Some((outcome, seconds));
    }
    drop(progress);
    finish(figures, how, out, &finished, output)
}

fn draw_files(figure: &Figure, how: How) -> Result<Drawn> {
    let drawing = draw(figure, &figure.settings(how.effort(), how.seed))?;
    Ok(Drawn { files: render(&drawing.sheet, how.style)?, agreements: drawing.agreements })
}

/// Writes the page and the manifest, prints the table and says how it went.
fn finish(
    figures: &[Figure],
    how: How,
    mut out: OutDir,
    finished: &[Option<(Outcome, f64)>],
    output: &Output,
) -> Result<Status> {
    let path = out.path().to_owned();
    let (mut drawn, mut warnings) = (Vec::new(), Vec::new());
    for (figure, outcome) in figures.iter().zip(finished) {
        match outcome.as_ref().map(|(outcome, _)| &outcome.agreements) {
            Some(Ok(agreements)) => {
                warnings.extend(agreements.iter().filter_map(|a| exceeded(figure, a)));
                drawn.push((figure, agreements.as_slice()));
            }
            Some(Err(error)) => warnings.push(format!("{} is not drawn: {error}", figure.name)),
            None => warnings.push(format!("{} is not drawn: interrupted", figure.name)),
        }
    }
    let complete = drawn.len() == figures.len();
    if complete {
        let command = ["solvable".into(), "reproduce".into()].into_iter().chain(how.arguments());
        let command = command.collect::<Vec<String>>().join(" ");
        out.write("README.md", gallery::page(&command, &drawn).as_bytes())?;
    }
    for warning in &warnings {
        output.warn(format_args!("warning: {warning}"));
    }
    if !complete {
        // So that the next run may complete it, an earlier page included.
        out.keep_earlier()?;
    }
    out.finish(manifest(how, &drawn, warnings))?;
    output.data(&table(finished.iter().flatten()))?;
    output.note(format_args!("{}: {} of {} figures", path.display(), drawn.len(), figures.len()));
    if finished.iter().any(Option::is_none) {
        return Ok(Status::Interrupted);
    }
    report::status(finished.iter().flatten().map(|(outcome, _)| outcome))
}

fn manifest(how: How, drawn: &[(&Figure, &[Agreement])], warnings: Vec<String>) -> Manifest {
    let mut manifest = Manifest::new(how.seed);
    manifest.command = vec!["reproduce".into()];
    manifest.command.extend(how.arguments());
    manifest.settings = how.settings();
    let controls = drawn.iter().map(|(figure, _)| {
        let values = control_values(&figure.settings(how.effort(), how.seed));
        (figure.name.to_owned(), values)
    });
    manifest.settings.insert("controls".into(), Value::Object(Map::from_iter(controls)));
    for (figure, agreements) in drawn {
        manifest.agreement.extend(agreements.iter().map(|agreement| Agreement {
            observable: format!("{}: {}", figure.name, agreement.observable),
            ..agreement.clone()
        }));
    }
    manifest.warnings = warnings;
    manifest
}

fn table<'a>(finished: impl Iterator<Item = &'a (Outcome, f64)>) -> String {
    let rows = finished.map(|(outcome, seconds)| {
        let mut row = vec![outcome.name.to_owned(), outcome.reference.to_owned()];
        row.extend(outcome.worst_cells());
        row.extend([outcome.verdict().to_owned(), format!("{seconds:.1}")]);
        row
    });
    let headings = [
        "figure",
        "paper",
        "worst observable",
        "max gap",
        "tolerance",
        "range",
        "verdict",
        "seconds",
    ];
    report::columns(&headings, rows)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use solvable::Error;
    use solvable::figures::{Drawing, Settings};
    use solvable::parameter::{Parameter, ParameterKind};
    use solvable::plot::Sheet;

    use super::super::render::Style;
    use super::*;

    const HOW: How = How { quick: true, seed: 3, style: Style::Slides };
    const GOOD: Figure = figure("good", good);
    const LOOSE: Figure = figure("loose", loose);
    const BROKEN: Figure = figure("broken", |_| Err(Error::Usage("broken on purpose".into())));
    const PANICKING: Figure = figure("panicking", |_| panic!("on purpose"));

    const fn figure(name: &'static str, draw: fn(&Settings) -> Result<Drawing>) -> Figure {
        const SCALE: Parameter = Parameter {
            name: "a0",
            symbol: "a₀",
            unit: "",
            default: 1e-4,
            low: 1e-8,
            high: 1.0,
            kind: ParameterKind::Log,
            help: "initial strength",
        };
        let (title, caption) = ("A figure.", "Theory and simulation.");
        Figure { name, reference: "saxe2014", title, caption, parameters: &[SCALE], draw }
    }

    fn good(settings: &Settings) -> Result<Drawing> {
        drawing(settings.seed as f64 * 1e-3)
    }

    fn loose(_: &Settings) -> Result<Drawing> {
        drawing(0.5)
    }

    fn drawing(max_gap: f64) -> Result<Drawing> {
        let agreement = Agreement {
            observable: "loss".into(),
            max_gap,
            rms_gap: max_gap,
            range: 1.0,
            spread: 0.0,
            tolerance: Some(0.01),
            reason: "step size",
        };
        let panel = solvable::plot::Panel::default();
        Ok(Drawing { sheet: Sheet::new("A figure", vec![panel]), agreements: vec![agreement] })
    }

    fn reproduce(figures: &'static [Figure], path: &Path) -> Result<Status> {
        draw_all(figures, HOW, OutDir::create(path, false)?, channel(), &Output { quiet: true })
    }

    fn read(path: &Path, name: &str) -> String {
        std::fs::read_to_string(path.join(name)).unwrap()
    }

    #[test]
    fn a_gallery_has_every_file_a_page_and_a_manifest() {
        const ALL: &[Figure] = &[GOOD];
        let place = tempfile::tempdir().unwrap();
        assert_eq!(reproduce(ALL, place.path()), Ok(Status::Success));
        for name in ["good.svg", "good.pdf", "good.png", "good.csv"] {
            assert!(place.path().join(name).metadata().unwrap().len() > 0, "{name}");
        }
        let page = read(place.path(), "README.md");
        for part in ["## good", "![A figure](good.png)", "0.00300", "`saxe2014`", "step size"] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert!(page.contains("`solvable reproduce --quick --seed 3 --style slides`"), "{page}");
        let manifest: Value = serde_json::from_str(&read(place.path(), "manifest.json")).unwrap();
        assert_eq!(manifest["agreement"][0]["observable"], "good: loss");
        assert_eq!(manifest["settings"]["controls"]["good"]["a0"], 1e-4);
        assert_eq!(manifest["outputs"].as_array().unwrap().len(), 5);
        // Its own directory may be written again, to the same bytes.
        assert_eq!(reproduce(ALL, place.path()), Ok(Status::Success));
        assert_eq!(read(place.path(), "README.md"), page);
    }

    #[test]
    fn an_exceeded_tolerance_is_told_and_the_files_are_still_written() {
        const ALL: &[Figure] = &[LOOSE, GOOD];
        let place = tempfile::tempdir().unwrap();
        assert_eq!(reproduce(ALL, place.path()), Ok(Status::ToleranceExceeded));
        assert!(place.path().join("loose.svg").exists());
        let manifest: Value = serde_json::from_str(&read(place.path(), "manifest.json")).unwrap();
        let warning = manifest["warnings"][0].as_str().unwrap();
        assert!(warning.contains("loose: loss differs from theory by 0.500"), "{warning}");
        let page = read(place.path(), "README.md");
        assert!(page.find("## loose") < page.find("## good"), "{page}");
    }

    #[test]
    fn a_broken_figure_spoils_neither_the_others_nor_an_earlier_gallery() {
        const FIRST: &[Figure] = &[GOOD];
        const SECOND: &[Figure] = &[BROKEN, PANICKING, GOOD];
        let place = tempfile::tempdir().unwrap();
        let fresh = place.path().join("fresh");
        let error = reproduce(SECOND, &fresh).unwrap_err();
        assert_eq!(error.to_string(), "broken on purpose");
        assert!(fresh.join("good.svg").exists() && !fresh.join("README.md").exists());
        assert!(
            read(&fresh, "manifest.json")
                .contains("panicking is not drawn: drawing the figure failed")
        );
        assert_eq!(reproduce(FIRST, &fresh), Ok(Status::Success));

        // The page of the complete gallery stays, and stays ours.
        let page = read(&fresh, "README.md");
        for _ in 0..2 {
            assert!(reproduce(SECOND, &fresh).is_err());
            assert_eq!(read(&fresh, "README.md"), page);
        }
        assert_eq!(reproduce(FIRST, &fresh), Ok(Status::Success));
    }

    #[test]
    fn an_interrupt_keeps_finished_figures_and_does_not_wait() {
        const SLOW: Figure = figure("slow", |settings| {
            std::thread::sleep(std::time::Duration::from_secs(30));
            good(settings)
        });
        const ALL: &[Figure] = &[GOOD, SLOW];
        let place = tempfile::tempdir().unwrap();
        let path = place.path().to_owned();
        let (sender, receiver) = channel();
        let interrupter = sender.clone();
        let watched = path.clone();
        std::thread::spawn(move || {
            while !watched.join("good.csv").exists() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            interrupter.send(Event::Interrupted).unwrap();
        });
        let start = Instant::now();
        let out = OutDir::create(&path, false).unwrap();
        let status = draw_all(ALL, HOW, out, (sender, receiver), &Output { quiet: true });
        assert_eq!(status, Ok(Status::Interrupted));
        assert!(start.elapsed().as_secs() < 20);
        assert!(read(&path, "manifest.json").contains("slow is not drawn: interrupted"));
        assert!(path.join("good.png").exists() && !path.join("slow.svg").exists());
    }
}
