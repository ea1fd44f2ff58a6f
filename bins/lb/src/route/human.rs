//! A report for people: one line a rule, and below it why, and what it changed.

use std::fmt::Write as _;
use std::path::Path;

use plimsoll_engine::trial::{Alternative, Candidate, Decision, Look, Passage, Report, Seen, Tested};

/// Colours of a terminal, or none.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    fn held(self, held: Option<bool>, text: &str) -> String {
        match held {
            Some(true) => self.green(text),
            Some(false) => self.dim(text),
            None => self.yellow(text),
        }
    }
}

/// All of it.
pub fn text(report: &Report, colour: bool) -> String {
    let paint = Paint(colour);
    let mut out = String::new();
    let rules = || report.lists.iter().flat_map(|list| &list.rules);
    let place = |rule: &Seen| format!("{}:{}", file_name(&rule.file), rule.line);
    let widest = rules().map(|rule| place(rule).chars().count()).max().unwrap_or_default();
    if report.lists.is_empty() {
        let _ = writeln!(out, "{}: no rule looks at it", paint.bold(&format!("frontend {}", report.frontend)));
    }
    for list in &report.lists {
        passage(list, widest, &place, paint, &mut out);
    }
    decision(report, paint, &mut out);
    changes(report, paint, &mut out);
    for (at, (name, value)) in report.variables.iter().enumerate() {
        let title = if at == 0 { "variables" } else { "" };
        let _ = writeln!(out, "{}{name} = {value}", paint.bold(&format!("{title:12}")));
    }
    for (at, note) in report.notes.iter().enumerate() {
        let title = if at == 0 { "unknown" } else { "" };
        let _ = writeln!(out, "{}{}", paint.bold(&format!("{title:12}")), paint.yellow(note));
    }
    out
}

fn passage(list: &Passage, widest: usize, place: &dyn Fn(&Seen) -> String, paint: Paint, out: &mut String) {
    let _ = writeln!(out, "{}", paint.bold(&list.title()));
    let indent = " ".repeat(widest + 6);
    for rule in &list.rules {
        let sign = match rule.held {
            Some(true) if rule.ended => paint.bold(&paint.green("■")),
            held => paint.held(
                held,
                if held == Some(true) {
                    "✓"
                } else if held.is_none() {
                    "?"
                } else {
                    "·"
                },
            ),
        };
        let place = paint.dim(&format!("{:widest$}", place(rule)));
        let _ = writeln!(out, "  {place}  {sign} {}", paint.held(rule.held, &rule.text));
        terms(rule, &indent, paint, out);
        for change in &rule.changes {
            let shown = match change.as_bytes().first() {
                Some(b'+') => paint.green(change),
                Some(b'-') => paint.red(change),
                _ => change.clone(),
            };
            let _ = writeln!(out, "{indent}{shown}");
        }
    }
    match list.unseen {
        0 => {}
        1 => _ = writeln!(out, "{indent}{}", paint.dim("1 more rule is not looked at")),
        more => _ = writeln!(out, "{indent}{}", paint.dim(&format!("{more} more rules are not looked at"))),
    }
    out.push('\n');
}

/// Every term on a line: how it stands to the others, its ACL, its answer, and the values that decided.
fn terms(rule: &Seen, indent: &str, paint: Paint, out: &mut String) {
    let shown = |term: &Tested| format!("{}{}", if term.negated { "!" } else { "" }, term.acl);
    let all = || rule.alternatives.iter().flat_map(|all| &all.terms);
    let widest = all().map(|term| shown(term).chars().count()).max().unwrap_or_default();
    for (at, Alternative { terms }) in rule.alternatives.iter().enumerate() {
        for (nth, term) in terms.iter().enumerate() {
            let word = match (at, nth) {
                (0, 0) if rule.unless => "unless",
                (0, 0) => "if",
                (_, 0) => "or",
                _ => "and",
            };
            let answer = match term.held {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unknown",
            };
            let line = format!("{word:6} {:widest$}", shown(term));
            let answer = paint.held(term.held, &format!("{answer:3}"));
            let mut values = looks(term).into_iter();
            let first = values.next().unwrap_or_default();
            let _ = writeln!(out, "{}", format!("{indent}{line}  {answer}  {}", paint.dim(&first)).trim_end());
            for value in values {
                let _ = writeln!(out, "{indent}{:1$}{2}", "", widest + 14, paint.dim(&value));
            }
        }
    }
}

