//! The page that shows all figures.

use std::fmt::Write;

use solvable::figures::Figure;
use solvable::{Agreement, citation};

use super::report;

/// The page, in Markdown. `command` draws it again.
pub fn page(command: &str, figures: &[(&Figure, &[Agreement])]) -> String {
    let mut page = format!(
        "# Figures\n\n\
         Drawn by `{command}`; [manifest.json](manifest.json) holds every setting and the digest \
         of every file.\n"
    );
    for (figure, agreements) in figures {
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n## {name}\n\n\
             ![{title}]({name}.png)\n\n\
             **{title}.** {caption}\n\n\
             Theory: {work}. {agreement}\n\n\
             [SVG]({name}.svg) · [PDF]({name}.pdf) · [numbers]({name}.csv) · \
             `solvable figure {name}`\n",
            name = figure.name,
            title = figure.title.trim_end_matches('.'),
            caption = figure.caption,
            work = work(figure.reference),
            agreement = sentence(agreements),
        );
    }
    page
}

/// Authors, title and year of a work.
fn work(key: &str) -> String {
    let entry = citation::bibtex(key).unwrap_or_default();
    let field = |name: &str| {
        let mut lines = entry.lines().filter_map(|line| line.trim().split_once('='));
        let (_, value) = lines.find(|(field, _)| field.trim() == name)?;
        Some(plain(value.trim().trim_end_matches(',')))
    };
    let (Some(authors), Some(title), Some(year)) = (field("author"), field("title"), field("year"))
    else {
        return format!("`{key}`");
    };
    let names: Vec<&str> =
        authors.split(" and ").map(|name| name.split(',').next().unwrap_or(name)).collect();
    let authors = match names[..] {
        [one] => one.to_owned(),
        [one, two] => format!("{one} and {two}"),
        [first, ..] => format!("{first} et al."),
        [] => String::new(),
    };
    format!("{authors}, *{title}*, {year} (`{key}`)")
}

/// BibTeX without its braces, accents as letters.
fn plain(text: &str) -> String {
    const ACCENTS: [(&str, &str); 3] = [("\\'e", "é"), ("\\'a", "á"), ("\\\"o", "ö")];
    let letters = ACCENTS.iter().fold(text.to_owned(), |t, (tex, letter)| t.replace(tex, letter));
    letters.replace(['{', '}'], "")
}

fn sentence(agreements: &[Agreement]) -> String {
    let Some(worst) = report::worst(agreements) else {
        return "Nothing is simulated.".into();
    };
    let mut gap = report::number(worst.max_gap);
    // A single number has no range.
    if worst.range > 0.0 {
        gap = format!("{gap} of {}", report::number(worst.range));
    }
    let (observable, reason) = (&worst.observable, worst.reason);
    match worst.tolerance {
        None => format!("Largest gap to simulation: {gap} ({observable})."),
        Some(tolerance) => format!(
            "Largest gap to simulation: {gap}, tolerance {} ({observable}; {reason}).",
            report::number(tolerance)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_are_named_by_author_title_and_year() {
        assert_eq!(
            work("saxe2014"),
            "Saxe et al., *Exact solutions to the nonlinear dynamics of learning in deep linear \
             neural networks*, 2014 (`saxe2014`)"
        );
        assert!(work("barrett2021").starts_with("Barrett and Dherin, *"));
        assert!(work("gyorgyi1990").starts_with("Györgyi, *"));
        assert_eq!(work("nobody1900"), "`nobody1900`");
        for key in citation::keys() {
            assert!(work(key).contains('*') && !work(key).contains(['{', '}', '\\']), "{key}");
        }
    }
}
