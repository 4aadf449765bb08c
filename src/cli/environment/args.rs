//! What `solvable environment` is asked.

use clap::Subcommand;
use serde_json::{Value, json};

use super::super::result_flags::ResultFlags;
use super::super::values;

const EXAMPLES: &str = "\
Examples:
  solvable environment tree --depth 3 --branching 2 --flip 0.15 --features 1000 --out out/tree
  solvable environment ring --items 12 --smoothness 3
  solvable environment block --items 100 --features 200 --members 30 --shared 40 --json";
const TREE: &str = "\
Examples:
  solvable environment tree --depth 3 --branching 2 --flip 0.15 --features 1000
  solvable environment tree --branching 3,2,4 --seed 1 --out out/uneven
  solvable environment tree --depth 4 --indicators";
const RING: &str = "\
Examples:
  solvable environment ring --items 12
  solvable environment ring --items 20 --smoothness 5 --features 5000 --seed 1";
const ORDER: &str = "\
Examples:
  solvable environment order --items 10
  solvable environment order --items 30 --smoothness 8 --out out/ranks";
const GRID: &str = "\
Examples:
  solvable environment grid --rows 4 --columns 5
  solvable environment grid --rows 8 --columns 8 --smoothness 2 --json";
const CLUSTER: &str = "\
Examples:
  solvable environment cluster --clusters 3 --size 4
  solvable environment cluster --clusters 5 --size 10 --edge 4 --features 2000";
const BLOCK: &str = "\
Examples:
  solvable environment block --members 30 --shared 40
  solvable environment block --items 50 --features 80 --members 20 --shared 20 --inside 0.9";

/// Which data have a structure whose modes are known exactly?
///
/// Makes a structured data set together with its exact modes. Writes items.csv (items × features,
/// as `solvable learn` reads it), spectrum.csv (for each group of equal modes: eigenvalue,
/// multiplicity, singular value in theory and in the sample, half-learning time), modes.csv (the
/// analytic eigenvectors, one row an item) and manifest.json.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Args {
    #[command(subcommand)]
    pub(super) kind: Kind,
}

#[derive(Debug, Subcommand)]
pub(super) enum Kind {
    Tree(TreeArgs),
    Ring(RingArgs),
    Order(OrderArgs),
    Grid(GridArgs),
    Cluster(ClusterArgs),
    Block(BlockArgs),
}

/// What all kinds share. They draw nothing, so that the style is taken but not spoken of.
#[derive(Debug, clap::Args)]
#[command(mut_arg("style", |style| style.hide(true)))]
pub(super) struct Shared {
    /// Number of features.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub(super) features: usize,
    /// Seed of the sample.
    #[arg(long, value_name = "N", default_value = "0", value_parser = values::seed)]
    #[arg(allow_negative_numbers = true)]
    pub(super) seed: u64,
    #[command(flatten)]
    pub(super) results: ResultFlags,
}

