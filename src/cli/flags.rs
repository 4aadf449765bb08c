//! Parameters of the library as the flags that set them.

use clap::Command;
use solvable::Error;

/// The error with the flags of the verb for those parameters that it has. Others keep their names.
pub fn named(error: Error, verb: &Command) -> Error {
    match error {
        Error::Parameter { name, value, allowed, ids } => {
            let flags: Option<Vec<String>> = ids.iter().map(|id| flag(id, verb)).collect();
            let name = flags.filter(|f| !f.is_empty()).map_or(name, |flags| flags.join(" × "));
            Error::Parameter { name, value, allowed: in_text(&allowed, verb), ids }
        }
        Error::Assumption { theory, reason, remedy } => {
            Error::Assumption { theory, reason, remedy: in_text(&remedy, verb) }
        }
        other => other,
    }
}

/// The flag that sets the parameter of that id.
fn flag(id: &str, verb: &Command) -> Option<String> {
    let arg = verb.get_arguments().find(|arg| arg.get_id() == id)?;
    arg.get_long().map(|flag| format!("--{flag}"))
}

/// A text in which flags stand for ids in backquotes.
fn in_text(text: &str, verb: &Command) -> String {
    let (mut written, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('`')
        && let Some((id, after)) = after.split_once('`')
    {
        written += before;
        written += &flag(id, verb).unwrap_or_else(|| format!("`{id}`"));
        rest = after;
    }
    written + rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    fn verb(name: &str) -> Command {
        Cli::command().find_subcommand(name).expect("a verb").clone()
    }

    fn text(error: Error, name: &str) -> String {
        named(error, &verb(name)).to_string()
    }

    #[test]
    fn a_parameter_that_the_verb_has_is_called_by_its_flag() {
        let rate = Error::parameter("learning rate", 3, "it must be below 2").of("rate");
        assert_eq!(text(rate.clone(), "learn"), "--rate is 3: it must be below 2");
        assert_eq!(text(rate.clone(), "wide"), "--rate is 3: it must be below 2");
        // Nobody can set it here, and its name still tells what it is.
        assert_eq!(text(rate.clone(), "check"), rate.to_string());
        let product = Error::parameter("weights", 8, "too many").of("hidden").of("layers");
        assert_eq!(text(product.clone(), "learn"), "--hidden × --layers is 8: too many");
        assert_eq!(text(product.clone(), "wide"), product.to_string());
        let plain = Error::parameter("rate", 3, "no id, however it is called");
        assert_eq!(text(plain.clone(), "learn"), plain.to_string());
    }

    #[test]
    fn a_remedy_speaks_of_flags_where_there_are_some() {
        let remedy = || "add a `ridge`, or `something` else".to_owned();
        let error = Error::Assumption { theory: "it", reason: "no".into(), remedy: remedy() };
        let with_flag = "it does not apply: no; add a --ridge, or `something` else";
        assert_eq!(text(error.clone(), "wide"), with_flag);
        assert_eq!(text(error.clone(), "list"), error.to_string());
        let memory = Error::parameter("inputs", 9, "raise `limit`, or compute with `other`");
        assert_eq!(text(memory, "kernel"), "inputs is 9: raise --memory, or compute with --other");
        let odd = Error::parameter("item", 1, "it holds a ` by itself");
        assert_eq!(text(odd.clone(), "wide"), odd.to_string());
    }

    /// All Rust files below a folder.
    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .collect()
    }

    #[test]
    fn every_id_that_the_library_gives_is_a_flag_of_some_verb() {
        let mut program = Cli::command();
        program.build();
        let mut known = BTreeSet::new();
        let mut waiting: Vec<&Command> = program.get_subcommands().collect();
        while let Some(command) = waiting.pop() {
            let flags = command.get_arguments().filter(|arg| arg.get_long().is_some());
            known.extend(flags.map(|arg| arg.get_id().as_str()));
            waiting.extend(command.get_subcommands());
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let library = sources(&root).into_iter().filter(|file| !file.starts_with(root.join("cli")));
        let (mut given, mut unknown) = (BTreeSet::new(), Vec::new());
        for file in library {
            let code = std::fs::read_to_string(&file).unwrap();
            for rest in code.split(".of(\"").skip(1) {
                let id = rest.split('"').next().unwrap_or_default();
                given.insert(id.to_owned());
                if !known.contains(id) {
                    unknown.push(format!("{}: {id}", file.display()));
                }
            }
        }
        assert!(unknown.is_empty(), "no verb has a flag for {unknown:?}");
        for id in ["rate", "layers", "times", "branching", "momentum"] {
            assert!(given.contains(id), "the search does not see {id}");
        }
    }
}
