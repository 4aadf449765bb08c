//! Which pairs of pixels a convolutional kernel is needed at, along one axis of the image.
//!
//! The kernel of a network before layer l+1 is a number $`K(p,p')`$ for a pixel p of one image and a
//! pixel p′ of the other. All layers work on rows and columns alike and separately, so the pairs that
//! are tracked are a product: pairs of rows times pairs of columns. What is needed at the end decides
//! what is needed before:
//!
//! * Flatten reads (p, p) alone. A convolution moves both pixels by the same tap, so (p, p) needs
//!   only (q, q): one pair a pixel instead of one a pair of pixels.
//! * Global average pooling reads all pairs, but a pair with displacement p′ − p needs only pairs
//!   with stride times that displacement: the displacements can be done one after another
//!   ([`Pairs::displaced`]), each in the memory of one image.
//! * Average pooling over w pixels moves the two pixels independently and needs the 2w − 1
//!   displacements around: a band.
//!
//! [`Sums`] says which pairs of the map before a layer are added up for each pair after it.

use crate::net::architecture::conv_shape::Window;

/// Pairs of positions along one axis, in the order in which they are stored.
///
/// Pairs of the same displacement follow each other, so that the taps of a convolution are shifted
/// copies of the whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pairs {
    /// Position in the first image.
    pub first: Vec<usize>,
    /// Position in the second image.
    pub second: Vec<usize>,
    /// Length of the axis.
    length: usize,
}

impl Pairs {
    fn new(mut pairs: Vec<(usize, usize)>, length: usize) -> Self {
        pairs.sort_unstable_by_key(|(p, q)| (q + length - p, *p));
        pairs.dedup();
        let (first, second) = pairs.into_iter().unzip();
        Self { first, second, length }
    }

    /// All pairs.
    #[cfg(test)]
    pub fn all(length: usize) -> Self {
        Self::new((0..length).flat_map(|p| (0..length).map(move |q| (p, q))).collect(), length)
    }

    /// The pairs (p, p).
    pub fn equal(length: usize) -> Self {
        Self::new((0..length).map(|p| (p, p)).collect(), length)
    }

    /// The pairs (p, p + d) within the axis, for one d between −length and length.
    pub fn displaced(length: usize, d: isize) -> Self {
        let partner = |p: usize| p.checked_add_signed(d).filter(|q| *q < length);
        Self::new((0..length).filter_map(|p| Some((p, partner(p)?))).collect(), length)
    }

    /// The pairs (p, p + d) around a circle.
    pub fn turned(length: usize, d: usize) -> Self {
        Self::new((0..length).map(|p| (p, (p + d) % length)).collect(), length)
    }

    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// All pairs of either.
    pub fn union(&self, other: &Self) -> Self {
        Self::new(self.iter().chain(other.iter()).collect(), self.length)
    }

    fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.first.iter().copied().zip(self.second.iter().copied())
    }

    /// Where (p, p) is stored, for each p that is.
    pub fn places_of_equal(&self) -> Vec<(usize, usize)> {
        let places = self.iter().enumerate();
        places.filter(|(_, (p, q))| p == q).map(|(place, (p, _))| (p, place)).collect()
    }

    /// Maximal runs along which both positions grow by one: (place, first, second, length).
    pub fn runs(&self) -> Vec<[usize; 4]> {
        let mut runs: Vec<[usize; 4]> = Vec::new();
        for (place, (p, q)) in self.iter().enumerate() {
            match runs.last_mut() {
                Some([_, a, b, n]) if (*a + *n, *b + *n) == (p, q) => *n += 1,
                _ => runs.push([place, p, q, 1]),
            }
        }
        runs
    }

    /// Place of each pair in a table by p · length + q.
    fn places(&self) -> Vec<Option<usize>> {
        let mut places = vec![None; self.length * self.length];
        for (place, (p, q)) in self.iter().enumerate() {
            places[p * self.length + q] = Some(place);
        }
        places
    }
}

/// What is added up, run by run: entries `inputs[i] .. inputs[i] + length` of the map before, for
/// entries `output .. output + length` of the map after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub output: usize,
    pub length: usize,
    pub inputs: Vec<usize>,
}

/// A layer's sums along one axis, and the pairs after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sums {
    pub runs: Vec<Run>,
    pub after: Pairs,
}

/// How a layer moves the two pixels of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taps {
    /// By the same tap: a convolution, whose weights are shared by all pixels.
    Shared(Window),
    /// Independently: an average over pixels.
    Independent(Window),
}

impl Taps {
    fn window(self) -> Window {
        match self {
            Self::Shared(window) | Self::Independent(window) => window,
        }
    }

    /// The pairs before the layer that the pair (p, q) after it sums.
    fn of(self, p: usize, q: usize) -> Vec<(usize, usize)> {
        let window = self.window();
        let taps = 0..window.size;
        let at = |a, b| Some((window.tap(p, a)?, window.tap(q, b)?));
        match self {
            Self::Shared(_) => taps.filter_map(|a| at(a, a)).collect(),
            Self::Independent(_) => {
                let both = taps.clone().flat_map(|a| taps.clone().map(move |b| (a, b)));
                both.filter_map(|(a, b)| at(a, b)).collect()
            }
        }
    }

