//! `tidy`: the habits of the house that a program can check, each finding with its place and its remedy.
//!
//! Start reading at [`CHECKS`]. A new check is a function and a row there.

mod directives;
mod floors;
mod links;
mod lock;
mod rows;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::suites::Closing;
use crate::workspace;

/// Check what rustc and clippy do not: floors, names in ARCHITECTURE.md, file sizes, banned words and crates, links.
///
/// Looks at the files that git knows and at new ones that it does not ignore. Every finding is printed, with
/// file:line and what to do about it.
#[derive(clap::Args)]
pub struct Tidy {
    /// Run this check only.
    #[arg(long, value_name = "NAME", value_parser = names())]
    only: Option<String>,
}

/// What a check sees: the workspace, read once.
pub struct House {
    pub packages: Vec<floors::Package>,
    pub files: Vec<SourceFile>,
}

/// A text file of the checkout; paths are relative to its root.
pub struct SourceFile {
    pub path: PathBuf,
    pub text: String,
}

/// Something to put right.
pub struct Finding {
    pub path: PathBuf,
    pub line: usize,
    pub what: String,
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n    do: {}", self.path.display(), self.line, self.what, self.remedy)
    }
}

impl Finding {
    pub fn new(path: impl Into<PathBuf>, line: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { path: path.into(), line, what: what.into(), remedy: remedy.into() }
    }
}

type Check = fn(&House) -> Vec<Finding>;

const CHECKS: &[(&str, Check)] = &[
    ("floors", floors::floors),
    ("named", floors::named),
    ("lints", floors::lints),
    ("opening", text::opening),
    ("size", text::size),
    ("words", text::words),
    ("sleeps", text::sleeps),
    ("lock", lock::lock),
    ("links", links::links),
    ("directives", directives::directives),
    ("rows", rows::rows),
];

fn names() -> Vec<&'static str> {
    CHECKS.iter().map(|(name, _)| *name).collect()
}

/// Every check: CI's step.
pub fn all() -> Result<Closing> {
    Tidy { only: None }.run().map(|()| Vec::new())
}

impl Tidy {
    pub fn run(self) -> Result<()> {
        let house = House::read()?;
        let mut count = 0;
        for (name, check) in CHECKS {
            if self.only.as_deref().is_some_and(|only| only != *name) {
                continue;
            }
            for finding in check(&house) {
                println!("{finding} [{name}]");
                count += 1;
            }
        }
        if count > 0 {
            bail!("tidy: {count} findings");
        }
        println!("tidy: {} packages, {} files, nothing to put right", house.packages.len(), house.files.len());
        Ok(())
    }
}

impl House {
    fn read() -> Result<Self> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(workspace::root())
            .output()
            .context("git ls-files")?;
        ensure!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
        let listed = String::from_utf8(output.stdout)?;
        let mut files = Vec::new();
        for path in listed.split_terminator('\0').map(Path::new) {
            // Fuzz corpora and other bytes are not text; a file that is listed but deleted is none either.
            if let Ok(text) = std::fs::read_to_string(workspace::root().join(path)) {
                files.push(SourceFile { path: path.to_owned(), text });
            }
        }
        Ok(House { packages: floors::packages()?, files })
    }

    /// Files with this extension.
    pub fn with_extension<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = &'a SourceFile> {
        self.files.iter().filter(move |file| file.path.extension().is_some_and(|found| found == extension))
    }

    pub fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == Path::new(path))
    }
}

#[cfg(test)]
impl SourceFile {
    fn of(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.into(), text: text.to_owned() }
    }
}
