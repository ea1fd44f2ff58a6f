//! Lines leave a worker in batches through a bounded channel; when the reader at the other end is slow, batches are dropped and
//! counted. A request never waits for its log line.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_clock::{Tick, Timer};

/// Batches that may wait for the sink, of all workers together: at most 128 x 32 KiB.
const WAITING: usize = 128;
/// A batch of this size goes at once.
const BATCH: usize = 32 << 10;
/// A smaller one goes after this time.
const DELAY: Duration = Duration::from_millis(20);

/// The thread that writes.
#[derive(Debug)]
pub struct Sink {
    sender: SyncSender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Sink {
    /// Starts a thread that writes to `out`, and says when lines were dropped.
    pub fn start(out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&dropped);
        let thread = std::thread::Builder::new().name("log".into()).spawn(move || write(&receiver, &count, out))?;
        Ok(Self { sender, dropped, thread })
    }

    /// One worker's end.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer {
            sender: self.sender.clone(),
            dropped: Arc::clone(&self.dropped),
            batch: RefCell::default(),
            lines: Cell::new(0),
            flusher: RefCell::new(None),
        }
    }

    /// Lines that were dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Waits until everything is written. All writers must be gone.
    pub fn finish(self) {
        drop(self.sender);
        // A panicking sink has nothing more to say.
        let _ = self.thread.join();
    }
}

fn write(receiver: &Receiver<Vec<u8>>, dropped: &AtomicU64, mut out: impl Write) {
    let mut told = 0;
    for batch in receiver {
        // A closed stdout is the user's choice; lines into it are simply gone.
        let _ = out.write_all(&batch);
        let now = dropped.load(Relaxed);
        if now != told {
            let _ =
                writeln!(out, "lb: {} log lines were dropped: the log could not be written fast enough", now - told);
            told = now;
        }
        let _ = out.flush();
    }
}

/// A worker's end: lines are appended to a batch.
#[derive(Debug)]
pub struct Writer {
    sender: SyncSender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
    batch: RefCell<Vec<u8>>,
    lines: Cell<u64>,
    flusher: RefCell<Option<Waker>>,
}

impl Writer {
    /// Appends one line.
    pub fn line(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut batch = self.batch.borrow_mut();
        write(&mut batch);
        self.lines.set(self.lines.get() + 1);
        if batch.len() >= BATCH {
            drop(batch);
            self.flush();
        } else if self.lines.get() == 1
            && let Some(flusher) = self.flusher.borrow_mut().take()
        {
            flusher.wake();
        }
    }

    /// Hands the batch over, or drops it.
    pub fn flush(&self) {
        let lines = self.lines.replace(0);
        let batch = std::mem::replace(&mut *self.batch.borrow_mut(), Vec::with_capacity(BATCH + 1024));
        if batch.is_empty() {
            return;
        }
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.sender.try_send(batch) {
            self.dropped.fetch_add(lines, Relaxed);
        }
    }

    /// To be polled by one task of the worker for ever: sends small batches a little later. Does nothing while nothing is logged.
    pub fn poll_flush(&self, timer: &Timer, cx: &mut Context<'_>) -> Poll<()> {
        if self.lines.get() > 0 {
            if timer.deadline() == Tick::NEVER {
                timer.arm(Tick::now().after(DELAY));
            }
            if timer.poll_expired(cx).is_pending() {
                return Poll::Pending;
            }
            self.flush();
        }
        timer.disarm();
        *self.flusher.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Writes only when told to.
    struct Gated {
        gate: Receiver<()>,
        out: Sender<Vec<u8>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.gate.recv();
            let _ = self.out.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slow_sink_costs_lines_never_time() {
        let (open, gate) = channel();
        let (out, written) = channel();
        let sink = Sink::start(Gated { gate, out }).unwrap();
        let writer = sink.writer();
        for _ in 0..WAITING + 10 {
            writer.line(|line| line.extend_from_slice(b"x\n"));
            writer.flush();
        }
        let dropped = sink.dropped();
        assert!((9..=10).contains(&dropped), "{dropped} dropped: the sink holds one batch in hand at most");
        drop(open);
        drop(writer);
        sink.finish();
        let all: Vec<u8> = written.iter().flatten().collect();
        let text = String::from_utf8(all).unwrap();
        assert_eq!(text.lines().filter(|line| *line == "x").count() as u64, WAITING as u64 + 10 - dropped);
        assert!(text.contains(&format!("{dropped} log lines were dropped")), "{text}");
    }
}
