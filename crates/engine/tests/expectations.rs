//! Runs `expectations.table`: a configuration, and every finding of sense that must come of it, with line, column, code, caret text,
//! message and help. The form is that of `config`'s table; here the keys are the real ones, and the world around is a small one.

use std::net::SocketAddr;

use plimsoll_engine::{Surroundings, load_text_in};
use plimsoll_testkit::expectations;

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

#[test]
fn every_case_of_the_table_gives_exactly_its_findings() {
    run(include_str!("expectations.table"), 35);
}

#[test]
fn every_lint_of_rules_finds_what_it_should_and_nothing_else() {
    run(include_str!("lints.table"), 13);
}

fn run(table: &str, least: usize) {
    expectations(table, least, |title, text| {
        // Time-outs are a matter of few cases: the others have them in one last line.
        let text = if title.contains("time-out") { text.to_owned() } else { text.to_owned() + TIMEOUTS };
        let (plan, findings) = load_text_in("f.yaml", &text, &surroundings());
        assert_eq!(plan.is_some(), findings.errors() == 0, "{title}: a plan exactly when there is no error");
        assert!(findings.render(true).len() >= findings.render(false).len());
        findings.diagnostics().iter().map(|diagnostic| diagnostic.spelled(findings.sources())).collect()
    });
}

const TIMEOUTS: &str = "defaults: { timeouts: { connect: 1s, client: 1s, server: 1s } }\n";
