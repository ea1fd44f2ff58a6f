//! The figures as a page shows them: rows of short texts, the same for the page itself and for its updates.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_clock::wall;
use plimsoll_observe::{DateCache, KeptFailure};
use plimsoll_proxy::Mode;

use crate::State;
use crate::figures::{BackendFigures, FrontendFigures, Row, Rows, ServerFigures};

/// How many failures are shown.
pub(crate) const FAILURES: usize = 8;

/// One row of the page.
pub(crate) struct Line {
    /// The same as long as the page is right; also the element's.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) cells: Vec<String>,
}

/// Which table it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Process,
    Frontend,
    Server,
    /// Comes behind its servers.
    Backend,
}

pub(crate) const PROCESS: &[&str] = &["uptime", "connections", "limit", "requests/s", "requests", "sent"];
pub(crate) const FRONTEND: &[&str] = &[
    "frontend",
    "mode",
    "open",
    "limit",
    "conn/s",
    "connections",
    "req/s",
    "requests",
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "failed",
    "in",
    "out",
];
pub(crate) const SERVER: &[&str] = &[
    "server",
    "state",
    "since",
    "last check",
    "weight",
    "active",
    "per s",
    "total",
    "conn err",
    "resp err",
    "retries",
    "redisp",
    "in",
    "out",
    "down for",
];
pub(crate) const BACKEND: &[&str] =
    &["backend", "state", "algorithm", "servers", "active", "per s", "total", "p50", "p99", "errors"];

/// Rates since the last look. Without one they are unknown.
pub(crate) struct Rates<'a> {
    elapsed: Option<Duration>,
    before: &'a HashMap<String, u64>,
    now: &'a mut HashMap<String, u64>,
}

impl<'a> Rates<'a> {
    pub(crate) fn new(
        elapsed: Option<Duration>,
        before: &'a HashMap<String, u64>,
        now: &'a mut HashMap<String, u64>,
    ) -> Self {
        Self { elapsed, before, now }
    }

    fn per_second(&mut self, key: String, count: u64) -> String {
        let rate = match (self.elapsed, self.before.get(&key)) {
            (Some(elapsed), Some(before)) if !elapsed.is_zero() => {
                let rate = count.saturating_sub(*before) as f64 / elapsed.as_secs_f64();
                if rate > 0.0 && rate < 10.0 { format!("{rate:.1}") } else { grouped(rate.round() as u64) }
            }
            _ => "–".into(),
        };
        self.now.insert(key, count);
        rate
    }
}

/// All rows, in the order of `show stat`, the process first.
pub(crate) fn lines(state: &Arc<dyn State>, scope: &[Box<str>], rates: &mut Rates<'_>) -> Vec<Line> {
    let mut lines = vec![Line { id: "p".into(), kind: Kind::Process, cells: Vec::new() }];
    let (mut requests, mut sent) = (0, 0);
    for row in Rows::within(state, scope) {
        let id = format!("r{}-{}", row.proxy(), row.server_id());
        let (kind, cells) = match &row {
            Row::Frontend(row) => {
                requests += row.requests;
                sent += row.bytes_out;
                (Kind::Frontend, frontend(row, &id, rates))
            }
            Row::Server(row) => (Kind::Server, server(row, &id, rates)),
            Row::Backend(row) => (Kind::Backend, backend(&**state, row, &id, rates)),
        };
        lines.push(Line { id, kind, cells });
    }
    let (facts, snapshot) = (state.process(), state.snapshot());
    let gate = &snapshot.process.gate;
    lines[0].cells = vec![
        age(state.now().since(facts.started).as_secs()),
        grouped(gate.used() as u64),
        grouped(gate.limit() as u64),
        rates.per_second("p".into(), requests),
        grouped(requests),
        bytes(sent),
    ];
    lines
}

fn frontend(row: &FrontendFigures, id: &str, rates: &mut Rates<'_>) -> Vec<String> {
    let mut cells = vec![
        row.frontend.name.to_string(),
        if row.frontend.mode == Mode::Tcp { "tcp" } else { "http" }.into(),
        grouped(row.current),
        grouped(row.limit),
        rates.per_second(format!("{id}c"), row.connections),
        grouped(row.connections),
        rates.per_second(format!("{id}r"), row.requests),
        grouped(row.requests),
    ];
    cells.extend(row.responses[2..].iter().map(|count| grouped(*count)));
    cells.extend([grouped(row.failures), bytes(row.bytes_in), bytes(row.bytes_out)]);
    cells
}

