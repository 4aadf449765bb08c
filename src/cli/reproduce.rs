//! All figures, as a gallery.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use serde_json::{Map, Value, json};
use solvable::figures::{self, Figure};
use solvable::{Agreement, Result};

use super::deliver::{Delivery, Outcome};
use super::figure::{How, control_values, draw, exceeded};
use super::output::Output;
use super::progress::Progress;
use super::render::{Style, render};
use super::report::{self, Judged};
use super::result_flags::ResultFlags;
use super::status::Status;
use super::{gallery, interrupt};

const EXAMPLES: &str = "\
Examples:
  solvable reproduce --quick
  solvable reproduce --out gallery --style slides";

/// Do all figures come out on this machine as the theory says?
///
/// Draws every figure, theory over simulation, and a page that shows them, in figures/ (in out/quick/
/// with --quick): SVG, PDF, PNG and CSV of each, README.md and manifest.json. Prints how far
/// simulation and theory are apart; the exit status is 4 when a gap exceeds its tolerance.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    results: ResultFlags,
}

/// Draws every figure.
pub fn run(args: Args, command: Vec<String>, output: &Output) -> Result<Status> {
    let default = if args.how.quick { "out/quick" } else { "figures" };
    let gallery = Gallery {
        figures: figures::ALL,
        how: args.how,
        style: args.results.style,
        command: command.clone(),
    };
    let delivery = Delivery::open(&args.results, default, command, output)?;
    let (sender, receiver) = channel();
    let interrupter = sender.clone();
    // Once nobody receives, there is nothing left to stop.
    interrupt::calls(move || drop(interrupter.send(Event::Interrupted)))?;
    gallery.draw(delivery, (sender, receiver), Progress::new(figures::ALL.len(), output))
}

/// What is to be drawn.
struct Gallery {
    figures: &'static [Figure],
    how: How,
    style: Style,
    /// Draws it again.
    command: Vec<String>,
}

/// What the thread that writes waits for.
enum Event {
    /// The figure of that number is ready or has failed, after so many seconds.
    Drawn(usize, Result<Drawn>, f64),
    Interrupted,
}

