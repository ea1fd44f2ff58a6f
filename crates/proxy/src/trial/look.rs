//! Looks at the parts of a condition once more, to say why it came out as it did.

use plimsoll_rules::{Acl, Condition, Context, Needs, Slot, Truth, Value};

use super::{Alternative, Look, Tested};

/// So many values of one expression are shown.
const VALUES: usize = 8;
/// So many characters of one value.
const LENGTH: usize = 120;

/// The terms of a condition as they are evaluated: up to the first that does not hold, up to the first alternative that does.
pub(super) fn condition(condition: &Condition, cx: &Context<'_>) -> Vec<Alternative> {
    let mut alternatives = Vec::new();
    for all in condition.alternatives() {
        let mut terms = Vec::new();
        for term in all {
            let (truth, looks) = acl(&term.acl, cx);
            let held = known(truth).map(|held| held != term.negated);
            terms.push(Tested { acl: name(&term.acl), negated: term.negated, held, looks });
            if held == Some(false) {
                break;
            }
        }
        let yes = terms.iter().all(|term| term.held == Some(true));
        alternatives.push(Alternative { terms });
        if yes {
            break;
        }
    }
    alternatives
}

pub(super) const fn known(truth: Truth) -> Option<bool> {
    match truth {
        Truth::Yes => Some(true),
        Truth::No => Some(false),
        Truth::Unknown => None,
    }
}

fn name(acl: &Acl) -> String {
    match &*acl.name {
        "" => acl.lines.iter().map(|line| format!("{{ {} }}", line.text)).collect(),
        name => name.to_owned(),
    }
}

fn acl(acl: &Acl, cx: &Context<'_>) -> (Truth, Vec<Look>) {
    let mut looks = Vec::new();
    for line in &acl.lines {
        let mut values = Vec::new();
        line.expr.any(cx, |value| {
            values.push(shown(&value));
            values.len() == VALUES
        });
        let matched = line.expr.any(cx, |value| line.patterns.matches(value, cx));
        looks.push(Look { expression: line.text.to_string(), values, matched });
        if matched {
            break;
        }
    }
    let truth = acl.holds(cx);
    cx.take_wait();
    (truth, looks)
}

/// A value, for people.
pub(super) fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Ipv4(address) => address.to_string(),
        Value::Ipv6(address) => address.to_string(),
        Value::Str(text) | Value::Method(text) => quoted(text),
        Value::Bin(bytes) => {
            let hex: String = bytes.iter().take(LENGTH / 2).map(|byte| format!("{byte:02x}")).collect();
            format!("0x{hex}{}", if bytes.len() > LENGTH / 2 { "…" } else { "" })
        }
    }
}

fn quoted(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let short: String = text.chars().take(LENGTH).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", short.escape_debug().to_string().replace("\\'", "'"))
}

/// What is not the same every time, of all that a condition looks at.
pub(super) fn uncertain(condition: &Condition) -> Vec<String> {
    let lines = condition.alternatives().flatten().flat_map(|term| &term.acl.lines);
    lines.filter_map(|line| why(line.expr.fetch().name, line.expr.fetch().needs)).collect()
}

fn why(name: &str, needs: Needs) -> Option<String> {
    let of_proxies = match needs {
        Needs::All(slots) | Needs::OneOf(slots) => slots.contains(&Slot::Proxies),
    };
    match name {
        "date" | "date_us" | "hostname" | "nbproc" | "thread" => Some(format!("`{name}` was looked at here and now")),
        "rand" | "uuid" => Some(format!("`{name}` is another value each time")),
        _ if of_proxies && !FIXED.contains(&name) => {
            Some(format!("`{name}` looks at live figures: here every server is up and nobody else is served"))
        }
        _ => None,
    }
}

/// They look at the proxies, but not at what changes.
const FIXED: &[&str] =
    &["fe_name", "fe_id", "be_name", "be_id", "srv_name", "srv_id", "fe_defbe", "http_auth", "http_auth_group"];
