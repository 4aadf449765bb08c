//! What theory says of the course: plateau, specialization, end; forgetting and transfer.

use serde_json::{Value, json};
use solvable::student_teacher::OnlineNetwork;
use solvable::student_teacher::flow::plateau::{Passage, SymmetricPlateau, passage};
use solvable::student_teacher::flow::stationary::{End, Stationary, settle_within};
use solvable::student_teacher::symmetry::Symmetry;
use solvable::{Error, Result, Trajectory};

use super::super::report;
use super::setup::Setup;

/// Most units of which the end is looked for: its linearization takes the cube of their square.
const MOST_UNITS: usize = 12;
/// Time, in units of 1/η, until which it is looked for: a student with units to spare may have none.
const PATIENCE: f64 = 1e4;

/// What is worth saying of a course.
pub enum Findings {
    /// One teacher.
    One {
        /// The plateau and how it is passed; why there is none.
        plateau: std::result::Result<Box<(SymmetricPlateau, Passage)>, String>,
        /// Where it ends; why that is not known.
        end: std::result::Result<Box<Stationary>, String>,
        /// Why the course never leaves its plateau, if so.
        stuck: Option<String>,
    },
    /// Two teachers.
    Two {
        /// Time of the switch.
        switch: f64,
        /// Error of the first task at the switch and at the end.
        first: [f64; 2],
        /// Error of the second task at the switch and at the end.
        second: [f64; 2],
    },
}

impl Findings {
    /// Asks theory.
    pub fn of(setup: &Setup, theory: &Trajectory) -> Result<Self> {
        match setup {
            Setup::One(network) => of_one(network),
            Setup::Two(tasks) => {
                let end = theory.grid().last().copied().unwrap_or(0.0);
                let switch = tasks.curriculum.switch;
                let states = tasks.course(&[switch, end])?;
                let errors = |task| {
                    [&states[0], &states[1]].map(|state| state.error(tasks.activation, task))
                };
                use solvable::continual::overlaps::Task;
                let (first, second) = (errors(Task::First), errors(Task::Second));
                Ok(Self::Two { switch, first, second })
            }
        }
    }

    /// Whether theory keeps a symmetry that chance breaks.
    pub fn is_stuck(&self) -> bool {
        matches!(self, Self::One { stuck: Some(_), .. })
    }

    /// What readers have to know.
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::One { stuck, .. } => stuck.clone(),
            Self::Two { .. } => None,
        }
    }

    /// Times worth a mark in the figure.
    pub fn events(&self) -> Vec<(f64, &'static str)> {
        match self {
            Self::One { plateau, .. } => match plateau.as_deref() {
                Ok((_, Passage::Left { specialized, .. })) => {
                    vec![(*specialized, "specialized")]
                }
                _ => Vec::new(),
            },
            Self::Two { switch, .. } => vec![(*switch, "switch")],
        }
    }

    /// A few sentences.
    pub fn text(&self) -> String {
        let number = report::number;
        match self {
            Self::One { plateau, end, stuck } => {
                let mut text = match plateau.as_deref() {
                    Ok((plateau, passage)) => {
                        let (error, rate) = (plateau.error, plateau.escape_rate);
                        format!(
                            "symmetric plateau: error {}, differences grow at rate {} (each factor of ten in \
                             N delays the end by {})\n{}",
                            number(error),
                            number(rate),
                            number(plateau.delay_per_log_size() * std::f64::consts::LN_10),
                            passed(passage)
                        )
                    }
                    Err(reason) => format!("no symmetric plateau: {reason}\n"),
                };
                if let Some(reason) = stuck {
                    text += &format!("{reason}\n");
                }
                text + &ended(end)
            }
            Self::Two { switch, first, second } => format!(
                "switch at {}: the error on task 1 goes from {} to {} (forgetting {}), on task 2 from {} to \
                 {} (transfer {})\n",
                number(*switch),
                number(first[0]),
                number(first[1]),
                number(first[1] - first[0]),
                number(second[0]),
                number(second[1]),
                number(second[0] - second[1]),
            ),
        }
    }

    /// The same for machines.
    pub fn to_json(&self) -> Value {
        match self {
            Self::One { plateau, end, stuck } => {
                let plateau = plateau.as_deref().ok().map(|(plateau, passage)| {
                    let (start, left, specialized) = match passage {
                        Passage::Left { start, end, specialized } => {
                            (Some(*start), Some(*end), Some(*specialized))
                        }
                        Passage::Stays { start, .. } => (*start, None, None),
                        Passage::Never { .. } => (None, None, None),
                    };
                    json!({
                        "error": plateau.error, "escape_rate": plateau.escape_rate,
                        "delay_per_log_size": plateau.delay_per_log_size(),
                        "start": start, "end": left, "specialized": specialized,
                    })
                });
                let (error, kind) = end.as_ref().map_or((None, "unknown"), |stationary| {
                    let kind = match stationary.end {
                        End::Learned => "learned",
                        End::Attracting { .. } => "stationary",
                        End::Drifting { .. } => "drifting",
                    };
                    (Some(stationary.error), kind)
                });
                json!({
                    "never_leaves": stuck, "plateau": plateau,
                    "asymptotic_error": error, "end": kind,
                })
            }
            Self::Two { switch, first, second } => json!({
                "switch": switch,
                "forgetting": first[1] - first[0],
                "transfer": second[0] - second[1],
                "error_on_task_1": {"at_switch": first[0], "at_end": first[1]},
                "error_on_task_2": {"at_switch": second[0], "at_end": second[1]},
            }),
        }
    }
}

