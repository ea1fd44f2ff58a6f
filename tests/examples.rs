//! Every file of `config-examples` is right, runs as it is (its addresses are variables), and survives a killed server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::{Client, Lb, Nginx, Socket, eventually, lb};
use plimsoll_tests::Load;

const SOON: Duration = Duration::from_secs(20);

fn examples() -> Vec<PathBuf> {
    let folder = lb::root().join("config-examples");
    let entries = fs::read_dir(folder).expect("config-examples").filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The variables that every example reads: where it listens and where its servers are.
fn variables(folder: &Path, origins: &[&Nginx]) -> Vec<(String, String)> {
    let socket = folder.join("example.sock").display().to_string();
    let mut variables = vec![("LISTEN".into(), "127.0.0.1:0".into()), ("SOCKET".into(), socket)];
    for (number, origin) in origins.iter().cycle().take(4).enumerate() {
        variables.push((format!("ORIGIN{}", number + 1), origin.addr.to_string()));
    }
    variables
}

fn start(file: &Path, folder: &Path, origins: &[&Nginx]) -> Lb {
    let text = fs::read_to_string(file).expect("an example");
    Lb::start_with(&text, &Start { variables: variables(folder, origins), ..Start::default() })
}

/// The first TCP address it listens on.
fn first_front(lb: &Lb) -> std::net::SocketAddr {
    let said = lb.stderr();
    let mut lines =
        said.lines().filter_map(|line| line.strip_prefix("lb: listening on ")?.split(' ').next()?.parse().ok());
    lines.next().unwrap_or_else(|| panic!("an address in:\n{said}"))
}

#[test]
fn every_example_passes_the_check() {
    for file in examples() {
        let output = Command::new(lb::binary()).arg("check").arg("-f").arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {said}", file.display());
    }
}

#[test]
fn every_example_serves_and_survives_a_killed_server() {
    for file in examples() {
        println!("{}", file.display());
        let (folder, mut one, two) = (tempfile::tempdir().unwrap(), Nginx::start("one"), Nginx::start("two"));
        let lb = start(&file, folder.path(), &[&one, &two]);
        let addr = first_front(&lb);
        let text = fs::read_to_string(&file).unwrap();
        if text.contains("mode: tcp") {
            // A TCP connection ends with its server; the next one must not notice.
            one.kill();
            for _ in 0..10 {
                let mut client = Client::connect(addr);
                assert_eq!(client.get("/").unwrap().text(), "two", "{}", file.display());
            }
            continue;
        }
        let load = Load::start(addr, 4);
        let before = load.done();
        eventually("200 requests while both live", SOON, || load.done() > before + 200);
        one.kill();
        let before = load.done();
        eventually("200 requests while one is dead", SOON, || load.done() > before + 200);
        let failures = load.stop();
        assert!(failures.is_empty(), "{}: {failures:?}", file.display());
        assert!(Socket::connect(one.addr).is_err());
    }
}
