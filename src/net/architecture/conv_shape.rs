//! Sizes of an image on its way through convolutions and pooling.

use super::{Architecture, Layer, Padding};
use crate::{Error, Result};

/// A filter or pooling window along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Length of the axis before the layer.
    pub before: usize,
    /// Length after it.
    pub after: usize,
    /// Taps of the window.
    pub size: usize,
    stride: usize,
    /// How far the first window reaches over the edge.
    low: usize,
    circular: bool,
}

impl Window {
    /// `None` if the image is smaller than a window that has to stay inside.
    pub fn new(before: usize, size: usize, stride: usize, padding: Padding) -> Option<Self> {
        let (after, low) = match padding {
            Padding::Valid => (before.checked_sub(size)? / stride + 1, 0),
            Padding::Same | Padding::Circular => {
                let after = before.div_ceil(stride);
                let reach = ((after - 1) * stride).saturating_add(size);
                (after, reach.saturating_sub(before) / 2)
            }
        };
        let circular = padding == Padding::Circular;
        Some(Self { before, after, size, stride, low, circular })
    }

    /// Which position before the layer tap `a` of position `p` after it reads; `None` is a zero.
    pub fn tap(self, p: usize, a: usize) -> Option<usize> {
        let place = p * self.stride + a;
        if self.circular {
            let turns = self.low.div_ceil(self.before);
            return Some((place + turns * self.before - self.low) % self.before);
        }
        place.checked_sub(self.low).filter(|place| *place < self.before)
    }
}

/// The windows of a layer along rows and columns, and where there is none the error that says so.
pub(crate) fn windows(
    name: &str,
    [height, width]: [usize; 2],
    size: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) -> Result<[Window; 2]> {
    let along = |before, i: usize| Window::new(before, size[i], stride[i], padding);
    match (along(height, 0), along(width, 1)) {
        (Some(rows), Some(cols)) => Ok([rows, cols]),
        _ => Err(Error::Shape {
            what: format!("the image before {name}, which has no padding,"),
            found: format!("{height}x{width}"),
            expected: format!("at least {}x{}, or padding same", size[0], size[1]),
        }),
    }
}

/// Height and width after each layer that still has places, beginning with the input.
///
/// ```
/// use solvable::net::architecture::{Architecture, Layer, Padding, Parameterization};
/// use solvable::net::architecture::conv_shape::sizes;
///
/// let pool = Layer::AveragePool { window: [2, 2], stride: [2, 2], padding: Padding::Valid };
/// let layers = vec![pool.clone(), pool, Layer::Flatten];
/// let network = Architecture { layers, parameterization: Parameterization::Ntk };
/// assert_eq!(sizes(&network, 28, 21)?, [[28, 21], [14, 10], [7, 5]]);
/// # Ok::<(), solvable::Error>(())
/// ```
///
/// # Errors
/// An image that a window without padding does not fit into, with the layer and the size; layers for
/// vectors before flatten or global average pooling, or neither of the two; a residual branch that
/// changes the size.
pub fn sizes(architecture: &Architecture, height: usize, width: usize) -> Result<Vec<[usize; 2]>> {
    architecture.validate()?;
    if height == 0 || width == 0 {
        return Err(Error::Shape {
            what: "the image".into(),
            found: format!("{height}x{width}"),
            expected: "at least 1x1".into(),
        });
    }
    let mut sizes = vec![[height, width]];
    let mut size = [height, width];
    for (i, layer) in architecture.layers.iter().enumerate() {
        if matches!(layer, Layer::Flatten | Layer::GlobalAveragePool) {
            return Ok(sizes);
        }
        size = after(layer, size, &format!("layer {}", i + 1))?;
        sizes.push(size);
    }
    let allowed = "images end in flatten or gap, so that an answer belongs to a whole image";
    Err(Error::parameter("the last layer", title(architecture.layers.last()), allowed))
}

fn after(layer: &Layer, size: [usize; 2], name: &str) -> Result<[usize; 2]> {
    let windowed = |what: &str, window: [usize; 2], stride, padding| {
        let name = format!("{name} ({what} {}x{})", window[0], window[1]);
        windows(&name, size, window, stride, padding).map(|[rows, cols]| [rows.after, cols.after])
    };
    match layer {
        Layer::Conv { filter, stride, padding, .. } => windowed("conv", *filter, *stride, *padding),
        Layer::AveragePool { window, stride, padding } => {
            windowed("pool", *window, *stride, *padding)
        }
        Layer::Nonlinear(_) | Layer::LayerNorm { .. } => Ok(size),
        Layer::Residual(branch) => {
            let mut inside = size;
            for (i, layer) in branch.iter().enumerate() {
                inside = after(layer, inside, &format!("{name}, {} of the branch", i + 1))?;
            }
            if inside == size {
                return Ok(size);
            }
            let [[a, b], [c, d]] = [inside, size];
            let allowed = "it must keep the size of the image that it is added to";
            let value = format!("a branch from {c}x{d} to {a}x{b}");
            Err(Error::parameter(name, value, allowed))
        }
        Layer::LocallyConnected { filter, stride, padding, .. } => {
            windowed("local", *filter, *stride, *padding)
        }
        Layer::MaxPool { window, stride, padding } => windowed("max", *window, *stride, *padding),
        Layer::Dense { .. }
        | Layer::Flatten
        | Layer::GlobalAveragePool
        | Layer::Recurrent { .. } => {
            let allowed = "before it there must be flatten or gap; a conv of 1x1 is what is dense at \
                           every place of an image";
            Err(Error::parameter(name, title(Some(layer)), allowed))
        }
    }
}

