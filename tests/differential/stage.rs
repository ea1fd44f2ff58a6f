//! The servers of a case: what they answer, and what they note of who came.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_testkit::origin::{Origin, read_request};
use plimsoll_testkit::socket::RefusedPort;
use plimsoll_testkit::{End, Request, Wire};

use crate::case::Case;

/// The servers that `<s1>` to `<s3>` stand for, and a port that refuses: `<refused>`.
pub struct Stage {
    servers: Vec<(&'static str, Origin)>,
    refused: RefusedPort,
    record: Arc<Mutex<Record>>,
}

/// What they saw.
#[derive(Default)]
struct Record {
    /// By server: what came, connection by connection.
    seen: BTreeMap<&'static str, Vec<String>>,
    /// Connections of each server that said something.
    connections: BTreeMap<&'static str, usize>,
    requests: usize,
    /// How connections ended.
    ends: Vec<String>,
    open: usize,
}

/// How an answer goes on: its last word, where it has one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The next request may come.
    Keep,
    /// `<fin>`
    Fin,
    /// `<rst>`
    Reset,
    /// `<hold>`: until the proxy ends it.
    Hold,
}

impl Then {
    fn of(answer: &str) -> (&str, Self) {
        for (word, then) in [("<fin>", Self::Fin), ("<rst>", Self::Reset), ("<hold>", Self::Hold)] {
            if let Some(bytes) = answer.strip_suffix(word) {
                return (bytes, then);
            }
        }
        (answer, Self::Keep)
    }
}

impl Stage {
    /// Starts the servers that the configuration names.
    pub fn of(case: &Case) -> Self {
        let record: Arc<Mutex<Record>> = Arc::default();
        let named = ["s1", "s2", "s3"].into_iter().filter(|name| case.cfg.contains(&format!("<{name}>")));
        let servers = named
            .map(|name| {
                let (record, answers, echo) = (record.clone(), case.answers.clone(), case.echo);
                let origin = Origin::raw(move |wire, _| match echo {
                    Some(greeting) => speak(wire, name, greeting, &record),
                    None => serve(wire, name, &answers, &record),
                });
                (name, origin)
            })
            .collect();
        Self { servers, refused: RefusedPort::take().expect("a port"), record }
    }

    /// The configuration with addresses put in.
    pub fn put_in(&self, text: &str) -> String {
        let mut text = text.replace("<bind>", "fd@0").replace("<refused>", &self.refused.addr.to_string());
        for (name, origin) in &self.servers {
            text = text.replace(&format!("<{name}>"), &origin.addr.to_string());
            text = text.replace(&format!("<{name}-port>"), &origin.addr.port().to_string());
        }
        text
    }

    /// Addresses taken out again.
    pub fn take_out(&self, text: &str) -> String {
        let mut text = text.replace(&self.refused.addr.to_string(), "<refused>");
        for (name, origin) in &self.servers {
            text = text.replace(&origin.addr.to_string(), &format!("<{name}>"));
            text = text.replace(&origin.addr.port().to_string(), &format!("<{name}-port>"));
        }
        text
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        lock(&self.record).requests
    }

    /// How many connections are open that said something.
    pub fn open(&self) -> usize {
        lock(&self.record).open
    }

    /// What came, server by server.
    pub fn seen(&self) -> Vec<String> {
        lock(&self.record).seen.values().flatten().cloned().collect()
    }

    /// How connections ended, sorted.
    pub fn ends(&self) -> Vec<String> {
        let mut ends = lock(&self.record).ends.clone();
        ends.sort();
        ends
    }
}

fn lock(record: &Mutex<Record>) -> std::sync::MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the connection its number when its first byte is there.
fn begin(record: &Mutex<Record>, name: &'static str) -> String {
    let mut record = lock(record);
    let number = record.connections.entry(name).or_default();
    *number += 1;
    let label = format!("{name}#{number}");
    record.open += 1;
    label
}

fn note(record: &Mutex<Record>, name: &'static str, text: String) {
    lock(record).seen.entry(name).or_default().push(text);
}

fn end(record: &Mutex<Record>, label: &str, how: &str) {
    let mut record = lock(record);
    record.ends.push(format!("{label} ends: {how}"));
    record.open -= 1;
}

