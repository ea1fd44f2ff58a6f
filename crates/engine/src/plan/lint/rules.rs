//! Rules that can be run and are likely not what was meant.

use std::collections::{HashMap, HashSet};

use plimsoll_config::{Diagnostic, Diagnostics, NamedMap, OneOrMany, Spanned};
use plimsoll_net::Address;
use plimsoll_proxy::rules::{BackendRules, FrontendRules};
use plimsoll_rules::acl::Line;
use plimsoll_rules::{Acl, Condition, Rule, Rules, Term};

use super::Look;
use crate::model::File;

/// A list of rules, and whose it is.
struct List<'r> {
    rules: &'r Rules,
    /// It chooses among backends: `use-backend`.
    routes: bool,
}

/// Every list that is not empty.
fn lists<'r>(look: &'r Look<'_>) -> Vec<List<'r>> {
    let plain = |rules| List { rules, routes: false };
    let of_frontend = |of: &'r FrontendRules| {
        let own = [&of.connection, &of.session, &of.content, &of.http_request, &of.http_response, &of.after_response];
        own.into_iter().map(plain).chain([List { rules: &of.use_backend, routes: true }]).collect::<Vec<_>>()
    };
    let of_backend = |of: &'r BackendRules| {
        let own = [
            &of.content,
            &of.response_content,
            &of.http_request,
            &of.http_response,
            &of.after_response,
            &of.use_server,
        ];
        own.into_iter().map(plain).collect::<Vec<_>>()
    };
    let frontends = look.rules.frontends.iter().flatten().flat_map(|of| of_frontend(of));
    let backends = look.rules.backends.iter().flatten().flat_map(|of| of_backend(of));
    frontends.chain(backends).filter(|list| !list.rules.is_empty()).collect()
}

pub(super) fn rules(look: &Look<'_>, found: &mut Diagnostics) {
    let mut told = Diagnostics::new();
    for list in lists(look) {
        unreachable(list.rules, &mut told);
        let mut normalised = false;
        for rule in list.rules {
            constant(rule, &mut told);
            host_by_case(rule, &mut told);
            normalised |= action(rule) == "normalize-uri";
            if !normalised && guards(rule, list.routes, look.file) {
                raw_path(rule, &mut told);
            }
        }
    }
    let acls = look.file.frontends.values().map(|of| &of.acls).chain(look.file.backends.values().map(|of| &of.acls));
    acls.for_each(|acls| acls_by_case(acls, &mut told));
    redirects(look, &mut told);
    // A listen is a frontend and a backend: what is wrong with its ACLs is found twice.
    let mut known = HashSet::new();
    found.extend(told.into_iter().filter(|told| known.insert((told.primary.span, told.code, told.message.clone()))));
}

/// The name of its action.
fn action(rule: &Rule) -> &str {
    rule.text.trim_start().split(['(', ' ', '\t', '\n']).next().unwrap_or_default()
}

/// What is said of a term, to compare it with others.
fn key(term: &Term) -> (String, bool) {
    let name = match &*term.acl.name {
        "" => term.acl.lines.iter().map(|line| format!("{{{}}}", line.text)).collect(),
        name => name.to_owned(),
    };
    (name, term.negated)
}

