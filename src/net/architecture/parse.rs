//! Architectures from words: `"dense relu dense"`, `"3x3 relu [ 3x3 relu 3x3 ] relu gap dense"`.
//!
//! | word | layer |
//! |---|---|
//! | `dense`, `dense(w=1.4, b=0.1)` | weights with standard deviations σ_w and σ_b |
//! | `3x3`, `5x3/2:valid(w=1.4, b=0.1)` | convolution: height × width, `/` stride, `:` padding (`same`, `valid`, `circular`) |
//! | `local3x3`, `local3x3/2:valid(w=1.4)` | the same with filters of their own at every place |
//! | `recurrent(tanh, leak=0.5, w=1, r=0.9, b=0.1)` | recurrent units: leak α, and standard deviations of weights from the inputs and among the units; a leak of 1 and σ_r = σ_w unless given |
//! | `max2`, `max2x3/1:same` | pooling by the largest, as `pool` |
//! | `pool2`, `pool2x3/1:same` | average pooling; the stride is the window and nothing is padded unless given |
//! | `flatten`, `gap` | all places in one vector; their mean |
//! | `relu`, `erf(1, 0.7)`, … | a [nonlinearity](crate::net::unit::names::NAMES) |
//! | `norm`, `norm(1e-3)` | layer normalization, with ε = 1e-5 unless given |
//! | `[ … ]` | x + f(x), the branch f in brackets |
//!
//! The words are the network as it is: no readout is added. NTK parameterization. Networks with `local`,
//! `recurrent` or `max` can be trained ([`parse_trainable`]), but no limit of infinite width is known
//! for them here.

use std::ops::Range;

use super::{Architecture, Layer, Padding, Parameterization};
use crate::net::unit::Nonlinearity;
use crate::net::unit::names::NAMES;
use crate::{Error, Result};

/// What layers have where their words do not say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerDefaults {
    /// σ_w of dense layers and convolutions.
    pub weight_std: f64,
    /// σ_b of dense layers and convolutions.
    pub bias_std: f64,
    /// Padding of convolutions.
    pub padding: Padding,
}

impl Default for LayerDefaults {
    /// σ_w = √2, which keeps the variance through ReLU layers, no biases, zeros beyond the edge.
    fn default() -> Self {
        Self { weight_std: std::f64::consts::SQRT_2, bias_std: 0.0, padding: Padding::Same }
    }
}

/// ε of `norm` without a number.
const EPSILON: f64 = 1e-5;

/// An architecture from words, as in the [module](self).
///
/// ```
/// use solvable::net::architecture::parse::{LayerDefaults, parse};
///
/// let network = parse("dense relu dense(b=0.1)", &LayerDefaults::default())?;
/// assert_eq!(network.layers.len(), 3);
///
/// let message = parse("dense rleu dense", &LayerDefaults::default()).unwrap_err().to_string();
/// assert!(message.contains("dense rleu dense\n        ^^^^"));
/// # Ok::<(), solvable::Error>(())
/// ```
///
/// # Errors
/// [`Error::Usage`] with the text, a mark under the word that is wrong, and what is allowed there: an
/// unknown word, a number that is none or out of range, brackets that do not match, layers that
/// [do not fit together](Architecture::validate).
pub fn parse(text: &str, defaults: &LayerDefaults) -> Result<Architecture> {
    let (architecture, places) = read(text, defaults)?;
    match architecture.first_fault() {
        None => Ok(architecture),
        Some(fault) => {
            let range = find(&places, &fault.place).unwrap_or(0..text.len());
            Err(pointed(text, range, "a layer that does not fit", &fault.error.to_string()))
        }
    }
}

/// As [`parse`], for a network that is to be trained: of its limit nothing need be known.
///
/// # Errors
/// As [`parse`], but for layers that only the theory of infinite width refuses.
pub fn parse_trainable(text: &str, defaults: &LayerDefaults) -> Result<Architecture> {
    let (architecture, _) = read(text, defaults)?;
    architecture.check_layers()?;
    Ok(architecture)
}

