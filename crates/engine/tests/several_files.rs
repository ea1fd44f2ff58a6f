//! Files, directories and includes are read as one configuration, and each mistake is told in its own file.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_engine::{Findings, Plan, load_files};
use tempfile::TempDir;

/// Writes files into a folder of their own.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &TempDir, names: &[&str]) -> (Option<Plan>, Findings) {
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
    load_files(&paths)
}

/// Findings, one a line, with the folder taken out.
fn told(findings: &Findings, folder: &TempDir) -> String {
    let text = findings.diagnostics().render_short(findings.sources());
    text.replace(&format!("{}/", folder.path().display()), "").replace(&folder.path().display().to_string(), "HERE")
}

const GLOBAL: &str = "defaults: { timeouts: { connect: 1s, client: 1s, server: 1s } }\n";
const WEB: &str = "frontends: { web: { bind: \"127.0.0.1:0\", default-backend: app } }\n";
const APP: &str = "backends: { app: { servers: { a: \"127.0.0.1:1\" } } }\n";

#[test]
fn several_files_are_one_configuration_and_refer_to_each_other() {
    let folder = folder(&[("a.yaml", WEB), ("b.yml", APP), ("c", GLOBAL)]);
    let (plan, findings) = load(&folder, &["a.yaml", "b.yml", "c"]);
    assert!(plan.is_some() && findings.is_empty(), "{}", told(&findings, &folder));
}

#[test]
fn a_directory_is_its_yaml_files_in_order_without_hidden_ones() {
    let folder = folder(&[
        ("site/20.yaml", APP),
        ("site/10.yml", WEB),
        ("site/30.yaml", GLOBAL),
        ("site/.40.yaml", "broken: ["),
        ("site/notes.txt", "broken: ["),
    ]);
    let (plan, findings) = load(&folder, &["site"]);
    assert!(plan.is_some() && findings.is_empty(), "{}", told(&findings, &folder));
}

#[test]
fn a_name_in_two_files_is_told_with_both_places() {
    let folder = folder(&[("a.yaml", WEB), ("b.yaml", APP), ("c.yaml", GLOBAL), ("d.yaml", APP)]);
    let (plan, findings) = load(&folder, &["."]);
    assert!(plan.is_none());
    let said = told(&findings, &folder);
    assert!(said.contains("d.yaml:1:13: error[config.duplicate-key]: `app` stands here and in "), "{said}");
    assert!(findings.render(false).contains("b.yaml:1:13"), "{}", findings.render(false));
}

#[test]
fn includes_are_relative_to_their_file_and_may_be_patterns() {
    let folder = folder(&[
        ("main.yaml", &format!("include: [sites/*.yaml, other/app.yaml]\n{GLOBAL}")),
        ("sites/web.yaml", WEB),
        ("sites/.hidden.yaml", "broken: ["),
        ("other/app.yaml", "include: ../deeper.yaml\n"),
        ("deeper.yaml", APP),
    ]);
    let (plan, findings) = load(&folder, &["main.yaml"]);
    assert!(plan.is_some() && findings.is_empty(), "{}", told(&findings, &folder));
}

#[test]
fn a_pattern_that_matches_nothing_is_nothing_and_a_file_that_is_not_there_an_error() {
    let folder = folder(&[("a.yaml", &format!("include: no/*.yaml\n{GLOBAL}{WEB}{APP}"))]);
    assert!(load(&folder, &["a.yaml"]).0.is_some());
    fs::write(folder.path().join("a.yaml"), format!("include: no/app.yaml\n{GLOBAL}{WEB}")).unwrap();
    let (plan, findings) = load(&folder, &["a.yaml"]);
    assert!(plan.is_none());
    let said = told(&findings, &folder);
    assert!(said.contains("a.yaml:1:10: error[config.unreadable]: cannot read no/app.yaml"), "{said}");
    // The backend may be in the file that cannot be read.
    assert!(!said.contains("unknown-backend"), "{said}");
}

#[test]
fn a_circle_of_includes_is_refused_at_the_line_that_closes_it() {
    let folder = folder(&[
        ("a.yaml", "include: b.yaml\n"),
        ("b.yaml", "\ninclude: [c.yaml]\n"),
        ("c.yaml", "include: a.yaml\n"),
    ]);
    let (plan, findings) = load(&folder, &["a.yaml"]);
    assert!(plan.is_none());
    let said = told(&findings, &folder);
    assert!(said.contains("c.yaml:1:10: error[config.circular]"), "{said}");
    fs::write(folder.path().join("a.yaml"), "include: '*.yaml'\n").unwrap();
    assert!(told(&load(&folder, &["a.yaml"]).1, &folder).contains("a.yaml:1:10: error[config.circular]"));
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let folder = folder(&[("a.yaml", &format!("include: b.yaml\n{WEB}")), ("b.yaml", &format!("{APP}{GLOBAL}"))]);
    let (plan, findings) = load(&folder, &["."]);
    assert!(plan.is_some() && findings.is_empty(), "{}", told(&findings, &folder));
}

#[test]
fn what_cannot_be_read_is_told_without_a_place() {
    let folder = folder(&[("empty/x.txt", "")]);
    let (plan, findings) = load(&folder, &["missing.yaml", "empty"]);
    assert!(plan.is_none());
    let said = told(&findings, &folder);
    assert!(said.contains("error[config.unreadable]: cannot read missing.yaml: No such file"), "{said}");
    assert!(said.contains("empty holds no file that ends in .yaml, .yml or .cfg"), "{said}");
}

#[test]
fn bytes_that_are_not_utf_8_are_shown_and_utf_16_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), b"defaults:\n  mode: caf\xe9\n").unwrap();
    let (_, findings) = load(&folder, &["a.yaml"]);
    assert!(told(&findings, &folder).contains("a.yaml:2:12: error[config.encoding]"), "{}", told(&findings, &folder));
    fs::write(folder.path().join("a.yaml"), b"\xff\xfea\0:\0").unwrap();
    assert!(load(&folder, &["a.yaml"]).1.render(false).contains("UTF-16"));
}

#[test]
fn a_file_without_end_is_too_large() {
    let (plan, findings) = load_files(&[Path::new("/dev/zero").to_owned()]);
    assert!(plan.is_none());
    assert!(findings.render(false).contains("config.limit"), "{}", findings.render(false));
}
