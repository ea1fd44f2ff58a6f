//! `stats`: an address of a proxy under which it shows its figures, and who may see them.

use plimsoll_http::{Method, Request, from_path};
use plimsoll_rules::Rules;

/// What a proxy says about its page.
#[derive(Debug, Default)]
pub struct Stats {
    /// Every target that begins so is the page's.
    pub uri: Box<str>,
    /// Who may see it: rules that are gone through first.
    pub rules: Rules,
    /// So many seconds later a browser is to look again.
    pub refresh: Option<u64>,
    /// The version is not shown.
    pub hide_version: bool,
    /// The name of the machine, as it is shown.
    pub node: Option<Box<str>>,
    /// What else stands at the top.
    pub description: Option<Box<str>>,
    /// Only these proxies are shown; all if there are none.
    pub scope: Vec<Box<str>>,
}

impl Stats {
    /// Is it the page that is asked for?
    pub(crate) fn is_for(&self, request: &Request) -> bool {
        let target = request.head.get(request.target);
        let target = if self.uri.starts_with('/') { from_path(target) } else { target };
        matches!(request.method, Method::Get | Method::Head | Method::Post) && target.starts_with(self.uri.as_bytes())
    }
}