/// An architecture, and where its words are.
fn read(text: &str, defaults: &LayerDefaults) -> Result<(Architecture, Vec<Place>)> {
    let words = words(text);
    let mut reader = Reader { text, words: &words, next: 0, defaults };
    let (layers, places) = reader.sequence(None)?;
    if layers.is_empty() {
        return Err(pointed(text, 0..0, "no layer", &allowed()));
    }
    Ok((Architecture { layers, parameterization: Parameterization::Ntk }, places))
}

/// Where the word of a layer is, with those of its branch.
struct Place {
    range: Range<usize>,
    branch: Vec<Place>,
}

fn find(places: &[Place], path: &[usize]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let place = places.get(*first)?;
    if rest.is_empty() { Some(place.range.clone()) } else { find(&place.branch, rest) }
}

/// Words in order: separated by spaces outside parentheses; brackets are words.
fn words(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut start, mut depth) = (Vec::new(), None, 0usize);
    let mut close = |start: &mut Option<usize>, end: usize| {
        found.extend(start.take().map(|start| start..end));
    };
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (c.is_whitespace() || c == '[' || c == ']') {
            close(&mut start, i);
            if !c.is_whitespace() {
                close(&mut Some(i), i + 1);
            }
        } else if start.is_none() {
            start = Some(i);
        }
    }
    close(&mut start, text.len());
    found
}

struct Reader<'a> {
    text: &'a str,
    words: &'a [Range<usize>],
    next: usize,
    defaults: &'a LayerDefaults,
}

impl Reader<'_> {
    /// Layers up to the bracket that closes the one at `opened`, or to the end.
    fn sequence(&mut self, opened: Option<&Range<usize>>) -> Result<(Vec<Layer>, Vec<Place>)> {
        let (mut layers, mut places) = (Vec::new(), Vec::new());
        while let Some(range) = self.words.get(self.next) {
            self.next += 1;
            let word = &self.text[range.clone()];
            match word {
                "[" => {
                    let (inside, branch) = self.sequence(Some(range))?;
                    layers.push(Layer::Residual(inside));
                    places.push(Place { range: range.clone(), branch });
                }
                "]" if opened.is_some() => return Ok((layers, places)),
                "]" => {
                    let allowed = "a bracket closes one that was opened: [ … ]";
                    return Err(pointed(self.text, range.clone(), "a bracket too many", allowed));
                }
                _ => {
                    let layer = layer(word, self.defaults).map_err(|problem| {
                        let range =
                            range.start + problem.part.start..range.start + problem.part.end;
                        pointed(self.text, range, &problem.what, &problem.allowed)
                    })?;
                    layers.push(layer);
                    places.push(Place { range: range.clone(), branch: Vec::new() });
                }
            }
        }
        match opened {
            None => Ok((layers, places)),
            Some(range) => {
                let allowed = "a bracket that is opened must be closed: [ … ]";
                Err(pointed(self.text, range.clone(), "an open bracket", allowed))
            }
        }
    }
}

/// What is wrong with a word, and with which part of it.
struct Problem {
    part: Range<usize>,
    what: String,
    allowed: String,
}

