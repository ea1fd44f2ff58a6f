//! Runs `haproxy_cfg.table`: a haproxy.cfg, and every finding that must come of it, with line, column, code, caret text, message and help;
//! and asks HAProxy whether it refuses the same files.

use plimsoll_engine::{Surroundings, load_text_in};
use plimsoll_testkit::expectations;

const TABLE: &str = include_str!("haproxy_cfg.table");

#[test]
fn every_broken_file_is_told_as_written() {
    expectations(TABLE, 50, |title, text| {
        let surroundings =
            Surroundings { env: &|name| (name == "HOME").then(|| "/root".to_owned()), ..Surroundings::none() };
        let (plan, findings) = load_text_in("f.cfg", text, &surroundings);
        assert_eq!(plan.is_some(), findings.errors() == 0, "{title}: a plan exactly when there is no error");
        // What is missing elsewhere is the matter of other tables.
        let quiet = [
            "config.missing-timeout",
            "config.no-bind",
            "config.no-server",
            "config.unused-backend",
            "config.no-backend",
            "config.no-frontend",
        ];
        let findings = (findings.diagnostics(), findings.sources());
        findings.0.iter().filter(|found| !quiet.contains(&found.code)).map(|found| found.spelled(findings.1)).collect()
    });
}
