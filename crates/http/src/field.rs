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
    /// Told by length and first letter: nearly every field falls through without a comparison. `name` is a token.
    pub(crate) fn of(name: &[u8]) -> Self {
        match (name.len(), name.first().copied().unwrap_or(0) | 0x20) {
            (2, b't') => Self::Te.if_is(name, b"te"),
            (4, b'h') => Self::Host.if_is(name, b"host"),
            (6, b'e') => Self::Expect.if_is(name, b"expect"),
            (7, b'u') => Self::Upgrade.if_is(name, b"upgrade"),
            (10, b'c') => Self::Connection.if_is(name, b"connection"),
            (10, b'k') => Self::KeepAlive.if_is(name, b"keep-alive"),
            (14, b'c') => Self::ContentLength.if_is(name, b"content-length"),
            (14, b'h') => Self::Http2Settings.if_is(name, b"http2-settings"),
            (16, b'p') => Self::ProxyConnection.if_is(name, b"proxy-connection"),
            (17, b't') => Self::TransferEncoding.if_is(name, b"transfer-encoding"),
            _ => Self::Other,
        }
    }

    /// The length is known when this is compiled, so the comparison is a few words wide. Bit 5 is what tells the cases of a letter apart; the
    /// only other bytes that it would confuse with letters, digits and the hyphen are control bytes.
    #[inline]
    fn if_is<const N: usize>(self, name: &[u8], lower: &[u8; N]) -> Self {
        let Some(name) = name.first_chunk::<N>() else { return Self::Other };
        let differ = name.iter().zip(lower).fold(0, |differ, (have, want)| differ | ((have | 0x20) ^ want));
        if differ == 0 { self } else { Self::Other }
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
    /// Taken away: rules do not see it either. What is only dropped, because it belongs to one connection, they do see.
    pub gone: bool,
}

impl Field {
    /// Of a line `name: value CRLF` that begins at this place.
    pub(crate) fn at(start: usize, name: &[u8], value: usize) -> Self {
        let from = start + name.len() + 2;
        Self {
            name: Span::new(start, start + name.len()),
            value: Span::new(from, from + value),
            end: (from + value + 2) as u32,
            known: Known::of(name),
            dropped: false,
            gone: false,
        }
    }
}

/// The text of a head and its fields. It owns its bytes, so it outlives the buffer it was read into; its memory is used again.
#[derive(Debug, Default)]
pub struct Head {
    pub(crate) text: Vec<u8>,
    pub(crate) fields: Vec<Field>,
    /// The most bytes of lines that are forwarded, once rules have edited them; 0: the default.
    pub(crate) most: u32,
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
        self.text.extend_from_slice(value);
        self.text.extend_from_slice(b"\r\n");
        self.fields.push(Field::at(start, name, value.len()));
    }

    /// Takes every field of that name away.
    pub fn remove(&mut self, name: &[u8]) {
        let Self { text, fields, .. } = self;
        for field in fields.iter_mut() {
            if field.name.len() == name.len() && text[field.name.range()].eq_ignore_ascii_case(name) {
                (field.dropped, field.gone) = (true, true);
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

    /// Writes the lines that are to be forwarded, behind so many of the first bytes of the text. What stands side by side is copied as one.
    pub(crate) fn write_behind(&self, first: usize, out: &mut Vec<u8>) {
        let mut run = 0..first;
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