/// The values that an ACL looked at; of a named one, what they were compared with too.
fn looks(term: &Tested) -> Vec<String> {
    let anonymous = term.acl.starts_with('{');
    let line = |look: &Look| {
        let of = expression(look);
        let wanted = look.expression[of.len()..].trim_start();
        let told =
            anonymous && wanted.is_empty() && matches!(look.values.first().map(String::as_str), Some("true" | "false"));
        if told {
            return None;
        }
        let values =
            if look.values.is_empty() { "has no value".to_owned() } else { format!("is {}", look.values.join(", ")) };
        let wanted =
            if anonymous || look.matched || wanted.is_empty() { String::new() } else { format!(", wanted {wanted}") };
        Some(format!("{of} {values}{wanted}"))
    };
    term.looks.iter().filter_map(line).collect()
}

/// What is looked at, without the patterns.
fn expression(look: &Look) -> &str {
    let mut depth = 0_u32;
    let end = look.expression.char_indices().find(|(_, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == ' ' && depth == 0
    });
    &look.expression[..end.map_or(look.expression.len(), |(at, _)| at)]
}

fn decision(report: &Report, paint: Paint, out: &mut String) {
    let title = |text: &str| paint.bold(&format!("{text:12}"));
    match &report.decision {
        Decision::Nowhere => {
            let _ = writeln!(
                out,
                "{}{}",
                title("503"),
                paint.red("no rule chose a backend, and there is no default-backend")
            );
        }
        Decision::Reply { status, head, body, outcome, tarpit, rule } => {
            let status = format!("{status}");
            let status = if status.starts_with(['4', '5']) { paint.red(&status) } else { paint.green(&status) };
            let held = if *tarpit { ", after timeouts.tarpit" } else { "" };
            let _ =
                writeln!(out, "{}{status}{held}  {}", title("answer"), paint.dim(&format!("{outcome}, by `{rule}`")));
            for line in head.iter().skip(1) {
                let _ = writeln!(out, "{:12}{line}", "");
            }
            for line in body.lines().take(12) {
                let _ = writeln!(out, "{:12}{}", "", paint.dim(line));
            }
        }
        Decision::Closed { silent, rule } => {
            let how = if *silent { "forgotten: the client is told nothing" } else { "closed without an answer" };
            let _ = writeln!(out, "{}{}  {}", title("connection"), paint.red(how), paint.dim(&format!("by `{rule}`")));
        }
        Decision::Service { name, rule } => {
            let _ = writeln!(out, "{}{}  {}", title("service"), paint.green(name), paint.dim(&format!("by `{rule}`")));
        }
        Decision::Backend { name, rule, server, balance, candidates } => {
            let why = rule.as_ref().map_or_else(|| "default-backend".to_owned(), |rule| format!("by `{rule}`"));
            let _ = writeln!(out, "{}{}  {}", title("backend"), paint.green(name), paint.dim(&why));
            if let Some(server) = server {
                let _ = writeln!(out, "{}{}  {}", title("server"), paint.green(server), paint.dim("by a rule"));
            }
            servers(candidates, server.as_deref(), balance, paint, out);
        }
    }
}

fn servers(candidates: &[Candidate], chosen: Option<&str>, balance: &str, paint: Paint, out: &mut String) {
    let title = |at: usize| paint.bold(&format!("{:12}", if at == 0 { "servers" } else { "" }));
    let widest = |of: &dyn Fn(&Candidate) -> usize| candidates.iter().map(of).max().unwrap_or_default();
    let (names, addresses) = (widest(&|one| one.name.chars().count()), widest(&|one| one.address.chars().count()));
    if candidates.is_empty() {
        let _ = writeln!(out, "{}{}", title(0), paint.red("none: every request is answered 503"));
    }
    for (at, one) in candidates.iter().enumerate() {
        let state = match (one.usable, one.backup) {
            (false, _) => "disabled",
            (true, true) => "backup",
            (true, false) => "",
        };
        let line = format!("{:names$}  {:addresses$}  weight {:3}  {state}", one.name, one.address, one.weight);
        let usual = one.usable && !one.backup && chosen.is_none_or(|chosen| chosen == one.name);
        let line = line.trim_end();
        let _ = writeln!(out, "{}{}", title(at), if usual { line.to_owned() } else { paint.dim(line) });
    }
    if candidates.len() > 1 && chosen.is_none() {
        let _ = writeln!(out, "{}{}", title(1), paint.dim(&format!("in the order of a fresh `balance: {balance}`")));
    }
}