fn layer(word: &str, defaults: &LayerDefaults) -> Result<Layer, Problem> {
    let name_end = word.find('(').unwrap_or(word.len());
    let name = &word[..name_end];
    let problem = |part: Range<usize>, what: &str, allowed: String| Problem {
        part,
        what: what.to_owned(),
        allowed,
    };
    let plain = |layer: Layer| {
        if name_end == word.len() {
            return Ok(layer);
        }
        let allowed = format!("{name} takes no numbers");
        Err(problem(name_end..word.len(), "numbers where none are allowed", allowed))
    };
    let weights = || Weights::parse(word, name_end, defaults);
    match name {
        "dense" => {
            let Weights { weight_std, bias_std } = weights()?;
            return Ok(Layer::Dense { weight_std, bias_std });
        }
        "recurrent" => return recurrent(word, name_end, defaults),
        "flatten" => return plain(Layer::Flatten),
        "gap" => return plain(Layer::GlobalAveragePool),
        "norm" => {
            let epsilon = match arguments(word, name_end)? {
                None => EPSILON,
                Some((inside, text)) => text.trim().parse().map_err(|_| {
                    problem(inside, "a number that is none", "ε of norm, as in norm(1e-5)".into())
                })?,
            };
            return Ok(Layer::LayerNorm { epsilon });
        }
        _ => {}
    }
    for pooling in ["pool", "max"] {
        let Some(size) = name.strip_prefix(pooling) else { continue };
        let Window { size: window, stride, padding } = Window::parse(size).ok_or_else(|| {
            let allowed =
                format!("a window, stride and padding, as in {pooling}2, {pooling}3x2/1:same");
            problem(0..name_end, "a window that cannot be read", allowed)
        })?;
        let (stride, padding) = (stride.unwrap_or(window), padding.unwrap_or(Padding::Valid));
        return plain(match pooling {
            "pool" => Layer::AveragePool { window, stride, padding },
            _ => Layer::MaxPool { window, stride, padding },
        });
    }
    let filter = name.strip_prefix("local").unwrap_or(name);
    if filter.starts_with(|c: char| c.is_ascii_digit()) {
        // A number alone could be anything.
        let window = Window::parse(filter).filter(|_| filter.contains('x')).ok_or_else(|| {
            let allowed = "a filter, stride and padding (same, valid, circular), as in 3x3, \
                           3x3/2:valid";
            problem(0..name_end, "a filter that cannot be read", allowed.into())
        })?;
        let Weights { weight_std, bias_std } = weights()?;
        let (filter, stride) = (window.size, window.stride.unwrap_or([1, 1]));
        let padding = window.padding.unwrap_or(defaults.padding);
        return Ok(match name.starts_with("local") {
            true => Layer::LocallyConnected { filter, stride, padding, weight_std, bias_std },
            false => Layer::Conv { filter, stride, padding, weight_std, bias_std },
        });
    }
    word.parse::<Nonlinearity>().map(Layer::Nonlinear).map_err(|error| match error {
        Error::Unknown { .. } => problem(0..word.len(), "an unknown layer", allowed()),
        other => problem(0..word.len(), "a number out of range", other.to_string()),
    })
}

/// `recurrent(tanh, leak=0.5, w=1, r=0.9, b=0.1)`.
fn recurrent(word: &str, name_end: usize, defaults: &LayerDefaults) -> Result<Layer, Problem> {
    let mut nonlinearity = Nonlinearity::Tanh;
    let (mut leak, mut weight_std, mut recurrent_std) = (1.0, defaults.weight_std, None);
    let mut bias_std = defaults.bias_std;
    let Some((inside, text)) = arguments(word, name_end)? else {
        let recurrent_std = weight_std;
        return Ok(Layer::Recurrent { nonlinearity, leak, weight_std, recurrent_std, bias_std });
    };
    let mut start = inside.start;
    for part in text.split(',') {
        let range = start..start + part.len();
        start = range.end + 1;
        let number = part.split_once('=').map(|(name, value)| (name.trim(), value.trim().parse()));
        match (number, part.trim().parse()) {
            (None, Ok(found)) => nonlinearity = found,
            (Some(("leak", Ok(value))), _) => leak = value,
            (Some(("w", Ok(value))), _) => weight_std = value,
            (Some(("r", Ok(value))), _) => recurrent_std = Some(value),
            (Some(("b", Ok(value))), _) => bias_std = value,
            _ => {
                let allowed = "a nonlinearity, a leak and standard deviations, as in \
                               recurrent(tanh, leak=0.5, w=1, r=0.9, b=0.1)";
                let what = "a setting that cannot be used".to_owned();
                return Err(Problem { part: range, what, allowed: allowed.into() });
            }
        }
    }
    let recurrent_std = recurrent_std.unwrap_or(weight_std);
    Ok(Layer::Recurrent { nonlinearity, leak, weight_std, recurrent_std, bias_std })
}

