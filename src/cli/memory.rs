//! How much memory kernels may take.

use solvable::wide::kernel::memory_limit::DEFAULT_LIMIT;

use super::values;

/// The flag of verbs that compute kernels.
#[derive(Debug, clap::Args)]
pub struct Memory {
    /// Most memory to use, in GB [default: what the machine has available, or 4].
    #[arg(id = "limit", long = "memory", value_name = "GB", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    gigabytes: Option<f64>,
}

impl Memory {
    /// Bytes that may be used: as many as were given, or as there are.
    pub fn limit(&self) -> u64 {
        let given = self.gigabytes.map(|gigabytes| (gigabytes * 1e9) as u64);
        given.or_else(available).unwrap_or(DEFAULT_LIMIT)
    }
}

/// What Linux says is available.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}
