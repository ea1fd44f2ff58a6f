//! The rows of this crate: what rules see of heads, and what they change of them.

use plimsoll_rules::{Fact, Parts, Slot};

use crate::{Request, Response};

/// Fetches over heads, and the actions that edit them.
pub const PARTS: &[Parts] = &[Parts { ..Parts::EMPTY }];

impl Fact for Request {
    const SLOT: Slot = Slot::Request;
}

impl Fact for Response {
    const SLOT: Slot = Slot::Response;
}
