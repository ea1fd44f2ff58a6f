//! Every key that HAProxy has a word for is written by a directive of haproxy.cfg, or says that there is none (`—`).

use std::collections::HashSet;

use super::{Finding, House};

const KEYS: &str = "docs/keys.md";
/// Generated from the tables of directives, and tested to be so.
const DIRECTIVES: &str = "docs/reference/directives.md";
/// Pages of their own, which HAProxy has inside a proxy.
const ELSEWHERE: [&str; 2] = ["`global.admin`", "`named-defaults`"];

pub fn directives(house: &House) -> Vec<Finding> {
    let text = |path: &str| {
        let file = house.files.iter().find(|file| file.path.as_os_str() == path);
        file.map_or("", |file| file.text.as_str())
    };
    let written = text(DIRECTIVES);
    let known: HashSet<&str> = written.lines().filter_map(|line| line.split(" | ").nth(2)).flat_map(codes).collect();
    // A directive that is told to do nothing yet is a directive.
    let told: HashSet<&str> = written
        .lines()
        .skip_while(|line| *line != "## Not supported yet")
        .filter_map(|line| codes(line).next())
        .collect();
    let (mut section, mut findings) = (String::new(), Vec::new());
    for (number, line) in text(KEYS).lines().enumerate() {
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut section);
        }
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let (Some(key), Some(word)) = (cells.first().and_then(|cell| codes(cell).next()), cells.get(1)) else {
            continue;
        };
        let Some(prefix) = prefix(&section).filter(|_| word.starts_with('`')) else { continue };
        // It stands in the line that begins a section.
        if key == "from" {
            continue;
        }
        let path = format!("{prefix}{key}");
        let inside = format!("{path}.");
        let is_told = codes(word).any(|word| told.contains(word));
        if !is_told && !known.contains(path.as_str()) && !known.iter().any(|known| known.starts_with(&inside)) {
            let what = format!("no directive of haproxy.cfg writes `{path}`");
            let help = "add a row to the owner's DIRECTIVES, or `—` as HAProxy's word: lb has it alone";
            findings.push(Finding::new(KEYS, number + 1, what, help));
        }
    }
    findings
}

/// Where the keys of a section lie below their proxy, their line or `global`; `None`: not in haproxy.cfg.
fn prefix(section: &str) -> Option<&'static str> {
    if ELSEWHERE.contains(&section) {
        return None;
    }
    Some(match section.trim_matches('`') {
        "global"
        | "defaults"
        | "frontends.NAME"
        | "backends.NAME"
        | "backends.NAME.servers.NAME"
        | "frontends.NAME.bind" => "",
        "global.tune" => "tune.",
        "global.tune.vars" => "tune.vars.",
        "global.log" => "log.",
        "global.runtime-api" => "runtime-api.",
        "tcp-request" => "tcp-request.",
        "tcp-response" => "tcp-response.",
        "source" => "source.",
        "stats" => "stats.",
        "backends.NAME.health-check" => "health-check.",
        "timeouts" => "timeouts.",
        _ => return None,
    })
}

fn codes(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}
