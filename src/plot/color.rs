//! Colors that survive print, projectors and color blindness.

/// An opaque color: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

impl Color {
    /// Black.
    pub const BLACK: Self = Self(0, 0, 0);
    /// The gray of reference lines and secondary marks.
    pub const GRAY: Self = Self(128, 128, 128);
    /// White.
    pub const WHITE: Self = Self(255, 255, 255);

    fn mix(self, other: Self, share: f64) -> Self {
        let channel = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round();
        let (r, g, b) =
            (channel(self.0, other.0), channel(self.1, other.1), channel(self.2, other.2));
        Self(r as u8, g as u8, b as u8)
    }
}

/// Colors of a heat map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colormap {
    /// Dark blue to yellow (viridis): perceptually uniform, readable in gray.
    #[default]
    Sequential,
    /// Blue through white to red, white at zero: the range is made symmetric about zero.
    Diverging,
}

/// Okabe and Ito's palette, ordered for white paper: the yellow is left out, strong hues come first.
const SERIES: [Color; 8] = [
    Color(0, 114, 178),
    Color(213, 94, 0),
    Color(0, 158, 115),
    Color(204, 121, 167),
    Color(230, 159, 0),
    Color(86, 180, 233),
    Color(0, 0, 0),
    Color(128, 128, 128),
];

const VIRIDIS: [Color; 16] = [
    Color(0x44, 0x01, 0x54),
    Color(0x48, 0x1A, 0x6C),
    Color(0x47, 0x2F, 0x7D),
    Color(0x41, 0x44, 0x87),
    Color(0x39, 0x56, 0x8C),
    Color(0x31, 0x68, 0x8E),
    Color(0x2A, 0x78, 0x8E),
    Color(0x23, 0x88, 0x8E),
    Color(0x1F, 0x98, 0x8B),
    Color(0x22, 0xA8, 0x84),
    Color(0x35, 0xB7, 0x79),
    Color(0x54, 0xC5, 0x68),
    Color(0x7A, 0xD1, 0x51),
    Color(0xA5, 0xDB, 0x36),
    Color(0xD2, 0xE2, 0x1B),
    Color(0xFD, 0xE7, 0x25),
];

/// ColorBrewer's RdBu, reversed: blue is negative, red positive.
const BLUE_RED: [Color; 11] = [
    Color(0x05, 0x30, 0x61),
    Color(0x21, 0x66, 0xAC),
    Color(0x43, 0x93, 0xC3),
    Color(0x92, 0xC5, 0xDE),
    Color(0xD1, 0xE5, 0xF0),
    Color(0xFF, 0xFF, 0xFF),
    Color(0xFD, 0xDB, 0xC7),
    Color(0xF4, 0xA5, 0x82),
    Color(0xD6, 0x60, 0x4D),
    Color(0xB2, 0x18, 0x2B),
    Color(0x67, 0x00, 0x1F),
];

/// The color of series number `i`: safe for color-blind readers; repeats after eight.
pub fn series_color(i: usize) -> Color {
    SERIES[i % SERIES.len()]
}

/// The color of member `i` of an ordered family of `n` (modes, depths, times): dark to light, never
/// so light that it is lost on white.
pub fn gradient_color(i: usize, n: usize) -> Color {
    let share = if n < 2 { 0.0 } else { i.min(n - 1) as f64 / (n - 1) as f64 };
    sample(&VIRIDIS, 0.03 + 0.82 * share)
}

impl Colormap {
    /// The color at `share` of the way through the map, which is clamped to 0–1.
    pub fn color(self, share: f64) -> Color {
        match self {
            Self::Sequential => sample(&VIRIDIS, share),
            Self::Diverging => sample(&BLUE_RED, share),
        }
    }
}

fn sample(anchors: &[Color], share: f64) -> Color {
    let position = share.clamp(0.0, 1.0) * (anchors.len() - 1) as f64;
    let below = (position as usize).min(anchors.len() - 2);
    anchors[below].mix(anchors[below + 1], position - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, which is what remains in gray print.
    fn luminance(c: Color) -> f64 {
        0.2126 * f64::from(c.0) + 0.7152 * f64::from(c.1) + 0.0722 * f64::from(c.2)
    }

    #[test]
    fn the_sequential_map_gets_lighter_all_the_way() {
        let steps: Vec<_> = (0..=100)
            .map(|i| luminance(Colormap::Sequential.color(f64::from(i) / 100.0)))
            .collect();
        assert!(steps.windows(2).all(|w| w[1] >= w[0]));
    }

    #[test]
    fn the_diverging_map_is_white_at_zero_and_dark_at_both_ends() {
        assert_eq!(Colormap::Diverging.color(0.5), Color::WHITE);
        assert!(luminance(Colormap::Diverging.color(0.0)) < 60.0);
        assert!(luminance(Colormap::Diverging.color(1.0)) < 60.0);
        assert_eq!(Colormap::Diverging.color(-7.0), Colormap::Diverging.color(0.0));
    }

    #[test]
    fn a_family_of_curves_has_distinct_colors_visible_on_white() {
        for n in 1..12 {
            let family: Vec<_> = (0..n).map(|i| gradient_color(i, n)).collect();
            assert!(family.iter().all(|&c| luminance(c) < 200.0));
            assert!(family.windows(2).all(|w| w[0] != w[1]));
        }
    }
}
