//! The wheel as tasks see it: one task drives it, every connection owns timers in it.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Sleep;

use crate::Tick;
use crate::slots::Slots;

/// Later than any round of a loop that fares well.
const LATE: Duration = Duration::from_millis(50);

struct Shared {
    slots: RefCell<Slots>,
    /// What the driving task sleeps until; 0 while it runs, so that arming does not wake it.
    asleep_until: Cell<u64>,
    driver: Cell<Option<Waker>>,
    /// Hears how late each sleep ended.
    late: OnceCell<Box<dyn Fn(Duration)>>,
}

/// A worker's timers: single-threaded, cheap to clone.
///
/// - Re-arming a timer for later is a store; it fires at or after its deadline, at most two slots (16 ms) late.
/// - Nothing ticks while nothing is due: [`Wheel::drive`] sleeps until the next occupied slot.
#[derive(Clone)]
pub struct Wheel(Rc<Shared>);

impl Wheel {
    /// An empty wheel whose past ends at `now`.
    #[must_use]
    pub fn new(now: Tick) -> Self {
        Wheel(Rc::new(Shared {
            slots: RefCell::new(Slots::new(now.as_micros())),
            asleep_until: Cell::new(0),
            driver: Cell::new(None),
            late: OnceCell::new(),
        }))
    }

    /// A timer that is not armed; dropping it frees its place at once.
    #[must_use]
    pub fn timer(&self) -> Timer {
        Timer { index: self.0.slots.borrow_mut().insert(), wheel: self.0.clone() }
    }

    /// How many timers exist, armed or not.
    #[must_use]
    pub fn timers(&self) -> usize {
        self.0.slots.borrow().live()
    }

    /// Expires what is due at `now`. [`Wheel::drive`] calls it; tests call it with their own ticks.
    pub fn advance(&self, now: Tick) {
        let mut woken = Vec::new();
        self.0.slots.borrow_mut().advance(now.as_micros(), &mut woken);
        // Outside the borrow: a waker may be the last owner of things that own timers.
        for waker in woken {
            waker.wake();
        }
    }

    /// Wakes every task that waits for a timer, without expiring any: something that all of them look at has changed.
    pub fn nudge(&self) {
        let wakers = self.0.slots.borrow_mut().take_wakers();
        for waker in wakers {
            waker.wake();
        }
    }

    /// When [`Wheel::advance`] next has something to do; [`Tick::NEVER`] if nothing is queued.
    #[must_use]
    pub fn next_due(&self) -> Tick {
        self.0.slots.borrow().next_due().map_or(Tick::NEVER, Tick::from_micros)
    }

    /// `hear` is told, whenever something was due, how much later than that the loop came round to it: the loop's lag. The event loop's own
    /// sleep is rounded up to a millisecond, which is in it.
    pub fn on_late(&self, hear: impl Fn(Duration) + 'static) {
        // A second listener is a mistake of the caller's; the first stays.
        let _ = self.0.late.set(Box::new(hear));
    }

    /// Runs the wheel for ever: spawn it once on the worker's runtime.
    pub async fn drive(self) {
        // The one Sleep of the worker; where it points at first does not matter.
        let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
        loop {
            poll_fn(|cx| self.turn(sleep.as_mut(), cx)).await;
            // The event loop looks at the sockets before it comes back here.
            tokio::task::yield_now().await;
        }
    }

    /// Expires what is due, and sleeps. Ready: it comes so late that the thread was stopped, or had no processor. What was waited for may have come
    /// meanwhile, and must be seen before anybody hears that it did not.
    fn turn(&self, mut sleep: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<()> {
        let planned = Tick::from_micros(self.0.asleep_until.replace(0));
        let mut now = Tick::now();
        if planned > Tick::default() && planned <= now {
            let late = now.since(planned);
            if let Some(hear) = self.0.late.get() {
                hear(late);
            }
            if late > LATE {
                return Poll::Ready(());
            }
        }
        loop {
            self.advance(now);
            let due = self.next_due();
            if due > now {
                // From here on an earlier timer must wake this task.
                self.0.asleep_until.set(due.as_micros());
                self.0.driver.set(Some(cx.waker().clone()));
                if due == Tick::NEVER {
                    return Poll::Pending;
                }
                sleep.as_mut().reset(tokio::time::Instant::now() + due.since(now));
                if sleep.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
            now = Tick::now();
        }
    }
}

impl fmt::Debug for Wheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel").field("timers", &self.timers()).field("next_due", &self.next_due()).finish()
    }
}

/// One timer of a [`Wheel`]. All methods take `&self`; one task at a time waits for it.
pub struct Timer {
    wheel: Rc<Shared>,
    index: u32,
}

