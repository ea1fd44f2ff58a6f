//! The lists of rules that a frontend and a backend have, and what one request carries through all of them.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_rules::variables::Set;
use plimsoll_rules::{Rules, Variables};

use crate::client::Client;
use crate::rules::{Captures, Fate, Pages};
use crate::services::Stats;

/// The rules of a frontend. A frontend without any has none of this.
#[derive(Debug, Default)]
pub struct FrontendRules {
    /// `tcp-request connection`
    pub connection: Rules,
    /// `tcp-request session`
    pub session: Rules,
    /// `tcp-request content`
    pub content: Rules,
    /// `tcp-request inspect-delay`
    pub inspect_delay: Option<Duration>,
    /// `http-request`
    pub http_request: Rules,
    /// `stats`
    pub stats: Option<Arc<Stats>>,
    /// `http-response`
    pub http_response: Rules,
    /// `http-after-response`
    pub after_response: Rules,
    /// `use-backend`
    pub use_backend: Rules,
    /// `monitor-uri`
    pub monitor_uri: Option<Box<[u8]>>,
    /// `monitor-fail`: one of them holds.
    pub monitor_fail: Rules,
    /// `errorfiles`, `http-error`
    pub pages: Pages,
    /// `capture`
    pub captures: Captures,
}

/// The rules of a backend.
#[derive(Debug, Default)]
pub struct BackendRules {
    /// `tcp-request content`
    pub content: Rules,
    /// `tcp-request inspect-delay`
    pub inspect_delay: Option<Duration>,
    /// `tcp-response content`
    pub response_content: Rules,
    /// `tcp-response inspect-delay`
    pub response_delay: Option<Duration>,
    /// `http-request`
    pub http_request: Rules,
    /// `stats`
    pub stats: Option<Arc<Stats>>,
    /// `http-response`
    pub http_response: Rules,
    /// `http-after-response`
    pub after_response: Rules,
    /// `use-server`
    pub use_server: Rules,
    /// `errorfiles`, `http-error`
    pub pages: Pages,
}

/// Something is decided by rules that hold or do not: `monitor-fail`.
#[derive(Debug)]
pub struct Switch;

impl plimsoll_rules::Act for Switch {
    fn act(&self, _: &mut plimsoll_rules::Context<'_>) -> plimsoll_rules::Step {
        plimsoll_rules::Step::Final
    }
}

/// What one request carries through all its rules.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) variables: Variables,
    pub(crate) fate: Fate,
}

impl State {
    /// With what the client's connection knows.
    pub(crate) fn of(client: &mut Client) -> Self {
        let session = client.session.get_mut();
        let sess = session.map(|session| std::mem::take(&mut session.variables)).unwrap_or_default();
        let variables = Variables {
            process: Arc::clone(&client.port().worker.process.variables),
            limits: client.port().route().frontend.directory.variables,
            sess,
            txn: Set::default(),
            req: Set::default(),
            res: Set::default(),
            check: Set::default(),
            lenient: false,
        };
        Self { variables, fate: Fate::default() }
    }

    /// What stays with the connection.
    pub(crate) fn keep(&mut self, client: &mut Client) {
        let sess = std::mem::take(&mut self.variables.sess);
        if !sess.is_empty() {
            client.session_mut().variables = sess;
        }
    }
}