/// The request's head where rules edited it, and the server's answer as the client gets it.
fn changes(report: &Report, paint: Paint, out: &mut String) {
    if !matches!(report.decision, Decision::Backend { .. }) {
        return;
    }
    if report.before != report.after {
        edited("request", &report.before, &report.after, paint, out);
    }
    if !report.response_after.is_empty() {
        edited("response", &report.response_before, &report.response_after, paint, out);
    }
}

fn edited(what: &str, before: &[String], after: &[String], paint: Paint, out: &mut String) {
    let mut left = before.to_vec();
    let mut lines = Vec::new();
    if before.first() != after.first() && !left.is_empty() {
        lines.push(paint.red(&format!("- {}", left.remove(0))));
    }
    for line in after {
        match left.iter().position(|have| have == line) {
            Some(at) => {
                // Those that are passed over here are gone.
                lines.extend(left.drain(..at).map(|gone| paint.red(&format!("- {gone}"))));
                left.remove(0);
                lines.push(format!("  {line}"));
            }
            None => lines.push(paint.green(&format!("+ {line}"))),
        }
    }
    lines.extend(left.into_iter().map(|gone| paint.red(&format!("- {gone}"))));
    for (at, line) in lines.iter().enumerate() {
        let title = if at == 0 { what } else { "" };
        let _ = writeln!(out, "{}{line}", paint.bold(&format!("{title:12}")));
    }
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let look = |expression: &str, value: &str, matched| Look {
            expression: expression.into(),
            values: vec![value.into()],
            matched,
        };
        let term = |acl: &str, negated, held, looks| Tested { acl: acl.into(), negated, held: Some(held), looks };
        let rule = |line, text: &str, held, terms: Vec<Tested>, changes: &[&str], ended| Seen {
            file: "conf/lb.yaml".into(),
            line,
            text: text.into(),
            held: Some(held),
            alternatives: vec![Alternative { terms }],
            changes: changes.iter().map(|change| (*change).to_owned()).collect(),
            ended,
            ..Seen::default()
        };
        let internal = term("internal", true, true, vec![look("src 10.0.0.0/8", "11.0.0.1", false)]);
        let path = term("{ path_beg /api }", false, true, vec![look("path_beg /api", "\"/api/x\"", true)]);
        let rules = vec![
            rule(
                9,
                "deny if !internal { path /x }",
                false,
                vec![internal, term("{ path /x }", false, false, vec![look("path /x", "\"/api/x\"", false)])],
                &[],
                false,
            ),
            rule(10, "set-header A b if { path_beg /api }", true, vec![path], &["+ A: b"], true),
        ];
        let passage = Passage { proxy: "frontend web".into(), list: "http-request", rules, unseen: 2 };
        let server = |name: &str, backup| Candidate {
            name: name.into(),
            address: "10.0.0.1:80".into(),
            weight: 1,
            backup,
            usable: true,
        };
        Report {
            frontend: "web".into(),
            lists: vec![passage],
            before: vec!["GET /api/x HTTP/1.1".into()],
            after: vec!["GET /api/x HTTP/1.1".into(), "A: b".into()],
            decision: Decision::Backend {
                name: "app".into(),
                rule: None,
                server: None,
                balance: "roundrobin".into(),
                candidates: vec![server("a", false), server("bb", true)],
            },
            notes: vec!["servers are taken for healthy: no check has run".into()],
            ..Report::default()
        }
    }

    #[test]
    fn a_report_is_a_line_a_rule_with_its_reasons_below() {
        let expected = "\
frontend web · http-request
  lb.yaml:9   · deny if !internal { path /x }
                if     !internal    yes  src is 11.0.0.1, wanted 10.0.0.0/8
                and    { path /x }  no   path is \"/api/x\"
  lb.yaml:10  ■ set-header A b if { path_beg /api }
                if     { path_beg /api }  yes  path_beg is \"/api/x\"
                + A: b
                2 more rules are not looked at

backend     app  default-backend
servers     a   10.0.0.1:80  weight   1
            bb  10.0.0.1:80  weight   1  backup
            in the order of a fresh `balance: roundrobin`
request       GET /api/x HTTP/1.1
            + A: b
unknown     servers are taken for healthy: no check has run
";
        assert_eq!(text(&report(), false), expected);
    }

    #[test]
    fn colours_are_for_terminals_only() {
        assert!(!text(&report(), false).contains('\x1b'));
        assert!(text(&report(), true).contains("\x1b[32m"));
    }
}
