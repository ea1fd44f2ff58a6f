//! The control thread: runs what no request waits for, such as health checks.

use std::io;
use std::thread::JoinHandle;

use plimsoll_checks::{Pace, Subject, watch};
use plimsoll_clock::Tick;
use tokio::sync::oneshot::{Sender, channel};

/// Checks that may be under way at once: each takes a descriptor (`budget` counts them).
pub(crate) const CHECKS_AT_ONCE: usize = 32;

/// The thread, until it is dropped.
#[derive(Debug)]
pub(crate) struct Control {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Starts checking.
    pub(crate) fn start(subjects: Vec<Subject>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("control".into()).spawn(move || {
            runtime.block_on(async {
                let pace = Pace { at_once: CHECKS_AT_ONCE, spread: 0, seed: Tick::now().as_micros(), now: Tick::now };
                let checks = watch(subjects, &pace);
                // Told to stop, or forgotten: the same.
                let _ = stopped.await;
                drop(checks);
            });
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed.
            let _ = thread.join();
        }
    }
}
