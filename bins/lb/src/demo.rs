//! `lb demo`: a load balancer to look at, with servers of its own; no file, no other program.

mod board;
mod config;
mod origins;

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use plimsoll_engine::{Engine, Loader, StartError};
use plimsoll_net::Address;

use crate::run::{Signals, Stop};
use origins::{Habit, Origin};

/// Tried in turn; then whatever the kernel gives.
const PORTS: std::ops::RangeInclusive<u16> = 8080..=8179;
/// The last of the servers: long enough to see it up and down, short enough to wait for.
const FICKLE: Habit = Habit::Fickle { there: Duration::from_secs(8), gone: Duration::from_secs(6) };

/// The verb.
pub fn demo() -> ExitCode {
    match start().and_then(|(engine, address, page)| watch(engine, address, page)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lb: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `--print-config`
pub fn print_config() -> ExitCode {
    // A reader that has enough may close the pipe.
    let _ = io::stdout().write_all(config::TEXT.as_bytes());
    ExitCode::SUCCESS
}

/// The origins, and the engine before them at the first port that is free; where it is, and where its page is.
fn start() -> Result<(Arc<Engine>, SocketAddr, SocketAddr), StartError> {
    let [alpha, bravo, charlie] = config::SERVERS.map(|(name, _)| name);
    let origins = [
        Origin::reserve(alpha, Habit::Steady)?,
        Origin::reserve(bravo, Habit::Steady)?,
        Origin::reserve(charlie, FICKLE)?,
    ];
    let servers = origins.each_ref().map(Origin::address);
    origins::start(origins)?;
    let mut ports = PORTS.chain([0]);
    let mut frontend = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.next().unwrap_or_default()));
    let mut page = config::PAGE;
    loop {
        let (plan, findings) = plimsoll_engine::load_text("demo", &config::with_addresses(frontend, page, servers));
        let plan = plan.ok_or_else(|| io::Error::other(findings.render(false)))?;
        match Engine::start(plan, Loader::none()) {
            Ok(engine) => {
                page = engine.admin_addresses().first().map_or(page, |(_, address)| inet(address, page));
                frontend = engine.addresses().first().map_or(frontend, |(_, address)| inet(address, frontend));
                return Ok((engine, frontend, page));
            }
            Err(StartError::Listen { error, .. }) if is_taken(&error) && frontend.port() != 0 => {
                frontend.set_port(ports.next().unwrap_or_default());
            }
            Err(StartError::Admin(error)) if is_taken(&error) && page.port() != 0 => page.set_port(0),
            Err(error) => return Err(error),
        }
    }
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

/// With the port that the kernel chose.
fn inet(bound: &Address, wanted: SocketAddr) -> SocketAddr {
    match bound {
        Address::Inet(address) => *address,
        Address::Unix(_) | Address::Abstract(_) | Address::Inherited(_) => wanted,
    }
}

/// Shows what happens until it is told to stop.
fn watch(engine: Arc<Engine>, address: SocketAddr, page: SocketAddr) -> Result<(), StartError> {
    let signals = Signals::catch()?;
    let program = std::env::args().next().unwrap_or_else(|| "lb".into());
    let _ = io::stdout().write_all(welcome(address, page, &program).as_bytes());
    let ended = std::thread::scope(|scope| {
        let (running, stop) = channel();
        let engine = &engine;
        scope.spawn(move || board::show(engine, &stop));
        let ended = signals.until_stopped(engine, &plimsoll_process::Notify::default());
        drop(running);
        ended
    });
    if let Stop::Drained = ended {
        let figures = board::Figures::read(&engine);
        engine.finish();
        let _ = writeln!(io::stdout(), "lb: done: {figures}");
    }
    Ok(())
}

/// What a newcomer reads first.
fn welcome(address: SocketAddr, page: SocketAddr, program: &str) -> String {
    let url = format!("http://{address}/");
    let moved =
        if address.port() == *PORTS.start() { String::new() } else { format!(" (port {} is taken)", PORTS.start()) };
    let tries = [
        (format!("curl {url}"), "again and again: the servers take turns"),
        (format!("curl -i -d hello {url}any/path?x=1"), "what a server is told"),
        (format!("while sleep 0.2; do curl -s {url} | head -1; done"), "goes on while charlie is gone"),
        (format!("{program} demo --print-config"), "the configuration, to start your own from"),
    ];
    let widest = tries.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let tries: String = tries.iter().map(|(command, why)| format!("  {command:widest$}  # {why}\n")).collect();
    format!(
        "\
Plimsoll balances {url}{moved} over three small servers inside this process: alpha, bravo and charlie.
charlie goes away for a few seconds again and again: watch its state below, and that no request fails.
The same in a browser, live: http://{page}/

Try, in another terminal:
{tries}
Ctrl-C ends it.

"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newcomer_reads_the_address_and_what_to_try() {
        let text = welcome(SocketAddr::from(([127, 0, 0, 1], 8080)), config::PAGE, "lb");
        assert!(text.contains("http://127.0.0.1:8404/\n"), "{text}");
        assert!(text.contains("balances http://127.0.0.1:8080/ over"), "{text}");
        assert!(text.matches("curl ").count() >= 3, "{text}");
    }

    #[test]
    fn another_port_is_explained() {
        let text = welcome(SocketAddr::from(([127, 0, 0, 1], 8082)), config::PAGE, "lb");
        assert!(text.contains("http://127.0.0.1:8082/ (port 8080 is taken)"), "{text}");
    }
}
