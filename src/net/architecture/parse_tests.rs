//! Words of architectures: what they mean, and how faults are pointed at.

use super::*;

fn layers(text: &str) -> Vec<Layer> {
    parse(text, &LayerDefaults::default()).unwrap_or_else(|e| panic!("{e}")).layers
}

#[test]
fn words_become_layers_with_defaults_and_numbers_of_their_own() {
    let defaults = LayerDefaults { weight_std: 1.5, bias_std: 0.1, padding: Padding::Circular };
    let found = parse("dense relu  dense(b = 0.3, w=2)", &defaults).unwrap();
    let expected = [
        Layer::Dense { weight_std: 1.5, bias_std: 0.1 },
        Layer::Nonlinear(Nonlinearity::RELU),
        Layer::Dense { weight_std: 2.0, bias_std: 0.3 },
    ];
    assert_eq!(found.layers, expected);
    let found = parse("3x5/2x1 relu pool2 7x7/3:valid(w=0.5)", &defaults).unwrap().layers;
    let conv = |filter, stride, padding, weight_std| Layer::Conv {
        filter,
        stride,
        padding,
        weight_std,
        bias_std: 0.1,
    };
    assert_eq!(found[0], conv([3, 5], [2, 1], Padding::Circular, 1.5));
    let pool = |window, stride, padding| Layer::AveragePool { window, stride, padding };
    assert_eq!(found[2], pool([2, 2], [2, 2], Padding::Valid));
    assert_eq!(found[3], conv([7, 7], [3, 3], Padding::Valid, 0.5));
    assert_eq!(layers("3x3 pool3x2/1:same gap")[1], pool([3, 2], [1, 1], Padding::Same));
}

#[test]
fn branches_nest_and_need_no_spaces() {
    let found = layers("dense[relu dense [relu dense]relu dense]norm(1e-3) erf(1, 0.7) dense");
    let Layer::Residual(branch) = &found[1] else { panic!("{found:?}") };
    assert_eq!(branch.len(), 5);
    assert!(matches!(&branch[2], Layer::Residual(inner) if inner.len() == 2));
    assert_eq!(found[2], Layer::LayerNorm { epsilon: 1e-3 });
    let erf = Nonlinearity::Erf { amplitude: 1.0, frequency: 0.7, shift: 0.0 };
    assert_eq!(found[3], Layer::Nonlinear(erf));
}

#[test]
fn the_mark_is_under_what_is_wrong() {
    for (text, mark, message) in [
        ("dense rleu dense", "      ^^^^", "leaky"),
        ("dense relu relu", "           ^^^^", "layer 3 is relu"),
        ("relu dense", "^^^^", "must follow dense"),
        ("dense(w=1, v=2) relu", "          ^^^^", "dense(w=1.4, b=0.1)"),
        ("dense(w=-1)", "      ^^^^", "not negative"),
        ("dense(w=1 relu", "     ^^^^^^^^^", "dense(…)"),
        ("3x relu", "^^", "3x3/2:valid"),
        ("3x3:full", "^^^^^^^^", "circular"),
        ("3x3/0", "^^^^^", "3x3"),
        ("3 relu", "^", "3x3"),
        ("pool relu", "^^^^", "pool2"),
        ("dense relu gap(2)", "              ^^^", "takes no numbers"),
        ("dense norm(x)", "           ^", "norm(1e-5)"),
        ("dense gauss(1, 2)", "      ^^^^^^^^^^^", "must not be positive"),
        ("dense [ relu dense", "      ^", "must be closed"),
        ("dense ] relu", "      ^", "was opened"),
        ("dense [ relu relu dense ]", "             ^^^^", "layer 2.2"),
        ("dense [ dense relu ] relu", "      ^", "must end in dense"),
        ("3x3 gap 3x3", "        ^^^", "before flatten"),
        ("", "^", "dense("),
        ("Σ dense", "^", "gelu"),
    ] {
        let error = parse(text, &LayerDefaults::default()).unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert_eq!(lines[1], format!("  {text}"), "{error}");
        assert_eq!(lines[2], format!("  {mark}"), "{error}");
        assert!(lines[3..].join(" ").contains(message), "{error}");
    }
}

#[test]
fn layers_without_a_limit_are_read_for_training_and_pointed_at_for_kernels() {
    let defaults = LayerDefaults::default();
    let text = "local3x3/2:valid(w=1, b=0.5) relu max2 flatten dense";
    let layers = parse_trainable(text, &defaults).unwrap().layers;
    let (weight_std, bias_std) = (1.0, 0.5);
    let local = Layer::LocallyConnected {
        filter: [3, 3],
        stride: [2, 2],
        padding: Padding::Valid,
        weight_std,
        bias_std,
    };
    assert_eq!(layers[0], local);
    let (window, stride) = ([2, 2], [2, 2]);
    assert_eq!(layers[2], Layer::MaxPool { window, stride, padding: Padding::Valid });
    let message = parse(text, &defaults).unwrap_err().to_string();
    assert!(message.contains("^^^^^^^") && message.contains("finite width"), "{message}");
    let text = "recurrent(relu, leak=0.5, r=0.9) dense";
    let layers = parse_trainable(text, &defaults).unwrap().layers;
    let expected = Layer::Recurrent {
        nonlinearity: Nonlinearity::RELU,
        leak: 0.5,
        weight_std: defaults.weight_std,
        recurrent_std: 0.9,
        bias_std: 0.0,
    };
    assert_eq!(layers[0], expected);
    for bad in ["recurrent(rleu) dense", "recurrent(leak=x) dense", "max dense", "local3 dense"] {
        let message = parse_trainable(bad, &defaults).unwrap_err().to_string();
        assert!(message.contains('^'), "{message}");
    }
    assert!(parse_trainable("recurrent(leak=0) dense", &defaults).is_err());
}
