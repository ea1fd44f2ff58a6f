//! What a line costs: `cargo run --release -p plimsoll-observe --example line_cost [TARGET]`, TARGET as in the `log` option (a file in the
//! temporary folder if not given). Prints CPU nanoseconds a line, of all threads together, user and system apart.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use plimsoll_observe::{Format, HttpRecord, HttpTimes, Level, Levels, LogTarget, RequestLine, Sink, To};

plimsoll_outcome::outcomes! {
    /// All went well.
    FINE = ("ok", Proxy, Done, Never, b"--", 200, "Fine.");
}

const ROUNDS: u32 = 250;
/// Lines a round: less than what may wait for a target, so that none is dropped and all of them are paid for.
const LINES: u32 = 4_000;

fn main() {
    let folder = std::env::temp_dir();
    let to: To = match std::env::args().nth(1) {
        Some(text) => text.parse().expect("a target"),
        None => To::File(folder.join(format!("line_cost.{}", std::process::id()))),
    };
    for (name, format) in [("httplog", Format::Text), ("json", Format::Json)] {
        let target = LogTarget { format, ..LogTarget::new(to.clone()) };
        let (user, system) = cpu();
        let dropped: u64 = (0..ROUNDS).map(|_| round(&target)).sum();
        let (user, system) = (cpu().0 - user, cpu().1 - system);
        eprintln!("{name:8} user {user} ns, system {system} ns a line; {dropped} of {} dropped", ROUNDS * LINES);
    }
    if let To::File(path) = to {
        let _ = std::fs::remove_file(path);
    }
}

fn round(target: &LogTarget) -> u64 {
    let sink = Sink::start(std::slice::from_ref(target)).expect("a sink");
    let writer = sink.writer();
    let date = SystemTime::now();
    for n in 0..LINES {
        writer.http(
            Level::Info,
            black_box(&HttpRecord {
                client: Some(([127, 0, 0, 1], 40_000 + (n % 20_000) as u16).into()),
                date: date + Duration::from_micros(20 * u64::from(n)),
                frontend: "web",
                backend: Some("app"),
                server: Some("app1"),
                times: HttpTimes { request: 12, queue: 0, connect: 180, response: 2_345, total: 2_601 },
                status: Some(200),
                bytes_in: 178,
                bytes_out: 1_345,
                outcome: &FINE,
                levels: Levels { process: 64, frontend: 64, backend: 63, server: 32, retries: 0, redispatched: false },
                request: Some(RequestLine {
                    method: b"GET",
                    path: b"/static/css/site.css?v=20261120",
                    version: "HTTP/1.1",
                }),
            }),
        );
    }
    writer.flush();
    let dropped = sink.events();
    sink.finish(Duration::from_secs(60));
    dropped.dropped().iter().map(|(_, lines)| lines).sum()
}

/// Of the process, in nanoseconds a line.
fn cpu() -> (i64, i64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<i64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    // Fields 14 and 15 in proc(5), in hundredths of a second.
    let nanoseconds = |ticks: i64| ticks * 10_000_000 / i64::from(LINES * ROUNDS);
    (nanoseconds(fields[11]), nanoseconds(fields[12]))
}
