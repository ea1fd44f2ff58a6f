//! Every file of `config-examples` is right and runs: its addresses are exchanged for ours, the rest stays as it is.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use plimsoll_testkit::{Client, Lb, Nginx, lb};

fn examples() -> Vec<PathBuf> {
    let folder = lb::root().join("config-examples");
    let entries = fs::read_dir(folder).expect("config-examples").filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}

#[test]
fn every_example_passes_the_check() {
    assert!(!examples().is_empty());
    for file in examples() {
        let output = Command::new(lb::binary()).arg("check").arg("-f").arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {said}", file.display());
    }
}

/// Whether a word is `HOST:PORT` or `*:PORT`.
fn is_address(word: &str) -> bool {
    word.rsplit_once(':').is_some_and(|(host, port)| {
        let known =
            host == "*" || host == "localhost" || host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[');
        known && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The text with every bound address made `127.0.0.1:0` and every server's address one of ours, in turn.
fn with_our_addresses(text: &str, origins: &[String]) -> String {
    let (mut out, mut turn, mut binding) = (String::new(), 0, 0);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let code = line.split(" #").next().unwrap_or_default();
        if code.trim_start().starts_with("bind:") {
            binding = indent + 1;
        } else if !line.trim_start().starts_with('-') && !line.trim().is_empty() && indent < binding {
            binding = 0;
        }
        let mut changed = line.to_owned();
        let words = code.split(|letter: char| letter.is_whitespace() || "\"',{}".contains(letter));
        for word in words.map(|word| word.trim_start_matches('[').trim_end_matches(']')).filter(|word| is_address(word))
        {
            let ours = if binding > 0 { "127.0.0.1:0" } else { &origins[turn % origins.len()] };
            turn += usize::from(binding == 0);
            changed = changed.replacen(word, ours, 1);
        }
        out += &changed;
        out.push('\n');
    }
    out
}

#[test]
fn every_example_runs_and_serves() {
    let origins = [Nginx::start("one"), Nginx::start("two")];
    let addresses: Vec<String> = origins.iter().map(|origin| origin.addr.to_string()).collect();
    for file in examples() {
        let text = with_our_addresses(&fs::read_to_string(&file).unwrap(), &addresses);
        println!("{}", file.display());
        let lb = Lb::start(&text);
        let stderr = lb.stderr();
        let fronts: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("lb: listening on ")).collect();
        assert!(!fronts.is_empty());
        for front in fronts {
            let Ok(addr) = front.split(' ').next().unwrap_or_default().parse() else { continue };
            // The origins speak HTTP, so a GET passes in both modes.
            let mut client = Client::connect(addr).patient(Duration::from_secs(10));
            let response = client.get("/").unwrap_or_else(|end| panic!("{} {front}: {end}", file.display()));
            assert_eq!(response.status, 200, "{} {front}", file.display());
        }
    }
}
