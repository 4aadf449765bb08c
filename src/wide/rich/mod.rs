//! Wide networks that learn features: from kernels that stay to kernels that learn.
//!
//! * [`output_scaling`]: how far a network moves when its output is scaled.
//! * [`two_layer`]: two linear layers in closed form. [`dmft`]: deep linear networks by mean-field
//!   theory, held against [`descent`];
//!   [`kernel_distance`]: how their distance falls with the width.

pub mod descent;
pub mod dmft;
pub mod kernel_distance;
pub mod output_scaling;
mod scaled;
pub mod two_layer;
