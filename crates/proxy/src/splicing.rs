//! `splice-auto`, `splice-request`, `splice-response`: which bytes go from socket to socket inside the kernel.
//!
//! HAProxy's rule: what either the frontend or the backend sets is set. Where neither says anything, `splice-auto` holds.

/// What a frontend or a backend says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Splicing {
    /// `splice-auto`
    pub auto: Option<bool>,
    /// `splice-request`
    pub request: Option<bool>,
    /// `splice-response`
    pub response: Option<bool>,
}

/// When a direction goes through a pipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Splice {
    /// All bytes are copied.
    Never,
    /// When there is enough to make up for the pipe.
    #[default]
    Large,
    /// Whenever it can.
    Always,
}

impl Splicing {
    /// From clients to servers, where the other side says this.
    pub(crate) fn up(&self, other: &Self) -> Splice {
        self.way(other, |side| side.request)
    }

    /// From servers to clients.
    pub(crate) fn down(&self, other: &Self) -> Splice {
        self.way(other, |side| side.response)
    }

    /// Whether bytes may go through a pipe where the other side says this, in whatever direction.
    #[must_use]
    pub fn is_on(&self, other: &Self) -> bool {
        self.up(other) != Splice::Never || self.down(other) != Splice::Never
    }

    fn way(&self, other: &Self, of: impl Fn(&Self) -> Option<bool>) -> Splice {
        let said = |option: fn(&Self) -> Option<bool>, what| option(self) == Some(what) || option(other) == Some(what);
        if of(self) == Some(true) || of(other) == Some(true) {
            Splice::Always
        } else if said(|side| side.auto, false) && !said(|side| side.auto, true) {
            Splice::Never
        } else {
            Splice::Large
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENT: Splicing = Splicing { auto: None, request: None, response: None };
    const AUTO: Splicing = Splicing { auto: Some(true), ..SILENT };
    const OFF: Splicing = Splicing { auto: Some(false), ..SILENT };
    const REQUEST: Splicing = Splicing { request: Some(true), ..SILENT };
    const RESPONSE: Splicing = Splicing { response: Some(true), ..SILENT };

    #[track_caller]
    fn check(one: Splicing, other: Splicing, up: Splice, down: Splice) {
        for (one, other) in [(one, other), (other, one)] {
            assert_eq!((one.up(&other), one.down(&other)), (up, down), "{one:?} {other:?}");
        }
    }

    #[test]
    fn large_transfers_are_spliced_where_nobody_says_anything() {
        check(SILENT, SILENT, Splice::Large, Splice::Large);
    }

    #[test]
    fn one_side_that_says_no_is_enough_where_the_other_is_silent() {
        check(OFF, SILENT, Splice::Never, Splice::Never);
        assert!(!OFF.is_on(&SILENT) && OFF.is_on(&AUTO));
    }

    #[test]
    fn one_side_that_says_yes_is_enough_whatever_the_other_says() {
        check(OFF, AUTO, Splice::Large, Splice::Large);
        check(OFF, RESPONSE, Splice::Never, Splice::Always);
    }

    #[test]
    fn each_direction_has_an_option_of_its_own_and_no_takes_nothing_from_auto() {
        check(REQUEST, SILENT, Splice::Always, Splice::Large);
        check(RESPONSE, SILENT, Splice::Large, Splice::Always);
        check(REQUEST, RESPONSE, Splice::Always, Splice::Always);
        check(Splicing { request: Some(false), ..AUTO }, SILENT, Splice::Large, Splice::Large);
    }
}
