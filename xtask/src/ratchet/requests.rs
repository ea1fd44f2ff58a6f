//! Requests through `lb` under callgrind, in lock step: what `lb` does between two of them depends on no clock and no other process.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::{callgrind, origin};
use crate::get;
use crate::process::settle;

/// Where every step of a worker's tasks runs: a request from its first byte to its line in the log, and every 20 ms or so, by the clock,
/// a flush of the log and the timers. Counted is this and what it calls; the event loop and the log's thread are not.
const STEPS: &str = "plimsoll_observe::panic::caught";

/// Valgrind is some fifty times slower, and CI is not alone on its machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts `lb`, sends it so many requests for a body of that size, and ends it.
pub fn run(lb: &Path, profile: &Path, times: u64, body: usize, close: bool, rules: bool) -> Result<()> {
    let proxy = origin::Proxy::default();
    let (address, origin, folder) = (get::free_address()?, origin::start(Arc::clone(&proxy))?, tempfile::tempdir()?);
    let config = folder.path().join("lb.yaml");
    let rules = if rules { crate::bench::rules::yaml() } else { String::new() };
    fs::write(
        &config,
        format!(
            "global: {{ threads: 1, maxconn: 100, log: {{ to: \"file:/dev/null\", format: json }} }}\n\
             defaults: {{ mode: http, timeouts: {{ connect: 60s, client: 60s, server: 60s, http-request: 60s }} }}\n\
             frontends: {{ f: {{ bind: [\"{address}\"], {rules}default-backend: b }} }}\n\
             backends: {{ b: {{ servers: {{ s1: \"{origin}\" }} }} }}\n",
        ),
    )?;
    let mut process =
        callgrind::start(lb, &["run", "-f", &config.display().to_string()], STEPS, profile, folder.path())?;
    get::wait_ready(&mut process, address, "/1", PATIENCE)?;
    let id = *proxy.get_or_init(|| process.id());
    let path = format!("/{body}");
    let mut kept = get::connect(address)?;
    for _ in 0..times {
        settle(id);
        if close {
            let mut stream = get::connect(address)?;
            settle(id);
            let answer = get::last(&mut stream, &path)?;
            ensure!(answer.starts_with(b"HTTP/1.1 200") && answer.len() > body, "an answer is not what it should be");
            settle(id);
        } else {
            get::again(&mut kept, &path, body)?;
        }
    }
    drop(kept);
    process.finish(PATIENCE).map(drop)
}
