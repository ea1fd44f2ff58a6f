//! Files that were written for HAProxy: checked, imported and served as they are.

use std::fs;
use std::process::{Command, Output};

use plimsoll_testkit::lb;

fn run(arguments: &[&str]) -> Output {
    Command::new(lb::binary()).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const SITE: &str = "# everybody\ndefaults\n mode http\n timeout client 5s\nfrontend web\n bind 127.0.0.1:0\n \
                    # nothing is put\n http-request deny if { method PUT }\n default_backend app\nbackend app\n \
                    timeout connect 1s\n timeout server 1s\n server a 127.0.0.1:1\n";

#[test]
fn a_name_says_what_a_file_is_written_in_unless_the_command_line_does() {
    let folder = tempfile::tempdir().unwrap();
    for (name, more, good) in [
        ("haproxy.cfg", &[][..], true),
        ("site.conf", &[], false),
        ("site.conf", &["--language", "haproxy"], true),
        ("haproxy.cfg", &["--language", "yaml"], false),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, SITE).unwrap();
        let output = run(&[&["check", "-f", file.to_str().unwrap()], more].concat());
        assert_eq!(output.status.success(), good, "{name} {more:?}: {}", said(&output));
    }
}

#[test]
fn an_import_prints_yaml_that_is_valid_and_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let (cfg, yaml) = (folder.path().join("haproxy.cfg"), folder.path().join("lb.yaml"));
    fs::write(&cfg, format!("{SITE} fullconn 10\n")).unwrap();
    let output = run(&["import", cfg.to_str().unwrap(), "-o", yaml.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let report = said(&output);
    assert!(report.contains("haproxy.cfg:14: not supported yet: `fullconn`"), "{report}");
    assert!(
        report.ends_with("lb: 11 of 12 lines translated (91 %), 1 not supported yet, 0 without effect here, 0 wrong\n"),
        "{report}"
    );
    let written = fs::read_to_string(&yaml).unwrap();
    assert!(written.contains("# everybody\ndefaults:\n  mode: http\n"), "{written}");
    assert!(written.contains("    # nothing is put\n    http-request: \"deny if { method PUT }\"\n"), "{written}");
    let output = run(&["check", "--strict", "-f", yaml.to_str().unwrap()]);
    assert!(output.status.success(), "{}\n{written}", said(&output));
}

/// Debian's package has these, and the file that it installs. What is wrong in them is named: nothing that is supported may be.
#[test]
fn debians_own_files_are_read_and_what_is_missing_is_named() {
    // What no later issue brings, or what the file itself has to have on the machine.
    let known = [
        "no fetch is called `ssl_fc`",
        "no fetch is called `wurfl-get-all`",
        "`cache-use` is not supported yet",
        "`cache-store` is not supported yet",
        "`0.0.0.0` has no port",
        "have different modes",
    ];
    let mut files = vec![std::path::PathBuf::from("/etc/haproxy/haproxy.cfg")];
    let examples = fs::read_dir("/usr/share/doc/haproxy/examples").unwrap().map(|entry| entry.unwrap().path());
    files.extend(examples.filter(|path| path.extension().is_some_and(|end| end == "cfg")));
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        let name = file.to_str().unwrap();
        let output = run(&["check", "--format", "short", "-f", name]);
        for line in said(&output).lines().filter(|line| line.contains(": error[")) {
            assert!(
                line.contains("error[config.unsupported]") || known.iter().any(|known| line.contains(known)),
                "{line}"
            );
        }
        let report = said(&run(&["import", name]));
        println!("{name}: {}", report.lines().last().unwrap_or_default());
    }
}