fn title(layer: Option<&Layer>) -> &'static str {
    match layer {
        None => "missing",
        Some(Layer::Dense { .. }) => "dense",
        Some(Layer::Conv { .. }) => "conv",
        Some(Layer::LocallyConnected { .. }) => "locally connected",
        Some(Layer::Recurrent { .. }) => "recurrent",
        Some(Layer::MaxPool { .. }) => "max pool",
        Some(Layer::AveragePool { .. }) => "pool",
        Some(Layer::Flatten) => "flatten",
        Some(Layer::GlobalAveragePool) => "gap",
        Some(Layer::Nonlinear(_)) => "a nonlinearity",
        Some(Layer::Residual(_)) => "a residual block",
        Some(Layer::LayerNorm { .. }) => "normalization",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parameterization;
    use super::*;
    use crate::net::unit::Nonlinearity;

    fn conv(filter: usize, stride: usize, padding: Padding) -> Layer {
        let (weight_std, bias_std) = (1.4, 0.1);
        Layer::Conv { filter: [filter; 2], stride: [stride; 2], padding, weight_std, bias_std }
    }

    fn network(layers: Vec<Layer>) -> Architecture {
        Architecture { layers, parameterization: Parameterization::Ntk }
    }

    #[test]
    fn padding_is_that_of_the_usual_libraries() {
        let taps =
            |window: Window, p| (0..window.size).map(|a| window.tap(p, a)).collect::<Vec<_>>();
        // 5 pixels, filter 3, stride 2: one zero on either side.
        let same = Window::new(5, 3, 2, Padding::Same).unwrap();
        assert_eq!(same.after, 3);
        assert_eq!(taps(same, 0), [None, Some(0), Some(1)]);
        assert_eq!(taps(same, 2), [Some(3), Some(4), None]);
        // 4 pixels, filter 3, stride 2: the odd zero is at the end.
        let same = Window::new(4, 3, 2, Padding::Same).unwrap();
        assert_eq!((taps(same, 0), same.after), (vec![Some(0), Some(1), Some(2)], 2));
        assert_eq!(taps(same, 1), [Some(2), Some(3), None]);
        let circular = Window::new(4, 3, 1, Padding::Circular).unwrap();
        assert_eq!(taps(circular, 0), [Some(3), Some(0), Some(1)]);
        let valid = Window::new(5, 3, 2, Padding::Valid).unwrap();
        assert_eq!((valid.after, taps(valid, 1)), (2, vec![Some(2), Some(3), Some(4)]));
        assert_eq!(Window::new(2, 3, 1, Padding::Valid), None);
        // A filter larger than the circle goes around it.
        let around = Window::new(2, 7, 1, Padding::Circular).unwrap();
        assert_eq!(taps(around, 0), [1, 0, 1, 0, 1, 0, 1].map(Some));
    }

    #[test]
    fn sizes_follow_strides() {
        let layers = vec![
            conv(3, 2, Padding::Same),
            Layer::Nonlinear(Nonlinearity::RELU),
            conv(3, 1, Padding::Valid),
            Layer::GlobalAveragePool,
        ];
        let found = sizes(&network(layers), 9, 12).unwrap();
        assert_eq!(found, [[9, 12], [5, 6], [5, 6], [3, 4]]);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_layer_and_the_size() {
        let relu = || Layer::Nonlinear(Nonlinearity::RELU);
        let dense = Layer::Dense { weight_std: 1.0, bias_std: 0.0 };
        let shrinking = vec![conv(3, 2, Padding::Same), relu(), conv(3, 1, Padding::Valid)];
        for (layers, message) in [
            (shrinking, "layer 3 (conv 3x3), which has no padding, has shape 2x2"),
            (vec![conv(3, 1, Padding::Same), relu()], "the last layer is a nonlinearity"),
            (vec![conv(3, 1, Padding::Same), dense], "layer 2 is dense"),
            (
                vec![
                    conv(3, 1, Padding::Same),
                    Layer::Residual(vec![relu(), conv(3, 2, Padding::Same)]),
                ],
                "layer 2 is a branch from 4x4 to 2x2",
            ),
        ] {
            let error = sizes(&network(layers), 4, 4).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        let nothing = sizes(&network(vec![Layer::Flatten]), 0, 4).unwrap_err().to_string();
        assert!(nothing.contains("0x4"), "{nothing}");
    }
}