/// A value that is the same always.
fn known(acl: &Acl) -> Option<bool> {
    match &*acl.lines {
        [line] => match (line.expr.fetch().name, line.expr.converters().next(), &*line.text) {
            ("always_true", None, "always_true") => Some(true),
            ("always_false", None, "always_false") => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Terms beside each other: do they hold always, or never?
fn constant_terms(terms: &[Term]) -> Option<bool> {
    let keys: HashSet<_> = terms.iter().map(key).collect();
    let opposite = |(name, negated): &(String, bool)| keys.contains(&(name.clone(), !negated)) && !fickle(terms, name);
    if keys.iter().any(opposite) || terms.iter().any(|term| known(&term.acl) == Some(term.negated)) {
        return Some(false);
    }
    terms.iter().all(|term| known(&term.acl) == Some(!term.negated)).then_some(true)
}

/// Whether what it looks at is another value each time.
fn fickle(terms: &[Term], name: &str) -> bool {
    let of_name = terms.iter().filter(|term| key(term).0 == name);
    of_name
        .flat_map(|term| &term.acl.lines)
        .any(|line| matches!(line.expr.fetch().name, "rand" | "uuid" | "date" | "date_us"))
}

/// Does a condition hold always, or never?
fn constant_condition(condition: &Condition) -> Option<bool> {
    let all: Vec<_> = condition.alternatives().collect();
    let each: Vec<Option<bool>> = all.iter().map(|terms| constant_terms(terms)).collect();
    // `a or !a`
    let alone = |terms: &[Term]| match terms {
        [term] => Some(key(term)),
        _ => None,
    };
    let singles: HashSet<_> = all.iter().filter_map(|terms| alone(terms)).collect();
    let both = singles.iter().any(|(name, negated)| singles.contains(&(name.clone(), !negated)));
    let holds = if each.contains(&Some(true)) || both {
        Some(true)
    } else if each.iter().all(|one| *one == Some(false)) {
        Some(false)
    } else {
        None
    };
    holds.map(|holds| holds != condition.is_unless())
}

fn constant(rule: &Rule, found: &mut Diagnostics) {
    let Some(condition) = &rule.condition else { return };
    let (text, help) = match constant_condition(condition) {
        Some(true) => ("this condition always holds", "leave it out"),
        Some(false) => {
            ("this condition never holds: the rule does nothing", "take the rule out, or correct its condition")
        }
        None => {
            if condition.alternatives().any(|terms| constant_terms(terms) == Some(false)) {
                let text = "one of these alternatives never holds";
                let told = Diagnostic::warning("rule.constant-condition", rule.span, text);
                found.push(told.help("take it out, or correct it"));
            }
            return;
        }
    };
    found.push(Diagnostic::warning("rule.constant-condition", rule.span, text).help(help));
}

/// Does it hold always?
fn always(rule: &Rule) -> bool {
    rule.condition.as_ref().is_none_or(|condition| constant_condition(condition) == Some(true))
}

/// What follows a rule that always ends the list, or that ends it whenever this one would hold.
fn unreachable(rules: &Rules, found: &mut Diagnostics) {
    let all: Vec<&Rule> = rules.iter().collect();
    for (at, rule) in all.iter().enumerate() {
        let before = &all[..at];
        if let Some(end) = before.iter().find(|end| end.action.ends() && always(end)) {
            let left = all.len() - at;
            let text = match left {
                1 => "this rule is never reached".to_owned(),
                more => format!(
                    "this rule and {} behind it are never reached",
                    if more == 2 { "the one".to_owned() } else { format!("the {}", more - 1) }
                ),
            };
            let told = Diagnostic::warning("rule.unreachable", rule.span, text);
            found.push(told.also(end.span, "this rule always ends the list"));
            return;
        }
        // Others in between may change what is looked at.
        let ends = before.iter().rev().take_while(|rule| rule.action.ends());
        if let Some(end) = ends.into_iter().find(|end| covers(end, rule)) {
            let told = Diagnostic::warning(
                "rule.unreachable",
                rule.span,
                "this rule never matches: one before it ends the list first",
            );
            found.push(told.also(end.span, "this rule holds whenever the other would"));
        }
    }
}

/// Whenever the later one's condition holds, the earlier one's does.
fn covers(earlier: &Rule, later: &Rule) -> bool {
    let (Some(earlier), Some(later)) = (&earlier.condition, &later.condition) else { return false };
    if earlier.is_unless() || later.is_unless() {
        return false;
    }
    let sets = |condition: &Condition| -> Vec<HashSet<(String, bool)>> {
        condition.alternatives().map(|terms| terms.iter().map(key).collect()).collect()
    };
    let fickle = earlier.alternatives().any(|terms| terms.iter().any(|term| fickle(terms, &key(term).0)));
    let (wide, narrow) = (sets(earlier), sets(later));
    !fickle && narrow.iter().all(|all| wide.iter().any(|any| any.is_subset(all)))
}

/// Fetches of the path as it came.
const RAW: &[&str] = &["path", "pathq", "url", "base", "baseq", "capture.req.uri"];
/// Actions that keep somebody out.
const REFUSALS: &[&str] = &["deny", "tarpit", "reject", "silent-drop", "auth"];

/// Does it keep somebody out, or lead to where that is done?
fn guards(rule: &Rule, routes: bool, file: &File) -> bool {
    if !routes {
        return REFUSALS.contains(&action(rule));
    }
    let name = rule.text.split_whitespace().next().unwrap_or_default();
    let backend = file.backends.get(name);
    backend.is_some_and(|backend| {
        backend.http_request.iter().any(|text| REFUSALS.contains(&text.split_whitespace().next().unwrap_or_default()))
    })
}

/// A guard that looks at the path as it came: `/%61dmin` and `//admin` pass it, and a server may take them for `/admin`. One that lets only
/// what it knows pass is safe.
fn raw_path(rule: &Rule, found: &mut Diagnostics) {
    let Some(condition) = &rule.condition else { return };
    let terms = condition.alternatives().flatten().filter(|term| term.negated == condition.is_unless());
    for term in terms {
        for line in
            term.acl.lines.iter().filter(|line| RAW.contains(&line.expr.fetch().name) && !line.expr.span().is_none())
        {
            let name = line.expr.fetch().name;
            let text = format!(
                "`{name}` is the path as it came: `/%61dmin`, `//admin` and `/x/../admin` are none of `/admin`"
            );
            let mut told = Diagnostic::warning("rule.raw-path", line.expr.span(), text);
            if !term.acl.name.is_empty() {
                told = told.also(rule.span, "this rule keeps out by it");
            }
            let written = line.text.strip_prefix(name).unwrap_or_default();
            let suffix = written
                .strip_prefix('_')
                .map_or_else(String::new, |rest| format!(" -m {}", rest.split([' ', ',']).next().unwrap_or_default()));
            found.push(told.help(format!("compare `path_canonical{suffix}`, which knows them all for one")));
        }
    }
}

/// Names of hosts know no case, and clients may write them in any.
fn host_by_case(rule: &Rule, found: &mut Diagnostics) {
    let lines =
        rule.condition.iter().flat_map(|condition| condition.alternatives().flatten()).flat_map(|term| &term.acl.lines);
    for line in lines.filter(|line| minds_case(line)) {
        let text = "names of hosts are compared letter by letter here, and clients may write them in upper case";
        let told = Diagnostic::warning("rule.host-case", line.expr.span(), text);
        found.push(told.help("add -i before the names, or compare `host_canonical`"));
    }
}

fn minds_case(line: &Line) -> bool {
    const HEADERS: &[&str] = &["hdr", "req.hdr", "req.fhdr", "shdr", "req.shdr"];
    let text = line.expr.text().to_ascii_lowercase();
    let of_host = text
        .split_once('(')
        .is_some_and(|(_, rest)| rest.strip_prefix("host").is_some_and(|rest| rest.starts_with([',', ')'])));
    if !of_host || !HEADERS.contains(&line.expr.fetch().name) || line.expr.span().is_none() {
        return false;
    }
    if line.expr.converters().any(|converter| !matches!(converter.name, "host_only" | "port_only" | "field" | "word")) {
        return false;
    }
    let patterns: Vec<&str> = line.text.get(line.expr.text().len()..).unwrap_or_default().split_whitespace().collect();
    let how = patterns.windows(2).find(|two| two[0] == "-m").map(|two| two[1]);
    let compared = how.is_none_or(|how| ["str", "beg", "end", "sub", "dir", "dom", "reg"].contains(&how));
    let letters = patterns
        .iter()
        .any(|pattern| !pattern.starts_with('-') && pattern.bytes().any(|byte| byte.is_ascii_alphabetic()));
    compared && letters && !patterns.contains(&"-i")
}

fn acls_by_case(acls: &NamedMap<OneOrMany<Spanned<String>>>, found: &mut Diagnostics) {
    let mut seen: HashMap<String, &Spanned<String>> = HashMap::new();
    for (name, _) in acls.iter() {
        if let Some(first) = seen.get(&name.to_ascii_lowercase()) {
            let text = format!("the ACLs `{}` and `{}` differ in case only", first.as_str(), name.as_str());
            let told = Diagnostic::warning("rule.acl-case", name.span(), text);
            found.push(told.also(first.span(), "the other one").help("give one of them another name"));
            continue;
        }
        seen.insert(name.to_ascii_lowercase(), name);
    }
}

/// `redirect scheme https` without a condition, where requests come by https too.
fn redirects(look: &Look<'_>, found: &mut Diagnostics) {
    for (at, rules) in look.rules.frontends.iter().enumerate() {
        let Some(rules) = rules else { continue };
        for rule in rules.http_request.iter().filter(|rule| action(rule) == "redirect" && always(rule)) {
            let mut words = rule.text.split_whitespace().skip(1);
            let (Some("scheme"), Some(scheme)) = (words.next(), words.next()) else { continue };
            let port = match scheme {
                "https" => 443,
                "http" => 80,
                _ => continue,
            };
            let by = look.binds.iter().find(|bind| {
                bind.frontend == at && matches!(bind.place.address, Address::Inet(address) if address.port() == port)
            });
            if by.is_some() {
                let text = format!(
                    "this sends requests in circles that came by {scheme} already: the frontend listens on port {port}"
                );
                let told = Diagnostic::warning("rule.redirect-loop", rule.span, text);
                found.push(told.help(format!("give it a condition such as `if !{{ dst_port {port} }}`")));
            }
        }
    }
}