impl Timer {
    /// Arms the timer for `at`, whatever it was armed for before, and forgets that it had expired.
    /// A few nanoseconds unless it must fire earlier than it was queued for.
    #[inline]
    pub fn arm(&self, at: Tick) {
        let queued = self.wheel.slots.borrow_mut().arm(self.index, at.as_micros());
        if let Some(fires) = queued
            && fires < self.wheel.asleep_until.get()
        {
            self.hurry(fires);
        }
    }

    #[cold]
    fn hurry(&self, fires: u64) {
        self.wheel.asleep_until.set(fires);
        if let Some(driver) = self.wheel.driver.take() {
            driver.wake();
        }
    }

    /// The timer no longer fires; forgets that it had expired.
    #[inline]
    pub fn disarm(&self) {
        self.arm(Tick::NEVER);
    }

    /// What the timer is armed for; [`Tick::NEVER`] when it is not.
    #[must_use]
    pub fn deadline(&self) -> Tick {
        Tick::from_micros(self.wheel.slots.borrow().deadline(self.index))
    }

    /// Whether the wheel has passed the armed deadline. Reads no clock.
    #[inline]
    #[must_use]
    pub fn expired(&self) -> bool {
        self.wheel.slots.borrow().expired(self.index)
    }

    /// Ready once the wheel has passed the armed deadline, and until the timer is armed or disarmed again.
    #[inline]
    pub fn poll_expired(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut slots = self.wheel.slots.borrow_mut();
        if slots.expired(self.index) {
            return Poll::Ready(());
        }
        let replaced = slots.watch(self.index, cx.waker());
        drop(slots);
        drop(replaced);
        Poll::Pending
    }

    /// Waits for the armed deadline.
    pub async fn wait(&self) {
        poll_fn(|cx| self.poll_expired(cx)).await;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let waker = self.wheel.slots.borrow_mut().remove(self.index);
        drop(waker);
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("deadline", &self.deadline()).field("expired", &self.expired()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn tick(millis: u64) -> Tick {
        Tick::from_micros(millis * 1_000)
    }

    fn on_a_runtime<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::LocalRuntime::new().unwrap().block_on(test)
    }

    #[test]
    fn a_timer_expires_when_the_wheel_passes_it() {
        let wheel = Wheel::new(tick(0));
        let timer = wheel.timer();
        timer.arm(tick(30));
        assert_eq!(timer.deadline(), tick(30));
        wheel.advance(tick(29));
        assert!(!timer.expired());
        wheel.advance(tick(32));
        assert!(timer.expired());
        timer.disarm();
        assert!(!timer.expired());
    }

    #[test]
    fn dropping_a_timer_frees_its_place() {
        let wheel = Wheel::new(tick(0));
        let timer = wheel.timer();
        timer.arm(tick(30));
        drop(timer);
        assert_eq!((wheel.timers(), wheel.next_due()), (0, Tick::NEVER));
    }

    #[test]
    fn expiry_wakes_the_task_that_waits() {
        struct Woken(std::sync::mpsc::Sender<()>);
        impl std::task::Wake for Woken {
            fn wake(self: std::sync::Arc<Self>) {
                self.0.send(()).unwrap();
            }
        }
        let wheel = Wheel::new(tick(0));
        let (sender, woken) = std::sync::mpsc::channel();
        let timer = wheel.timer();
        timer.arm(tick(10));
        let waker = Waker::from(std::sync::Arc::new(Woken(sender)));
        assert!(timer.poll_expired(&mut Context::from_waker(&waker)).is_pending());
        wheel.advance(tick(16));
        woken.recv().unwrap();
        assert!(timer.poll_expired(&mut Context::from_waker(&waker)).is_ready());
    }

    #[test]
    fn the_driver_fires_timers_in_real_time_and_is_woken_for_an_earlier_one() {
        on_a_runtime(async {
            let wheel = Wheel::new(Tick::now());
            let far = wheel.timer();
            far.arm(Tick::now().after(Duration::from_secs(3_600)));
            tokio::task::spawn_local(wheel.clone().drive());
            // The driver goes to sleep for an hour first.
            tokio::task::yield_now().await;
            let start = Tick::now();
            let near = wheel.timer();
            near.arm(start.after(Duration::from_millis(20)));
            near.wait().await;
            assert!(Tick::now().since(start) >= Duration::from_millis(20));
            assert!(!far.expired());
        });
    }

    #[test]
    fn the_driver_starts_without_timers_and_is_woken_by_the_first() {
        on_a_runtime(async {
            let wheel = Wheel::new(Tick::now());
            tokio::task::spawn_local(wheel.clone().drive());
            tokio::task::yield_now().await;
            let timer = wheel.timer();
            timer.arm(Tick::now().after(Duration::from_millis(5)));
            timer.wait().await;
        });
    }
}
