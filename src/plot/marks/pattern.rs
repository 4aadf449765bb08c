//! How series are told apart by more than color.

/// How a line is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dash {
    /// Not at all.
    #[default]
    Solid,
    /// Long dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// Dashes and dots in turn.
    DashDotted,
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marker {
    /// A disk or ring.
    #[default]
    Circle,
    /// A square.
    Square,
    /// A triangle pointing up.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle pointing down.
    Wedge,
}

/// The dash of series number `i`, so that series differ by more than color.
pub fn series_dash(i: usize) -> Dash {
    [Dash::Solid, Dash::Dashed, Dash::DashDotted, Dash::Dotted][i % 4]
}

/// The marker of series number `i`, so that series differ by more than color.
pub fn series_marker(i: usize) -> Marker {
    [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Wedge][i % 5]
}
