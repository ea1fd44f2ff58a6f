//! What a server is told in header fields about who asks: `forwardfor`, `originalto`, `forwarded`; and which names of fields it may get.

mod address;
mod forwarded;
mod names;
mod network;
mod switch;

pub use address::{AddressOptions, add_address};
pub use forwarded::{Forwarded, ForwardedOptions, Seen, Told};
pub use names::{FieldName, RestrictNames};
pub use network::Network;
pub use switch::Switch;

#[cfg(test)]
mod tests;
