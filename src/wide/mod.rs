//! Wide networks: Gaussian processes, tangent kernels and what they learn, and when that theory fails.
//!
//! # Setting
//!
//! A deep network starts from random Gaussian weights. As its hidden layers get wide
//!
//! * its outputs become a Gaussian process, whose covariance K (the NNGP kernel) follows layer by layer;
//! * its gradients become a fixed feature map: the tangent kernel
//!   $`\Theta(x, x') = \sum_\theta \partial_\theta f(x)\,\partial_\theta f(x')`$ no longer depends on
//!   the draw of the weights, and does not change in training;
//! * so gradient descent is linear in the outputs, $`\dot f = -\Theta (f - y)/N`$, and the ensemble of
//!   all trained networks is again a Gaussian process, with mean and covariance in closed form.
//!
//! A network is an [`Architecture`](crate::net::architecture::Architecture): layers with the standard deviations of
//! their weights and biases. The same one gives kernels, predictions and trained networks of finite
//! width.
//!
//! # Prediction
//!
//! | file | what it answers |
//! |---|---|
//! | [`architecture`](crate::net::architecture), [`parse`](crate::net::architecture::parse) | what a network is, and how it is written: `"dense relu dense"` |
//! | [`unit`](crate::net::unit), [`names`](crate::net::unit::names), [`gaussian_expectation`](dual::gaussian_expectation) | units, their averages over Gaussian inputs, their names |
//! | [`dense`](kernel::dense) | K and Θ of fully connected networks, with branches and normalization |
//! | [`conv`](kernel::conv), [`conv_shape`](crate::net::architecture::conv_shape) | K and Θ of convolutional networks on images |
//! | [`sphere`](kernel::sphere) | spectra of these kernels on the sphere, for [learning curves](crate::generalization::kernel::regression) |
//! | [`training`](ensemble::training), [`momentum`](ensemble::momentum) | what one mode of the kernel does in training: flow, steps, momentum, ridge and decay |
//! | [`kernel_modes`](ensemble::kernel_modes), [`trained`](ensemble::trained), [`test_points`](ensemble::test_points), [`posterior`](ensemble::posterior) | mean and covariance of trained networks at any time, and of the Gaussian process given the data |
//! | [`cross_entropy`](ensemble::cross_entropy) | classification, where the outputs never come to rest |
//! | [`propagation`](signal::propagation), [`deep_signal`](signal::deep_signal) | variances and correlations in deep networks: order, chaos, the edge between them |
//! | [`isometry`](signal::isometry), [`jacobian_spectrum`](signal::jacobian_spectrum) | singular values of the Jacobian |
//! | [`output_scaling`](rich::output_scaling), [`two_layer`](rich::two_layer), [`dmft`](rich::dmft) | from fixed kernels to kernels that learn |
//! | [`deep_linear`](bayesian::deep_linear), [`scale_posterior`](bayesian::scale_posterior), [`renormalized_scale`](bayesian::renormalized_scale) | Bayesian networks as deep as wide, where the kernel is rescaled by the data |
//!
//! # Simulation
//!
//! | file | what it does |
//! |---|---|
//! | [`finite_network`](crate::net::layered), [`full_batch`](crate::net::fast::full_batch), [`trained_network`](finite::trained_network) | networks of any width, trained by full-batch gradient descent |
//! | [`empirical_ntk`](finite::empirical_ntk), [`kernel_change`](finite::kernel_change), [`linearized`](finite::linearized) | their tangent kernels, how these change, networks held at their linearization |
//! | [`width_scaling`](finite::width_scaling), [`sphere_task`](finite::sphere_task) | how the distance from the limit falls with the width |
//! | [`jacobian_sampling`](signal::jacobian_sampling), [`descent`](rich::descent), [`weighted_networks`](bayesian::weighted_networks) | random Jacobians; deep linear networks that learn features; networks weighted by their likelihood |
//!
//! # Where theory and simulation part
//!
//! * **Width.** At width N a tangent kernel scatters by about $`N^{-1/2}`$ between draws and changes by
//!   about $`1/N`$ in training: [`width_scaling`](finite::width_scaling) measures both.
//! * **Kinks.** Late in training ReLU networks chatter across their kinks and their loss falls more
//!   slowly than the kernel says. Smooth units follow to the end.
//! * **Features.** With outputs scaled down the kernel learns. That needs [`dmft`](rich::dmft), not a kernel.
//!
//! # Conventions
//!
//! Inputs are rows, and $`K_0 = x\cdot x'/d`$. In NTK parameterization a layer computes
//! $`z = \sigma_w W h/\sqrt{n} + \sigma_b b`$ with standard Gaussian W and b, all trained at one rate;
//! [`Parameterization`](crate::net::architecture::Parameterization) has the other. Depth counts hidden layers. The
//! loss is $`\frac{1}{2N}\lVert f - y\rVert^2`$, where N is stated by each file.
//!
//! # References
//!
//! `neal1996`, `lee2018`, `matthews2018` (Gaussian processes), `jacot2018`, `lee2019`, `arora2019b`
//! (tangent kernels and training), `cho2009`, `williams1997`, `tsuchida2021`, `han2022` (averages of
//! nonlinearities), `novak2019`, `garriga2019`, `xiao2018` (convolutions), `bietti2019`, `bordelon2020`,
//! `canatar2021` (spectra and learning curves), `poole2016`, `schoenholz2017`, `pennington2017`,
//! `pennington2018` (signals), `bordelon2022`, `chizat2019` (feature learning), `li2021` (Bayesian deep
//! linear networks).

pub mod bayesian;
pub(crate) mod cases;
pub mod dual;
pub mod ensemble;
pub mod finite;
pub mod kernel;
pub mod rich;
pub mod signal;

pub use bayesian::deep_linear::BayesianDeepLinear;
pub use ensemble::posterior::Posterior;
pub use ensemble::trained::TrainedEnsemble;
pub use ensemble::training::Training;
pub use finite::linearized::Linearized;
pub use finite::trained_network::TrainedNetwork;
pub use kernel::dense::Kernels;
pub use rich::descent::RichNetwork;
pub use rich::dmft::DeepLinearField;
pub use rich::two_layer::TwoLayerRich;
pub use signal::deep_signal::DeepSignal;
pub use signal::jacobian_sampling::RandomJacobian;
pub use signal::propagation::SignalPropagation;

pub use dual::Dual;
