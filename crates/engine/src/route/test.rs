//! `tests`: requests on paper with what is expected of them, as a part of the file.

use plimsoll_config::{Diagnostic, Diagnostics, NamedMap, OneOrMany, OrderedMap, Span, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;

use super::trial::{Decision, Report};
use super::{Asking, Rehearsal};
use crate::plan::Plan;

/// A request, and what is expected of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Test {
    /// The request, as `GET https://a.example/path`; none for a connection of TCP mode.
    pub(crate) request: Option<Spanned<String>>,
    /// Where its client is, with a port or without; 127.0.0.1 if not given.
    pub(crate) from: Option<Spanned<String>>,
    /// Where its client connects to; the frontend's first `bind` if not given.
    pub(crate) to: Option<Spanned<String>>,
    /// Header fields of the request.
    pub(crate) headers: OrderedMap<OneOrMany<String>>,
    /// The body of the request.
    pub(crate) body: Option<String>,
    /// The frontend; the only one that fits, or the one of the port, if not given.
    pub(crate) frontend: Option<Spanned<String>>,
    /// In TCP mode: the client sends a ClientHello that names this server.
    pub(crate) sni: Option<String>,
    /// What the server answers: the rules about responses are tried too.
    pub(crate) response: Option<Answer>,
    /// What must come of it.
    pub(crate) expect: Expect,
}

/// The answer of a server.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Answer {
    /// Its status; 200 if not given.
    pub(crate) status: Option<u16>,
    /// Its header fields.
    pub(crate) headers: OrderedMap<OneOrMany<String>>,
}

/// What must come of a request; what is not given may be anything.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Expect {
    /// The backend that gets it.
    pub(crate) backend: Option<Spanned<String>>,
    /// The server that a rule chose, or the only one that may get it.
    pub(crate) server: Option<Spanned<String>>,
    /// The service that answers it.
    pub(crate) service: Option<Spanned<String>>,
    /// The status of an answer that the rules give, or of the server's `response` behind them.
    pub(crate) status: Option<Spanned<u16>>,
    /// The `Location` of that answer.
    pub(crate) location: Option<Spanned<String>>,
    /// Header fields of that answer; an empty text: it has none of that name.
    pub(crate) header: OrderedMap<Spanned<String>>,
    /// Header fields of the request as the server gets it; an empty text: it has none of that name.
    pub(crate) request_header: OrderedMap<Spanned<String>>,
    /// Header fields of the server's `response` as the client gets it; an empty text: it has none of that name.
    pub(crate) response_header: OrderedMap<Spanned<String>>,
    /// Variables behind all rules; an empty text: it is not set.
    pub(crate) variables: OrderedMap<Spanned<String>>,
    /// The beginning of the rule that decides.
    pub(crate) rule: Option<Spanned<String>>,
    /// The connection is closed without an answer, or is not.
    pub(crate) closed: Option<Spanned<bool>>,
}

impl Plan {
    /// Tries the requests of `tests`. What came otherwise than expected is an error at its place.
    #[must_use]
    pub fn tried(&self) -> Diagnostics {
        let mut found = Diagnostics::new();
        let tests: &NamedMap<Test> = &self.file.tests;
        if tests.is_empty() {
            return found;
        }
        match Rehearsal::new(self) {
            Ok(rehearsal) => tests.iter().for_each(|(name, test)| test.run(name, &rehearsal, &mut found)),
            Err(error) => found.push(Diagnostic::error("rule.test-failed", Span::NONE, error.to_string())),
        }
        found
    }
}

impl Test {
    fn run(&self, name: &Spanned<String>, rehearsal: &Rehearsal<'_>, found: &mut Diagnostics) {
        match self.asking().and_then(|asking| rehearsal.ask(&asking).map_err(|error| (name.span(), error.to_string())))
        {
            Ok(report) => self.expect.compare(name, &report, found),
            Err((span, text)) => {
                found.push(Diagnostic::error(
                    "rule.test-failed",
                    span,
                    format!("test `{name}` cannot be tried: {text}"),
                ));
            }
        }
    }

    fn asking(&self) -> Result<Asking, (Span, String)> {
        let from = match &self.from {
            None => std::net::SocketAddr::from(([127, 0, 0, 1], 49_152)),
            Some(text) => Asking::client(text).ok_or_else(|| (text.span(), format!("`{text}` is not an address")))?,
        };
        let to = match &self.to {
            None => None,
            Some(text) => {
                Some(text.parse().map_err(|_| (text.span(), format!("`{text}` is not an address with a port")))?)
            }
        };
        Ok(Asking {
            to,
            headers: fields(&self.headers),
            sni: self.sni.clone(),
            response: self.response.as_ref().map(|answer| answer.status.unwrap_or(200).to_string()),
            response_headers: self.response.as_ref().map(|answer| fields(&answer.headers)).unwrap_or_default(),
            frontend: self.frontend.as_ref().map(|name| name.as_str().to_owned()),
            body: self.body.clone().unwrap_or_default().into_bytes(),
            ..Asking::new(self.request.as_ref().map(|request| request.as_str()), from)
        })
    }
}

fn fields(written: &OrderedMap<OneOrMany<String>>) -> Vec<String> {
    let lines = written.iter().flat_map(|(name, values)| values.iter().map(move |value| format!("{name}: {value}")));
    lines.collect()
}

