//! Plays a case with one of the programs and writes down what clients and servers saw.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use plimsoll_testkit::{Client, End, Lb, Program, Response, wait_until};

use crate::case::{Case, Step};
use crate::stage::Stage;

/// A busy machine's patience.
const SOON: Duration = Duration::from_secs(10);

/// Runs the program on the configuration of the case, and the traffic; what was seen, line by line.
pub fn play(case: &Case, program: Program) -> String {
    let stage = Stage::of(case);
    let lb = Lb::reads(program, &stage.put_in(&case.cfg), &case.files, &case.variables);
    let mut play =
        Play { to: lb.addr("web"), clients: BTreeMap::new(), now: 0, ports: Vec::new(), notes: String::new() };
    for step in &case.steps {
        play.step(step, &stage, &lb);
    }
    drop(std::mem::take(&mut play.clients));
    if case.echo.is_some() {
        // What an echoing server heard is known when its connection has ended.
        play.servers_end(&stage);
    }
    for line in stage.seen() {
        play.note(&line);
    }
    let mut notes = stage.take_out(&play.notes);
    for port in play.ports {
        notes = notes.replace(&port.to_string(), "<client-port>");
    }
    notes.replace(&play.to.port().to_string(), "<port>")
}

struct Play {
    to: SocketAddr,
    clients: BTreeMap<usize, Option<Client>>,
    now: usize,
    /// Those of clients.
    ports: Vec<u16>,
    notes: String,
}

impl Play {
    fn note(&mut self, line: &str) {
        let _ = writeln!(self.notes, "{line}");
    }

    /// The client that goes on; connects it. None: its connection was reset as soon as it was there.
    fn client(&mut self) -> Option<&mut Client> {
        let client = self.clients.entry(self.now).or_insert_with(|| {
            let mut client = Client::try_connect(self.to).ok()?.patient(SOON);
            let local = rustix::net::getsockname(client.wire().socket()).ok();
            self.ports.extend(local.and_then(|local| SocketAddr::try_from(local).ok()).map(|local| local.port()));
            Some(client)
        });
        client.as_mut()
    }

    fn send(&mut self, bytes: &str) {
        // A peer that takes no more shows it by what comes back.
        let _ = self.client().is_some_and(|client| client.send(bytes));
    }

    fn step(&mut self, step: &Step, stage: &Stage, lb: &Lb) {
        match step {
            Step::Client(number) => self.now = *number,
            Step::Send(bytes) => self.send(bytes),
            Step::Ask(path) => self.send(&format!("GET {path} HTTP/1.1\r\nHost: h.example\r\n\r\n")),
            Step::Answer(method) => {
                let response = self.client().map_or(Err(End::Reset), |client| client.response_to(method));
                self.answer(response);
            }
            Step::Hear(count) => {
                let heard = self.client().map_or(Err(End::Reset), |client| {
                    client.wire().begin();
                    client.wire().take(*count)
                });
                let text = heard.map_or_else(|end| end.to_string(), |bytes| bytes.escape_ascii().to_string());
                self.note(&format!("hears {text}"));
            }
            Step::Ends => {
                let (bytes, end) = self.client().map_or((Vec::new(), End::Reset), Client::everything);
                let end = if matches!(end, End::Fin { .. }) { "FIN".into() } else { end.to_string() };
                self.note(&format!("everything: {}, then {end}", shown(&bytes)));
            }
            Step::Quiet(milliseconds) => {
                let time = Duration::from_millis(*milliseconds);
                let quiet = self.client().is_some_and(|client| client.silent_for(time));
                self.note(&format!("quiet: {quiet}"));
            }
            Step::Fin => {
                if let Some(client) = self.client() {
                    client.half_close();
                }
            }
            Step::Reset => {
                if let Some(Some(client)) = self.clients.remove(&self.now) {
                    client.reset();
                }
            }
            Step::Anew => drop(self.clients.remove(&self.now)),
            Step::Served(count) => {
                let served = wait_until(SOON, || stage.requests() >= *count);
                self.note(&format!("{count} requests have come: {served}"));
            }
            Step::ServersEnd => self.servers_end(stage),
            Step::Lines(count) => {
                wait_until(SOON, || lb.stdout().lines().count() >= *count);
                lb.stdout().lines().for_each(|line| self.note(&format!("line {line}")));
            }
        }
    }

    fn servers_end(&mut self, stage: &Stage) {
        wait_until(SOON, || stage.open() == 0);
        let open = stage.open();
        self.note(&format!("connections of servers that stay: {open}"));
        stage.ends().iter().for_each(|end| self.note(end));
    }

    fn answer(&mut self, response: Result<Response, End>) {
        let response = match response {
            Ok(response) => response,
            Err(end) => return self.note(&format!("no answer: {end}")),
        };
        for interim in &response.interim {
            let fields = in_order(interim.fields.lines_without(&[]), &[]);
            self.note(&format!("interim {} [{fields}]", interim.status));
        }
        let (version, status, reason) = (&response.version, response.status, &response.reason);
        let fields = response.fields.lines_without(&[]);
        self.note(&message(&format!("{version} {status} {reason}"), fields, &response.text()));
    }
}

/// What came until the end: a response is shown as others are, its chunks as they came.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n").filter(|_| text.starts_with("HTTP/")) else {
        return bytes.escape_ascii().to_string();
    };
    let (start, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let of = |line: &str| match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}", name.to_lowercase()),
        None => line.to_owned(),
    };
    message(start, fields.split("\r\n").filter(|line| !line.is_empty()).map(of).collect(), body)
}

/// A response without what every program says in its own way: dates, the order of fields, the words of its own errors.
fn message(start: &str, fields: Vec<String>, body: &str) -> String {
    let page = body.starts_with("<html><body><h1>");
    let except: &[&str] = if page { &["date", "content-length"] } else { &["date"] };
    let body = if page { "its own page" } else { body };
    // "Time-out" or "Timeout".
    let start: Vec<&str> = start.splitn(3, ' ').take(if page { 2 } else { 3 }).collect();
    format!("{} [{}] {body:?}", start.join(" "), in_order(fields, except))
}

/// In the order of their names; those of one name stay as they came.
fn in_order(mut lines: Vec<String>, except: &[&str]) -> String {
    lines.retain(|line| !except.iter().any(|name| line.split(':').next() == Some(name)));
    for line in &mut lines {
        // Options have no case.
        if line.starts_with("connection:") {
            line.make_ascii_lowercase();
        }
    }
    lines.sort_by(|one, other| one.split(':').next().cmp(&other.split(':').next()));
    lines.join(" | ")
}
