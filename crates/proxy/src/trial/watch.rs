//! Notes what rules do while they are gone through.

use std::collections::BTreeMap;

use plimsoll_http::{Framing, Request, Response, encode};
use plimsoll_rules::{Context, Place, Rule, Scope, Step, Stored, Truth, Value, Variables, Watch};

use super::{Passage, Report, Seen, look};

/// What was seen so far, and how everything was before the rule that is at work.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) report: Report,
    request: Vec<String>,
    response: Vec<String>,
    variables: BTreeMap<String, String>,
    /// The last rule waited for something, and is asked again.
    again: bool,
}

impl Notes {
    /// A list begins.
    pub(super) fn list(&mut self, proxy: String, place: Place) {
        self.report.lists.push(Passage { proxy, list: place.name(), ..Passage::default() });
    }

    pub(super) fn note(&mut self, text: String) {
        if !self.report.notes.contains(&text) {
            self.report.notes.push(text);
        }
    }

    /// The request as it is before any rule, or the response of our own.
    pub(super) fn begins(&mut self, request: Option<&Request>, response: Option<&Response>) {
        self.request = request.map(request_lines).unwrap_or_default();
        self.response = response.map(response_lines).unwrap_or_default();
    }

    fn last(&mut self) -> Option<&mut Seen> {
        self.report.lists.last_mut()?.rules.last_mut()
    }

    /// The last rule that was looked at, as it is written.
    pub(super) fn decider(&self) -> String {
        let rules = self.report.lists.iter().rev().find_map(|list| list.rules.last());
        rules.map(|rule| rule.text.clone()).unwrap_or_default()
    }

    pub(super) fn ended(&mut self, unseen: usize) {
        if let Some(list) = self.report.lists.last_mut() {
            list.unseen = unseen;
        }
        if let Some(rule) = self.last() {
            rule.ended = true;
        }
    }
}

impl Watch for Notes {
    fn saw(&mut self, rule: &Rule, truth: Truth, cx: &Context<'_>) {
        let alternatives = rule.condition.as_ref().map(|condition| look::condition(condition, cx));
        for uncertain in rule.condition.iter().flat_map(look::uncertain) {
            self.note(uncertain);
        }
        let seen = Seen {
            file: rule.origin.file.to_string(),
            line: rule.origin.line,
            text: rule.text.to_string(),
            held: look::known(truth),
            unless: rule.condition.as_ref().is_some_and(plimsoll_rules::Condition::is_unless),
            alternatives: alternatives.unwrap_or_default(),
            changes: Vec::new(),
            ended: false,
        };
        let Some(list) = self.report.lists.last_mut() else { return };
        if std::mem::take(&mut self.again) {
            list.rules.pop();
        }
        self.again = truth == Truth::Unknown;
        list.rules.push(seen);
    }

    fn did(&mut self, _: &Rule, step: &Step, cx: &Context<'_>) {
        let mut changes = Vec::new();
        if let Some(request) = cx.fact::<Request>().filter(|_| !self.request.is_empty()) {
            changed(&mut self.request, request_lines(request), &mut changes);
        }
        if let Some(response) = cx.fact::<Response>().filter(|_| !self.response.is_empty()) {
            changed(&mut self.response, response_lines(response), &mut changes);
        }
        let now = cx.variables(|variables| all(variables));
        for (name, value) in &now {
            if self.variables.get(name) != Some(value) {
                changes.push(format!("{name} = {value}"));
            }
        }
        changes.extend(
            self.variables.keys().filter(|name| !now.contains_key(*name)).map(|name| format!("{name} is unset")),
        );
        self.variables = now;
        self.again = matches!(step, Step::Wait(wait) if !matches!(wait, plimsoll_rules::Wait::Pause(_)));
        match step {
            Step::Failed => changes.push("this could not be done".into()),
            Step::Wait(plimsoll_rules::Wait::Pause(time)) => changes.push(format!("pauses for {time:?}")),
            Step::Wait(_) | Step::Next | Step::Stop | Step::Final => {}
        }
        if let Some(seen) = self.last() {
            seen.changes.extend(changes);
        }
    }
}

/// Lines that are gone with `-`, new ones with `+`.
fn changed(before: &mut Vec<String>, now: Vec<String>, changes: &mut Vec<String>) {
    if *before == now {
        return;
    }
    let mut left = now.clone();
    for line in before.iter() {
        match left.iter().position(|have| have == line) {
            Some(at) => drop(left.remove(at)),
            None => changes.push(format!("- {line}")),
        }
    }
    changes.extend(left.into_iter().map(|line| format!("+ {line}")));
    *before = now;
}

/// The variables of every scope but the process's.
pub(super) fn all(variables: &Variables) -> BTreeMap<String, String> {
    let Variables { sess, txn, req, res, .. } = variables;
    let sets = [(Scope::Sess, sess), (Scope::Txn, txn), (Scope::Req, req), (Scope::Res, res)];
    sets.into_iter().flat_map(|(_, set)| set.iter()).map(|(name, value)| (name.text(), stored(value))).collect()
}

fn stored(value: &Stored) -> String {
    look::shown(&match value {
        Stored::Bool(yes) => Value::Bool(*yes),
        Stored::Int(number) => Value::Int(*number),
        Stored::Ipv4(address) => Value::Ipv4(*address),
        Stored::Ipv6(address) => Value::Ipv6(*address),
        Stored::Str(text) => Value::Str(text),
        Stored::Bin(bytes) => Value::Bin(bytes),
        Stored::Method(text) => Value::Method(text),
    })
}

/// The lines of a head as the server gets it.
pub(super) fn request_lines(request: &Request) -> Vec<String> {
    let mut out = Vec::new();
    encode::request(request, false, "(the server's address)", &mut out);
    lines(&out)
}

/// The lines of a head as the client gets it.
pub(super) fn response_lines(response: &Response) -> Vec<String> {
    let mut out = Vec::new();
    encode::response(response, Framing::Empty, encode::Connection::Silent, &mut out);
    lines(&out)
}

fn lines(head: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(head);
    text.split("\r\n").filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