/// The text in parentheses that follows a name, and where it is.
fn arguments(word: &str, name_end: usize) -> Result<Option<(Range<usize>, &str)>, Problem> {
    if name_end == word.len() {
        return Ok(None);
    }
    let inside = name_end + 1..word.len().saturating_sub(1).max(name_end + 1);
    match word.strip_suffix(')') {
        Some(_) => Ok(Some((inside.clone(), &word[inside]))),
        None => Err(Problem {
            part: name_end..word.len(),
            what: "a parenthesis that is not closed".into(),
            allowed: format!("{}(…)", &word[..name_end]),
        }),
    }
}

struct Weights {
    weight_std: f64,
    bias_std: f64,
}

impl Weights {
    fn parse(word: &str, name_end: usize, defaults: &LayerDefaults) -> Result<Self, Problem> {
        let mut found = Self { weight_std: defaults.weight_std, bias_std: defaults.bias_std };
        let Some((inside, text)) = arguments(word, name_end)? else { return Ok(found) };
        let mut start = inside.start;
        for part in text.split(',') {
            let range = start..start + part.len();
            start = range.end + 1;
            let setting = part.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
            let number = setting.and_then(|(name, value)| Some((name, value.parse::<f64>().ok()?)));
            match number {
                Some(("w", value)) if value.is_finite() && value >= 0.0 => found.weight_std = value,
                Some(("b", value)) if value.is_finite() && value >= 0.0 => found.bias_std = value,
                _ => {
                    return Err(Problem {
                        part: range,
                        what: "a setting that cannot be used".into(),
                        allowed: format!(
                            "standard deviations of weights and biases, not negative, as in \
                             {}(w=1.4, b=0.1)",
                            &word[..name_end]
                        ),
                    });
                }
            }
        }
        Ok(found)
    }
}

/// `3x3/2:valid`: size, stride, padding. One number stands for both directions.
struct Window {
    size: [usize; 2],
    stride: Option<[usize; 2]>,
    padding: Option<Padding>,
}

impl Window {
    fn parse(text: &str) -> Option<Self> {
        let (text, padding) = match text.split_once(':') {
            None => (text, None),
            Some((text, padding)) => (text, Some(padding_of(padding)?)),
        };
        let (size, stride) = match text.split_once('/') {
            None => (text, None),
            Some((size, stride)) => (size, Some(pair(stride)?)),
        };
        Some(Self { size: pair(size)?, stride, padding })
    }
}

fn pair(text: &str) -> Option<[usize; 2]> {
    let (rows, cols) = text.split_once('x').unwrap_or((text, text));
    let positive = |text: &str| text.parse().ok().filter(|n| *n > 0);
    Some([positive(rows)?, positive(cols)?])
}

fn padding_of(text: &str) -> Option<Padding> {
    match text {
        "same" => Some(Padding::Same),
        "valid" => Some(Padding::Valid),
        "circular" => Some(Padding::Circular),
        _ => None,
    }
}

fn allowed() -> String {
    format!(
        "layers are dense(w=1.4, b=0.1), 3x3/2:same(w=1.4, b=0.1), pool2, flatten, gap, norm(1e-5), \
         [ … ] for x + f(x), or a nonlinearity: {}",
        NAMES.join(", ")
    )
}

/// The text with a mark under a part of it.
fn pointed(text: &str, part: Range<usize>, what: &str, allowed: &str) -> Error {
    // Line breaks would move the mark.
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let before = text[..part.start].chars().count();
    let length = text[part].chars().count().max(1);
    let mark = format!("{}{}", " ".repeat(before), "^".repeat(length));
    Error::Usage(format!("{what} in the architecture\n  {shown}\n  {mark}\n{allowed}"))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
