//! When each server is checked: one task a server, first checks spread over the interval, a bound on all together; a
//! reload touches only the tasks of what it changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_observe::Panics;
use plimsoll_server::{Admin, CheckReport, CheckStatus, Server};
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
    /// Where panics of probes are counted and told.
    pub panics: Panics,
}

/// Running checks, changed by each reload; dropping them ends them, those under way included.
#[derive(Debug)]
pub struct Checks {
    pace: Pace,
    room: Arc<Semaphore>,
    started: u64,
    /// By the address of the server, which the watch holds: as long as it is here, no other server has it.
    watches: HashMap<usize, Watch>,
}

#[derive(Debug)]
struct Watch {
    #[expect(dead_code, reason = "keeps its address from being another server's")]
    server: Arc<Server>,
    plan: Arc<Plan>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a reload meant to the checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// New, or with another plan.
    pub started: usize,
    /// Go on undisturbed.
    pub kept: usize,
    /// Ended, those with another plan included.
    pub stopped: usize,
}

impl Checks {
    /// No checks yet.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        let room = Arc::new(Semaphore::new(pace.at_once.max(1)));
        Self { pace, room, started: 0, watches: HashMap::new() }
    }

    /// Checks these and no others from now on, on the current runtime. Where server and plan are what they were, nothing
    /// happens, not even to the time of the next check. Never two checks of one server at once.
    pub fn apply(&mut self, subjects: Vec<Subject>) -> Applied {
        let mut before = std::mem::take(&mut self.watches);
        let (mut applied, had) = (Applied::default(), before.len());
        let mut new = Vec::new();
        for subject in subjects {
            let key = identity(&subject.server);
            match before.remove(&key) {
                Some(watch) if *watch.plan == subject.plan => drop(self.watches.insert(key, watch)),
                _ => new.push(subject),
            }
        }
        applied.kept = self.watches.len();
        applied.stopped = had - applied.kept;
        drop(before);
        let count = u32::try_from(new.len()).unwrap_or(u32::MAX).max(1);
        for (subject, number) in new.into_iter().zip(0..) {
            // The first checks of all new ones are even over one interval.
            let first = subject.plan.interval() / count * number;
            self.start(subject, first);
            applied.started += 1;
        }
        applied
    }

    fn start(&mut self, Subject { server, plan }: Subject, first: Duration) {
        let plan = Arc::new(plan);
        let numbers = fastrand::Rng::with_seed(self.pace.seed ^ self.started);
        self.started += 1;
        let jitter = Jitter { spread: self.pace.spread.min(50), numbers };
        let care = Care {
            server: Arc::clone(&server),
            plan: Arc::clone(&plan),
            room: Arc::clone(&self.room),
            now: self.pace.now,
            panics: self.pace.panics.clone(),
        };
        let task = tokio::spawn(care.look_after(first, jitter));
        // A server listed twice is checked as listed last.
        self.watches.insert(identity(&server), Watch { server, plan, task });
    }
}

/// Checks `subjects` until the answer is dropped, on the current runtime.
#[must_use]
pub fn watch(subjects: Vec<Subject>, pace: &Pace) -> Checks {
    let mut checks = Checks::new(pace.clone());
    checks.apply(subjects);
    checks
}

fn identity(server: &Arc<Server>) -> usize {
    Arc::as_ptr(server).addr()
}

/// The checks of one server.
struct Care {
    server: Arc<Server>,
    plan: Arc<Plan>,
    room: Arc<Semaphore>,
    now: fn() -> Tick,
    panics: Panics,
}

impl Care {
    async fn look_after(self, first: Duration, mut jitter: Jitter) {
        tokio::time::sleep(first).await;
        loop {
            if self.server.health().admin() != Admin::Maint
                && self.panics.survived(|| self.name(), self.check()).await.is_none()
            {
                // A fault of ours says nothing of the server, so it counts neither way.
                let report =
                    CheckReport::new(CheckStatus::Unk, Duration::ZERO).with_info("the check itself has failed");
                self.panics.survive(|| self.name(), || self.server.report((self.now)(), report));
            }
            tokio::time::sleep(jitter.on(self.plan.wait(&self.server.health()))).await;
        }
    }

    async fn check(&self) {
        // The semaphore is never closed.
        let _place = self.room.acquire().await;
        let Outcome { report, stream } = (self.plan.probe.run)(&self.plan).await;
        self.server.report((self.now)(), report);
        if let Some(stream) = stream {
            leave(stream).await;
        }
    }

    #[cold]
    fn name(&self) -> String {
        format!("the check of {}/{}", self.server.backend(), self.server.name())
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
