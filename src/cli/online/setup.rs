//! From arguments to the model.

use ndarray::{Array1, Array2};
use serde_json::{Map, Value, json};
use solvable::continual::overlaps::{TeacherPair, TwoTaskOverlaps};
use solvable::continual::two_tasks::{Curriculum, Protection, TwoTasks};
use solvable::math::random::{Purpose, gaussian, stream};
use solvable::net::Nonlinearity;
use solvable::store::Input;
use solvable::store::read::arrays::read_rows;
use solvable::student_teacher::OnlineNetwork;
use solvable::student_teacher::OrderParameters;
use solvable::student_teacher::flow::Learning;
use solvable::{Error, Result, Solvable};

use super::super::{report, values};
use super::args::{Args, Layers};

/// Inputs of the network whose random weights give the initial overlaps, without --simulate.
const DRAWN: usize = 1000;
/// Most numbers a simulation may hold at once: 4 GB.
const MOST_CELLS: f64 = 5e8;
/// Most units of all networks together: beyond, one evaluation of the theory takes minutes.
const MOST_UNITS: usize = 64;

/// What is asked for.
pub enum Setup {
    /// One teacher.
    One(OnlineNetwork),
    /// Two teachers, one after the other.
    Two(TwoTasks),
}

impl Setup {
    /// The model with the files it was read from and what readers should know.
    pub fn of(args: &Args) -> Result<(Self, Vec<Input>, Vec<String>)> {
        check_course(args)?;
        let (teacher, inputs, warnings) = teacher(args)?;
        let units = args.students + teacher.nrows() * if args.switch.is_some() { 2 } else { 1 };
        check_size(args, units)?;
        let setup = match &args.second_teacher {
            None => Self::One(one(args, &teacher)?),
            Some(similarity) => Self::Two(two(args, teacher.nrows(), similarity)?),
        };
        Ok((setup, inputs, warnings))
    }

    /// The model behind its trait.
    pub fn model(&self) -> &dyn Solvable {
        match self {
            Self::One(network) => network,
            Self::Two(tasks) => tasks,
        }
    }

    /// One line that says what is learned by whom.
    pub fn headline(&self) -> String {
        let (g, learning, start) = self.parts();
        let (k, m) = (start.n_students(), start.n_teachers());
        let layers = if learning.readout_rate > 0.0 { "both layers" } else { "the first layer" };
        let teachers = match self {
            Self::One(_) => format!("a teacher of {m}"),
            Self::Two(tasks) => format!(
                "two teachers of {} one after the other (switch at {})",
                m / 2,
                report::exact(tasks.curriculum.switch)
            ),
        };
        format!(
            "a student of {k} {} units learns {layers} from {teachers}; rate {}, label noise {}",
            g,
            report::exact(learning.rate),
            report::exact(learning.noise),
        )
    }

    fn parts(&self) -> (Nonlinearity, &Learning, &OrderParameters) {
        match self {
            Self::One(network) => (network.activation, &network.learning, &network.start),
            Self::Two(tasks) => (tasks.activation, &tasks.learning, &tasks.start.both),
        }
    }

    /// Overlaps at the start.
    pub fn start(&self) -> Value {
        let (_, _, start) = self.parts();
        let rows =
            |a: &Array2<f64>| json!(a.rows().into_iter().map(|r| r.to_vec()).collect::<Vec<_>>());
        let mut value = json!({
            "Q": rows(&start.q), "R": rows(&start.r), "T": rows(&start.t),
            "readouts": start.v.to_vec(), "teacher_readouts": start.teacher_readout.to_vec(),
        });
        if let Self::Two(tasks) = self {
            value["second_readouts"] = json!(tasks.start.second_head.to_vec());
        }
        value
    }

    /// Every setting with the value it had, defaults included.
    pub fn settings(&self, args: &Args) -> Map<String, Value> {
        let (g, learning, start) = self.parts();
        let mut settings = Map::from_iter([
            ("students".into(), json!(start.n_students())),
            ("activation".into(), json!(g.to_string())),
            ("rate".into(), json!(learning.rate)),
            ("readout_rate".into(), json!(learning.readout_rate)),
            ("noise".into(), json!(learning.noise)),
            ("scale".into(), json!(args.scale)),
            ("symmetric".into(), json!(args.symmetric)),
            ("drawn_in".into(), json!(dimension(args))),
            ("until".into(), json!(args.end())),
            ("points".into(), json!(args.points)),
        ]);
        match self {
            Self::One(_) => {
                settings.insert("teachers".into(), json!(start.n_teachers()));
            }
            Self::Two(tasks) => {
                settings
                    .insert("teachers".into(), json!([tasks.start.n_first, tasks.start.n_first]));
                settings.insert(
                    "feature_similarity".into(),
                    json!(args.second_teacher.map(|s| s.features)),
                );
                settings.insert(
                    "readout_similarity".into(),
                    json!(args.second_teacher.map(|s| s.readouts)),
                );
                settings.insert("switch".into(), json!(args.switch));
                settings.insert("replay".into(), json!(tasks.curriculum.shares[1]));
                settings.insert("freeze".into(), json!(args.freeze));
                settings.insert("elastic".into(), json!(args.elastic.unwrap_or(0.0)));
            }
        }
        if let Some(simulation) = args.simulate {
            settings.insert("size".into(), json!(simulation.size));
            settings.insert("runs".into(), json!(simulation.runs));
        }
        settings
    }
}