/// Smooth Gaussian features on a graph.
#[derive(Debug, clap::Args)]
pub(super) struct Smooth {
    /// Width σ over which features are alike, in steps along edges.
    #[arg(long, value_name = "SIZE", default_value = "3", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    pub(super) smoothness: f64,
    /// Strength w of every edge.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = values::positive)]
    #[arg(allow_negative_numbers = true)]
    pub(super) edge: f64,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// Items are the leaves of a tree; features are ±1, spread from its root and flip on the way.
#[derive(Debug, clap::Args)]
#[command(before_help = TREE)]
pub(super) struct TreeArgs {
    /// Number of levels [default: 3, or as many as --branching lists].
    #[arg(long, value_name = "N", value_parser = values::count, allow_negative_numbers = true)]
    pub(super) depth: Option<usize>,
    /// Children of every node, or of the nodes of each level from the root down.
    #[arg(long, value_name = "B1,B2,…", default_value = "2", value_parser = values::counts)]
    #[arg(allow_hyphen_values = true)]
    pub(super) branching: values::Counts,
    /// Probability that a feature flips on a branch, from 0 to 0.5.
    #[arg(long, value_name = "P", default_value = "0.1", value_parser = values::finite)]
    #[arg(allow_negative_numbers = true)]
    pub(super) flip: f64,
    /// One feature for each node, true of all items below it, instead of random ones.
    #[arg(long, conflicts_with_all = ["flip", "features", "seed"])]
    pub(super) indicators: bool,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// Items around a ring; features are smooth along it.
#[derive(Debug, clap::Args)]
#[command(before_help = RING)]
pub(super) struct RingArgs {
    /// Number of items.
    #[arg(long, value_name = "N", default_value = "12", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub(super) items: usize,
    #[command(flatten)]
    pub(super) smooth: Smooth,
}

/// Items in a row; features are smooth along it.
#[derive(Debug, clap::Args)]
#[command(before_help = ORDER)]
pub(super) struct OrderArgs {
    /// Number of items.
    #[arg(long, value_name = "N", default_value = "10", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub(super) items: usize,
    #[command(flatten)]
    pub(super) smooth: Smooth,
}

/// Items in rows and columns; features are smooth along both.
#[derive(Debug, clap::Args)]
#[command(before_help = GRID)]
pub(super) struct GridArgs {
    /// Number of rows.
    #[arg(long, value_name = "N", default_value = "4", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub(super) rows: usize,
    /// Number of columns.
    #[arg(long, value_name = "N", default_value = "4", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub(super) columns: usize,
    #[command(flatten)]
    pub(super) smooth: Smooth,
}

/// Items in clusters that know nothing of each other.
#[derive(Debug, clap::Args)]
#[command(before_help = CLUSTER)]
pub(super) struct ClusterArgs {
    /// Number of clusters.
    #[arg(long, value_name = "N", default_value = "3", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub(super) clusters: usize,
    /// Items in each cluster.
    #[arg(long, value_name = "N", default_value = "4", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub(super) size: usize,
    #[command(flatten)]
    pub(super) smooth: Smooth,
}

/// A category hidden in noise: its members share features more often than others do.
#[derive(Debug, clap::Args)]
#[command(before_help = BLOCK)]
pub(super) struct BlockArgs {
    /// Number of items.
    #[arg(long, value_name = "N", default_value = "100", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub(super) items: usize,
    /// Items of the category.
    #[arg(long, value_name = "N", value_parser = values::count, allow_negative_numbers = true)]
    pub(super) members: usize,
    /// Features that they share.
    #[arg(long = "shared", value_name = "N", value_parser = values::count)]
    #[arg(allow_negative_numbers = true)]
    pub(super) shared_features: usize,
    /// Probability that a member has a shared feature.
    #[arg(long, value_name = "P", default_value = "0.7", value_parser = values::finite)]
    #[arg(allow_negative_numbers = true)]
    pub(super) inside: f64,
    /// Probability of all else.
    #[arg(long, value_name = "P", default_value = "0.3", value_parser = values::finite)]
    #[arg(allow_negative_numbers = true)]
    pub(super) outside: f64,
    #[command(flatten)]
    pub(super) shared: Shared,
}

impl Kind {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Tree(_) => "tree",
            Self::Ring(_) => "ring",
            Self::Order(_) => "order",
            Self::Grid(_) => "grid",
            Self::Cluster(_) => "cluster",
            Self::Block(_) => "block",
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        match self {
            Self::Tree(args) => &args.shared,
            Self::Block(args) => &args.shared,
            Self::Ring(RingArgs { smooth, .. })
            | Self::Order(OrderArgs { smooth, .. })
            | Self::Grid(GridArgs { smooth, .. })
            | Self::Cluster(ClusterArgs { smooth, .. }) => &smooth.shared,
        }
    }

    /// Settings of this kind alone.
    pub(super) fn settings(&self) -> Vec<(&'static str, Value)> {
        let smooth = |first: Vec<(&'static str, Value)>, smooth: &Smooth| {
            let both = [("smoothness", json!(smooth.smoothness)), ("edge", json!(smooth.edge))];
            first.into_iter().chain(both).collect()
        };
        match self {
            Self::Tree(args) => {
                let mut settings: Vec<(&'static str, Value)> = Vec::new();
                settings.extend(args.depth.map(|depth| ("depth", json!(depth))));
                settings.push(("branching", json!(args.branching.0)));
                if !args.indicators {
                    settings.push(("flip", json!(args.flip)));
                }
                settings
            }
            Self::Ring(args) => smooth(vec![("items", json!(args.items))], &args.smooth),
            Self::Order(args) => smooth(vec![("items", json!(args.items))], &args.smooth),
            Self::Grid(args) => {
                let sides = vec![("rows", json!(args.rows)), ("columns", json!(args.columns))];
                smooth(sides, &args.smooth)
            }
            Self::Cluster(args) => {
                let sides = vec![("clusters", json!(args.clusters)), ("size", json!(args.size))];
                smooth(sides, &args.smooth)
            }
            Self::Block(args) => vec![
                ("items", json!(args.items)),
                ("members", json!(args.members)),
                ("shared", json!(args.shared_features)),
                ("inside", json!(args.inside)),
                ("outside", json!(args.outside)),
            ],
        }
    }

    pub(super) fn marks_nodes(&self) -> bool {
        matches!(self, Self::Tree(args) if args.indicators)
    }
}