struct Drawn {
    agreements: Vec<Agreement>,
    files: [(&'static str, Vec<u8>); 4],
}

impl Drawn {
    fn of(figure: &Figure, how: How, style: Style) -> Result<Self> {
        let drawing = draw(figure, &figure.settings(how.effort(), how.seed))?;
        Ok(Self { files: render(&drawing.sheet, style)?, agreements: drawing.agreements })
    }
}

impl Gallery {
    /// Draws on all threads, writes on this one. An interrupt does not wait for figures under way.
    fn draw(
        self,
        mut delivery: Delivery<'_>,
        (sender, receiver): (Sender<Event>, Receiver<Event>),
        mut progress: Progress<'_>,
    ) -> Result<Status> {
        for (i, figure) in self.figures.iter().enumerate() {
            let (sender, how, style) = (sender.clone(), self.how, self.style);
            rayon::spawn_fifo(move || {
                let start = Instant::now();
                let drawn = Drawn::of(figure, how, style);
                // The receiver is gone after an interrupt.
                let _ = sender.send(Event::Drawn(i, drawn, start.elapsed().as_secs_f64()));
            });
        }
        let mut finished: Vec<Option<(Judged, f64)>> = self.figures.iter().map(|_| None).collect();
        while finished.iter().any(Option::is_none) {
            let Ok(Event::Drawn(i, drawn, seconds)) = receiver.recv() else { break };
            let Figure { name, reference, .. } = self.figures[i];
            if let Ok(Drawn { files, .. }) = &drawn {
                for (extension, bytes) in files {
                    delivery.out.write(&format!("{name}.{extension}"), bytes)?;
                }
            }
            let agreements = drawn.map(|drawn| drawn.agreements);
            let judged = Judged { name, reference, agreements };
            progress.finished(&format!("{name}: {} ({seconds:.1} s)", judged.verdict()));
            finished[i] = Some((judged, seconds));
        }
        drop(progress);
        self.finish(delivery, &finished)
    }

    /// Writes the page and the manifest, prints the table and says how it went.
    fn finish(
        &self,
        mut delivery: Delivery<'_>,
        finished: &[Option<(Judged, f64)>],
    ) -> Result<Status> {
        let (mut drawn, mut warnings) = (Vec::new(), Vec::new());
        for (figure, judged) in self.figures.iter().zip(finished) {
            match judged.as_ref().map(|(judged, _)| &judged.agreements) {
                Some(Ok(agreements)) => {
                    warnings.extend(agreements.iter().filter_map(|a| exceeded(figure, a)));
                    drawn.push((figure, agreements.as_slice()));
                }
                Some(Err(error)) => warnings.push(format!("{} is not drawn: {error}", figure.name)),
                None => warnings.push(format!("{} is not drawn: interrupted", figure.name)),
            }
        }
        let mut outcome = Outcome {
            settings: self.settings(&drawn),
            seed: self.how.seed,
            document: document(finished.iter().flatten()),
            text: table(finished.iter().flatten()),
            warnings,
            agreements: drawn.iter().flat_map(|(figure, all)| of_figure(figure, all)).collect(),
            ..Outcome::default()
        };
        if drawn.len() == self.figures.len() {
            let command = format!("solvable {}", self.command.join(" "));
            let page = gallery::page(&command, &drawn);
            outcome.files.push(("README.md", page.into_bytes()));
        } else {
            // So that the next run may complete it, an earlier page included.
            delivery.out.keep_earlier()?;
        }
        delivery.deliver(outcome)?;
        if finished.iter().any(Option::is_none) {
            return Ok(Status::Interrupted);
        }
        report::status(finished.iter().flatten().map(|(judged, _)| judged))
    }

    fn settings(&self, drawn: &[(&Figure, &[Agreement])]) -> Map<String, Value> {
        let mut settings = self.how.settings(self.style);
        let controls = drawn.iter().map(|(figure, _)| {
            let settings = figure.settings(self.how.effort(), self.how.seed);
            (figure.name.to_owned(), control_values(&settings))
        });
        settings.insert("controls".into(), Value::Object(Map::from_iter(controls)));
        settings
    }
}

/// Agreements that say of which figure they are.
fn of_figure(figure: &Figure, agreements: &[Agreement]) -> Vec<Agreement> {
    let named = |agreement: &Agreement| Agreement {
        observable: format!("{}: {}", figure.name, agreement.observable),
        ..agreement.clone()
    };
    agreements.iter().map(named).collect()
}

/// Every figure with its comparisons, or why there are none.
fn document<'a>(finished: impl Iterator<Item = &'a (Judged, f64)>) -> Value {
    let figures = finished.map(|(judged, seconds)| {
        let agreements = judged.agreements.as_ref();
        json!({
            "name": judged.name,
            "reference": judged.reference,
            "verdict": judged.verdict(),
            "agreement": agreements.ok().map(|agreements| report::to_json(agreements)),
            "error": agreements.err().map(ToString::to_string),
            "seconds": seconds,
        })
    });
    json!({ "schema": "solvable/reproduce/1", "figures": figures.collect::<Vec<_>>() })
}

fn table<'a>(finished: impl Iterator<Item = &'a (Judged, f64)>) -> String {
    let rows = finished.map(|(judged, seconds)| {
        let mut row = vec![judged.name.to_owned(), judged.reference.to_owned()];
        row.extend(judged.worst_cells());
        row.extend([judged.verdict().to_owned(), format!("{seconds:.1}")]);
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

    use super::*;

    const HOW: How = How { quick: true, seed: 3 };
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

    fn reproduce(
        figures: &'static [Figure],
        path: &Path,
        events: (Sender<Event>, Receiver<Event>),
    ) -> Result<Status> {
        let command: Vec<String> =
            "reproduce --quick --seed 3 --style slides".split(' ').map(str::to_owned).collect();
        let gallery = Gallery { figures, how: HOW, style: Style::Slides, command: command.clone() };
        let style = Style::Slides;
        let flags = ResultFlags { out: Some(path.into()), force: false, style, json: false };
        let output = Output { quiet: true };
        let delivery = Delivery::open(&flags, "nowhere", command, &output)?;
        gallery.draw(delivery, events, Progress::new(figures.len(), &output))
    }

    fn read(path: &Path, name: &str) -> String {
        std::fs::read_to_string(path.join(name)).unwrap()
    }

    #[test]
    fn a_gallery_has_every_file_a_page_and_a_manifest() {
        const ALL: &[Figure] = &[GOOD];
        let place = tempfile::tempdir().unwrap();
        assert_eq!(reproduce(ALL, place.path(), channel()), Ok(Status::Success));
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
        assert_eq!(reproduce(ALL, place.path(), channel()), Ok(Status::Success));
        assert_eq!(read(place.path(), "README.md"), page);
    }

    #[test]
    fn an_exceeded_tolerance_is_told_and_the_files_are_still_written() {
        const ALL: &[Figure] = &[LOOSE, GOOD];
        let place = tempfile::tempdir().unwrap();
        assert_eq!(reproduce(ALL, place.path(), channel()), Ok(Status::ToleranceExceeded));
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
        let error = reproduce(SECOND, &fresh, channel()).unwrap_err();
        assert_eq!(error.to_string(), "broken on purpose");
        assert!(fresh.join("good.svg").exists() && !fresh.join("README.md").exists());
        assert!(
            read(&fresh, "manifest.json")
                .contains("panicking is not drawn: drawing the figure failed")
        );
        assert_eq!(reproduce(FIRST, &fresh, channel()), Ok(Status::Success));

        // The page of the complete gallery stays, and stays ours.
        let page = read(&fresh, "README.md");
        for _ in 0..2 {
            assert!(reproduce(SECOND, &fresh, channel()).is_err());
            assert_eq!(read(&fresh, "README.md"), page);
        }
        assert_eq!(reproduce(FIRST, &fresh, channel()), Ok(Status::Success));
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
        let status = reproduce(ALL, &path, (sender, receiver));
        assert_eq!(status, Ok(Status::Interrupted));
        assert!(start.elapsed().as_secs() < 20);
        assert!(read(&path, "manifest.json").contains("slow is not drawn: interrupted"));
        assert!(path.join("good.png").exists() && !path.join("slow.svg").exists());
    }
}
