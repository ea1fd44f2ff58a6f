//! Floors: a crate uses only crates on lower floors, is named in ARCHITECTURE.md, and takes the workspace's lints.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Finding, House, SourceFile};
use crate::workspace;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Floor {
    Numbered(u64),
    /// Wires everything; nothing uses it.
    Roof,
    /// Used by tests only.
    Development,
}

/// A package of the workspace, as cargo sees it.
pub struct Package {
    pub name: String,
    /// Relative to the root of the checkout.
    pub manifest: PathBuf,
    pub floor: Option<Floor>,
    pub uses: Vec<Use>,
}

/// One of our packages in another's manifest.
pub struct Use {
    pub name: String,
    pub in_tests_only: bool,
}

pub fn packages() -> Result<Vec<Package>> {
    let metadata = workspace::metadata()?;
    let list = metadata["packages"].as_array().context("cargo metadata without packages")?;
    let names: Vec<&str> = list.iter().filter_map(|package| package["name"].as_str()).collect();
    list.iter().map(|package| read(package, &names)).collect()
}

fn read(package: &Value, ours: &[&str]) -> Result<Package> {
    let name = package["name"].as_str().context("a package without a name")?.to_owned();
    let manifest = Path::new(package["manifest_path"].as_str().context("no manifest_path")?);
    let floor = match &package["metadata"]["floor"] {
        Value::Null => None,
        Value::String(word) if word == "roof" => Some(Floor::Roof),
        Value::String(word) if word == "development" => Some(Floor::Development),
        other => match other.as_u64() {
            Some(number) => Some(Floor::Numbered(number)),
            None => bail!("{name}: package.metadata.floor is {other}; it is a number, \"roof\" or \"development\""),
        },
    };
    let dependencies = package["dependencies"].as_array().context("no dependencies")?;
    let uses = dependencies.iter().filter_map(|dependency| {
        let name = dependency["name"].as_str().filter(|name| ours.contains(name))?;
        // `kind` is null for a normal dependency, "dev" or "build".
        Some(Use { name: name.to_owned(), in_tests_only: dependency["kind"] == "dev" })
    });
    Ok(Package {
        name,
        manifest: manifest.strip_prefix(workspace::root()).unwrap_or(manifest).to_owned(),
        floor,
        uses: uses.collect(),
    })
}

/// Each use goes down.
pub fn floors(house: &House) -> Vec<Finding> {
    let floor_of = |name: &str| house.packages.iter().find(|package| package.name == name).and_then(|p| p.floor);
    let mut findings = Vec::new();
    for package in &house.packages {
        let Some(floor) = package.floor else {
            findings.push(Finding::new(
                &package.manifest,
                1,
                format!("{} has no floor", package.name),
                "add `[package.metadata]` with `floor = N` and its line in ARCHITECTURE.md",
            ));
            continue;
        };
        for used in &package.uses {
            let Some(below) = floor_of(&used.name) else { continue };
            if !allowed(floor, below, used.in_tests_only) {
                findings.push(Finding::new(
                    &package.manifest,
                    line_of(house.file(&package.manifest.to_string_lossy()), &used.name),
                    format!("{} ({}) uses {} ({})", package.name, word(floor), used.name, word(below)),
                    "use only lower floors: hand the thing in from above, or move the shared part down",
                ));
            }
        }
    }
    findings
}

fn allowed(user: Floor, used: Floor, in_tests_only: bool) -> bool {
    match (user, used) {
        // Strangers stay strangers in tests too: only what lies lower, or is made for tests.
        (Floor::Numbered(user), Floor::Numbered(used)) => user.cmp(&used) == Ordering::Greater,
        (_, Floor::Development) => in_tests_only || user == Floor::Development,
        (_, Floor::Roof) => false,
        (Floor::Roof | Floor::Development, Floor::Numbered(_)) => true,
    }
}

fn word(floor: Floor) -> String {
    match floor {
        Floor::Numbered(number) => format!("floor {number}"),
        Floor::Roof => "roof".to_owned(),
        Floor::Development => "development".to_owned(),
    }
}

