//! The embedded fonts: widths, kerning and outlines of their glyphs.

use std::fmt::Write;
use std::sync::OnceLock;

use ttf_parser::{GlyphId, OutlineBuilder};

/// One of the embedded fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Face {
    Regular,
    Italic,
    Bold,
    /// Mathematical symbols and scripts that the others lack.
    Symbols,
}

/// All the fonts have 2048 units to the em.
pub(super) const UNITS_PER_EM: f64 = 2048.0;

/// The font files, in the order of [`Face`].
pub(super) const FILES: [&[u8]; 4] = [
    include_bytes!("../../assets/fonts/SolvableSans-Regular.ttf"),
    include_bytes!("../../assets/fonts/SolvableSans-Italic.ttf"),
    include_bytes!("../../assets/fonts/SolvableSans-Bold.ttf"),
    include_bytes!("../../assets/fonts/SolvableSymbols.ttf"),
];

fn parsed(face: Face) -> &'static ttf_parser::Face<'static> {
    static PARSED: OnceLock<Vec<ttf_parser::Face<'static>>> = OnceLock::new();
    let parse = |bytes| ttf_parser::Face::parse(bytes, 0).expect("the embedded fonts are valid");
    &PARSED.get_or_init(|| FILES.into_iter().map(parse).collect())[face as usize]
}

impl Face {
    /// The face and glyph that show `c` in text set in this face, if any of the fonts has it.
    pub(super) fn glyph(self, c: char) -> Option<(Self, GlyphId)> {
        // Right-to-left and joining scripts need more than one glyph after the other.
        if matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}') {
            return None;
        }
        let found = |face: Self| Some((face, parsed(face).glyph_index(c)?));
        found(self).or_else(|| found(Self::Regular)).or_else(|| found(Self::Symbols))
    }

    /// Advance width of a glyph in ems.
    pub(super) fn advance(self, glyph: GlyphId) -> f64 {
        f64::from(parsed(self).glyph_hor_advance(glyph).unwrap_or(0)) / UNITS_PER_EM
    }

    /// How much closer (negative) two neighbors are set, in ems.
    pub(super) fn kerning(self, left: GlyphId, right: GlyphId) -> f64 {
        let Some(kern) = parsed(self).tables().kern else { return 0.0 };
        let pair = |table: ttf_parser::kern::Subtable| table.glyphs_kerning(left, right);
        f64::from(kern.subtables.into_iter().find_map(pair).unwrap_or(0)) / UNITS_PER_EM
    }

    /// Outline of a glyph as SVG path data in font units, y upward.
    pub(super) fn outline(self, glyph: GlyphId) -> String {
        let mut path = PathData(String::new());
        parsed(self).outline_glyph(glyph, &mut path);
        path.0
    }

    /// A letter that starts the names of this face's glyphs.
    pub(super) fn initial(self) -> char {
        match self {
            Self::Regular => 'r',
            Self::Italic => 'i',
            Self::Bold => 'b',
            Self::Symbols => 's',
        }
    }
}

/// Writes outlines as SVG path data.
struct PathData(String);

impl PathData {
    fn push(&mut self, command: char, numbers: &[f32]) {
        self.0.push(command);
        for (i, n) in numbers.iter().enumerate() {
            let gap = if i > 0 && *n >= 0.0 { " " } else { "" };
            // Whole font units: 1/2048 of a letter is far below what can be seen.
            let _ = write!(self.0, "{gap}{}", n.round() as i32);
        }
    }
}

impl OutlineBuilder for PathData {
    fn move_to(&mut self, x: f32, y: f32) {
        self.push('M', &[x, y]);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.push('L', &[x, y]);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.push('Q', &[x1, y1, x, y]);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.push('C', &[x1, y1, x2, y2, x, y]);
    }
    fn close(&mut self) {
        self.0.push('Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_that_labels_need_has_a_glyph() {
        let needed = "abcXYZ0189 −×·±∞≤≥≈≠∝∼‖′ᵀ⊤→←√⟨⟩∂∇∫∑∏∈ℓ²³½₀₁ αβγδεϵζηθκλμνξπρσςτφϕχψω ΓΔΘΛΞΠΣΦΨΩ éüøłж…–—°†";
        for face in [Face::Regular, Face::Italic, Face::Bold, Face::Symbols] {
            let missing: String = needed.chars().filter(|&c| face.glyph(c).is_none()).collect();
            assert_eq!(missing, "", "{face:?}");
        }
    }

    #[test]
    fn widths_are_those_of_arial() {
        let (face, zero) = Face::Regular.glyph('0').unwrap();
        approx::assert_abs_diff_eq!(face.advance(zero), 0.556, epsilon = 5e-4);
        let (_, a) = Face::Regular.glyph('A').unwrap();
        let (_, v) = Face::Regular.glyph('V').unwrap();
        assert!(Face::Regular.kerning(a, v) < -0.05);
    }

    #[test]
    fn outlines_are_path_data() {
        let (face, glyph) = Face::Regular.glyph('l').unwrap();
        let outline = face.outline(glyph);
        assert!(outline.starts_with('M') && outline.ends_with('Z'), "{outline}");
    }
}
