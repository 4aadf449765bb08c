//! Continual learning: what a student forgets of a first task while it learns a second one.
//!
//! # Setting
//!
//! A student of K hidden units has a head for each of two tasks. Labels of task † come from a teacher of M
//! units, those of task ‡ from one of P. One fresh example a step, with N independent normal inputs:
//! online learning as in [`student_teacher`](crate::student_teacher), whose equations hold in many
//! dimensions for any number of units (`lee2021`). What connects the tasks is that both heads read
//! the same hidden units.
//!
//! Tasks can be alike in two ways. **Features:** the overlaps of the two teachers' hidden units.
//! **Readouts:** the cosine of what they make of them. [`TeacherPair`](overlaps::TeacherPair) builds
//! teachers of any similarity in both.
//!
//! # Prediction
//!
//! | file | what it answers |
//! |---|---|
//! | [`overlaps`] | which numbers describe a student with two heads and two teachers |
//! | [`two_tasks`] | their course in time: tasks in sequence, mixed, with replay; nothing protected, units frozen, elastic weights |
//! | [`balance`] | forgetting and transfer, and their first slopes at the switch |
//!
//! All of it is one flow over one covariance of all fields. A **sequence** changes which head and
//! which teacher have readouts; the overlaps with the other teacher go on changing, and the other head
//! rests. **Mixed** tasks average the right-hand sides of both, because a step is of order 1/N.
//! **Frozen** units are like units of a teacher whose readouts learn. **Elastic** weights (`kirkpatrick2017`)
//! are pulled to where they were, which adds the student at the switch to the fields: its Fisher
//! information is the same number for all weights of a unit.
//!
//! **Intermediate similarity is worst.** With unrelated features the second task recruits units that the
//! first does not use; with the same features there is nothing to unlearn. In between the units of the
//! first task are used again, and turned.
//!
//! # Simulation
//!
//! A network of N inputs starts from weights with exactly the overlaps of the theory; the seed turns them,
//! draws examples, noise and, for mixed tasks, which task comes next. At the switch, elastic weights
//! measure the information of every single weight from 10 N examples of the first task; these do
//! not count as training.
//!
//! # Where theory and simulation part
//!
//! * **Size.** A run scatters by about N^{−1/2}; the mean over runs is off by about 1/N of the largest
//!   value of each observable (measured; see [`two_tasks`]).
//! * **Saddles.** Two linear units that learn mixed tasks, or any that start alike, stay near a saddle
//!   until a fluctuation takes them away. Infinite networks have none and stay longer: at N = 400 with
//!   linear units half of the runs had left when theory had not.
//! * **tanh** units have no closed form and are refused; the network could be trained.
//!
//! # Conventions
//!
//! Errors have a factor ½ and are those on labels without noise. Time is examples of either task per
//! input. Learning rates are those of [`student_teacher`](crate::student_teacher): a first-layer step is
//! η/√N, a step of a head η_v/N times the gradient.
//!
//! # References
//!
//! `lee2021` (two tasks), `saad1995`, `goldt2019` (online learning), `kirkpatrick2017` (elastic weights).

pub mod balance;
pub(crate) mod cases;
mod course;
mod model;
mod network;
pub mod overlaps;
pub mod similarity;
pub mod two_tasks;

pub use overlaps::TwoTaskOverlaps;