/// Line on which a file first names something; 1 if it does not.
fn line_of(file: Option<&SourceFile>, name: &str) -> usize {
    let lines = file.into_iter().flat_map(|file| file.text.lines());
    lines.enumerate().find(|(_, line)| line.contains(name)).map_or(1, |(index, _)| index + 1)
}

/// Each crate stands in ARCHITECTURE.md, by its folder's or its package's name in backquotes or in the floors' table.
pub fn named(house: &House) -> Vec<Finding> {
    let Some(architecture) = house.file("ARCHITECTURE.md") else {
        return vec![Finding::new(
            "ARCHITECTURE.md",
            1,
            "does not exist",
            "write it: floors, a request's way, invariants",
        )];
    };
    let words: Vec<&str> =
        architecture.text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '/' | '_'))).collect();
    let unnamed = house.packages.iter().filter(|package| {
        let folder = package.manifest.parent().and_then(Path::to_str).unwrap_or_default();
        let short = folder.rsplit('/').next().unwrap_or_default();
        !words.iter().any(|word| [folder, short, &*package.name].contains(&word.trim_end_matches('/')))
    });
    unnamed
        .map(|package| {
            let what = format!("{} is not named in ARCHITECTURE.md", package.name);
            Finding::new(&package.manifest, 1, what, "give it its line among the floors")
        })
        .collect()
}

/// Each manifest of ours takes the lints of the workspace.
pub fn lints(house: &House) -> Vec<Finding> {
    let takes = |file: &SourceFile| {
        let mut lines = file.text.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
        lines.next().is_some_and(|line| line.replace(' ', "") == "workspace=true")
    };
    let manifests = house.packages.iter().filter_map(|package| house.file(&package.manifest.to_string_lossy()));
    manifests
        .filter(|file| !takes(file))
        .map(|file| {
            Finding::new(&file.path, 1, "does not take the workspace's lints", "add `[lints]` and `workspace = true`")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, floor: Floor, uses: &[(&str, bool)]) -> Package {
        let uses = uses.iter().map(|(name, tests)| Use { name: (*name).to_owned(), in_tests_only: *tests });
        Package {
            name: name.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml").into(),
            floor: Some(floor),
            uses: uses.collect(),
        }
    }

    #[test]
    fn a_use_upwards_or_across_is_found_even_in_tests() {
        let house = House {
            packages: vec![
                package("low", Floor::Numbered(1), &[("high", false), ("kit", true)]),
                package("left", Floor::Numbered(3), &[("right", true), ("low", false)]),
                package("right", Floor::Numbered(3), &[]),
                package("high", Floor::Numbered(7), &[("low", false), ("kit", false)]),
                package("kit", Floor::Development, &[]),
                package("bin", Floor::Roof, &[("high", false)]),
            ],
            files: vec![SourceFile::of("crates/low/Cargo.toml", "[dependencies]\nhigh.workspace = true\n")],
        };
        let found: Vec<String> =
            floors(&house).iter().map(|f| format!("{}:{} {}", f.path.display(), f.line, f.what)).collect();
        assert_eq!(
            found,
            [
                "crates/low/Cargo.toml:2 low (floor 1) uses high (floor 7)",
                "crates/left/Cargo.toml:1 left (floor 3) uses right (floor 3)",
                "crates/high/Cargo.toml:1 high (floor 7) uses kit (development)",
            ]
        );
    }

    #[test]
    fn a_crate_counts_as_named_only_as_a_whole_word() {
        let house = House {
            packages: vec![package("net", Floor::Numbered(3), &[]), package("http", Floor::Numbered(3), &[])],
            files: vec![SourceFile::of("ARCHITECTURE.md", "| 3 | `net` | sockets |\nthe https way\n")],
        };
        let found: Vec<String> = named(&house).into_iter().map(|finding| finding.what).collect();
        assert_eq!(found, ["http is not named in ARCHITECTURE.md"]);
    }
}
