//! The command line: what it prints, how it exits.

use std::fs;
use std::process::{Command, Output};

use plimsoll_testkit::lb;

fn run(arguments: &[&str]) -> Output {
    Command::new(lb::binary()).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Checks this text as a file.
fn check(yaml: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.yaml");
    fs::write(&file, yaml).unwrap();
    run(&["check", "-f", file.to_str().unwrap()])
}

const GOOD: &str = "defaults: { mode: http }\nfrontends:\n  web:\n    bind: [\"127.0.0.1:0\"]\n    default-backend: app\n\
                    backends:\n  app:\n    balance: roundrobin\n    servers: { a: \"127.0.0.1:1\" }\n";

#[test]
fn a_good_file_passes() {
    let output = check(GOOD);
    assert!(output.status.success(), "{}", text(&output));
}

/// The file fails, and each of these words stands with its line.
#[track_caller]
fn assert_wrong(yaml: &str, errors: &[(&str, usize)]) {
    let output = check(yaml);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for (what, line) in errors {
        assert!(said.contains(&format!("site.yaml:{line}:")), "line {line}: {said}");
        assert!(said.contains(what), "{what}: {said}");
    }
}

#[test]
fn a_broken_file_fails_with_every_error_and_its_line() {
    let broken = GOOD.replace("roundrobin", "roundrobbin").replace("mode: http", "mode: smtp") + "    colour: red\n";
    assert_wrong(&broken, &[("smtp", 1), ("roundrobbin", 8), ("colour", 10)]);
}

#[test]
fn a_reference_to_nothing_fails_with_its_line() {
    assert_wrong(&GOOD.replace("default-backend: app", "default-backend: ap"), &[("ap", 5)]);
}

#[test]
fn text_that_is_no_yaml_fails_with_its_line() {
    let output = check("frontends:\n  web: [\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("site.yaml:"), "{}", text(&output));
}

#[test]
fn a_file_that_is_not_there_is_said_so() {
    for verb in ["check", "run"] {
        let output = run(&[verb, "-f", "/nonexistent/site.yaml"]);
        assert!(!output.status.success());
        assert!(text(&output).contains("/nonexistent/site.yaml"), "{}", text(&output));
    }
}

#[test]
fn run_refuses_what_check_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.yaml");
    fs::write(&file, GOOD.replace("roundrobin", "roundrobbin")).unwrap();
    let output = run(&["run", "-f", file.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(text(&output).contains("site.yaml:8:"), "{}", text(&output));
}

#[test]
fn help_names_every_verb_and_version_the_version() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    for verb in ["run", "check", "demo", "version"] {
        assert!(text(&help).contains(verb), "{verb}: {}", text(&help));
    }
    let version = run(&["version"]);
    assert!(version.status.success());
    assert!(text(&version).contains(env!("CARGO_PKG_VERSION")), "{}", text(&version));
    assert!(!run(&["no-such-verb"]).status.success());
}

#[test]
fn a_port_that_is_taken_is_said_so_with_the_process_that_has_it() {
    let taken = plimsoll_testkit::socket::listen().unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.yaml");
    fs::write(&file, GOOD.replace("127.0.0.1:0", &addr)).unwrap();
    let output = run(&["run", "-f", file.to_str().unwrap()]);
    assert!(!output.status.success());
    let owner = format!("(process {})", std::process::id());
    assert!(text(&output).contains(&addr) && text(&output).contains(&owner), "{}", text(&output));
}