fn of_one(network: &OnlineNetwork) -> Result<Findings> {
    let OnlineNetwork { activation, learning, start, .. } = network;
    let (k, m) = (start.n_students(), start.n_teachers());
    if k + m > MOST_UNITS {
        let reason = format!("not looked for with more than {MOST_UNITS} units in both networks");
        let (plateau, end) = (Err(reason.clone()), Err(reason));
        return Ok(Findings::One { plateau, end, stuck: stuck(network) });
    }
    let plateau = match SymmetricPlateau::of(*activation, learning, start) {
        Ok(plateau) => {
            let passed = passage(*activation, learning, start, &plateau)?;
            Ok(Box::new((plateau, passed)))
        }
        Err(Error::Assumption { reason, .. }) => Err(reason),
        Err(other) => Err(other.to_string()),
    };
    let end = settle_within(*activation, learning, start, PATIENCE);
    let end = end.map(Box::new).map_err(|error| error.to_string());
    Ok(Findings::One { plateau, end, stuck: stuck(network) })
}

/// Why the course keeps a symmetry that stands in the way of learning.
fn stuck(network: &OnlineNetwork) -> Option<String> {
    let start = &network.start;
    if start.n_students() == 1 || start.n_teachers() == 1 {
        return None;
    }
    let symmetry = Symmetry::of(start);
    let named = |groups: Vec<Vec<usize>>| {
        let group = |units: &Vec<usize>| {
            units.iter().map(|unit| (unit + 1).to_string()).collect::<Vec<_>>().join(", ")
        };
        groups.iter().map(group).collect::<Vec<_>>().join("; ")
    };
    if !symmetry.forbids_specialization() {
        return None;
    }
    let students = named(symmetry.interchangeable_students());
    let which = if students.is_empty() {
        format!("teachers {} are", named(symmetry.interchangeable_teachers()))
    } else {
        format!("students {students} are")
    };
    Some(format!(
        "the start is exactly symmetric: {which} interchangeable and stay so; theory never leaves its plateau, \
         networks of finite size leave it by chance (nothing is judged)"
    ))
}

fn passed(passage: &Passage) -> String {
    let number = report::number;
    match passage {
        Passage::Left { start, end, specialized } => format!(
            "on it from {} to {}, specialized (half its error) at {}\n",
            number(*start),
            number(*end),
            number(*specialized)
        ),
        Passage::Stays { start: None, until } => {
            format!("not reached by {}\n", number(*until))
        }
        Passage::Stays { start: Some(start), until } => {
            format!("on it from {}, still there at {}\n", number(*start), number(*until))
        }
        Passage::Never { .. } => String::new(),
    }
}

fn ended(end: &std::result::Result<Box<Stationary>, String>) -> String {
    let number = report::number;
    match end.as_deref() {
        Err(reason) => format!("end: {reason}\n"),
        Ok(Stationary { error, end, .. }) => match end {
            End::Learned => "end: everything is learned\n".into(),
            End::Attracting { slowest_rate } => format!(
                "end: error {}, approached at rate {}\n",
                number(*error),
                number(*slowest_rate)
            ),
            End::Drifting { .. } => {
                format!("end: error {}, wandering among equally good solutions\n", number(*error))
            }
        },
    }
}
