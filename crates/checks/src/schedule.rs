//! When each server is checked: one task a server, first checks spread over the interval, a bound on all together.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_server::{Admin, Server};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::Plan;
use crate::probe::{Outcome, leave};

/// A server to check.
#[derive(Debug)]
pub struct Subject {
    /// It.
    pub server: Arc<Server>,
    /// How.
    pub plan: Plan,
}

/// How all checks together behave.
#[derive(Clone, Debug)]
pub struct Pace {
    /// At most so many checks, and so descriptors, at once.
    pub at_once: usize,
    /// Up to so many percent are added to or taken from every interval, at random. 0 to 50, 0 as in HAProxy.
    pub spread: u32,
    /// Where the random numbers start.
    pub seed: u64,
    /// The time that reports carry.
    pub now: fn() -> Tick,
}

/// Running checks; dropping it ends them, those under way included.
#[derive(Debug)]
pub struct Checks(Vec<JoinHandle<()>>);

impl Drop for Checks {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Checks `subjects` until the answer is dropped, on the current runtime. Never two checks of one server at once.
#[must_use]
pub fn watch(subjects: Vec<Subject>, pace: &Pace) -> Checks {
    let room = Arc::new(Semaphore::new(pace.at_once.max(1)));
    let count = u32::try_from(subjects.len()).unwrap_or(u32::MAX).max(1);
    let tasks = subjects.into_iter().zip(0..).map(|(subject, number): (_, u32)| {
        // The first checks of all servers are even over one interval.
        let first = subject.plan.interval() / count * number;
        let jitter =
            Jitter { spread: pace.spread.min(50), numbers: fastrand::Rng::with_seed(pace.seed ^ u64::from(number)) };
        tokio::spawn(look_after(subject, first, jitter, Arc::clone(&room), pace.now))
    });
    Checks(tasks.collect())
}

async fn look_after(subject: Subject, first: Duration, mut jitter: Jitter, room: Arc<Semaphore>, now: fn() -> Tick) {
    let Subject { server, plan } = subject;
    tokio::time::sleep(first).await;
    loop {
        if server.health().admin() != Admin::Maint {
            // The semaphore is never closed.
            let place = room.acquire().await;
            let Outcome { report, stream } = (plan.probe.run)(&plan).await;
            server.report(now(), report);
            if let Some(stream) = stream {
                leave(stream).await;
            }
            drop(place);
        }
        tokio::time::sleep(jitter.on(plan.wait(&server.health()))).await;
    }
}

struct Jitter {
    spread: u32,
    numbers: fastrand::Rng,
}

impl Jitter {
    fn on(&mut self, wait: Duration) -> Duration {
        if self.spread == 0 {
            return wait;
        }
        let most = wait * self.spread / 100;
        wait - most + most.mul_f64(2.0 * self.numbers.f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_within_its_share_on_both_sides() {
        let mut jitter = Jitter { spread: 20, numbers: fastrand::Rng::with_seed(1) };
        let waits: Vec<Duration> = (0..1000).map(|_| jitter.on(Duration::from_secs(10))).collect();
        let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        assert!(Duration::from_secs(8) <= *least && *least < Duration::from_millis(8100), "{least:?}");
        assert!(Duration::from_millis(11_900) < *most && *most <= Duration::from_secs(12), "{most:?}");
    }
}