fn serve(mut wire: Wire, name: &'static str, answers: &[(&'static str, &'static str)], record: &Mutex<Record>) {
    if wire.peek().is_err() {
        return;
    }
    let label = begin(record, name);
    if let Some(header) = proxy_header(&mut wire) {
        note(record, name, format!("{label} {header}"));
    }
    loop {
        let request = match read_request(&mut wire) {
            Ok(request) => request,
            Err(how) => return end(record, &label, &how.to_string()),
        };
        note(record, name, format!("{label} {}", shown(&request)));
        lock(record).requests += 1;
        let path = request.target.split('?').next().unwrap_or_default();
        let of_its_own = answers.iter().find(|(known, _)| *known == path).map(|(_, answer)| (*answer).to_owned());
        let answer = of_its_own.unwrap_or_else(|| plain(name, &request));
        let (bytes, then) = Then::of(&answer);
        wire.send(bytes.as_bytes());
        match then {
            Then::Keep => {}
            Then::Fin => return end(record, &label, "its own FIN"),
            Then::Reset => {
                end(record, &label, "its own RST");
                return wire.into_socket().reset();
            }
            Then::Hold => {
                let how = wire.until_end().1;
                return end(record, &label, &how.to_string());
            }
        }
    }
}

/// The answer to a path without one of its own.
fn plain(name: &str, request: &Request) -> String {
    let body = format!("{name} {} {}", request.method, request.target);
    let sent = if request.method == "HEAD" { "" } else { &body };
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Server: {name}\r\n\r\n{sent}", body.len())
}

/// Method, target and version, fields by name, body.
fn shown(request: &Request) -> String {
    let mut fields = request.fields.lines_without(&[]);
    for line in fields.iter_mut().filter(|line| line.starts_with("connection:")) {
        line.make_ascii_lowercase();
    }
    fields.sort_by(|one, other| one.split(':').next().cmp(&other.split(':').next()));
    let body = String::from_utf8_lossy(&request.body).into_owned();
    format!("{} {} {} [{}] {body:?}", request.method, request.target, request.version, fields.join(" | "))
}

/// What stands before the first request: version 1 as text, version 2 in hexadecimal without its ports.
fn proxy_header(wire: &mut Wire) -> Option<String> {
    if wire.rest().starts_with(b"PROXY ") {
        return wire.line().ok().map(|line| String::from_utf8_lossy(&line).into_owned());
    }
    if !wire.rest().starts_with(b"\r\n\r\n\0\r\nQUIT\n") {
        return None;
    }
    let head = wire.take(16).ok()?;
    let length = usize::from(*head.get(14)?) * 256 + usize::from(*head.get(15)?);
    let mut rest = wire.take(length).ok()?;
    // TCP over IPv4: two addresses, two ports.
    if head.get(13) == Some(&0x11) {
        rest.get_mut(8..12)?.fill(0);
    }
    Some([head, rest].concat().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Says its greeting, gives back what it hears.
fn speak(mut wire: Wire, name: &'static str, greeting: &str, record: &Mutex<Record>) {
    let label = begin(record, name);
    let (bytes, then) = Then::of(greeting);
    wire.send(bytes.replace("<name>", name).as_bytes());
    let ended = |heard: &[u8], how: &str| {
        note(record, name, format!("{label} hears {:?}", String::from_utf8_lossy(heard)));
        end(record, &label, how);
    };
    if matches!(then, Then::Fin | Then::Reset) {
        // What the proxy has sent by then is a matter of luck.
        ended(b"", "its own");
        return if then == Then::Reset { wire.into_socket().reset() } else { drop(wire) };
    }
    let mut heard = Vec::new();
    loop {
        match wire.fill() {
            Ok(_) => {
                let count = wire.rest().len();
                let Ok(bytes) = wire.take(count) else { return };
                heard.extend_from_slice(&bytes);
                if then == Then::Keep {
                    wire.send(&bytes);
                }
            }
            Err(End::Fin { .. }) => return ended(&heard, "FIN"),
            Err(how) => return ended(&heard, &how.to_string()),
        }
    }
}
