//! What HAProxy's directives about balancing become.

use plimsoll_haproxy_cfg::Becomes::{Flag, Text};
use plimsoll_haproxy_cfg::{Directive, Sections};

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[
    Directive::line("balance", Sections::BACK, Text("balance")),
    Directive::line("option allbackups", Sections::BACK, Flag("allbackups")),
];
