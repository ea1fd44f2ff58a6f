//! After many connections have gone, moves the allocator to give their memory back to the system.
//!
//! mimalloc 3 returns freed pages a second after they were freed, but looks at them only when a thread frees further pages. Whoever is idle
//! after a spike never does, and would keep hundreds of MiB. This can go when the allocator does it by itself.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::hint::black_box;
use std::task::{Poll, Waker};
use std::time::Duration;

use plimsoll_clock::{Tick, Wheel};

/// Larger than what an allocator keeps for later: freeing it makes it look at all that was freed. It is never touched, so it costs no memory.
const LARGE: usize = 64 << 20;
/// A little more than mimalloc's delay, and how often: each look goes through a part of its memory.
const DELAY: Duration = Duration::from_millis(1200);
const LOOKS: u32 = 6;

thread_local! {
    static DUE: Cell<bool> = const { Cell::new(false) };
    static ASLEEP: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

/// Much was freed on this thread.
#[cold]
pub(crate) fn much_was_freed() {
    // The thread may be ending; then there is nothing to do.
    let _ = DUE.try_with(|due| {
        if !due.replace(true) {
            let _ = ASLEEP.try_with(|asleep| asleep.take().map(Waker::wake));
        }
    });
}

/// A worker's task: sleeps until much was freed.
pub(crate) async fn trim(wheel: Wheel) {
    let timer = wheel.timer();
    loop {
        poll_fn(|cx| {
            if DUE.get() {
                return Poll::Ready(());
            }
            ASLEEP.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
        for _ in 0..LOOKS {
            timer.arm(Tick::now().after(DELAY));
            timer.wait().await;
            drop(black_box(Vec::<u8>::with_capacity(LARGE)));
            // What is freed from here on is for the next round.
            DUE.set(false);
        }
    }
}
