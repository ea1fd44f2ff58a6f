//! How long a message is: the one verdict that both sides of a proxy must agree on (RFC 9112 section 6).

use crate::token;

/// Where a body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    #[default]
    Empty,
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// When the server closes; only a response.
    UntilClose,
}

/// What the fields of one message said about its length.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    pub length: Length,
    pub coding: Coding,
}

/// `Content-Length`, all lines of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Length {
    #[default]
    Absent,
    Is(u64),
    /// Two lines, one value.
    Repeated(u64),
    Invalid,
}

/// `Transfer-Encoding`, all lines of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Coding {
    #[default]
    Absent,
    Chunked,
    /// One coding that we do not know.
    Unknown,
    /// A list, nothing, or two lines.
    Invalid,
}

impl Said {
    pub(crate) fn length(&mut self, value: &[u8]) {
        let read = number(value);
        self.length = match (self.length, read) {
            (Length::Absent, Some(number)) => Length::Is(number),
            (Length::Is(have) | Length::Repeated(have), Some(number)) if have == number => Length::Repeated(number),
            _ => Length::Invalid,
        };
    }

    pub(crate) fn coding(&mut self, value: &[u8]) {
        self.coding = if self.coding != Coding::Absent || value.is_empty() || value.contains(&b',') {
            Coding::Invalid
        } else if value.eq_ignore_ascii_case(b"chunked") {
            Coding::Chunked
        } else if token::is_token(value) {
            Coding::Unknown
        } else {
            Coding::Invalid
        };
    }
}

/// `1*DIGIT`, at most 2^63-1.
fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    let mut number: u64 = 0;
    for &byte in value {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    (number <= i64::MAX as u64).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_plain_digits_up_to_2_to_the_63_less_1() {
        for (value, want) in [
            ("0", Some(0)),
            ("00042", Some(42)),
            ("9223372036854775807", Some(i64::MAX as u64)),
            ("9223372036854775808", None),
            ("18446744073709551616", None),
            ("", None),
            ("+1", None),
            ("-1", None),
            ("0x10", None),
            ("1_000", None),
            ("1 2", None),
            ("1,1", None),
        ] {
            assert_eq!(number(value.as_bytes()), want, "{value:?}");
        }
    }

    #[test]
    fn a_coding_is_chunked_and_nothing_else() {
        let read = |values: &[&str]| {
            let mut said = Said::default();
            values.iter().for_each(|value| said.coding(value.as_bytes()));
            said.coding
        };
        assert_eq!(read(&["chunked"]), Coding::Chunked);
        assert_eq!(read(&["CHUNKED"]), Coding::Chunked);
        assert_eq!(read(&["gzip"]), Coding::Unknown);
        assert_eq!(read(&["gzip, chunked"]), Coding::Invalid);
        assert_eq!(read(&["chunked", "chunked"]), Coding::Invalid);
        assert_eq!(read(&["chunked;q=1"]), Coding::Invalid);
        assert_eq!(read(&[""]), Coding::Invalid);
    }
}
