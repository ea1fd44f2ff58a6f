//! What HAProxy's directives about idle connections become.

use plimsoll_haproxy_cfg::Becomes::Value;
use plimsoll_haproxy_cfg::{Directive, Kind, Sections};

/// Every directive whose key is ours.
pub const DIRECTIVES: &[Directive] = &[Directive::line("http-reuse", Sections::BACK, Value("http-reuse", Kind::Word))];
