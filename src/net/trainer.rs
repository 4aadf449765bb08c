//! The one loop of training: steps, the clock, a guard against divergence.
//!
//! What a step does is the matter of an [`Engine`]; how many there are until a time, what is shown
//! between two steps, and when a run has diverged is the same for all of them and stands here.

use ndarray::{Array2, Zip};

use super::Clock;
use crate::math::times::validate_times;
use crate::{Error, Result};

/// How many times its initial value (plus one) the loss may reach before a run counts as diverged.
const DIVERGED: f64 = 1e6;

/// Something that can be trained step by step.
pub trait Engine {
    /// What training is looked at through: a network, or `()` for engines that are looked at
    /// themselves.
    type Net: Clone;

    /// Steps between looks at the loss: a diverging run is stopped soon, and looking costs nothing.
    const CHECK_EVERY: u64 = 32;

    /// What kind of training it is, for messages.
    const METHOD: &'static str = "gradient descent";

    /// Takes steps, at most [`CHECK_EVERY`](Self::CHECK_EVERY) at once.
    fn advance(&mut self, steps: u64);

    /// What must not run away: the loss on what the next step will use. Work done for it is not done
    /// again by that step.
    fn loss(&mut self) -> f64;

    /// Largest loss that a run may have, given its first.
    fn limit(&self, initial: f64) -> f64 {
        DIVERGED * (initial + 1.0)
    }

    /// What to change if a run diverges: `lower the learning rate, which is 3.5`.
    fn remedy(&self) -> String;

    /// Copies the weights into a network of the same shape.
    fn write(&mut self, net: &mut Self::Net);

    /// The weights of a network.
    fn matrices(net: &Self::Net) -> &[Array2<f64>];

    /// The weights of a network, to change in place.
    fn matrices_mut(net: &mut Self::Net) -> &mut [Array2<f64>];
}

/// Training that can be stopped at any time and gone on with.
///
/// A time t = (k + f)η between two steps shows $`W_k + f(W_{k+1} - W_k)`$, which is what Euler's method
/// itself claims there. What is shown has no influence on the steps.
#[derive(Debug, Clone)]
pub struct Trainer<E: Engine> {
    engine: E,
    clock: Clock,
    /// Steps taken; after a time between two steps, the step behind it.
    steps: u64,
    time: f64,
    initial: f64,
    /// The last step that was looked at.
    checked: u64,
    shown: E::Net,
    /// Whether the engine has gone on since `shown` was written.
    stale: bool,
    /// The networks on both sides of a time between two steps.
    between: Option<(E::Net, E::Net)>,
}

impl<E: Engine> Trainer<E> {
    /// An engine at its start, where it is shown as `net` and has the loss `initial`.
    ///
    /// # Errors
    /// An initial loss that is not finite.
    pub fn new(engine: E, net: E::Net, initial: f64, clock: Clock) -> Result<Self> {
        let mut trainer = Self {
            engine,
            clock,
            steps: 0,
            time: 0.0,
            initial,
            checked: 0,
            shown: net,
            stale: false,
            between: None,
        };
        trainer.require_bounded(initial)?;
        Ok(trainer)
    }

    /// Trains until a time.
    ///
    /// # Errors
    /// A time that is already passed, not finite, or too many steps away; a loss that runs away
    /// because the rate is too large.
    pub fn advance_to(&mut self, time: f64) -> Result<()> {
        if time < self.time {
            let allowed = format!("training is at {} already: it must not be less", self.time);
            return Err(Error::parameter("time", time, allowed));
        }
        let (whole, fraction) = self.clock.steps(time)?;
        while self.steps < whole {
            self.take((whole - self.steps).min(E::CHECK_EVERY - self.steps % E::CHECK_EVERY))?;
        }
        if self.checked != self.steps {
            self.check()?;
        }
        self.time = time;
        if fraction == 0.0 {
            // What is shown at first is the start already, free of rounding.
            self.stale = self.steps > 0;
            return Ok(());
        }
        self.stale = false;
        // After a time between two steps, `steps` is the one behind it: the next may need both.
        let (from, to) =
            self.between.get_or_insert_with(|| (self.shown.clone(), self.shown.clone()));
        if self.steps == whole {
            if self.steps > 0 {
                self.engine.write(from);
            }
            self.engine.advance(1);
            self.steps += 1;
            self.engine.write(to);
            self.check()?;
        }
        if let Some((from, to)) = &self.between {
            let out = E::matrices_mut(&mut self.shown);
            interpolate(out, E::matrices(from), fraction, E::matrices(to));
        }
        Ok(())
    }

    /// Trains to each of `times` and calls `record` with the index of the time and the network there.
    ///
    /// # Errors
    /// Times that do not increase, an error of `record`, or as [`advance_to`](Self::advance_to).
    pub fn record(
        &mut self,
        times: &[f64],
        mut record: impl FnMut(usize, &E::Net) -> Result<()>,
    ) -> Result<()> {
        validate_times(times)?;
        for (i, time) in times.iter().enumerate() {
            self.advance_to(*time)?;
            record(i, self.network())?;
        }
        Ok(())
    }

    /// The network at the present time.
    pub fn network(&mut self) -> &E::Net {
        if std::mem::take(&mut self.stale) {
            self.engine.write(&mut self.shown);
        }
        &self.shown
    }

    /// The network at the present time, when training is over.
    pub fn into_network(mut self) -> E::Net {
        self.network();
        self.shown
    }

    /// What takes the steps.
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// What takes the steps, to be looked at where looking needs room.
    pub fn engine_mut(&mut self) -> &mut E {
        &mut self.engine
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    fn take(&mut self, steps: u64) -> Result<()> {
        self.engine.advance(steps);
        self.steps += steps;
        if self.steps.is_multiple_of(E::CHECK_EVERY) {
            self.check()?;
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        let loss = self.engine.loss();
        self.require_bounded(loss)
    }

    fn require_bounded(&mut self, loss: f64) -> Result<()> {
        self.checked = self.steps;
        if loss.is_finite() && loss <= self.engine.limit(self.initial) {
            return Ok(());
        }
        let (step, time, initial) = (self.steps, self.clock.time(self.steps), self.initial);
        Err(Error::Numerical {
            method: E::METHOD,
            reason: format!(
                "the loss is {loss:.3e} after step {step} (time {time:.4e}), from {initial:.3e} at \
                 the start; {}",
                self.engine.remedy()
            ),
        })
    }
}

/// Writes (1 − f)·`from` + f·`to` into `out`, exact at both ends.
pub(super) fn interpolate(
    out: &mut [Array2<f64>],
    from: &[Array2<f64>],
    f: f64,
    to: &[Array2<f64>],
) {
    for ((out, from), to) in out.iter_mut().zip(from).zip(to) {
        Zip::from(out).and(from).and(to).for_each(|out, from, to| *out = from + f * (to - from));
    }
}
