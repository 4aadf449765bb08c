//! Data sets and what is known of them.

use ndarray::Array2;
use solvable::deep_linear::two_layer::TwoLayerMode;
use solvable::task::environment::{Graph, PlantedCategory, RandomField, Spectrum, Tree};
use solvable::{Dataset, Error, Result};

use super::super::output::Output;
use super::super::report;
use super::args::{BlockArgs, ClusterArgs, GridArgs, Kind, OrderArgs, RingArgs, TreeArgs};

/// Most cells of a table, which is held whole.
const MOST_CELLS: f64 = 1e8;
/// Items from which factorizing takes long enough to say so.
const MANY: usize = 1000;
/// Mode strength at the start for the half times: that of `solvable learn` by default.
const U0: f64 = 0.03 * 0.03;

/// A group of equal modes.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) eigenvalue: f64,
    pub(super) multiplicity: usize,
    pub(super) theory: f64,
    pub(super) sample: f64,
}

/// A data set and what is known of it.
pub(super) struct World {
    pub(super) data: Dataset,
    pub(super) groups: Vec<Group>,
    /// Analytic eigenvectors as columns, and their names.
    pub(super) modes: (Vec<String>, Array2<f64>),
    /// A sentence for people.
    pub(super) remark: String,
}

impl Kind {
    pub(super) fn world(&self, output: &Output) -> Result<World> {
        let (n, seed) = (self.shared().features, self.shared().seed);
        let graph = match self {
            Self::Tree(args) => return args.world(output),
            Self::Block(args) => return args.world(output),
            Self::Ring(args) => Graph::Ring { n_items: args.items },
            Self::Order(args) => Graph::Order { n_items: args.items },
            Self::Grid(args) => Graph::Grid { rows: args.rows, columns: args.columns },
            Self::Cluster(args) => Graph::Clusters { n_clusters: args.clusters, size: args.size },
        };
        let (Self::Ring(RingArgs { smooth, .. })
        | Self::Order(OrderArgs { smooth, .. })
        | Self::Grid(GridArgs { smooth, .. })
        | Self::Cluster(ClusterArgs { smooth, .. })) = self
        else {
            return Err(Error::Usage("this kind has no smoothness".into()));
        };
        let field = RandomField::new(graph, smooth.smoothness, smooth.edge)?;
        let p = field.graph().n_items();
        has_room(p, n, output)?;
        let off = off_by(p, n);
        let remark = format!("{p} items, {n} features: Gaussian, smooth along edges; {off}");
        World::of(field.sample(n, seed)?, &field.spectrum(), n as f64, remark)
    }
}

impl TreeArgs {
    fn tree(&self) -> Result<Tree> {
        match (self.branching.0.as_slice(), self.depth) {
            ([b], depth) => Tree::regular(depth.unwrap_or(3), *b),
            (list, Some(depth)) if list.len() != depth => Err(Error::Usage(format!(
                "--branching lists {} levels and --depth says {depth}: give one of them",
                list.len()
            ))),
            (list, _) => Tree::new(list),
        }
    }

    fn world(&self, output: &Output) -> Result<World> {
        let tree = self.tree()?;
        let p = tree.n_items();
        if self.indicators {
            let copies = vec![1; tree.depth() + 1];
            let data = tree.indicators(&copies)?;
            let n = data.feature_names.len();
            has_room(p, n, output)?;
            let remark = format!("{p} items, {n} features: one for each node");
            // Its eigenvalues are sums over features.
            return World::of(data, &tree.indicator_spectrum(&copies)?, 1.0, remark);
        }
        let spectrum = tree.diffusion_spectrum(self.flip)?;
        let n = self.shared.features;
        has_room(p, n, output)?;
        let flip = report::exact(self.flip);
        let off = off_by(p, n);
        let remark =
            format!("{p} items, {n} features that flip on a branch with probability {flip}; {off}");
        World::of(tree.diffuse(self.flip, n, self.shared.seed)?, &spectrum, n as f64, remark)
    }
}

impl BlockArgs {
    fn world(&self, output: &Output) -> Result<World> {
        let (p, n) = (self.items, self.shared.features);
        let (members, shared) = (self.members, self.shared_features);
        let category = PlantedCategory::new((p, n), (members, shared), self.inside, self.outside)?;
        has_room(p, n, output)?;
        let data = category.sample(self.shared.seed)?;
        let (theory, sample) = (category.theory(), category.measure(&data)?);
        let coherence = category.coherence();
        let found = if coherence > 1.0 { "detectable" } else { "not detectable" };
        let remark = format!(
            "{p} items, {n} features; coherence {} ({found}); squared overlap of the largest mode \
             with the category's features {} (sample {}), items {} (sample {})",
            report::number(coherence),
            report::number(theory.feature_overlap),
            report::number(sample.feature_overlap),
            report::number(theory.item_overlap),
            report::number(sample.item_overlap),
        );
        let groups = vec![Group {
            name: "category".into(),
            eigenvalue: category.strength() * category.variance() / n as f64,
            multiplicity: 1,
            theory: theory.singular_value,
            sample: sample.singular_value,
        }];
        let size = (members as f64).sqrt().recip();
        let mode = Array2::from_shape_fn((p, 1), |(i, _)| if i < members { size } else { 0.0 });
        Ok(World { data, groups, modes: (vec!["category".into()], mode), remark })
    }
}

impl World {
    fn of(data: Dataset, spectrum: &Spectrum, n_features: f64, remark: String) -> Result<Self> {
        let sample = spectrum.measure(&data.targets)?;
        let theory = spectrum.singular_values(n_features);
        let both = theory.into_iter().zip(sample);
        let groups = spectrum.eigenspaces.iter().zip(both).map(|(space, (theory, sample))| Group {
            name: space.name.clone(),
            eigenvalue: space.eigenvalue,
            multiplicity: space.multiplicity(),
            theory,
            sample,
        });
        let (mut names, mut first) = (Vec::new(), 0);
        let p = spectrum.n_items();
        let mut modes = Array2::zeros((p, p));
        for space in &spectrum.eigenspaces {
            let m = space.multiplicity();
            let name = |j: usize| match m {
                1 => space.name.clone(),
                _ => format!("{} ({j})", space.name),
            };
            names.extend((1..=m).map(name));
            modes.slice_mut(ndarray::s![.., first..first + m]).assign(&space.vectors);
            first += m;
        }
        let groups = groups.collect();
        Ok(Self { data, groups, modes: (names, modes), remark })
    }

    /// Time at which the modes of a group are half learned by two layers that start as `solvable
    /// learn` starts them.
    pub(super) fn half_time(&self, group: &Group) -> Result<Option<f64>> {
        let d = (self.data.n_samples() as f64).recip();
        Ok(TwoLayerMode::balanced(group.theory, d, U0)?.half_time())
    }
}

/// How far singular values of a sample are from theory, to its first order.
fn off_by(items: usize, features: usize) -> String {
    let part = (items as f64 / features as f64).sqrt();
    format!("a sample of that size is off by about {} %", report::number(100.0 * part))
}

/// Refuses a table that is too large to hold; says so before one takes long.
fn has_room(items: usize, features: usize, output: &Output) -> Result<()> {
    let cells = items as f64 * features as f64;
    if cells > MOST_CELLS {
        let allowed = format!(
            "{items} items × {features} features are {cells:.1e} cells ({:.1} GB); at most \
             {MOST_CELLS:.0e} can be held",
            8e-9 * cells
        );
        return Err(Error::parameter("--features", features, allowed));
    }
    if items > MANY {
        output.note(format_args!("factorizing {items} × {items} numbers, which takes a while"));
    }
    Ok(())
}
