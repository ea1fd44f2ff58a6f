//! Every task of a worker runs in here: a panic costs that task alone, and a step that kept the others waiting is told, with the task that took it.
//!
//! A step is one poll. Two neighbours share a reading of the coarse clock: the end of one is the start of the next, and the loop's waking
//! up is one as well. What is told took longer than [`LONG`] by a clock that moves every 4 ms.

pub(crate) mod fault;

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use plimsoll_clock::{Tick, wall};
use plimsoll_counters::{Cell, Histogram};
use plimsoll_net::Peer;
use plimsoll_observe::{Event, Level, Panic, Value, caught};

use crate::accept::Whence;
use crate::worker::Worker;

/// A step that took so long is told.
pub const LONG: Duration = Duration::from_millis(10);
/// The resolution of the coarse clock: what it says may be so much too long.
const COARSE: Duration = Duration::from_millis(4);
/// One line about long steps in so long.
const QUIET: Duration = Duration::from_secs(1);
/// Before a task that the worker cannot do without is begun again.
pub(crate) const AGAIN: Duration = Duration::from_millis(100);

/// How a worker's event loop fares.
#[derive(Debug, Default)]
pub struct LoopCounters {
    /// How late things that were due were done, a millisecond of which is the sleep's rounding.
    pub lag: Histogram,
    /// Steps of more than [`LONG`].
    pub long_steps: Cell,
    /// Tasks that a panic ended.
    pub panics: Cell,
}

/// When the last step ended. The event loop writes it too, when it wakes up.
#[derive(Clone, Debug, Default)]
pub struct Mark(Arc<AtomicU64>);

impl Mark {
    /// The loop wakes up: the time that it slept is nobody's step.
    pub fn woke(&self) {
        self.0.store(Tick::coarse().as_micros(), Relaxed);
    }

    /// A step ends; how long it took.
    fn ended(&self) -> Duration {
        let now = Tick::coarse();
        let before = Tick::from_micros(self.0.load(Relaxed));
        self.0.store(now.as_micros(), Relaxed);
        now.since(before)
    }
}

/// What a worker keeps about its steps.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    mark: Mark,
    told: std::cell::Cell<Tick>,
}

impl Steps {
    pub(crate) fn new(mark: Mark) -> Self {
        Self { mark, told: std::cell::Cell::default() }
    }
}

/// Whose steps.
pub(crate) enum Whose {
    /// A client's.
    Client(Rc<Whence>, Peer),
    /// One of the worker's own tasks.
    Own(Rc<Worker>, &'static str),
}

impl Whose {
    fn worker(&self) -> &Worker {
        match self {
            Self::Client(whence, _) => &whence.worker,
            Self::Own(worker, _) => worker,
        }
    }

    #[cold]
    fn name(&self) -> String {
        match self {
            Self::Client(whence, peer) => {
                let frontend = whence.frontend.borrow();
                match peer {
                    Peer::Inet(address) => format!("the connection of {address} to {frontend}"),
                    Peer::Unix => format!("a local connection to {frontend}"),
                }
            }
            Self::Own(worker, name) => format!("{name} of worker {}", worker.id),
        }
    }
}

pin_project! {
    /// A task, step by step. It ends with the panic if there was one.
    pub(crate) struct Steady<F> {
        #[pin]
        task: F,
        whose: Whose,
    }
}

pub(crate) fn steady<F: Future<Output = ()>>(whose: Whose, task: F) -> Steady<F> {
    Steady { task, whose }
}

impl<F: Future<Output = ()>> Future for Steady<F> {
    /// Whether it came to its own end.
    type Output = Ended;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        let this = self.project();
        match one(this.whose, || this.task.poll(cx)) {
            Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(())) => Poll::Ready(Ended::Itself),
            None => Poll::Ready(Ended::ByPanic),
        }
    }
}

/// One step. `None`: it ended with a panic, which has been told.
#[inline]
fn one<T>(whose: &Whose, step: impl FnOnce() -> T) -> Option<T> {
    let done = caught(step);
    let worker = whose.worker();
    let took = worker.steps.mark.ended();
    if took > LONG + COARSE / 2 {
        worker.tell_long_step(whose, took);
    }
    done.map_err(|panic| worker.tell_panic(whose, panic)).ok()
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Itself,
    ByPanic,
}

/// Runs a task that the worker cannot do without: a panic in it begins it anew, after a pause.
pub(crate) async fn again_and_again<F: Future<Output = ()>>(
    worker: Rc<Worker>,
    name: &'static str,
    task: impl Fn() -> F,
) {
    while steady(Whose::Own(Rc::clone(&worker), name), task()).await == Ended::ByPanic {
        // Not by the worker's wheel: that may be what panicked.
        tokio::time::sleep(AGAIN).await;
    }
}

impl Worker {
    /// Does something that nobody's task asked for; a panic in it is told and no more.
    pub fn obey(self: &Rc<Self>, name: &'static str, order: impl FnOnce()) {
        let _ = one(&Whose::Own(Rc::clone(self), name), order);
    }

    #[cold]
    fn tell_panic(&self, whose: &Whose, panic: Box<Panic>) {
        self.process.loops.shard(self.id).panics.add(1);
        if let Whose::Client(..) = whose {
            self.count(&crate::PANICKED);
        }
        panic.tell(wall(), whose.name(), self.process.events.clone());
    }

    #[cold]
    fn tell_long_step(&self, whose: &Whose, took: Duration) {
        self.process.loops.shard(self.id).long_steps.add(1);
        let now = Tick::now();
        let told = self.steps.told.get();
        if told > Tick::default() && now.since(told) < QUIET {
            return;
        }
        self.steps.told.set(now);
        let (name, millis) = (whose.name(), took.as_millis());
        let text = format!("worker {} was held up for about {millis} ms by {name}", self.id);
        let fields = [
            ("worker", Value::Number(self.id as i64)),
            ("milliseconds", Value::Number(i64::try_from(millis).unwrap_or(i64::MAX))),
            ("task", Value::Text(&name)),
        ];
        let event =
            Event { time: wall(), level: Level::Warning, slug: "process.step.long", text: &text, fields: &fields };
        self.process.events.send(&event);
    }
}

#[cfg(test)]
mod tests;
