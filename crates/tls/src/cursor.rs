//! Steps through bytes whose lengths a peer chose: every step may fail.

/// Bytes that are left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'b>(pub &'b [u8]);

impl<'b> Cursor<'b> {
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    pub fn pair(&mut self) -> Option<u16> {
        let (two, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*two))
    }

    pub fn triple(&mut self) -> Option<usize> {
        let (&[a, b, c], rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// As many bytes as a length of one byte says.
    pub fn short(&mut self) -> Option<&'b [u8]> {
        let count = self.byte()?;
        self.take(usize::from(count))
    }

    /// As many bytes as a length of two bytes says.
    pub fn long(&mut self) -> Option<&'b [u8]> {
        let count = self.pair()?;
        self.take(usize::from(count))
    }
}
