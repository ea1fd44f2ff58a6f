//! What is told of a request on paper.

use serde::Serialize;

/// All of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The frontend.
    pub frontend: String,
    /// Every list that was gone through and is not empty, in order.
    pub lists: Vec<Passage>,
    /// The lines of the request's head as the server would have got them without rules.
    pub before: Vec<String>,
    /// The same behind all rules.
    pub after: Vec<String>,
    /// The lines of the response's head as the client would have got them without rules, if an answer of the server is given.
    pub response_before: Vec<String>,
    /// The same behind all rules.
    pub response_after: Vec<String>,
    /// The variables that are set at the end, with their scope: name, value.
    pub variables: Vec<(String, String)>,
    /// What becomes of it.
    pub decision: Decision,
    /// What cannot be known before it runs.
    pub notes: Vec<String>,
}

/// One list of rules.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Passage {
    /// `frontend web`
    pub proxy: String,
    /// `http-request`
    pub list: &'static str,
    /// The rules that were looked at.
    pub rules: Vec<Seen>,
    /// How many were not, because one before them ended the list.
    pub unseen: usize,
}

/// One rule that was looked at.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Seen {
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// As it is written.
    pub text: String,
    /// Did its condition hold? `None`: it could not be told.
    pub held: Option<bool>,
    /// Its condition begins with `unless`.
    pub unless: bool,
    /// Why: empty if it has no condition.
    pub alternatives: Vec<Alternative>,
    /// What it changed, in words.
    pub changes: Vec<String>,
    /// It ended its list.
    pub ended: bool,
}

/// Terms that must all hold.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Alternative {
    /// Those that were looked at: the last one decided if it does not hold.
    pub terms: Vec<Tested>,
}

/// An ACL of a condition.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tested {
    /// Its name, or what stands in braces.
    pub acl: String,
    /// It must not hold.
    pub negated: bool,
    /// Does the term hold, `!` included? `None`: it could not be told.
    pub held: Option<bool>,
    /// Every line that was looked at.
    pub looks: Vec<Look>,
}

/// One line of an ACL.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Look {
    /// The expression.
    pub expression: String,
    /// Its values.
    pub values: Vec<String>,
    /// One of them matched.
    pub matched: bool,
}

/// What becomes of a request.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Decision {
    /// Nothing was decided, and there is no backend: 503.
    #[default]
    Nowhere,
    /// An answer of our own.
    Reply {
        /// Its status.
        status: u16,
        /// The lines of its head.
        head: Vec<String>,
        /// Its body.
        body: String,
        /// What the log calls it.
        outcome: &'static str,
        /// It waits for `timeouts.tarpit` first.
        tarpit: bool,
        /// The rule, as it is written.
        rule: String,
    },
    /// The connection is closed without an answer.
    Closed {
        /// Its client is not even told.
        silent: bool,
        /// The rule, as it is written.
        rule: String,
    },
    /// A service of the process itself answers.
    Service {
        /// Its name.
        name: String,
        /// The rule, as it is written; `stats` for a proxy's page.
        rule: String,
    },
    /// A backend gets it.
    Backend {
        /// Its name.
        name: String,
        /// The rule that chose it, as it is written; `None`: it is the default.
        rule: Option<String>,
        /// The server that a rule chose.
        server: Option<String>,
        /// `balance`
        balance: String,
        /// All servers, the one that a fresh process takes first at the beginning.
        candidates: Vec<Candidate>,
    },
}

/// A server that may get it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// Its weight.
    pub weight: u16,
    /// It is asked when no other is left.
    pub backup: bool,
    /// It takes requests, if nothing is found wrong with it.
    pub usable: bool,
}

impl Passage {
    /// `frontend web · http-request`
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} · {}", self.proxy, self.list)
    }
}
