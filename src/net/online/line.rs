//! The unit in which numbers of inputs and weights lie in memory.

/// Numbers of a cache line, and of the widest vector.
pub(super) const LINE: usize = 8;
/// Eight numbers on a cache line.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [f64; LINE]);

impl Line {
    pub(super) const ZERO: Self = Self([0.0; LINE]);
}
