//! Clients that come at a rate, each with a connection of its own: when each came, how long it took, and who was failed.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long one of them waits; longer than any answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Who is later than this does not hurry to make up for it: a burst would measure itself.
const LATE: Duration = Duration::from_millis(20);

/// One that was served.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// When it came.
    pub at: Instant,
    /// From the connect to the end of the answer.
    pub took: Duration,
}

/// A stream of them, until stopped. Plain threads with few system calls: on one core, some thousands a second.
#[derive(Debug)]
pub struct Visitors {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    /// By thread, so that they do not wait for each other.
    visits: Vec<Arc<Mutex<Vec<Visit>>>>,
    failures: Arc<Mutex<Vec<String>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Visitors {
    /// So many a second, if the machine can, by so many threads; one address after the other. Each must be answered 200 and one of `bodies`.
    pub fn start(to: &[SocketAddr], a_second: u32, threads: u32, bodies: &'static [&'static str]) -> Self {
        let (stop, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let failures = Arc::<Mutex<Vec<String>>>::default();
        let apart = Duration::from_secs(1) * threads / a_second;
        let mut visitors = Self { stop, done, visits: Vec::new(), failures, threads: Vec::new() };
        for thread in 0..threads {
            let visits = Arc::<Mutex<Vec<Visit>>>::default();
            visitors.visits.push(Arc::clone(&visits));
            let (to, stop, done) = (to.to_vec(), Arc::clone(&visitors.stop), Arc::clone(&visitors.done));
            let failures = Arc::clone(&visitors.failures);
            visitors.threads.push(thread::spawn(move || {
                let mut due = Instant::now() + apart * thread / threads;
                for number in (thread as usize..).step_by(threads as usize) {
                    until(due, &stop);
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let at = Instant::now();
                    due = (due + apart).max(at.checked_sub(LATE).unwrap_or(at));
                    match visit(to[number % to.len()], bodies) {
                        Ok(()) => keep(&visits, Visit { at, took: at.elapsed() }),
                        Err(what) => keep(&failures, what),
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        visitors
    }

    /// How many came and went, the failed ones included.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Stops them; who was served, in no order, and what went wrong for the others.
    pub fn stop(self) -> (Vec<Visit>, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().expect("a visitor"));
        let take = |visits: &Arc<Mutex<Vec<Visit>>>| std::mem::take(&mut *visits.lock().expect("visits"));
        let failures = std::mem::take(&mut *self.failures.lock().unwrap_or_else(PoisonError::into_inner));
        (self.visits.iter().flat_map(take).collect(), failures)
    }
}

fn keep<T>(list: &Mutex<Vec<T>>, one: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(one);
}

fn until(due: Instant, stop: &AtomicBool) {
    while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        thread::park_timeout(left);
    }
}

fn visit(to: SocketAddr, bodies: &[&str]) -> Result<(), String> {
    let answer = ask(to).map_err(|error| error.to_string())?;
    let whole = answer.starts_with(b"HTTP/1.1 200 ")
        && bodies
            .iter()
            .any(|body| answer.strip_suffix(body.as_bytes()).is_some_and(|head| head.ends_with(b"\r\n\r\n")));
    if whole { Ok(()) } else { Err(format!("answered {:?}", answer.escape_ascii().to_string())) }
}

fn ask(to: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::with_capacity(512);
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
