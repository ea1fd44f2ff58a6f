//! Bytes that a peer sent and nobody took yet: the facts of whoever looks at them before a protocol does.
//!
//! They are lent, not copied. Whoever evaluates moves the vector of its buffer in and takes it back when the evaluation is over:
//!
//! ```
//! # use plimsoll_rules::Upload;
//! let mut buffer = b"the client's".to_vec();
//! let mut upload = Upload { bytes: std::mem::take(&mut buffer), start: 4 };
//! // … Context::new(…).with(&mut upload) …
//! assert_eq!(upload.waiting(), b"client's");
//! buffer = upload.bytes;
//! ```
//!
//! An evaluation changes neither field, so the buffer is as it was. Whether more may come is not said here, but by
//! [`Context::unfinished`](crate::Context::unfinished).

use crate::fact::{Fact, Slot};

macro_rules! waiting {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name {
            /// The buffer, from its beginning.
            pub bytes: Vec<u8>,
            /// How many of its first bytes are done with.
            pub start: usize,
        }

        impl $name {
            /// Those that wait.
            #[must_use]
            pub fn waiting(&self) -> &[u8] {
                self.bytes.get(self.start..).unwrap_or_default()
            }
        }

        impl Fact for $name {
            const SLOT: Slot = Slot::$name;
        }
    };
}

waiting! {
    /// Bytes of the client that wait, from the first that was not forwarded.
    Upload
}

waiting! {
    /// Bytes of the server that wait, from the first that was not forwarded.
    Download
}
