//! What the command line says about configurations and codes: findings in four forms, explanations, schema, completions, manual.

use std::fs;
use std::process::{Command, Output};

use plimsoll_testkit::lb;
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    Command::new(lb::binary()).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const WRONG: &str = "frontends:\n  web: { bind: \"127.0.0.1:0\", default-backend: ap }\nbackends:\n  app: {}\n";

/// Checks [`WRONG`] in this form.
fn check(form: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.yaml");
    fs::write(&file, WRONG).unwrap();
    let output = run(&["check", "--format", form, "-f", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{form}");
    output
}

#[test]
fn json_is_one_object_on_standard_output() {
    let output = check("json");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let value: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let error = value["diagnostics"].as_array().unwrap().iter().find(|one| one["severity"] == "error").unwrap();
    assert_eq!(error["code"], "config.unknown-backend");
    assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(2), Some(48)));
    assert_eq!((error["end"]["line"].as_u64(), error["end"]["column"].as_u64()), (Some(2), Some(50)));
    assert!(error["file"].as_str().unwrap().ends_with("site.yaml"));
    assert_eq!(error["help"], "did you mean `app`?");
    assert_eq!(value["errors"], 1);
}

#[test]
fn sarif_has_what_editors_look_for() {
    let value: Value = serde_json::from_str(&stdout(&check("sarif"))).unwrap();
    assert_eq!(value["version"], "2.1.0");
    let run = &value["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["shortDescription"]["text"].as_str().unwrap().ends_with('.'));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].as_str().unwrap().starts_with("file:///"));
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
    }
}

#[test]
fn short_findings_are_a_line_each() {
    let output = check("short");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("site.yaml:2:48: error[config.unknown-backend]: unknown backend `ap`\n"), "{said}");
}

#[test]
fn warnings_fail_when_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.yaml");
    fs::write(&file, WRONG.replace("ap }", "app }")).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(run(&["check", "-f", file]).status.code(), Some(0));
    assert_eq!(run(&["check", "--strict", "-f", file]).status.code(), Some(1));
}

#[test]
fn every_code_that_is_listed_is_explained() {
    let listed = stdout(&run(&["explain"]));
    assert!(listed.lines().count() > 60, "{listed}");
    for code in ["config.not-yet", "server.connect.refused", "[config.missing-timeout]"] {
        let output = run(&["explain", code]);
        assert!(output.status.success() && stdout(&output).contains("What to change:"), "{code}");
    }
    let output = run(&["explain", "config.unknown-kee"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("did you mean `config.unknown-key`?"), "{said}");
}

#[test]
fn schema_completions_and_manual_are_what_their_readers_take() {
    let schema: Value = serde_json::from_str(&stdout(&run(&["schema"]))).unwrap();
    assert!(schema["properties"]["frontends"].is_object());
    assert!(stdout(&run(&["completions", "bash"])).contains("_lb()"));
    assert!(stdout(&run(&["man"])).contains(".TH lb 1"));
    let folder = tempfile::tempdir().unwrap();
    assert!(run(&["man", "--folder", folder.path().to_str().unwrap()]).status.success());
    assert!(folder.path().join("lb-check.1").exists());
}