    /// The pairs before the layer without which the pairs `after` it cannot be had.
    pub fn needed(self, after: &Pairs) -> Pairs {
        let pairs = after.iter().flat_map(|(p, q)| self.of(p, q)).collect();
        Pairs::new(pairs, self.window().before)
    }

    /// The sums that lead from the pairs `before` to those `after`.
    pub fn sums(self, before: &Pairs, after: Pairs) -> Sums {
        Sums::new(before, after, |p, q| self.of(p, q))
    }
}

impl Sums {
    /// Leaves out what is not in `after`.
    pub fn selection(before: &Pairs, after: Pairs) -> Self {
        Self::new(before, after, |p, q| vec![(p, q)])
    }

    fn new(
        before: &Pairs,
        after: Pairs,
        inputs_of: impl Fn(usize, usize) -> Vec<(usize, usize)>,
    ) -> Self {
        let places = before.places();
        let mut runs: Vec<Run> = Vec::new();
        for (output, (p, q)) in after.iter().enumerate() {
            let inputs = inputs_of(p, q).into_iter();
            let inputs: Vec<usize> =
                inputs.filter_map(|(p, q)| places[p * before.length + q]).collect();
            match runs.last_mut() {
                Some(run) if run.goes_on_with(&inputs) => run.length += 1,
                _ => runs.push(Run { output, length: 1, inputs }),
            }
        }
        Self { runs, after }
    }
}

impl Run {
    fn goes_on_with(&self, inputs: &[usize]) -> bool {
        let next = |(a, b): (&usize, &usize)| a + self.length == *b;
        self.inputs.len() == inputs.len() && self.inputs.iter().zip(inputs).all(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::architecture::Padding;

    fn window(before: usize, size: usize, stride: usize, padding: Padding) -> Window {
        Window::new(before, size, stride, padding).unwrap()
    }

    #[test]
    fn the_displacements_are_all_pairs() {
        for n in [1, 2, 5] {
            let m = n as isize;
            let all = |parts: Vec<Pairs>| {
                parts.iter().fold(Pairs::new(vec![], n), |sum, part| sum.union(part))
            };
            let moved: Vec<_> = (1 - m..m).map(|d| Pairs::displaced(n, d)).collect();
            let turned: Vec<_> = (0..n).map(|d| Pairs::turned(n, d)).collect();
            for parts in [moved, turned] {
                assert_eq!(parts.iter().map(Pairs::len).sum::<usize>(), n * n);
                assert_eq!(all(parts), Pairs::all(n));
            }
        }
    }

    #[test]
    fn a_convolution_keeps_displacements_apart_and_pooling_needs_a_band() {
        for (padding, stride) in [(Padding::Same, 1), (Padding::Same, 2), (Padding::Valid, 1)] {
            let window = window(8, 3, stride, padding);
            for d in 1 - (window.after as isize)..window.after as isize {
                let needed = Taps::Shared(window).needed(&Pairs::displaced(window.after, d));
                let moved = |(p, q): (usize, usize)| q as isize - p as isize;
                assert!(needed.iter().all(|pair| moved(pair) == d * stride as isize));
            }
        }
        let circle = window(6, 3, 1, Padding::Circular);
        let needed = Taps::Shared(circle).needed(&Pairs::turned(6, 2));
        assert_eq!(needed, Pairs::turned(6, 2));
        let pool = window(8, 2, 2, Padding::Valid);
        let needed = Taps::Independent(pool).needed(&Pairs::equal(4));
        assert_eq!(needed.len(), 4 * 4);
        assert!(needed.iter().all(|(p, q)| p.abs_diff(q) < 2));
    }

    #[test]
    fn runs_say_what_is_summed() {
        for padding in [Padding::Same, Padding::Valid, Padding::Circular] {
            for (taps, after) in [(3, 1), (3, 2), (2, 1), (4, 3)].map(|(size, stride)| {
                let window = window(7, size, stride, padding);
                (Taps::Shared(window), Pairs::all(window.after))
            }) {
                let before = taps.needed(&after);
                let sums = taps.sums(&before, after.clone());
                let lengths: usize = sums.runs.iter().map(|run| run.length).sum();
                assert_eq!(lengths, after.len());
                for run in &sums.runs {
                    for i in 0..run.length {
                        let place = run.output + i;
                        let inputs = run.inputs.iter();
                        let found: Vec<_> = inputs
                            .map(|input| (before.first[input + i], before.second[input + i]))
                            .collect();
                        assert_eq!(found, taps.of(after.first[place], after.second[place]));
                    }
                }
            }
        }
    }

    #[test]
    fn runs_of_one_displacement_are_long() {
        let window = window(16, 3, 1, Padding::Same);
        let pairs = Pairs::displaced(16, 5);
        let sums = Taps::Shared(window).sums(&pairs, pairs.clone());
        assert_eq!(sums.runs.iter().map(|run| run.length).collect::<Vec<_>>(), [1, 9, 1]);
        assert_eq!(pairs.runs(), [[0, 0, 5, 11]]);
    }
}
