//! A head: the bytes as received and where its fields stand in them.

/// A range of a head's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Behind the last byte.
    pub end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        // A head is bounded far below 4 GiB by `Limits`.
        Self { start: start as u32, end: end as u32 }
    }

    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// How many bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// No byte?
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// The fields that the engine itself acts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Any other.
    #[default]
    Other,
    /// `Host`
    Host,
    /// `Content-Length`
    ContentLength,
    /// `Transfer-Encoding`
    TransferEncoding,
    /// `Connection`
    Connection,
    /// `Keep-Alive`
    KeepAlive,
    /// `Proxy-Connection`
    ProxyConnection,
    /// `TE`
    Te,
    /// `Upgrade`
    Upgrade,
    /// `Expect`
    Expect,
    /// `HTTP2-Settings`
    Http2Settings,
}

impl Known {
    /// Told by length first: nearly every field falls through without a comparison.
    pub(crate) fn of(name: &[u8]) -> Self {
        let (candidate, known): (&[u8], Self) = match (name.len(), name[0] | 0x20) {
            (2, b't') => (b"te", Self::Te),
            (4, b'h') => (b"host", Self::Host),
            (6, b'e') => (b"expect", Self::Expect),
            (7, b'u') => (b"upgrade", Self::Upgrade),
            (10, b'c') => (b"connection", Self::Connection),
            (10, b'k') => (b"keep-alive", Self::KeepAlive),
            (14, b'c') => (b"content-length", Self::ContentLength),
            (14, b'h') => (b"http2-settings", Self::Http2Settings),
            (16, b'p') => (b"proxy-connection", Self::ProxyConnection),
            (17, b't') => (b"transfer-encoding", Self::TransferEncoding),
            _ => return Self::Other,
        };
        if name.eq_ignore_ascii_case(candidate) { known } else { Self::Other }
    }
}

/// One header line.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, as received.
    pub name: Span,
    /// Its value, without the white space around it.
    pub value: Span,
    /// Behind its CRLF.
    pub(crate) end: u32,
    /// Which one it is, if the engine acts on it.
    pub known: Known,
    /// Not to be forwarded.
    pub dropped: bool,
}

/// The text of a head and its fields. It owns its bytes, so it outlives the buffer it was read into; its memory is used again.
#[derive(Debug, Default)]
pub struct Head {
    pub(crate) text: Vec<u8>,
    pub(crate) fields: Vec<Field>,
}

impl Head {
    /// The bytes of a span.
    #[must_use]
    pub fn get(&self, span: Span) -> &[u8] {
        &self.text[span.range()]
    }

    /// The fields that are to be forwarded, in order: name, value.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().filter(|field| !field.dropped).map(|field| (self.get(field.name), self.get(field.value)))
    }

    /// The first value of a field that is to be forwarded.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|(have, _)| have.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Adds a field at the end. The caller vouches that it is a token and a value without control bytes.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(b": ");
        let from = self.text.len();
        self.text.extend_from_slice(value);
        let to = self.text.len();
        self.text.extend_from_slice(b"\r\n");
        self.fields.push(Field {
            name: Span::new(start, start + name.len()),
            value: Span::new(from, to),
            end: self.text.len() as u32,
            known: Known::Other,
            dropped: false,
        });
    }

    /// Takes every field of that name out of what is forwarded.
    pub fn remove(&mut self, name: &[u8]) {
        for at in 0..self.fields.len() {
            if self.get(self.fields[at].name).eq_ignore_ascii_case(name) {
                self.fields[at].dropped = true;
            }
        }
    }

    /// As received, or as it was edited: what is left of it for a log.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.fields.clear();
    }

    /// Writes the lines that are to be forwarded. Lines that stand side by side are copied as one.
    pub(crate) fn write_fields(&self, out: &mut Vec<u8>) {
        let mut run = 0..0;
        for field in self.fields.iter().filter(|field| !field.dropped) {
            let start = field.name.start as usize;
            if run.end != start {
                out.extend_from_slice(&self.text[run.clone()]);
                run.start = start;
            }
            run.end = field.end as usize;
        }
        out.extend_from_slice(&self.text[run]);
    }
}