fn check_course(args: &Args) -> Result<()> {
    if args.readout_rate.is_some() && args.layers() == Layers::First {
        let problem = "--readout-rate needs readouts that learn: add --train both";
        return Err(Error::Usage(problem.into()));
    }
    if let Some(switch) = args.switch.filter(|switch| *switch >= args.end()) {
        let problem = format!(
            "the course ends at {} before --switch {}: give a later --until",
            report::exact(args.end()),
            report::exact(switch)
        );
        return Err(Error::Usage(problem));
    }
    Ok(())
}

/// Refuses what would take hours or not fit into memory, before anything is computed.
fn check_size(args: &Args, units: usize) -> Result<()> {
    if units > MOST_UNITS {
        let allowed =
            format!("students and teachers have {units} units together, {MOST_UNITS} are the most");
        return Err(Error::parameter("--students", args.students, allowed));
    }
    let Some(simulation) = args.simulate else { return Ok(()) };
    if simulation.size < units {
        let allowed = format!("it must be at least {units}, one per unit of all networks");
        return Err(Error::parameter("--simulate N", simulation.size, allowed));
    }
    let at_a_time = rayon::current_num_threads().min(simulation.runs) as f64;
    let cells = at_a_time * simulation.size as f64 * units as f64;
    if cells > MOST_CELLS {
        let allowed = format!(
            "that needs about {:.1} GB at a time and {:.0} GB are the most; take a smaller N or fewer --threads",
            cells * 8e-9,
            MOST_CELLS * 8e-9
        );
        return Err(Error::parameter("--simulate N", simulation.size, allowed));
    }
    Ok(())
}

/// Overlaps of the teacher's units.
fn teacher(args: &Args) -> Result<(Array2<f64>, Vec<Input>, Vec<String>)> {
    let Some(path) = &args.teacher else {
        return Ok((Array2::eye(args.teachers.unwrap_or(2)), Vec::new(), Vec::new()));
    };
    let (t, warnings) = read_rows(path)?;
    // What is wrong with the matrix is said of the file.
    let m = t.nrows();
    let probe = OrderParameters {
        q: Array2::zeros((1, 1)),
        r: Array2::zeros((1, t.ncols())),
        v: Array1::zeros(1),
        teacher_readout: Array1::zeros(t.ncols()),
        t,
    };
    probe.validate().map_err(|error| Error::Data {
        place: path.display().to_string(),
        problem: match error {
            Error::Parameter { value, .. } => value,
            _ => format!("it has {m} rows and {} columns", probe.t.ncols()),
        },
        remedy:
            "it must hold the overlaps of the teacher's units with each other: square, symmetric, \
            without negative eigenvalues"
                .into(),
    })?;
    Ok((probe.t, vec![Input::of(path)?], warnings))
}

/// Inputs of the network whose weights give the initial overlaps.
fn dimension(args: &Args) -> usize {
    args.simulate.map_or(DRAWN, |simulation| simulation.size)
}

fn learning(args: &Args) -> Learning {
    let readout_rate = match args.layers() {
        Layers::First => 0.0,
        Layers::Both => args.readout_rate.unwrap_or(args.rate),
    };
    Learning { rate: args.rate, readout_rate, noise: args.noise }
}

/// Readouts at the start: 1 where they do not learn, else random, in stream `run`.
fn readouts(args: &Args, run: u32) -> Array1<f64> {
    match args.layers() {
        Layers::First => Array1::ones(args.students),
        Layers::Both if args.symmetric => Array1::from_elem(args.students, args.scale),
        Layers::Both => {
            let mut rng = stream(args.seed, Purpose::InitialWeights, run);
            gaussian(args.students, 1, args.scale, &mut rng).column(0).to_owned()
        }
    }
}

fn one(args: &Args, teacher: &Array2<f64>) -> Result<OnlineNetwork> {
    let m = teacher.nrows();
    let (v, teacher_readout) = (readouts(args, 1), Array1::ones(m));
    let start = if args.symmetric {
        let k = args.students;
        OrderParameters {
            q: args.scale.powi(2) * Array2::<f64>::eye(k),
            r: Array2::zeros((k, m)),
            t: teacher.clone(),
            v,
            teacher_readout,
        }
    } else {
        let (scale, n) = (args.scale, dimension(args));
        OrderParameters::random_student(teacher, &teacher_readout, &v, scale, n, args.seed)?
    };
    let activation = args.activation.into();
    Ok(OnlineNetwork { activation, start, learning: learning(args), n_in: dimension(args) })
}

fn two(args: &Args, m: usize, similarity: &values::Similarity) -> Result<TwoTasks> {
    let pair = TeacherPair::similar(m, similarity.features, similarity.readouts)?;
    let heads = [readouts(args, 1), readouts(args, 2)];
    let size = dimension(args);
    let start: TwoTaskOverlaps =
        pair.random_student([&heads[0], &heads[1]], args.scale, size, args.seed)?;
    let switch = args.switch.unwrap_or(f64::INFINITY);
    let curriculum = Curriculum::replay(switch, args.replay.unwrap_or(0.0));
    let protection = match args.elastic {
        _ if args.freeze => Protection::frozen_layer(args.students),
        Some(strength) => Protection::Elastic { strength },
        None => Protection::None,
    };
    let (activation, learning) = (args.activation.into(), learning(args));
    Ok(TwoTasks { activation, learning, start, curriculum, protection, size })
}
