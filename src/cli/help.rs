//! How help is laid out: the verbs in groups, and each verb's question first.

use clap::Command;

/// The verbs by what they are for.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Your data", &["learn", "environment"]),
    ("Theories", &["curve", "list"]),
    ("Networks", &["online", "kernel", "wide"]),
    ("Figures", &["figure", "reproduce"]),
    ("Trust", &["check", "cite"]),
    ("Shell", &["completions"]),
];

/// A verb's question and what it does; then examples, and how to use it.
const OF_A_VERB: &str = "\
{about}

{before-help}{usage-heading} {usage}

{all-args}{after-help}";

/// The program with its help laid out.
pub fn arranged(program: Command) -> Command {
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}\
         {}\n{{options}}{{after-help}}",
        overview(&program),
        heading("Options", &program),
    );
    program.mut_subcommands(of_a_verb).help_template(template)
}

fn of_a_verb(verb: Command) -> Command {
    verb.help_template(OF_A_VERB).mut_subcommands(of_a_verb)
}

/// Every verb with its question, below the heading of its group.
fn overview(program: &Command) -> String {
    let verbs = |names: &[&str]| -> Vec<&Command> {
        names.iter().filter_map(|name| program.find_subcommand(name)).collect()
    };
    let names = program.get_subcommands().map(|verb| verb.get_name().len());
    let (width, literal) = (names.max().unwrap_or(0), program.get_styles().get_literal());
    let mut text = String::new();
    for (group, names) in GROUPS {
        text += &heading(group, program);
        text.push('\n');
        for verb in verbs(names) {
            let (name, about) = (verb.get_name(), verb.get_about());
            let about = about.map(ToString::to_string).unwrap_or_default();
            text +=
                &format!("  {literal}{name}{literal:#}{:1$}  {about}\n", "", width - name.len());
        }
        text.push('\n');
    }
    text
}

fn heading(title: &str, program: &Command) -> String {
    let header = program.get_styles().get_header();
    format!("{header}{title}:{header:#}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    /// Help as it is printed, without colors.
    fn long_help(command: &mut Command) -> String {
        command.render_long_help().to_string()
    }

    /// The lines of a help text that show a command.
    fn examples(help: &str) -> Vec<String> {
        let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
        lines.take_while(|line| line.starts_with("  ")).map(|line| line.trim().to_owned()).collect()
    }

    /// Words of a line as a shell takes them: what stands in double quotes is one.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (i, part) in line.split('"').enumerate() {
            match i % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        words
    }

    #[test]
    fn every_verb_is_in_one_group_with_its_question() {
        let help = long_help(&mut arranged(Cli::command()));
        for (group, _) in GROUPS {
            assert!(help.contains(&format!("\n\n{group}:\n  ")), "{group} is not in {help}");
        }
        for verb in Cli::command().get_subcommands() {
            let (name, about) = (verb.get_name(), verb.get_about().unwrap().to_string());
            let lines: Vec<&str> = help
                .lines()
                .filter(|line| line.strip_prefix("  ").is_some_and(|l| l.starts_with(name)))
                .collect();
            assert_eq!(lines.len(), 1, "{name} is not once in {help}");
            assert!(lines[0].ends_with(&format!("  {about}")), "{}", lines[0]);
            assert!(lines[0].chars().count() <= 100, "{}", lines[0]);
        }
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        assert_eq!(listed.len(), Cli::command().get_subcommands().count());
    }

    #[test]
    fn every_help_starts_with_its_question_and_two_examples_that_parse() {
        let overview = long_help(&mut arranged(Cli::command()));
        assert!(overview.starts_with("Examples:\n"), "{overview}");
        let mut all = examples(&overview);
        // As it is before clap adds a verb for help.
        for verb in arranged(Cli::command()).get_subcommands_mut() {
            let name = verb.get_name().to_owned();
            let help = long_help(verb);
            let question = verb.get_about().unwrap().to_string();
            assert!(question.ends_with('?'), "{name}: {question}");
            let rest = help.strip_prefix(&question).unwrap_or_else(|| panic!("{name}: {help}"));
            let (what, _) = rest.split_once("Examples:").expect("examples");
            // What it does stands between the two.
            assert!(what.trim().len() > 40 && !what.contains("Usage:"), "{name}: {help}");
            let found = examples(&help);
            assert!(found.len() >= 2, "{name} has {} examples", found.len());
            for example in &found {
                assert!(example.starts_with(&format!("solvable {name}")), "{example}");
            }
            all.extend(found);
            for kind in verb.get_subcommands_mut() {
                let name = format!("solvable {name} {}", kind.get_name());
                let found = examples(&long_help(kind));
                assert!(found.len() >= 2, "{name} has {} examples", found.len());
                assert!(found.iter().all(|example| example.starts_with(&name)), "{found:?}");
                all.extend(found);
            }
        }
        for example in all {
            let words = words(example.split(['|', '>']).next().unwrap_or_default());
            if let Err(error) = Cli::command().try_get_matches_from(words) {
                panic!("{example}: {error}");
            }
        }
    }
}
