//! Training engines that do the same as the plain path, faster; the plain path judges them.
//!
//! * [`full_batch`]: descent of networks of finite width without allocation in the loop.

pub mod full_batch;
pub(crate) mod kernels;
pub(crate) mod linear_step;
mod thin_products;
