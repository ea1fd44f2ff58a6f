//! Panics that cost one task: caught with what they said, where and by which way, and told like any other event.
//!
//! Capturing a backtrace is cheap, giving its frames their names takes tens of milliseconds: that is done on a thread of its own, so that the
//! loop in which the panic happened goes on at once.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::SystemTime;

use crate::{Event, Events, Level, Value};

/// Frames named in the line for people.
const FRAMES: usize = 8;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// A panic that was caught.
#[derive(Debug)]
pub struct Panic {
    /// What it said.
    pub message: String,
    /// File, line and column.
    pub place: Option<String>,
    backtrace: Backtrace,
}

/// From here on panics of this thread are not printed but kept for [`caught`]: everything that runs on it must go through there.
pub fn keep_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                LAST.set(Some(Panic::new(info)));
            } else {
                before(info);
            }
        }));
    });
    QUIET.set(true);
}

/// Runs it; a panic in it comes back as a value. Never inlined: `cargo xtask ratchet` counts what runs in here by this name.
#[inline(never)]
pub fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Box<Panic>> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let kept = LAST.take();
        Box::new(kept.unwrap_or_else(|| Panic {
            message: said(&*payload).to_owned(),
            place: None,
            backtrace: Backtrace::disabled(),
        }))
    })
}

impl Panic {
    #[cold]
    fn new(info: &PanicHookInfo<'_>) -> Self {
        Self {
            message: said(info.payload()).to_owned(),
            place: info.location().map(ToString::to_string),
            backtrace: Backtrace::force_capture(),
        }
    }

    /// Tells it as the event `process.panic`: which task it cost, and the way to it. Returns at once. While one panic is being written,
    /// others are told without their way.
    #[cold]
    pub fn tell(self: Box<Self>, time: SystemTime, task: String, events: Events) {
        static WRITING: AtomicBool = AtomicBool::new(false);
        if WRITING.swap(true, SeqCst) {
            self.write(time, &task, &events, None);
            return;
        }
        let writing = std::thread::Builder::new().name("panic".to_owned()).spawn(move || {
            let named = (self.backtrace.status() == BacktraceStatus::Captured).then(|| self.backtrace.to_string());
            self.write(time, &task, &events, named.as_deref());
            WRITING.store(false, SeqCst);
        });
        if writing.is_err() {
            WRITING.store(false, SeqCst);
        }
    }

    fn write(&self, time: SystemTime, task: &str, events: &Events, backtrace: Option<&str>) {
        let place = self.place.as_deref().unwrap_or("an unknown place");
        let mut text = format!("a panic has ended {task}: {} at {place}", self.message);
        let way: Vec<&str> = backtrace.map(ours).unwrap_or_default();
        if !way.is_empty() {
            text.push_str(", by ");
            text.push_str(&way.join(" < "));
        }
        let fields = [
            ("task", Value::Text(task)),
            ("panic", Value::Text(&self.message)),
            ("place", Value::Text(place)),
            ("backtrace", backtrace.map_or(Value::Null, Value::Text)),
        ];
        if events.is_heard() {
            events.send(&Event { time, level: Level::Err, slug: "process.panic", text: &text, fields: &fields });
        } else {
            eprintln!("lb: {text}");
        }
    }
}

/// The functions of this project in a backtrace, the innermost first.
fn ours(backtrace: &str) -> Vec<&str> {
    backtrace
        .lines()
        .filter_map(|line| line.split_once(": ").map(|(_, name)| name))
        .filter(|name| name.contains("plimsoll_") && !name.contains("plimsoll_observe::panic"))
        .take(FRAMES)
        .collect()
}

fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("something that is no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_words_its_place_and_its_way_and_not_printed() {
        std::thread::spawn(|| {
            keep_panics();
            let panic = caught(|| -> u8 { panic!("no {}", 7) }).unwrap_err();
            assert_eq!(panic.message, "no 7");
            assert!(panic.place.as_deref().is_some_and(|place| place.contains("panic.rs:")), "{:?}", panic.place);
            assert!(panic.backtrace.to_string().contains("plimsoll_observe::panic"));
            assert_eq!(caught(|| 3).expect("no panic"), 3);
        })
        .join()
        .expect("caught");
    }

    #[test]
    fn the_way_names_our_functions_only() {
        let backtrace = "   0: std::backtrace::Backtrace::force_capture\n             at /rust/backtrace.rs:1:2\n   \
            1: plimsoll_observe::panic::keep\n   2: plimsoll_proxy::tcp::serve\n   3: tokio::runtime::run\n   4: plimsoll_engine::worker::run\n";
        assert_eq!(ours(backtrace), ["plimsoll_proxy::tcp::serve", "plimsoll_engine::worker::run"]);
    }
}
