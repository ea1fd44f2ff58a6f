//! Runs `expectations.table`: a configuration, and every finding of sense that must come of it, with line, column, code, caret text,
//! message and help. The form is that of `config`'s table; here the keys are the real ones, and the world around is a small one.

use std::net::SocketAddr;

use plimsoll_config::{Diagnostic, Sources};
use plimsoll_engine::{Surroundings, load_text_in};

/// Names that end in `.known` have an address; 1,024 descriptors, 100 source ports.
fn surroundings() -> Surroundings<'static> {
    Surroundings {
        resolve: &|host, port, _| match host.ends_with(".known") {
            true => Ok(SocketAddr::from(([127, 0, 0, 1], port))),
            false => Err("no such name".to_owned()),
        },
        descriptors: 1024,
        source_ports: 100,
        pipe_room: 1 << 20,
        ..Surroundings::none()
    }
}

fn shown(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let place = |span| sources.position(span).map_or("?".to_owned(), |at| format!("{}:{}", at.line, at.column));
    let primary = diagnostic.primary.span;
    let mut line =
        format!("{} {} ‹{}› {}", place(primary), diagnostic.code, sources.slice(primary), diagnostic.message);
    if let Some(help) = &diagnostic.help {
        line += &format!(" ⇒ {help}");
    }
    for label in &diagnostic.secondary {
        line += &format!("\nalso {} ‹{}› {}", place(label.span), sources.slice(label.span), label.text);
    }
    line
}

#[test]
fn every_case_of_the_table_gives_exactly_its_findings() {
    let table = include_str!("expectations.table");
    let mut failures = String::new();
    let mut cases = 0;
    for case in table.split("\n=== ").skip(1) {
        let (title, rest) = case.split_once('\n').expect("a title line");
        let (text, expected) = rest.split_once("---->\n").unwrap_or_else(|| panic!("no arrow in `{title}`"));
        // Time-outs are a matter of few cases: the others have them in one last line.
        let text = if title.contains("time-out") { text.to_owned() } else { text.to_owned() + TIMEOUTS };
        let (plan, findings) = load_text_in("f.yaml", &text, &surroundings());
        let got: Vec<_> =
            findings.diagnostics().iter().map(|diagnostic| shown(diagnostic, findings.sources())).collect();
        assert_eq!(plan.is_some(), findings.errors() == 0, "{title}: a plan exactly when there is no error");
        assert!(findings.render(true).len() >= findings.render(false).len());
        if got.join("\n").trim() != expected.trim() {
            failures += &format!("\n=== {title}\n{text}---->\n{}\n", got.join("\n"));
        }
        cases += 1;
    }
    assert!(failures.is_empty(), "these cases give something else:\n{failures}");
    assert!(cases >= 35, "only {cases} cases");
}

const TIMEOUTS: &str = "defaults: { timeouts: { connect: 1s, client: 1s, server: 1s } }\n";
