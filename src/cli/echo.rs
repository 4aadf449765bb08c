//! The command that gives the same results again, from what was typed.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

/// Arguments by which results may be elsewhere, be shown otherwise or take longer, but are the same.
const NOT_OF_THE_RESULTS: [&str; 6] = ["out", "force", "json", "quiet", "threads", "limit"];

/// The verb that was called; its kind, where a verb has kinds.
pub fn verb<'a>(program: &'a Command, matches: &ArgMatches) -> &'a Command {
    let called = matches.subcommand();
    let inner = called.and_then(|(name, matches)| Some((program.find_subcommand(name)?, matches)));
    inner.map_or(program, |(command, matches)| verb(command, matches))
}

/// The words after the program's name, in the order in which the arguments are defined.
pub fn words(program: &Command, matches: &ArgMatches) -> Vec<String> {
    let (mut words, mut last) = (Vec::new(), Vec::new());
    let (mut command, mut matches) = (program, matches);
    loop {
        for arg in command.get_arguments().filter(|arg| was_typed(arg, matches)) {
            for values in occurrences(arg, matches) {
                // What begins with a dash is no flag only behind "--", as is all that follows.
                let is_like_a_flag = values.iter().any(|value| value.starts_with('-'));
                if arg.is_positional() && (is_like_a_flag || !last.is_empty()) {
                    last.extend(values);
                } else {
                    words.extend(typed(arg, values));
                }
            }
        }
        let Some((name, inner)) = matches.subcommand() else { break };
        let Some(subcommand) = command.find_subcommand(name) else { break };
        words.push(name.to_owned());
        (command, matches) = (subcommand, inner);
    }
    if !last.is_empty() {
        words.push("--".to_owned());
        words.extend(last);
    }
    words
}

fn was_typed(arg: &Arg, matches: &ArgMatches) -> bool {
    let id = arg.get_id().as_str();
    let typed = matches.value_source(id) == Some(ValueSource::CommandLine);
    typed && !NOT_OF_THE_RESULTS.contains(&id)
}

/// The values of each time that an argument was given; none for a switch.
fn occurrences(arg: &Arg, matches: &ArgMatches) -> Vec<Vec<String>> {
    if !arg.get_action().takes_values() {
        return vec![Vec::new()];
    }
    let occurrences = matches.get_raw_occurrences(arg.get_id().as_str()).into_iter().flatten();
    let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
    occurrences.map(|values| values.map(text).collect()).collect()
}

/// One occurrence as it is typed.
fn typed(arg: &Arg, values: Vec<String>) -> Vec<String> {
    let Some(flag) = arg.get_long() else { return values };
    match values.as_slice() {
        // It would be taken for a flag of its own.
        [value] if value.starts_with('-') => vec![format!("--{flag}={value}")],
        _ => std::iter::once(format!("--{flag}")).chain(values).collect(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    fn echo(line: &[&str]) -> Vec<String> {
        let program = Cli::command();
        let arguments = std::iter::once("solvable").chain(line.iter().copied());
        let matches = program.clone().try_get_matches_from(arguments);
        words(&program, &matches.unwrap_or_else(|error| panic!("{line:?}: {error}")))
    }

    #[test]
    fn what_was_typed_is_echoed_and_what_is_so_by_default_is_not() {
        let cases: [(&[&str], &[&str]); 12] = [
            (&["learn", "t.csv"], &["learn", "t.csv"]),
            (
                &["learn", "--quick", "--seed", "3", "--layers=2", "t.csv"],
                &["learn", "t.csv", "--layers", "2", "--seed", "3", "--quick"],
            ),
            (
                &["-q", "learn", "t.csv", "--json", "--threads", "2", "--force", "--out", "o"],
                &["learn", "t.csv"],
            ),
            (
                &["learn", "t.csv", "--init", "lambda", "--lambda", "-0.5"],
                &["learn", "t.csv", "--init", "lambda", "--lambda=-0.5"],
            ),
            (
                &["learn", "t.csv", "--focus", "-a,b", "--style", "slides"],
                &["learn", "t.csv", "--focus=-a,b", "--style", "slides"],
            ),
            (&["learn", "--quick", "--", "-t.csv"], &["learn", "--quick", "--", "-t.csv"]),
            (
                &["learn", "--inputs=-x.npy", "--targets", "y z.npy"],
                &["learn", "--inputs=-x.npy", "--targets", "y z.npy"],
            ),
            (
                &["figure", "f", "--set", "a=1", "--quick", "--set", "b=-2"],
                &["figure", "f", "--set", "a=1", "--set", "b=-2", "--quick"],
            ),
            (
                &["curve", "--ridge", "0.1", "--from", "X.npy", "y.npy", "--kernel", "tangent"],
                &["curve", "--ridge", "0.1", "--from", "X.npy", "y.npy", "--kernel", "tangent"],
            ),
            (
                &["environment", "--quiet", "tree", "--branching", "3,2", "--indicators"],
                &["environment", "tree", "--branching", "3,2", "--indicators"],
            ),
            (
                &["wide", "--train", "X", "y", "--test", "Z", "--memory", "1", "--steps"],
                &["wide", "--train", "X", "y", "--test", "Z", "--steps"],
            ),
            (&["reproduce"], &["reproduce"]),
        ];
        for (line, expected) in cases {
            let echoed = echo(line);
            assert_eq!(echoed, expected);
            let again: Vec<&str> = echoed.iter().map(String::as_str).collect();
            assert_eq!(echo(&again), echoed, "the echo is echoed as it is");
        }
    }

    #[test]
    fn arguments_that_are_not_echoed_exist() {
        let program = Cli::command();
        let verbs = program.get_subcommands().chain([&program]);
        let ids: Vec<&str> =
            verbs.flat_map(Command::get_arguments).map(|arg| arg.get_id().as_str()).collect();
        for id in NOT_OF_THE_RESULTS {
            assert!(ids.contains(&id), "no argument has the id {id}");
        }
    }

    #[test]
    fn the_verb_is_the_innermost() {
        let program = Cli::command();
        let called = |line: &[&str]| {
            let arguments = std::iter::once("solvable").chain(line.iter().copied());
            let matches = program.clone().try_get_matches_from(arguments).unwrap();
            verb(&program, &matches).get_name().to_owned()
        };
        assert_eq!(called(&["environment", "ring"]), "ring");
        assert_eq!(called(&["list"]), "list");
    }
}
