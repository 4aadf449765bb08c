//! Small mathematical text: sub- and superscripts, italic symbols.

use super::font::Face;

/// Nesting beyond this is shown at the same level; labels need two levels at most.
const DEEPEST: usize = 3;
const SCRIPT_SIZE: f64 = 0.7;
/// How far a superscript is raised and a subscript lowered, in ems.
const RAISE: f64 = 0.36;
const DROP: f64 = 0.17;
/// How much farther each of two scripts over each other goes.
const APART: f64 = 0.09;
/// Height of capitals above the baseline, in ems.
pub(super) const CAP_HEIGHT: f64 = 0.716;

/// `name` such that no character of it is read as markup: for names that users supply.
pub fn literal(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '\\' | '_' | '^' | '*') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Text { text: String, italic: bool },
    Script { below: Vec<Node>, above: Vec<Node> },
}

fn parse(markup: &str) -> Vec<Node> {
    let clean: Vec<char> = markup.chars().map(printable).collect();
    parse_chars(&clean, false, 0)
}

/// Line breaks become blanks; what XML forbids becomes the replacement character.
fn printable(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        c => c,
    }
}

fn parse_chars(chars: &[char], mut italic: bool, depth: usize) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        match chars[i] {
            '\\' if i + 1 < chars.len() => {
                push_text(&mut nodes, chars[i + 1], italic);
                i += 2;
            }
            '*' if italic || has_partner(&chars[i + 1..]) => {
                italic = !italic;
                i += 1;
            }
            mark @ ('_' | '^') if depth < DEEPEST && argument(chars, i + 1).is_some() => {
                let (start, end, next) = argument(chars, i + 1).unwrap_or((i, i, i + 1));
                let inner = parse_chars(&chars[start..end], italic, depth + 1);
                push_script(&mut nodes, mark == '_', inner);
                i = next;
            }
            c => {
                push_text(&mut nodes, if depth > 0 && c == '-' { '−' } else { c }, italic);
                i += 1;
            }
        }
    }
    nodes
}

/// Whether an italic that starts here is closed before the text ends. A star before a blank is a
/// star.
fn has_partner(rest: &[char]) -> bool {
    let mut i = 0;
    if rest.first() == Some(&' ') {
        return false;
    }
    while i < rest.len() {
        match rest[i] {
            '\\' => i += 1,
            '*' => return i > 0,
            _ => {}
        }
        i += 1;
    }
    false
}

/// What a script mark applies to: start, end, and where the text goes on.
fn argument(chars: &[char], at: usize) -> Option<(usize, usize, usize)> {
    match chars.get(at)? {
        '{' => {
            let mut open = 0;
            let mut i = at;
            while i < chars.len() {
                match chars[i] {
                    '\\' => i += 1,
                    '{' => open += 1,
                    '}' if open == 1 => return Some((at + 1, i, i + 1)),
                    '}' => open -= 1,
                    _ => {}
                }
                i += 1;
            }
            None
        }
        '\\' if at + 1 < chars.len() => Some((at, at + 2, at + 2)),
        ' ' | '_' | '^' | '\\' => None,
        // A script of one italic symbol: `W_*k*`.
        // A star alone is a star: `w^*`.
        '*' => match chars.get(at + 1..at + 3) {
            Some([_, '*']) => Some((at, at + 3, at + 3)),
            _ => Some((at, at + 1, at + 1)),
        },
        _ => Some((at, at + 1, at + 1)),
    }
}

fn push_text(nodes: &mut Vec<Node>, c: char, italic: bool) {
    match nodes.last_mut() {
        Some(Node::Text { text, italic: same }) if *same == italic => text.push(c),
        _ => nodes.push(Node::Text { text: c.into(), italic }),
    }
}

/// `x_a^b` stacks both scripts over each other.
fn push_script(nodes: &mut Vec<Node>, is_below: bool, inner: Vec<Node>) {
    if let Some(Node::Script { below, above }) = nodes.last_mut() {
        let free = if is_below { below } else { above };
        if free.is_empty() {
            *free = inner;
            return;
        }
    }
    let (below, above) = if is_below { (inner, vec![]) } else { (vec![], inner) };
    nodes.push(Node::Script { below, above });
}

/// The text without markup, as it belongs in a table: `10^{-3}` becomes `10^-3`.
pub(super) fn plain(markup: &str) -> String {
    fn write(nodes: &[Node], out: &mut String) {
        for node in nodes {
            match node {
                Node::Text { text, .. } => out.push_str(&text.replace('−', "-")),
                Node::Script { below, above } => {
                    for (mark, inner) in [('_', below), ('^', above)] {
                        if !inner.is_empty() {
                            out.push(mark);
                            write(inner, out);
                        }
                    }
                }
            }
        }
    }
    let mut out = String::new();
    write(&parse(markup), &mut out);
    out
}

/// Characters set one after the other in one face and size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub text: String,
    pub face: Face,
    pub size: f64,
    /// Start relative to the label's.
    pub x: f64,
    /// Baseline relative to the label's, downward.
    pub y: f64,
    /// No embedded font shows it: left to the viewer's fonts.
    pub is_foreign: bool,
}

/// A line of text ready to be placed.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Label {
    pub runs: Vec<Run>,
    pub width: f64,
    /// Extent above the baseline.
    pub ascent: f64,
    /// Extent below the baseline.
    pub descent: f64,
}

impl Label {
    /// Sets `markup` at `size`, upright or bold.
    pub(super) fn new(markup: &str, size: f64, face: Face) -> Self {
        let mut label = Self { ascent: 0.74 * size, descent: 0.21 * size, ..Self::default() };
        label.width = label.set(&parse(markup), size, face, (0.0, 0.0));
        label
    }