fn server(row: &ServerFigures, id: &str, rates: &mut Rates<'_>) -> Vec<String> {
    let check = match &row.standing.last_check {
        Some((at, report)) if row.checked => {
            let code = report.code.map(|code| format!("/{code}")).unwrap_or_default();
            let ago = row.traffic.now.since(*at).as_secs();
            let stale = if ago > 60 { format!(", {} ago", age(ago)) } else { String::new() };
            format!("{}{code} {} ms{stale}", report.status.code(), report.duration.as_millis())
        }
        _ => "–".into(),
    };
    let backup = if row.server().is_backup() { " (backup)" } else { "" };
    vec![
        format!("{}{backup}", row.server().name()),
        row.status(),
        age(row.last_change()),
        check,
        row.standing.weight.to_string(),
        grouped(row.served),
        rates.per_second(id.to_owned(), row.traffic.counts.sessions),
        grouped(row.traffic.counts.sessions),
        grouped(row.traffic.counts.connect_errors),
        grouped(row.traffic.counts.response_errors),
        grouped(row.traffic.counts.retries),
        grouped(row.traffic.counts.redispatches),
        bytes(row.traffic.counts.bytes_in),
        bytes(row.traffic.counts.bytes_out),
        if row.standing.downtime.is_zero() { "–".into() } else { age(row.standing.downtime.as_secs()) },
    ]
}

fn backend(state: &dyn State, row: &BackendFigures, id: &str, rates: &mut Rates<'_>) -> Vec<String> {
    let latencies = state.latencies(&row.backend);
    let quantile = |q| latencies.as_ref().and_then(|all| all.total.quantile(q)).map_or_else(|| "–".into(), millis);
    vec![
        row.backend.name.to_string(),
        match (row.servers, row.is_up()) {
            (0, _) => "no server",
            (_, true) => "UP",
            (_, false) => "DOWN",
        }
        .into(),
        row.backend.balancer.balance().to_string(),
        format!("{} of {}", row.active + row.backup, row.servers),
        grouped(row.current),
        rates.per_second(id.to_owned(), row.requests),
        grouped(row.requests),
        quantile(0.5),
        quantile(0.99),
        grouped(row.traffic.counts.connect_errors + row.traffic.counts.response_errors),
    ]
}

/// What, where, whose, when.
pub(crate) fn failure(failure: &KeptFailure) -> [String; 4] {
    let mut date = Vec::new();
    DateCache::default().write(failure.time, &mut date);
    let place = [Some(failure.frontend()), failure.backend(), failure.server()];
    [
        failure.outcome.slug.into(),
        place.into_iter().flatten().collect::<Vec<_>>().join(" / "),
        failure.client.map_or_else(|| "unix".into(), |client| client.ip().to_string()),
        String::from_utf8_lossy(&date).into_owned(),
    ]
}

/// Now, for the foot of the page.
pub(crate) fn date() -> String {
    let mut date = Vec::new();
    DateCache::default().write(wall(), &mut date);
    String::from_utf8_lossy(&date).into_owned()
}

/// `1 234 567`, the blanks narrow.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn bytes(number: u64) -> String {
    let mut value = number as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while value >= 1024.0
        && let Some(larger) = units.next()
    {
        value /= 1024.0;
        unit = larger;
    }
    if value < 10.0 && unit != "B" { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

fn millis(micros: u64) -> String {
    let millis = micros as f64 / 1000.0;
    if millis < 10.0 { format!("{millis:.2} ms") } else { format!("{millis:.0} ms") }
}

/// Coarse, so that an open page is not told of every server at every second.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_readable() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(20 << 20), "20 MiB");
        assert_eq!(age(59), "59s");
        assert_eq!(age(119), "1m");
        assert_eq!(age(3_700), "1h 1m");
        assert_eq!(age(200_000), "2d 7h");
        assert_eq!(millis(1_234), "1.23 ms");
    }

    #[test]
    fn a_rate_needs_two_looks() {
        let (mut first, mut second) = (HashMap::new(), HashMap::new());
        let empty = HashMap::new();
        assert_eq!(Rates::new(None, &empty, &mut first).per_second("a".into(), 100), "–");
        let elapsed = Some(Duration::from_secs(2));
        assert_eq!(Rates::new(elapsed, &first, &mut second).per_second("a".into(), 103), "1.5");
        assert_eq!(Rates::new(elapsed, &first, &mut second).per_second("a".into(), 5_100), "2\u{202f}500");
    }
}
