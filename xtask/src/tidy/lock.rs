//! Cargo.lock is committed and holds no crate that we do not want.
//!
//! deny.toml says the same and more; this check needs no tool and no network.

use super::{Finding, House};

/// Crates that never enter, and what takes their place.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "rustls with aws-lc-rs"),
    ("openssl-sys", "rustls with aws-lc-rs"),
    ("native-tls", "rustls with aws-lc-rs"),
    ("ring", "aws-lc-rs: two providers panic at run time"),
    ("rsa", "aws-lc-rs: it is not constant-time"),
    ("serde_yml", "serde_yaml = { package = \"yaml_serde\" }"),
    ("libyml", "serde_yaml = { package = \"yaml_serde\" }"),
    ("yaml-rust", "saphyr-parser"),
    ("rustls-pemfile", "rustls-pki-types"),
    ("lazy_static", "std::sync::LazyLock"),
];

pub fn lock(house: &House) -> Vec<Finding> {
    let Some(file) = house.file("Cargo.lock") else {
        return vec![Finding::new("Cargo.lock", 1, "is not committed", "commit it: what CI tests is what ships")];
    };
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let Some(name) = line.strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"')) else { continue };
        if let Some((_, instead)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            let what = format!("the banned crate {name} is in the tree");
            let remedy = format!("`cargo tree --invert {name}` says who wants it; instead: {instead}");
            findings.push(Finding::new(&file.path, index + 1, what, remedy));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::SourceFile;
    use super::*;

    #[test]
    fn a_banned_crate_is_found_by_its_whole_name() {
        let text = "[[package]]\nname = \"ring-buffer\"\n\n[[package]]\nname = \"ring\"\n";
        let house = House { packages: Vec::new(), files: vec![SourceFile::of("Cargo.lock", text)] };
        let found: Vec<usize> = lock(&house).iter().map(|finding| finding.line).collect();
        assert_eq!(found, [5]);
    }

    #[test]
    fn a_missing_lock_file_is_found() {
        assert_eq!(lock(&House { packages: Vec::new(), files: Vec::new() }).len(), 1);
    }
}
