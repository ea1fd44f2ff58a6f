//! The kinds of probe and the table of them. A new one is a file here and a row below.

mod http;
mod tcp;

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use plimsoll_net::{Address, ConnectOptions, NotStarted, Stream, ToServer, Verdict, connect};
use plimsoll_proxy_protocol::encode::{self, V2};
use plimsoll_proxy_protocol::{Endpoints, Version};
use plimsoll_server::{CheckReport, CheckStatus};
use rustix::io::Errno;
use tokio::time::{Instant, timeout, timeout_at};

use crate::Plan;

/// One row: a kind of probe by name.
pub struct Probe {
    /// Its word after `type:`.
    pub name: &'static str,
    /// HAProxy's word for it.
    pub haproxy: &'static str,
    /// For the reference manual.
    pub doc: &'static str,
    /// Runs it once. Never fails and never hangs: the plan's limits hold.
    pub run: fn(&Plan) -> Run<'_>,
}

/// A probe under way.
pub type Run<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Every kind of probe; the first is the default.
pub const PROBES: &[Probe] = &[tcp::ROW, http::ROW];

/// What a probe found.
#[derive(Debug)]
pub struct Outcome {
    /// To be reported now.
    pub report: CheckReport,
    /// To be closed after that, with [`leave`].
    pub stream: Option<ToServer>,
}

impl PartialEq for Probe {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Probe {}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// How long, and for how many reads of 4 KiB, we wait for a server that promised to close.
const PATIENCE: (Duration, usize) = (Duration::from_millis(100), 16);
/// Later than any round of a loop that fares well.
const LATE: Duration = Duration::from_millis(50);

/// Closes a connection on which an answer was read. A server that closes by itself sees no RST, if it does so soon.
pub async fn leave(stream: ToServer) {
    let until = Instant::now() + PATIENCE.0;
    let mut buf = [0; 4096];
    for _ in 0..PATIENCE.1 {
        match timeout_at(until, stream.read(&mut buf)).await {
            Ok(Ok(0) | Err(_)) => return,
            Ok(Ok(_)) => {}
            Err(_) => return,
        }
    }
}

/// Connects until `until`, or says why not.
async fn establish(plan: &Plan, until: Instant) -> Result<ToServer, (CheckStatus, String)> {
    // The ACK that ends the handshake waits for our first bytes, or our RST.
    let (source, namespace) = (plan.source.clone(), plan.namespace.clone());
    let mut options = ConnectOptions { quickack: false, source, namespace, ..ConnectOptions::default() };
    let connecting = match connect(&plan.address, &options) {
        // All its ports carry traffic: that says nothing against the server.
        Err(NotStarted::NoPort) => {
            options.source = plan.source.as_ref().map(|source| source.with_any_port());
            connect(&plan.address, &options)
        }
        connecting => connecting,
    };
    let connecting = connecting.map_err(|error| match error {
        NotStarted::System(error) | NotStarted::Source(_, error) => (unmade(&error), general(&error)),
        NotStarted::NoPort => (CheckStatus::Unk, error.to_string()),
    })?;
    match in_time(plan.connect, until, connecting.finish()).await {
        None => Err((CheckStatus::L4Tout, String::new())),
        Some(Verdict::Connected { stream, .. }) => {
            if let Some(version) = plan.send_proxy {
                introduce(&stream, version, until).await?;
            }
            Ok(stream)
        }
        Some(Verdict::Failed(error)) if error.kind() == io::ErrorKind::NotFound => {
            Err((CheckStatus::SockErr, general(&error)))
        }
        Some(Verdict::Failed(error)) => Err((CheckStatus::L4Con, words(&error))),
        Some(Verdict::ResetAfterConnect) => Err((CheckStatus::L4Con, "Connection reset by peer".into())),
    }
}

/// The header of our own connection: its real addresses in version 1, as the specification wants it of checks, LOCAL in version 2.
async fn introduce(stream: &Stream, version: Version, until: Instant) -> Result<(), (CheckStatus, String)> {
    let mut header = Vec::new();
    match version {
        Version::V1 => {
            let both = match (stream.local_addr(), stream.peer_addr()) {
                (Ok(Some(Address::Inet(ours))), Ok(Some(Address::Inet(theirs)))) => Some(Endpoints::new(ours, theirs)),
                _ => None,
            };
            encode::v1(both.as_ref(), &mut header);
        }
        // Sixteen bytes are never too long.
        Version::V2 => V2::local(&mut header).finish(false).unwrap_or_default(),
    }
    match timeout_at(until, stream.write_all(&header)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err((CheckStatus::SockErr, words(&error))),
        Err(_) => Err((CheckStatus::L4Tout, String::new())),
    }
}

/// Waits until then. When this thread itself comes too late, because it was stopped or had no processor, the time in which it did not run does not
/// count: once, and up to `limit`, so that a thread that is always late still comes to a verdict.
async fn in_time<F: Future>(limit: Duration, until: Instant, wait: F) -> Option<F::Output> {
    let mut wait = pin!(wait);
    if let Ok(done) = timeout_at(until, wait.as_mut()).await {
        return Some(done);
    }
    let late = until.elapsed();
    if late < LATE {
        return None;
    }
    timeout(late.min(limit), wait).await.ok()
}

/// Why there is no socket. That our own descriptors or memory ran out says nothing of the server.
fn unmade(error: &io::Error) -> CheckStatus {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS) => CheckStatus::Unk,
        _ => CheckStatus::SockErr,
    }
}

fn general(error: &io::Error) -> String {
    format!("General socket error ({})", words(error))
}

/// The system's words alone, without the number that the library adds.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// A report that took since `start`.
fn report(status: CheckStatus, start: Instant, info: String) -> CheckReport {
    CheckReport::new(status, start.elapsed()).with_info(info)
}
