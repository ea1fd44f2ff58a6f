//! Facts: what there is to look at, in numbered slots. The slots are named here; what is in one is known to its owner alone.

use std::any::Any;

/// A place for a fact. The order is that of a connection's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Slot {
    /// Who connected, and to where.
    Client,
    /// The proxies and servers of the configuration, and which of them are at work here.
    Proxies,
    /// Bytes of the client that wait.
    Upload,
    /// The head of the request.
    Request,
    /// The connection to the server.
    Server,
    /// Bytes of the server that wait.
    Download,
    /// The head of the response.
    Response,
    /// Times, bytes and the end of what is being logged.
    Record,
    /// What the rules decide.
    Fate,
}

impl Slot {
    /// How many there are.
    pub const COUNT: usize = 9;

    /// All, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Client,
        Self::Proxies,
        Self::Upload,
        Self::Request,
        Self::Server,
        Self::Download,
        Self::Response,
        Self::Record,
        Self::Fate,
    ];

    /// What it holds, for messages.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Client => "the client's connection",
            Self::Proxies => "the proxies",
            Self::Upload => "the bytes that the client sent",
            Self::Request => "the request's head",
            Self::Server => "the server's connection",
            Self::Download => "the bytes that the server sent",
            Self::Response => "the response's head",
            Self::Record => "the record of a request that is over",
            Self::Fate => "a connection to decide on",
        }
    }
}

/// A set of slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots(u16);

impl Slots {
    /// None.
    pub const NONE: Self = Self(0);

    /// These.
    #[must_use]
    pub const fn of(slots: &[Slot]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < slots.len() {
            bits |= 1 << slots[at] as u16;
            at += 1;
        }
        Self(bits)
    }

    /// Is this one of them?
    #[must_use]
    pub const fn has(self, slot: Slot) -> bool {
        self.0 & (1 << slot as u16) != 0
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that `there` lacks.
    pub fn lacking(self, there: Self) -> impl Iterator<Item = Slot> {
        Slot::ALL.into_iter().filter(move |slot| self.has(*slot) && !there.has(*slot))
    }
}

/// What a row looks at.
#[derive(Clone, Copy, Debug)]
pub enum Needs {
    /// All of these.
    All(&'static [Slot]),
    /// One of these, whichever is there: `hdr` is `req.hdr` for requests and `res.hdr` for responses.
    OneOf(&'static [Slot]),
}

impl Needs {
    /// Nothing: it is the same everywhere.
    pub const NOTHING: Self = Self::All(&[]);
}

/// A type that is put into a slot.
pub trait Fact: Any {
    /// Where.
    const SLOT: Slot;
}
