//! Sets of the process's targets: which of them a proxy's lines go to.

/// Some of the process's targets. A target keeps its place in the set over reloads, so an old set never means a new target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets(u64);

impl Targets {
    /// No more targets fit.
    pub const MOST: usize = 64;
    /// All that there are.
    pub const ALL: Self = Self(u64::MAX);
    /// None: nothing is written.
    pub const NONE: Self = Self(0);

    /// One, by its place.
    pub(crate) const fn one(place: u32) -> Self {
        Self(1 << (place % u64::BITS))
    }

    /// The first place that none of these has.
    pub(crate) const fn free(self) -> Option<u32> {
        if self.0 == u64::MAX { None } else { Some(self.0.trailing_ones()) }
    }

    /// Either's.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they have one in common.
    #[must_use]
    #[inline]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Are all of the other's here?
    #[inline]
    pub(crate) const fn holds(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_know_what_they_hold() {
        let (one, two) = (Targets::one(0), Targets::one(1));
        let both = one.and(two);
        assert!(both.holds(one) && !one.holds(both) && one.meets(both) && !one.meets(two));
        assert_eq!((both.free(), Targets::NONE.free(), Targets::ALL.free()), (Some(2), Some(0), None));
        assert!(Targets::ALL.holds(both) && !Targets::NONE.meets(Targets::ALL));
    }
}
