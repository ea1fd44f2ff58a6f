//! One case: bytes of a client, the rule that judges them, and what must come of it.

use plimsoll_testkit::{Request, Wire, request};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What must come of a case.
#[derive(Debug)]
pub enum Want {
    /// Answered with one of these, closed, and never complete at the origin.
    Refused(&'static [u16]),
    /// Answered 200; one of these arrived. Empty: anything clean.
    Forwarded(Vec<Request>),
    /// The RFC or the rule leaves the choice: either of the two.
    Either(&'static [u16], Vec<Request>),
}

/// A row of a table.
#[derive(Debug)]
pub struct Case {
    /// What is odd about the request.
    pub name: &'static str,
    /// Rule of the reliability study, or RFC section.
    pub rule: &'static str,
    /// What the client sends.
    pub bytes: Vec<u8>,
    /// What must come of it.
    pub want: Want,
    /// Whether the client's connection serves another request afterwards; not looked at when `None`.
    pub keeps: Option<bool>,
    /// Offsets at which the client's writes are split.
    pub splits: Vec<usize>,
}

impl Case {
    fn new(name: &'static str, rule: &'static str, bytes: impl AsRef<[u8]>, want: Want, keeps: Option<bool>) -> Self {
        Self { name, rule, bytes: bytes.as_ref().to_vec(), want, keeps, splits: Vec::new() }
    }

    /// The connection is closed after the answer.
    pub fn closes(mut self) -> Self {
        self.keeps = Some(false);
        self
    }

    /// The connection may be closed or kept.
    pub fn either_way(mut self) -> Self {
        self.keeps = None;
        self
    }

    /// The client's bytes come in writes that end at these offsets.
    pub fn split(mut self, at: impl IntoIterator<Item = usize>) -> Self {
        self.splits = at.into_iter().collect();
        self
    }
}

/// Must be answered with one of these and closed.
pub fn refuse(name: &'static str, rule: &'static str, status: &'static [u16], bytes: impl AsRef<[u8]>) -> Case {
    Case::new(name, rule, bytes, Want::Refused(status), Some(false))
}

/// Must arrive as the second text says.
pub fn arrives(name: &'static str, rule: &'static str, bytes: impl AsRef<[u8]>, as_: impl AsRef<[u8]>) -> Case {
    Case::new(name, rule, bytes, Want::Forwarded(vec![parse(as_.as_ref())]), Some(true))
}

/// Must arrive as one of the texts says.
pub fn arrives_as_one_of(name: &'static str, rule: &'static str, bytes: impl AsRef<[u8]>, any: &[&str]) -> Case {
    let any = any.iter().map(|text| parse(text.as_bytes())).collect();
    Case::new(name, rule, bytes, Want::Forwarded(any), Some(true))
}

/// Must arrive as it was sent.
pub fn same(name: &'static str, rule: &'static str, bytes: impl AsRef<[u8]>) -> Case {
    let as_ = bytes.as_ref().to_vec();
    arrives(name, rule, bytes, as_)
}

/// Must arrive, in any clean form.
pub fn clean(name: &'static str, rule: &'static str, bytes: impl AsRef<[u8]>) -> Case {
    Case::new(name, rule, bytes, Want::Forwarded(Vec::new()), Some(true))
}

/// May be refused with one of these, or arrive as the text says (anything clean when it is empty).
pub fn either(
    name: &'static str,
    rule: &'static str,
    status: &'static [u16],
    bytes: impl AsRef<[u8]>,
    as_: &str,
) -> Case {
    let any = if as_.is_empty() { Vec::new() } else { vec![parse(as_.as_bytes())] };
    Case::new(name, rule, bytes, Want::Either(status, any), None)
}

/// Reads a text as the judging origin would; a text that it refuses is a mistake in the table.
fn parse(text: &[u8]) -> Request {
    let (mut far, near) = UnixStream::pair().expect("a pair");
    let bytes = text.to_vec();
    let writer = std::thread::spawn(move || far.write_all(&bytes));
    let read = request::read(&mut Wire::new(near.into(), Duration::from_secs(5)));
    let _ = writer.join();
    read.unwrap_or_else(|end| panic!("the table expects an unclean arrival ({end}): {}", text.escape_ascii()))
}

/// What differs between what arrived and what should have: nothing when equal.
/// Framing fields are compared as framing; `Connection`, `Expect` and `TE` belong to the hop.
pub fn difference(arrived: &Request, wanted: &Request) -> Option<String> {
    const HOP: [&str; 5] = ["content-length", "transfer-encoding", "connection", "expect", "te"];
    let of = |request: &Request| {
        format!(
            "{} {} | {} | {:?} | {} | {}",
            request.method,
            request.target,
            request.fields.lines_without(&HOP).join(" ; "),
            request.framing,
            request.body.escape_ascii(),
            request.trailers.lines_without(&[]).join(" ; "),
        )
    };
    let (arrived, wanted) = (of(arrived), of(wanted));
    (arrived != wanted).then(|| format!("arrived {}, wanted {}", short(&arrived), short(&wanted)))
}

/// Long texts are cut for printing.
pub fn short(text: &str) -> String {
    let cut: String = text.chars().take(400).collect();
    if cut.len() < text.len() { format!("{cut}… ({} characters)", text.len()) } else { cut }
}
