//! Kernels that would not fit the memory are refused before they are computed.

use crate::{Error, Result};

/// Most bytes that kernels take if nothing else is said: 4 GB.
pub const DEFAULT_LIMIT: u64 = 4_000_000_000;

/// Refuses `what` of size `size` if that needs more than `limit` bytes; `remedy` is what else can be done.
///
/// # Errors
/// That it does, with both numbers.
pub fn require_memory(
    needed: u64,
    limit: u64,
    what: &str,
    size: impl FnOnce() -> String,
    remedy: &str,
) -> Result<()> {
    if needed <= limit {
        return Ok(());
    }
    let [needed, limit] = [needed, limit].map(|bytes| match bytes as f64 * 1e-9 {
        large if large >= 0.1 => format!("{large:.2}"),
        small => format!("{small:.1e}"),
    });
    let allowed = format!("that takes about {needed} GB and {limit} GB are the limit; {remedy}");
    Err(Error::parameter(what, size(), allowed))
}
