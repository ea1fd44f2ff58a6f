//! Places where a test may make this thread's next task panic. In the product there are none: [`point`] is empty there.

/// The stage of a connection's life that begins here.
#[cfg(not(test))]
#[inline(always)]
pub(crate) fn point(_: &'static str) {}

#[cfg(test)]
pub(crate) use armed::{arm, point};

#[cfg(test)]
mod armed {
    use std::cell::Cell;

    thread_local! {
        static ARMED: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// The next task of this thread that comes to the stage panics; "slow": is busy for 40 ms instead.
    pub(crate) fn arm(stage: &'static str) {
        ARMED.set(Some(stage));
    }

    pub(crate) fn point(stage: &'static str) {
        if stage == "head" && ARMED.get() == Some("slow") {
            ARMED.set(None);
            let until = std::time::Instant::now() + std::time::Duration::from_millis(40);
            while std::time::Instant::now() < until {}
        }
        if ARMED.get() == Some(stage) {
            ARMED.set(None);
            panic!("injected at {stage}");
        }
    }
}
