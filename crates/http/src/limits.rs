//! What a peer may make us hold, and what is forgiven to a server.

/// Limits on everything that a peer controls. The defaults are the strictest that real traffic bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a header block.
    pub header_bytes: usize,
    /// Fields of a header block.
    pub header_fields: usize,
    /// Bytes of a request target.
    pub target_bytes: usize,
    /// Bytes of one chunk-size line, its extensions with it.
    pub chunk_line_bytes: usize,
    /// Bytes of all extensions and trailers of one message.
    pub chunk_extra_bytes: usize,
    /// Interim (1xx) responses before the final one.
    pub interim_responses: u32,
}

impl Limits {
    /// The limits that hold where nothing is configured.
    pub const DEFAULT: Self = Self {
        header_bytes: 32 << 10,
        header_fields: 128,
        target_bytes: 16 << 10,
        chunk_line_bytes: 4 << 10,
        chunk_extra_bytes: 16 << 10,
        interim_responses: 16,
    };

    /// The largest head: what a buffer must be able to hold.
    #[must_use]
    pub const fn head_bytes(&self) -> usize {
        self.header_bytes + self.target_bytes
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Sloppiness of a server that is forgiven: normalised when re-emitted, and its connection is not used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// Lines that end with LF alone.
    pub bare_lf: bool,
    /// Header lines that go on in the next line.
    pub obs_fold: bool,
    /// Several `Content-Length` with one value.
    pub duplicate_length: bool,
    /// A status line that ends behind the code.
    pub no_reason: bool,
}

impl Tolerance {
    /// Is anything forgiven at all?
    #[must_use]
    pub const fn any(self) -> bool {
        self.bare_lf || self.obs_fold || self.duplicate_length || self.no_reason
    }
}
