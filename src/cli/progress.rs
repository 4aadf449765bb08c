//! How far a long run is, on standard error.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::Output;

/// A bar on a terminal; elsewhere one plain line for each finished part.
pub struct Progress<'a> {
    output: &'a Output,
    total: usize,
    finished: usize,
    bar: Option<ProgressBar>,
}

impl<'a> Progress<'a> {
    /// Nothing is finished yet.
    pub fn new(total: usize, output: &'a Output) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        let on_terminal = std::io::stderr().is_terminal() && !dumb;
        let bar = (on_terminal && !output.quiet && total > 0).then(|| {
            let bar = ProgressBar::new(total as u64);
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { output, total, finished: 0, bar }
    }

    /// One more part is finished.
    pub fn finished(&mut self, what: &str) {
        self.finished += 1;
        match &self.bar {
            Some(bar) => {
                bar.set_message(what.to_owned());
                bar.inc(1);
            }
            None => self.output.note(format_args!("{}/{} {what}", self.finished, self.total)),
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
