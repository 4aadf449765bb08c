//! What the second task costs the first, and what it gains: forgetting and transfer.
//!
//! With the errors $`\epsilon^\dagger`$ and $`\epsilon^\ddagger`$ of a student that switches from task †
//! to task ‡ at $`t_s`$ (`lee2021`),
//!
//! ```math
//! F(t) = \epsilon^\dagger(t) - \epsilon^\dagger(t_s),\qquad
//! T(t) = \epsilon^\ddagger(t_s) - \epsilon^\ddagger(t) .
//! ```
//!
//! Both start at 0. Their first slopes are derivatives of the error along the flow right after the
//! switch, in closed form: for a Gaussian average, $`\partial\langle g_a g_b\rangle/\partial C_{ab} =
//! \langle g'_a g'_b\rangle`$ and $`\partial\langle g_a g_b\rangle/\partial C_{aa} = \tfrac12\langle g''_a
//! g_b\rangle`$, and an integration by parts gives the latter from I₃.

use super::course::{Phase, course};
use super::overlaps::Task;
use super::two_tasks::TwoTasks;
use crate::math::times::validate_times;
use crate::net::Nonlinearity;
use crate::student_teacher::averages::Fields;
use crate::{Error, Result};

/// Forgetting and transfer in the limit of many dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// Errors on the first and on the second task at the switch.
    pub at_switch: [f64; 2],
    /// F, at each time after the switch. Negative where the second task helps the first.
    pub forgetting: Vec<f64>,
    /// T, at each time after the switch. Negative where the second task got worse.
    pub transfer: Vec<f64>,
    /// dF/dt right after the switch.
    pub initial_forgetting: f64,
    /// dT/dt right after the switch.
    pub initial_transfer: f64,
}

impl TwoTasks {
    /// Forgetting and transfer at each of `after`, times counted from the switch.
    ///
    /// # Errors
    /// As [`course`](Self::course); a switch that never comes.
    pub fn balance(&self, after: &[f64]) -> Result<Balance> {
        self.validate()?;
        validate_times(after)?;
        let switch = self.curriculum.switch;
        if !switch.is_finite() {
            let allowed = "nothing is forgotten before the second task: it must be finite";
            return Err(Error::parameter("switch", switch, allowed));
        }
        let there = course(self, &[switch])?.swap_remove(0);
        let phase = Phase::after(self, &there);
        let states = phase.solve(&there, after)?;
        let error = |task| there.error(self.activation, task);
        let at_switch = Task::BOTH.map(error);
        let change = |task: Task| {
            let before = at_switch[task as usize];
            states.iter().map(|state| state.error(self.activation, task) - before).collect()
        };
        let transfer: Vec<f64> = change(Task::Second);
        let y = phase.state(&there);
        let mut dy = vec![0.0; y.len()];
        phase.field(&mut phase.workspace(), &y, &mut dy);
        let slope = |task: Task| phase.error_rate(&y, &dy, task);
        Ok(Balance {
            at_switch,
            forgetting: change(Task::First),
            transfer: transfer.into_iter().map(|x| -x).collect(),
            initial_forgetting: slope(Task::First),
            initial_transfer: -slope(Task::Second),
        })
    }
}

impl Phase<'_> {
    /// Derivative of the error on a task where the state changes as `dy`.
    fn error_rate(&self, y: &[f64], dy: &[f64], task: Task) -> f64 {
        let (k, n) = (self.n_students(), self.n_fields());
        let mut readouts = self.workspace().readouts[task as usize].clone();
        let head = n * n + k * task as usize;
        readouts[..k].copy_from_slice(&y[head..head + k]);
        let active: Vec<usize> = (0..n).filter(|a| readouts[*a] != 0.0 || *a < k).collect();
        let fields = Fields::new(&y[..n * n], n);
        let g = self.tasks.activation;
        let mut rate = 0.0;
        for a in &active {
            for b in &active {
                let (s, t) = (readouts[*a], readouts[*b]);
                let along = fields.j2(g, *a, *b) * dy[a * n + b]
                    + curvature(g, &fields, *a, *b) * dy[a * n + a];
                rate += 0.5 * s * t * along;
                if *a < k {
                    rate += dy[head + a] * t * fields.i2(g, *a, *b);
                }
            }
        }
        rate
    }
}

/// $`\langle g''_a g_b\rangle`$.
fn curvature(g: Nonlinearity, fields: &Fields<'_>, a: usize, b: usize) -> f64 {
    let own = fields.covariance(a, a);
    // Without a field g'' is that at zero, where all odd units have none.
    if own <= 0.0 {
        return 0.0;
    }
    (fields.i3(g, a, a, b) - fields.covariance(a, b) * fields.j2(g, a, b)) / own
}
