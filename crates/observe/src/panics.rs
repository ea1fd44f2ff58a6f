//! Panics of what belongs to no worker: each costs the task in which it happened, is counted and told.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;

use plimsoll_clock::wall;

use crate::{Events, Panic, caught};

/// Counts and tells them. A thread whose tasks it looks after calls [`keep_panics`](crate::keep_panics) first.
#[derive(Clone, Debug)]
pub struct Panics {
    events: Events,
    count: Arc<AtomicU64>,
}

impl Panics {
    /// None yet; they are told there.
    #[must_use]
    pub fn new(events: Events) -> Self {
        Self { events, count: Arc::default() }
    }

    /// So many so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// Does something; `None`: it panicked. `name` says what ended so.
    pub fn survive<T>(&self, name: impl FnOnce() -> String, act: impl FnOnce() -> T) -> Option<T> {
        caught(act).map_err(|panic| self.tell(name(), panic)).ok()
    }

    /// A task step by step; `None`: it panicked, and what it held is given back.
    pub async fn survived<F: Future>(&self, name: impl Fn() -> String, task: F) -> Option<F::Output> {
        let mut task = pin!(task);
        poll_fn(|cx| match self.survive(&name, || task.as_mut().poll(cx)) {
            Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(done)) => Poll::Ready(Some(done)),
            None => Poll::Ready(None),
        })
        .await
    }

    #[cold]
    fn tell(&self, name: String, panic: Box<Panic>) {
        self.count.fetch_add(1, Relaxed);
        panic.tell(wall(), name, self.events.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;
    use crate::{Sink, keep_panics};

    #[test]
    fn what_panics_ends_is_counted_and_the_rest_goes_on() {
        std::thread::spawn(|| {
            keep_panics();
            let panics = Panics::new(Sink::start(&[]).expect("a log without targets").events());
            let name = || "this".to_owned();
            assert_eq!((panics.survive(name, || 7), panics.count()), (Some(7), 0));
            assert_eq!((panics.survive(name, || -> u8 { panic!("no") }), panics.count()), (None, 1));
            let mut steps = 0;
            let mut task = pin!(panics.survived(
                name,
                poll_fn(|_| -> Poll<()> {
                    steps += 1;
                    assert!(steps < 2, "no");
                    Poll::Pending
                })
            ));
            let mut cx = Context::from_waker(Waker::noop());
            assert_eq!(task.as_mut().poll(&mut cx), Poll::Pending);
            assert_eq!((task.as_mut().poll(&mut cx), panics.count()), (Poll::Ready(None), 2));
        })
        .join()
        .expect("all of them are survived");
    }
}
