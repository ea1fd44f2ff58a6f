//! What a log, or rules, add to a request: each proxy runs twice, with them and without, and the two take turns.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{Context as _, Result};
use rustix::net::sockopt;
use rustix::thread::{CpuSet, sched_setaffinity};

use super::Run;
use super::load::{self, Load, Sample};
use super::proxies::{self, Built, Duty, Place, Running, Who};
use super::report::{Done, Outcome};
use super::work::{Extra, FILES, Mode, Row};

/// One round of one proxy.
#[derive(Clone, Debug)]
pub struct Pair {
    pub without: Sample,
    pub with: Sample,
}

impl Pair {
    /// What was added, in microseconds a request.
    pub fn added(&self, figure: fn(&Sample) -> f64) -> f64 {
        figure(&self.with) - figure(&self.without)
    }
}

/// A proxy as it is, and the same with more to do.
struct Twins {
    who: Who,
    without: Running,
    with: Running,
    pairs: Vec<Pair>,
}

impl Twins {
    fn start(who: Who, duties: [Duty; 2], origin: SocketAddr, built: &Built, folder: &Path) -> Result<Self> {
        let start = |duty| proxies::start(who, duty, origin, built, folder);
        let [less, more] = duties;
        Ok(Twins { who, without: start(less)?, with: start(more)?, pairs: Vec::new() })
    }

    /// Measures both, the one with more to do first in every other round.
    fn measure(&mut self, load: &Load<'_>, folder: &Path) -> Result<&Pair> {
        let more_first = self.pairs.len() % 2 == 1;
        let early = more_first.then(|| load::measure(&mut self.with, load)).transpose()?;
        let without = load::measure(&mut self.without, load)?;
        let with = early.map_or_else(|| load::measure(&mut self.with, load), Ok)?;
        // Half a gigabyte of lines would fill a small disk.
        if let Ok(file) = OpenOptions::new().write(true).open(folder.join(proxies::LOG_FILE)) {
            file.set_len(0)?;
        }
        self.pairs.push(Pair { without, with });
        Ok(&self.pairs[self.pairs.len() - 1])
    }

    /// Requests that should have left a line.
    fn logged(&self) -> u64 {
        self.pairs.iter().map(|pair| pair.with.requests).sum()
    }
}

impl Run<'_> {
    pub(super) fn added(&self, row: &'static Row, extra: Extra) -> Result<Done> {
        let (proxy_cpu, load_cpu) = self.places(1);
        let origin = proxies::origin(load_cpu, self.folder)?;
        let receiver = Receiver::start(load_cpu)?;
        let less = Duty { mode: Mode::Http, threads: 1, share_servers: false, cpu: proxy_cpu, log: None, rules: false };
        let more = match extra {
            Extra::Syslog => Duty { log: Some(Place::Syslog(receiver.address)), ..less },
            Extra::Json => Duty { log: Some(Place::File), ..less },
            Extra::Rules => Duty { rules: true, ..less },
        };
        let (mut all, mut absent) = (Vec::new(), Vec::new());
        for &who in &self.bench.only {
            match (who, extra) {
                (Who::Lb, _) | (Who::Haproxy, Extra::Syslog | Extra::Rules) => {
                    all.push(Twins::start(who, [less, more], origin.address, &self.built, self.folder)?);
                }
                (Who::Haproxy, Extra::Json) => absent.push((who, Outcome::Absent("writes no files".to_owned()))),
                (Who::Nginx | Who::Relay, _) => absent.push((who, Outcome::Absent("not compared".to_owned()))),
            }
        }
        let load = Load { path: FILES[0].0, close: false, seconds: 1, cpu: load_cpu };
        for twins in &mut all {
            twins.measure(&load, self.folder)?;
            twins.pairs.clear();
        }
        let (load, before) = (Load { seconds: self.seconds, ..load }, receiver.received());
        for round in 0..self.pairs {
            let count = all.len();
            for turn in 0..count {
                let twins = &mut all[(round + turn) % count];
                let who = twins.who.name();
                let pair = twins.measure(&load, self.folder).context(who)?;
                let (user, total) = (pair.added(|s| s.user), pair.added(|s| s.total));
                self.say(&format!(
                    "{} {}/{} {:<8} adds user {user:.2} total {total:.2} µs a request",
                    row.name,
                    round + 1,
                    self.pairs,
                    who
                ));
            }
        }
        let mut conditions = self.conditions(proxy_cpu);
        if extra == Extra::Syslog {
            let logged: u64 = all.iter().map(Twins::logged).sum();
            let arrived = (receiver.received() - before) as f64 / logged as f64 * 100.0;
            let _ = write!(conditions, ", {arrived:.1} % of the lines arrived");
        }
        let outcomes = all.into_iter().map(|twins| (twins.who, Outcome::Added(twins.pairs))).chain(absent).collect();
        Ok(Done { row, conditions, outcomes })
    }
}

/// Takes syslog datagrams, counts them and drops them.
struct Receiver {
    address: SocketAddr,
    count: Arc<AtomicU64>,
}

/// The kernel drops what does not fit here, which costs the sender less than a line that arrives.
const ROOM: usize = 16 << 20;

impl Receiver {
    /// Reads for as long as this process lives, on the load's CPU.
    fn start(cpu: Option<usize>) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("a socket for syslog")?;
        // Beyond the system's limit only for root.
        if sockopt::set_socket_recv_buffer_size_force(&socket, ROOM).is_err() {
            sockopt::set_socket_recv_buffer_size(&socket, ROOM)?;
        }
        let receiver = Receiver { address: socket.local_addr()?, count: Arc::default() };
        let count = Arc::clone(&receiver.count);
        std::thread::spawn(move || {
            if let Some(cpu) = cpu {
                let mut only = CpuSet::new();
                only.set(cpu);
                let _ = sched_setaffinity(None, &only);
            }
            let mut line = [0_u8; 2048];
            while socket.recv(&mut line).is_ok() {
                count.fetch_add(1, Relaxed);
            }
        });
        Ok(receiver)
    }

    fn received(&self) -> u64 {
        self.count.load(Relaxed)
    }
}
