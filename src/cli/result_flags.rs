//! The flags of every verb that writes results.

use std::path::PathBuf;

use super::render::Style;

/// Where results go and how they are shown.
#[derive(Debug, clap::Args)]
pub struct ResultFlags {
    /// Directory for the results [default: out/ and a name for what is computed].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also write into a directory that holds other files.
    #[arg(long)]
    pub force: bool,
    /// What figures are drawn for.
    #[arg(long, value_enum, default_value = "paper")]
    pub style: Style,
    /// Print one JSON document.
    #[arg(long)]
    pub json: bool,
}