    /// Full height.
    pub(super) fn height(&self) -> f64 {
        self.ascent + self.descent
    }

    /// Sets nodes from a starting point; returns where they end.
    fn set(&mut self, nodes: &[Node], size: f64, face: Face, (mut x, y): (f64, f64)) -> f64 {
        for node in nodes {
            match node {
                Node::Text { text, italic } => {
                    let face = if *italic && face == Face::Regular { Face::Italic } else { face };
                    x = self.set_text(text, size, face, (x, y));
                }
                Node::Script { below, above } => {
                    let small = size * SCRIPT_SIZE;
                    let start = x + 0.03 * size;
                    let is_stacked = !below.is_empty() && !above.is_empty();
                    let apart = if is_stacked { APART } else { 0.0 };
                    let (drop, raise) = ((DROP + apart) * size, (RAISE + apart) * size);
                    let low = self.set(below, small, face, (start, y + drop));
                    let high = self.set(above, small, face, (start, y - raise));
                    x = low.max(high) + 0.02 * size;
                    if !above.is_empty() {
                        self.ascent = self.ascent.max(raise - y + 0.74 * small);
                    }
                    if !below.is_empty() {
                        self.descent = self.descent.max(drop + y + 0.21 * small);
                    }
                }
            }
        }
        x
    }

    fn set_text(&mut self, text: &str, size: f64, face: Face, (mut x, y): (f64, f64)) -> f64 {
        let mut previous = None;
        for c in text.chars() {
            let (shown, is_foreign, glyph) = match face.glyph(c) {
                Some((shown, glyph)) => (shown, false, Some(glyph)),
                None => (face, true, None),
            };
            if let (Some((before, left)), Some(right)) = (previous, glyph)
                && before == shown
            {
                x += shown.kerning(left, right) * size;
            }
            let continues = |run: &&mut Run| {
                run.face == shown && run.is_foreign == is_foreign && run.size == size && run.y == y
            };
            match self.runs.last_mut().filter(continues) {
                Some(run) => run.text.push(c),
                None => self.runs.push(Run { text: c.into(), face: shown, size, x, y, is_foreign }),
            }
            // Wide scripts fill an em; others less.
            let foreign_advance = if c > '\u{1100}' { 1.0 } else { 0.55 };
            x += size * glyph.map_or(foreign_advance, |g| shown.advance(g));
            previous = glyph.map(|g| (shown, g));
        }
        x
    }
}

/// `markup` set at `size`, cut with an ellipsis where it is wider than `limit`.
pub(super) fn fitted(markup: &str, size: f64, limit: f64) -> Label {
    let whole = Label::new(markup, size, Face::Regular);
    if whole.width <= limit {
        return whole;
    }
    let characters: Vec<char> = plain(markup).chars().collect();
    let cut = |n: usize| {
        let kept: String = characters[..n].iter().collect();
        Label::new(&(literal(kept.trim_end()) + "…"), size, Face::Regular)
    };
    let (mut fits, mut too_long) = (0, characters.len());
    while fits + 1 < too_long {
        let middle = usize::midpoint(fits, too_long);
        if cut(middle).width <= limit { fits = middle } else { too_long = middle }
    }
    cut(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(label: &Label) -> Vec<(&str, f64)> {
        label.runs.iter().map(|r| (r.text.as_str(), r.y)).collect()
    }

    #[test]
    fn scripts_are_small_and_moved() {
        let label = Label::new("W_{12}x^{-3}", 10.0, Face::Regular);
        assert_eq!(
            text(&label),
            [("W", 0.0), ("12", DROP * 10.0), ("x", 0.0), ("−3", -RAISE * 10.0)]
        );
        assert_eq!(label.runs[1].size, 7.0);
        assert!(label.ascent > 7.4 && label.descent > 2.1);
    }

    #[test]
    fn two_scripts_of_one_symbol_stand_over_each_other() {
        let label = Label::new("Σ^{yx}_i", 10.0, Face::Regular);
        assert_eq!(label.runs[1].x, label.runs[2].x);
    }

    #[test]
    fn stars_make_symbols_italic_but_a_lone_star_is_a_star() {
        let label = Label::new("*u*(t)", 10.0, Face::Regular);
        assert_eq!(label.runs[0].face, Face::Italic);
        assert_eq!(label.runs[1].face, Face::Regular);
        assert_eq!(plain("w* and W_*k*"), "w* and W_k");
        assert_eq!(plain("w*"), "w*");
        assert_eq!(text(&Label::new("*t*^*", 10.0, Face::Regular))[1].0, "*");
    }

    #[test]
    fn names_of_users_are_not_markup() {
        for name in ["can_fly", "a*b*c", r"C:\x_1", "x^2_{", "{a}", "_", "<script>&\"'"] {
            let label = Label::new(&literal(name), 10.0, Face::Regular);
            let shown: String = label.runs.iter().map(|r| r.text.as_str()).collect();
            assert_eq!(shown, name);
            assert!(label.runs.iter().all(|r| r.y == 0.0 && r.face == Face::Regular));
            assert_eq!(plain(&literal(name)), name);
        }
    }

    #[test]
    fn unfinished_markup_is_shown_as_it_is() {
        for markup in ["a_", "a^{b", "a_ b", "^", "\\"] {
            assert_eq!(plain(markup), markup);
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_figure() {
        let label = Label::new("a\u{0}b\nc", 10.0, Face::Regular);
        let shown: String = label.runs.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(shown, "a\u{fffd}b c");
    }

    #[test]
    fn long_names_are_cut_to_the_room_there_is() {
        let label = fitted("a very long name indeed", 10.0, 50.0);
        assert!(label.width <= 50.0 && label.runs.last().unwrap().text.ends_with('…'));
        assert_eq!(fitted("short", 10.0, 50.0).runs[0].text, "short");
    }
}
