//! Header fields read strictly (RFC 9112 section 5): names as they came, values without surrounding blanks.

use crate::wire::{End, Wire, unclean};

/// Fields in the order of the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, Vec<u8>)>);

/// Characters of a token (RFC 9110 section 5.6.2).
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// Removes blanks at both ends.
pub fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let from = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
    let to = bytes.iter().rposition(|byte| !blank(byte)).map_or(from, |at| at + 1);
    &bytes[from..to]
}

impl Fields {
    /// Reads field lines up to and including the empty line.
    pub fn read(wire: &mut Wire) -> Result<Self, End> {
        let mut fields = Vec::new();
        loop {
            let line = wire.line()?;
            if line.is_empty() {
                return Ok(Self(fields));
            }
            let shown = || line.escape_ascii().to_string();
            if matches!(line[0], b' ' | b'\t') {
                return unclean(format!("a folded line: {}", shown()));
            }
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                return unclean(format!("a field without a colon: {}", shown()));
            };
            if !is_token(&line[..colon]) {
                return unclean(format!("a field name that is no token: {}", shown()));
            }
            let value = trim(&line[colon + 1..]);
            if value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
                return unclean(format!("a control character in a value: {}", shown()));
            }
            let name = String::from_utf8_lossy(&line[..colon]).into_owned();
            fields.push((name, value.to_vec()));
        }
    }

    /// Every value of a name, without case.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    /// The first value of a name, readable.
    pub fn get(&self, name: &str) -> Option<String> {
        self.all(name).next().map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Whether the name occurs.
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The comma-separated members of all values of a name, in lower case.
    pub fn members(&self, name: &str) -> Vec<String> {
        self.all(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(|member| String::from_utf8_lossy(trim(member)).to_ascii_lowercase())
            .filter(|member| !member.is_empty())
            .collect()
    }

    /// `name: value` lines with names in lower case, except the names listed: for comparing what arrived.
    pub fn lines_without(&self, except: &[&str]) -> Vec<String> {
        self.0
            .iter()
            .filter(|(name, _)| !except.iter().any(|known| known.eq_ignore_ascii_case(name)))
            .map(|(name, value)| format!("{}: {}", name.to_ascii_lowercase(), value.escape_ascii()))
            .collect()
    }

    /// The single Content-Length, judged: at most one field of digits only.
    pub fn content_length(&self) -> Result<Option<u64>, End> {
        let mut values = self.all("content-length");
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return unclean("two Content-Length");
        }
        let text = String::from_utf8_lossy(value);
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return unclean(format!("Content-Length {text:?}"));
        }
        match text.parse::<u64>() {
            Ok(length) if i64::try_from(length).is_ok() => Ok(Some(length)),
            _ => unclean(format!("Content-Length {text:?} is too large")),
        }
    }

    /// Whether the message is chunked, judged: at most one Transfer-Encoding, exactly `chunked`.
    pub fn chunked(&self) -> Result<bool, End> {
        let mut values = self.all("transfer-encoding");
        let Some(value) = values.next() else { return Ok(false) };
        if values.next().is_some() || !value.eq_ignore_ascii_case(b"chunked") {
            return unclean(format!("Transfer-Encoding other than one `chunked`: {}", value.escape_ascii()));
        }
        Ok(true)
    }
}

/// Reads a chunked body (RFC 9112 section 7.1): the data and the trailers. `strict` refuses extensions too.
pub fn read_chunks(wire: &mut Wire, strict: bool, mut each: impl FnMut(&[u8])) -> Result<Fields, End> {
    loop {
        let line = wire.line()?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let extension = &line[digits..];
        if digits == 0
            || digits > 16
            || (strict && !extension.is_empty())
            || extension.first().is_some_and(|byte| *byte != b';')
        {
            return unclean(format!("chunk-size line {:?}", line.escape_ascii().to_string()));
        }
        let text = String::from_utf8_lossy(&line[..digits]).into_owned();
        let size = u64::from_str_radix(&text, 16).ok().and_then(|size| usize::try_from(size).ok());
        let Some(size) = size.filter(|size| *size < isize::MAX as usize) else {
            return unclean(format!("chunk size {text}"));
        };
        if size == 0 {
            return Fields::read(wire);
        }
        let mut left = size;
        while left > 0 {
            wire.peek()?;
            let part = left.min(wire.rest().len());
            each(&wire.take(part)?);
            left -= part;
        }
        if wire.take(2)? != b"\r\n" {
            return unclean("no CRLF after the data of a chunk");
        }
    }
}