impl Expect {
    fn compare(&self, name: &Spanned<String>, report: &Report, found: &mut Diagnostics) {
        let mut tell = |what: &str, wanted: Span, came: &str| {
            let text = format!("test `{name}`: {what} is {came}");
            let told = Diagnostic::error("rule.test-failed", wanted, text).label("expected");
            found.push(told.help("`lb route` with the same request shows every step"));
        };
        let Came { backend, server, service, rule, status, head, closed } = Came::of(report);
        let instead = summary(report);
        let mut same = |what: &str, wanted: &Option<Spanned<String>>, came: Option<&str>| {
            let Some(wanted) = wanted else { return };
            if came != Some(wanted.as_str()) {
                tell(what, wanted.span(), &came.map_or_else(|| instead.clone(), |came| format!("`{came}`")));
            }
        };
        same("the backend", &self.backend, backend);
        same("the service", &self.service, service);
        same("the location", &self.location, field(head, "location"));
        if let Some(wanted) = self.server.as_ref().filter(|wanted| server != Some(wanted.as_str())) {
            let came = match (server, backend) {
                (Some(server), _) => format!("`{server}`"),
                (None, Some(_)) => "one of several, which the balancer chooses".to_owned(),
                (None, None) => instead.clone(),
            };
            tell("the server", wanted.span(), &came);
        }
        if let Some(wanted) = &self.rule
            && !rule.is_some_and(|rule| rule.starts_with(wanted.as_str()))
        {
            let came = rule.map_or_else(|| "none, which leaves the default".to_owned(), |rule| format!("`{rule}`"));
            tell("the rule that decides", wanted.span(), &came);
        }
        if let Some(wanted) = self.status.as_ref().filter(|wanted| status != Some(***wanted)) {
            tell("the status", wanted.span(), &status.map_or_else(|| instead.clone(), |status| status.to_string()));
        }
        if let Some(wanted) = self.closed.as_ref().filter(|wanted| ***wanted != closed) {
            tell("what came", wanted.span(), &instead);
        }
        let variable = |name: &str| {
            let found = report.variables.iter().find(|(have, _)| have == name);
            found.map(|(_, value)| value.trim_matches('"').to_owned())
        };
        let in_request = |name: &str| field(&report.after, name).map(str::to_owned);
        let in_answer = |name: &str| field(head, name).map(str::to_owned);
        let in_response =
            |name: &str| field(&report.response_after, name).or_else(|| field(head, name)).map(str::to_owned);
        let all: [(&str, &OrderedMap<Spanned<String>>, Found<'_>); 4] = [
            ("the field", &self.header, &in_answer),
            ("the request's field", &self.request_header, &in_request),
            ("the response's field", &self.response_header, &in_response),
            ("the variable", &self.variables, &variable),
        ];
        for (what, wanted, came) in all {
            for (name, value) in wanted.iter() {
                let came = came(name);
                if came.as_deref().unwrap_or_default() != value.as_str() {
                    let came = came.map_or_else(|| "not there".to_owned(), |came| format!("`{came}`"));
                    tell(&format!("{what} `{name}`"), value.span(), &came);
                }
            }
        }
    }
}

/// Looks a value up by its name.
type Found<'f> = &'f dyn Fn(&str) -> Option<String>;

/// What came of a request, as far as it may be expected.
#[derive(Debug, Default)]
struct Came<'r> {
    backend: Option<&'r str>,
    server: Option<&'r str>,
    service: Option<&'r str>,
    rule: Option<&'r str>,
    status: Option<u16>,
    head: &'r [String],
    closed: bool,
}

impl<'r> Came<'r> {
    fn of(report: &'r Report) -> Self {
        match &report.decision {
            Decision::Nowhere => Self { status: Some(503), ..Self::default() },
            Decision::Reply { status, head, rule, .. } => {
                Self { status: Some(*status), head, rule: Some(rule), ..Self::default() }
            }
            Decision::Service { name, rule } => Self { service: Some(name), rule: Some(rule), ..Self::default() },
            Decision::Closed { rule, .. } => Self { closed: true, rule: Some(rule), ..Self::default() },
            Decision::Backend { name, rule, server, candidates, .. } => {
                let usable = || candidates.iter().filter(|one| one.usable && !one.backup);
                let only = usable().next().filter(|_| usable().count() == 1).map(|one| one.name.as_str());
                Self {
                    backend: Some(name),
                    server: server.as_deref().or(only),
                    rule: rule.as_deref(),
                    // The server's answer behind all rules, if one is given.
                    status: report.response_after.first().and_then(|line| line.split(' ').nth(1)?.parse().ok()),
                    ..Self::default()
                }
            }
        }
    }
}

/// The first value of a field among the lines of a head.
fn field<'r>(lines: &'r [String], name: &str) -> Option<&'r str> {
    let fields = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
    fields.filter(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
}

/// What came, in a few words.
fn summary(report: &Report) -> String {
    match &report.decision {
        Decision::Nowhere => "nowhere to go, which is answered 503".to_owned(),
        Decision::Reply { status, rule, .. } => format!("an answer {status}, by `{rule}`"),
        Decision::Service { name, rule } => format!("the service `{name}`, by `{rule}`"),
        Decision::Closed { rule, .. } => format!("a closed connection, by `{rule}`"),
        Decision::Backend { name, .. } => format!("the backend `{name}`"),
    }
}
