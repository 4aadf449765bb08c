//! Jobs side by side, with results that do not depend on the number of threads.

use crate::Result;

/// Runs two jobs side by side.
#[cfg(feature = "parallel")]
pub(crate) fn join<A: Send, B: Send>(
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    rayon::join(a, b)
}

/// Runs two jobs one after the other.
#[cfg(not(feature = "parallel"))]
pub(crate) fn join<A, B>(a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
    (a(), b())
}

/// Runs `job` for 0, 1, …, `n` − 1 side by side; results in order, so that nothing depends on the
/// number of threads.
pub(crate) fn in_parallel<T: Send>(
    n: usize,
    job: impl Fn(usize) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    in_parallel_with(n, || (), |(), i| job(i))
}

/// The same with room to work in, which jobs one after another share.
pub(crate) fn in_parallel_with<R, T: Send>(
    n: usize,
    room: impl Fn() -> R + Sync + Send,
    job: impl Fn(&mut R, usize) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..n).into_par_iter().map_init(room, job).collect()
    }
    #[cfg(not(feature = "parallel"))]
    {
        let mut room = room();
        (0..n).map(|i| job(&mut room, i)).collect()
    }
}
