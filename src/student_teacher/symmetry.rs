//! Units that nothing tells apart.

use super::order_parameters::OrderParameters;

/// Difference of overlaps, relative to their size, that is none.
const SAME: f64 = 4.0 * f64::EPSILON;

/// Groups of interchangeable units: exchanging two of a group changes no overlap and no readout.
///
/// The flow treats equals equally. Students of a group keep equal overlaps with every teacher, and every
/// student keeps equal overlaps with the teachers of a group, forever: such a start cannot specialize, and
/// stays on its plateau.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symmetry {
    /// Group of every student, numbered by its first member.
    students: Vec<usize>,
    /// Group of every teacher, numbered by its first member.
    teachers: Vec<usize>,
}

impl Symmetry {
    /// Groups in `state`, equal up to rounding.
    pub fn of(state: &OrderParameters) -> Self {
        let (k, m) = (state.n_students(), state.n_teachers());
        let same = |x: f64, y: f64| (x - y).abs() <= SAME * x.abs().max(y.abs());
        let OrderParameters { q, r, t, v, teacher_readout } = state;
        let students = |i: usize, j: usize| {
            same(v[i], v[j])
                && same(q[[i, i]], q[[j, j]])
                && (0..k).filter(|l| *l != i && *l != j).all(|l| same(q[[i, l]], q[[j, l]]))
                && (0..m).all(|n| same(r[[i, n]], r[[j, n]]))
        };
        let teachers = |i: usize, j: usize| {
            same(teacher_readout[i], teacher_readout[j])
                && same(t[[i, i]], t[[j, j]])
                && (0..m).filter(|l| *l != i && *l != j).all(|l| same(t[[i, l]], t[[j, l]]))
                && (0..k).all(|n| same(r[[n, i]], r[[n, j]]))
        };
        Self { students: groups(k, students), teachers: groups(m, teachers) }
    }

    /// All students in one group, teachers apart.
    pub(super) fn of_students(k: usize, m: usize) -> Self {
        Self { students: vec![0; k], teachers: (0..m).collect() }
    }

    /// Every unit for itself.
    pub(super) fn none(k: usize, m: usize) -> Self {
        Self { students: (0..k).collect(), teachers: (0..m).collect() }
    }

    /// Groups of at least two students.
    pub fn interchangeable_students(&self) -> Vec<Vec<usize>> {
        members(&self.students)
    }

    /// Groups of at least two teachers.
    pub fn interchangeable_teachers(&self) -> Vec<Vec<usize>> {
        members(&self.teachers)
    }

    /// Whether any units are interchangeable, so that students can never divide the work completely.
    pub fn forbids_specialization(&self) -> bool {
        !(self.interchangeable_students().is_empty() && self.interchangeable_teachers().is_empty())
    }

    /// The first entry of the covariance (students first) that equals entry (a, b).
    pub(super) fn representative(&self, a: usize, b: usize) -> (usize, usize) {
        let k = self.students.len();
        let group = |a: usize| if a < k { self.students[a] } else { k + self.teachers[a - k] };
        let (ga, gb) = (group(a), group(b));
        if a == b || ga != gb {
            return (ga.min(gb), ga.max(gb));
        }
        let second = (ga + 1..).find(|c| group(*c) == ga).expect("a and b are two");
        (ga, second)
    }
}

fn groups(n: usize, same: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    (0..n).map(|i| (0..i).find(|j| same(*j, i)).unwrap_or(i)).collect()
}

fn members(groups: &[usize]) -> Vec<Vec<usize>> {
    let of = |first: usize| (0..groups.len()).filter(|i| groups[*i] == first).collect::<Vec<_>>();
    (0..groups.len()).map(of).filter(|group| group.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, arr1, arr2};

    fn three() -> OrderParameters {
        OrderParameters {
            q: arr2(&[[0.3, 0.1, 0.05], [0.1, 0.3, 0.05], [0.05, 0.05, 0.4]]),
            r: arr2(&[[0.1, 0.2], [0.1, 0.2], [0.3, 0.1]]),
            t: Array2::eye(2),
            v: arr1(&[1.0, 1.0, 1.0]),
            teacher_readout: arr1(&[1.0, 1.0]),
        }
    }

    #[test]
    fn equal_students_are_found_and_any_difference_tells_them_apart() {
        let symmetry = Symmetry::of(&three());
        assert_eq!(symmetry.interchangeable_students(), [[0, 1]]);
        assert!(
            symmetry.interchangeable_teachers().is_empty() && symmetry.forbids_specialization()
        );
        let different: [fn(&mut OrderParameters); 4] = [
            |s| s.v[1] = 0.9,
            |s| s.r[[1, 0]] += 1e-14,
            |s| s.q[[1, 1]] = 0.31,
            |s| (s.q[[1, 2]], s.q[[2, 1]]) = (0.06, 0.06),
        ];
        for change in different {
            let mut state = three();
            change(&mut state);
            assert!(!Symmetry::of(&state).forbids_specialization());
        }
        let mut rounded = three();
        rounded.r[[1, 1]] *= 1.0 + f64::EPSILON;
        assert!(Symmetry::of(&rounded).forbids_specialization());
    }

    #[test]
    fn teachers_whom_every_student_sees_alike_are_found() {
        let mut state = three();
        state.r = arr2(&[[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]);
        assert_eq!(Symmetry::of(&state).interchangeable_teachers(), [[0, 1]]);
        state.t[[1, 1]] = 2.0;
        assert!(!Symmetry::of(&state).forbids_specialization());
    }

    #[test]
    fn entries_of_one_orbit_have_one_representative() {
        let symmetry = Symmetry::of(&three());
        let orbit = |a, b| symmetry.representative(a, b);
        assert_eq!(orbit(0, 0), orbit(1, 1));
        assert_eq!(orbit(0, 1), orbit(1, 0));
        assert_ne!(orbit(0, 1), orbit(0, 0));
        assert_eq!(orbit(0, 2), orbit(1, 2));
        assert_eq!((orbit(1, 3), orbit(1, 4)), ((0, 3), (0, 4)));
        assert_eq!((orbit(2, 2), orbit(3, 3)), ((2, 2), (3, 3)));
    }
}
