//! The client's reader of responses: interim ones, the final one, and whether it was complete.

use crate::fields::{Fields, read_chunks};
use crate::request::Framing;
use crate::wire::{End, Wire, unclean};

/// A complete response as the client got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: String,
    /// Status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Header fields in order.
    pub fields: Fields,
    /// How the body ended.
    pub framing: Framing,
    /// The body's data.
    pub body: Vec<u8>,
    /// Trailer fields.
    pub trailers: Fields,
    /// The 1xx responses that came before.
    pub interim: Vec<Response>,
}

impl Response {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header field's first value.
    pub fn get(&self, name: &str) -> Option<String> {
        self.fields.get(name)
    }

    /// Whether the connection is announced to close.
    pub fn closes(&self) -> bool {
        let options = self.fields.members("connection");
        options.iter().any(|option| option == "close")
            || (self.version == "HTTP/1.0" && !options.iter().any(|option| option == "keep-alive"))
            || self.framing == Framing::UntilEnd
    }
}

/// Reads the final response to a request of this method, with the interim ones before it.
pub fn read(wire: &mut Wire, method: &str) -> Result<Response, End> {
    wire.begin();
    let mut interim = Vec::new();
    loop {
        let mut response = head(wire)?;
        if matches!(response.status, 100..=199) && response.status != 101 {
            interim.push(response);
            continue;
        }
        body(wire, method, &mut response)?;
        response.interim = interim;
        return Ok(response);
    }
}

fn head(wire: &mut Wire) -> Result<Response, End> {
    let line = wire.line()?;
    let shown = line.escape_ascii().to_string();
    let text = String::from_utf8_lossy(&line).into_owned();
    let mut words = text.splitn(3, ' ');
    let (Some(version), Some(status)) = (words.next(), words.next()) else {
        return unclean(format!("status line {shown}"));
    };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") || status.len() != 3 {
        return unclean(format!("status line {shown}"));
    }
    let Ok(status) = status.parse::<u16>() else {
        return unclean(format!("status line {shown}"));
    };
    Ok(Response {
        version: version.into(),
        status,
        reason: words.next().unwrap_or_default().into(),
        fields: Fields::read(wire)?,
        framing: Framing::None,
        body: Vec::new(),
        trailers: Fields::default(),
        interim: Vec::new(),
    })
}

fn body(wire: &mut Wire, method: &str, response: &mut Response) -> Result<(), End> {
    let chunked = response.fields.chunked()?;
    let length = response.fields.content_length()?;
    if chunked && length.is_some() {
        return unclean("Transfer-Encoding and Content-Length in a response");
    }
    if method == "HEAD" || matches!(response.status, 101 | 204 | 304) {
        return Ok(());
    }
    if chunked {
        response.framing = Framing::Chunked;
        let data = &mut response.body;
        response.trailers = read_chunks(wire, false, |part| data.extend_from_slice(part))?;
        return Ok(());
    }
    if let Some(length) = length {
        response.framing = Framing::Length(length);
        let count = usize::try_from(length).map_err(|_| End::Unclean(format!("a body of {length} bytes")))?;
        response.body = wire.take(count)?;
        return Ok(());
    }
    response.framing = Framing::UntilEnd;
    let (data, end) = wire.until_end();
    response.body = data;
    match end {
        End::Fin { .. } => Ok(()),
        other => Err(other),
    }
}
