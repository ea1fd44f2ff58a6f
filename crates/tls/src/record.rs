//! The first records of a connection: is it TLS, what is its first handshake message, and is all of that message here?

use crate::cursor::Cursor;

/// A ClientHello that is longer than this is none: clients of today send 2 KiB.
pub const LONGEST: usize = 32 << 10;

/// The content type of handshake messages.
pub const HANDSHAKE: u8 = 22;

/// The type of a ClientHello.
pub const CLIENT_HELLO: u8 = 1;

/// Why there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Not {
    /// It is not all here.
    Yet,
    /// It is something else.
    Tls,
}

/// A record as its sender cut it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record<'b> {
    /// As much of it as is here.
    data: &'b [u8],
    whole: bool,
}

/// The records of handshakes at the beginning of bytes: their content, piece by piece.
#[derive(Clone, Copy, Debug)]
pub struct Records<'b>(Cursor<'b>);

impl<'b> Records<'b> {
    fn next(&mut self) -> Result<Record<'b>, Not> {
        let bytes = self.0.0;
        // As soon as it cannot be one any more it is none, however little of it is here.
        let fits = |at: usize, fits: fn(u8) -> bool| bytes.get(at).is_none_or(|byte| fits(*byte));
        if !fits(0, |kind| kind == HANDSHAKE) || !fits(1, |major| major >= 3) {
            return Err(Not::Tls);
        }
        let length = self.0.take(3).and_then(|_| self.0.pair()).ok_or(Not::Yet)?;
        if length == 0 {
            return Err(Not::Tls);
        }
        let length = usize::from(length);
        Ok(match self.0.take(length) {
            Some(data) => Record { data, whole: true },
            None => Record { data: self.0.take(self.0.0.len()).unwrap_or_default(), whole: false },
        })
    }
}

/// The first handshake message.
#[derive(Clone, Copy, Debug)]
pub enum Message<'b> {
    /// In one piece.
    One(&'b [u8]),
    /// In the first so many bytes of these records.
    Several(Records<'b>, usize),
}

impl<'b> Message<'b> {
    /// Looks for one, which must be of this type if one is given.
    pub fn first(bytes: &'b [u8], wanted: Option<u8>) -> Result<Self, Not> {
        let records = Records(Cursor(bytes));
        let mut rest = records;
        let (mut header, mut have) = ([0; 4], 0);
        let mut first: Option<&[u8]> = None;
        loop {
            let record = rest.next()?;
            first.get_or_insert(record.data);
            for (at, byte) in record.data.iter().enumerate().take(4_usize.saturating_sub(have)) {
                if let Some(slot) = header.get_mut(have + at) {
                    *slot = *byte;
                }
            }
            have += record.data.len();
            if have > 0 && wanted.is_some_and(|wanted| wanted != header[0]) {
                return Err(Not::Tls);
            }
            if have >= 4 {
                let length = 4 + Cursor(&header[1..]).triple().unwrap_or_default();
                if length > LONGEST {
                    return Err(Not::Tls);
                }
                match first.and_then(|first| first.get(..length)) {
                    Some(message) => return Ok(Self::One(message)),
                    None if have >= length => return Ok(Self::Several(records, length)),
                    None => {}
                }
            }
            if !record.whole {
                return Err(Not::Yet);
            }
        }
    }

    /// Its type.
    #[must_use]
    pub fn kind(self) -> Option<u8> {
        self.pieces().next()?.first().copied()
    }

    /// Its pieces, in order.
    pub fn pieces(self) -> impl Iterator<Item = &'b [u8]> {
        let (mut one, mut several, mut left) = match self {
            Self::One(message) => (Some(message), None, message.len()),
            Self::Several(records, length) => (None, Some(records), length),
        };
        std::iter::from_fn(move || {
            let piece = match one.take() {
                Some(message) => message,
                None => several.as_mut()?.next().ok()?.data,
            };
            let piece = piece.get(..piece.len().min(left))?;
            left -= piece.len();
            (!piece.is_empty()).then_some(piece)
        })
    }
}
