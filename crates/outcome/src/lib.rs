//! The row type of everything that can become of a request or a connection.
//!
//! *Knows*: what an outcome says (who, when, whether a retry is safe, how it is logged and answered).
//! *Does not know*: any particular outcome; each crate keeps its own table, and `bins/lb` lists the tables.
//! *Start reading at*: [`Outcome`].

mod tally;

pub use tally::Tally;

/// Who ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The peer that connected to us.
    Client,
    /// The peer that we connected to.
    Server,
    /// We did: a limit, a rule, a resource.
    Proxy,
}

/// In which part of a connection's life it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before a request was complete.
    Request,
    /// While a server was looked for.
    Queue,
    /// While a connection to the server was being made.
    Connect,
    /// Before the head of the response was complete.
    Header,
    /// While bytes were forwarded.
    Data,
    /// After the last byte.
    Done,
}

/// Whether the same request may be sent again, to this server or to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never: the server may have acted on it, or it would end the same way.
    Never,
    /// Always: no byte of the request reached an application.
    Safe,
    /// When the request's method is idempotent and its bytes are still in hand.
    IfIdempotent,
}

/// One row: a thing that can happen, with everything that is said about it anywhere.
#[derive(Debug)]
pub struct Outcome {
    /// Stable name, `side.noun.verb`; used by logs, metrics, `lb explain`.
    pub slug: &'static str,
    /// Who ended it.
    pub side: Side,
    /// When.
    pub phase: Phase,
    /// May it be tried again?
    pub retry: Retry,
    /// HAProxy's two termination letters (configuration manual, section 8.5).
    pub state: [u8; 2],
    /// The status that a client is answered with; 0: none can be sent any more.
    pub status: u16,
    /// One sentence for people.
    pub text: &'static str,
}

impl Outcome {
    /// A row, in the order of its columns.
    #[must_use]
    pub const fn new(
        slug: &'static str,
        side: Side,
        phase: Phase,
        retry: Retry,
        state: [u8; 2],
        status: u16,
        text: &'static str,
    ) -> Self {
        Self { slug, side, phase, retry, state, status, text }
    }
}

/// What there is to say about an outcome beyond its row, for `lb explain`: each crate has a table of them beside its outcomes.
#[derive(Debug)]
pub struct Explain {
    /// Which outcome.
    pub slug: &'static str,
    /// How it comes about.
    pub cause: &'static str,
    /// What is behind it most often.
    pub likely: &'static [&'static str],
    /// What to do.
    pub change: &'static [&'static str],
}

impl Explain {
    /// A row, in the order of its columns.
    #[must_use]
    pub const fn new(
        slug: &'static str,
        cause: &'static str,
        likely: &'static [&'static str],
        change: &'static [&'static str],
    ) -> Self {
        Self { slug, cause, likely, change }
    }
}

/// Outcomes are compared by name: a table has each name once.
impl PartialEq for Outcome {
    fn eq(&self, other: &Self) -> bool {
        self.slug == other.slug
    }
}

impl Eq for Outcome {}

/// Names that stand in more than one of the tables: a start-up test wants none.
#[must_use]
pub fn repeated(tables: &[&[&'static Outcome]]) -> Vec<&'static str> {
    let mut slugs: Vec<_> = tables.iter().flat_map(|table| table.iter().map(|row| row.slug)).collect();
    slugs.sort_unstable();
    let mut again: Vec<_> = slugs.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    again.dedup();
    again
}

/// Declares statics for outcomes and the table that lists them all.
///
/// ```
/// plimsoll_outcome::outcomes! {
///     /// Why.
///     GONE = ("client.gone", Client, Data, Never, b"CD", 0, "The client went away.");
/// }
/// assert_eq!(OUTCOMES[0].slug, GONE.slug);
/// ```
#[macro_export]
macro_rules! outcomes {
    ($( $(#[$doc:meta])* $name:ident = ($slug:literal, $side:ident, $phase:ident, $retry:ident, $state:literal, $status:literal, $text:literal); )*) => {
        $( $(#[$doc])* pub static $name: $crate::Outcome = $crate::Outcome::new(
            $slug, $crate::Side::$side, $crate::Phase::$phase, $crate::Retry::$retry, *$state, $status, $text,
        ); )*
        /// Every outcome of this crate.
        pub static OUTCOMES: &[&$crate::Outcome] = &[$( &$name ),*];
    };
}
