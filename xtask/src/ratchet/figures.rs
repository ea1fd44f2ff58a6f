//! The committed figures, by architecture: a JSON file that people read and `--accept` writes.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Instructions a row, on this architecture.
pub struct Figures {
    /// How much more than its figure a row may take.
    tolerance_percent: f64,
    /// Of all architectures.
    all: BTreeMap<String, BTreeMap<String, f64>>,
    architecture: &'static str,
}

/// A row beside its figure; shares of it in percent.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    AsBefore(f64),
    Better(f64),
    Worse(f64),
    /// Nobody has counted it on this architecture.
    New,
}

impl Figures {
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(&text, std::env::consts::ARCH).with_context(|| path.display().to_string())
    }

    fn parse(text: &str, architecture: &'static str) -> Result<Self> {
        let mut value: Value = serde_json::from_str(text)?;
        let tolerance_percent = value["tolerance-percent"].as_f64().context("no tolerance-percent")?;
        let mut all = BTreeMap::new();
        for (architecture, rows) in value["instructions"].as_object_mut().context("no instructions")? {
            let rows = rows.as_object().context("an architecture is no object")?;
            let figure = |(row, figure): (&String, &Value)| Some((row.clone(), figure.as_f64()?));
            all.insert(architecture.clone(), rows.iter().filter_map(figure).collect());
        }
        Ok(Figures { tolerance_percent, all, architecture })
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        let value = json!({ "tolerance-percent": self.tolerance_percent, "instructions": self.all });
        fs::write(path, format!("{value:#}\n")).with_context(|| path.display().to_string())
    }

    pub fn accept(&mut self, row: &str, counted: f64) {
        self.all.entry(self.architecture.to_owned()).or_default().insert(row.to_owned(), counted.round());
    }

    pub fn verdict(&self, row: &str, counted: f64) -> Verdict {
        let Some(figure) = self.all.get(self.architecture).and_then(|rows| rows.get(row)) else { return Verdict::New };
        let percent = (counted / figure - 1.0) * 100.0;
        match percent {
            more if more > self.tolerance_percent => Verdict::Worse(more),
            less if less < -self.tolerance_percent => Verdict::Better(less),
            same => Verdict::AsBefore(same),
        }
    }
}

impl Verdict {
    pub fn is_worse(&self) -> bool {
        matches!(self, Verdict::Worse(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::AsBefore(percent) => write!(f, "{percent:+.1} %, ok"),
            Verdict::Better(percent) => write!(f, "{percent:+.1} %, better: cargo xtask ratchet --accept keeps it"),
            Verdict::Worse(percent) => write!(f, "{percent:+.1} %, TOO MUCH"),
            Verdict::New => f.write_str("no figure for this machine's architecture yet: cargo xtask ratchet --accept"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{ "tolerance-percent": 3, "instructions": { "x86_64": { "h1-100": 10000 } } }"#;

    #[test]
    fn a_row_is_worse_above_the_tolerance_and_better_below_it() {
        let figures = Figures::parse(TEXT, "x86_64").unwrap();
        assert!(matches!(figures.verdict("h1-100", 10_299.0), Verdict::AsBefore(_)));
        assert!(figures.verdict("h1-100", 10_301.0).is_worse());
        assert!(matches!(figures.verdict("h1-100", 9_699.0), Verdict::Better(_)));
    }

    #[test]
    fn another_architecture_has_no_figures_until_they_are_accepted_and_keeps_those_of_the_first() {
        let mut figures = Figures::parse(TEXT, "aarch64").unwrap();
        assert_eq!(figures.verdict("h1-100", 1.0), Verdict::New);
        figures.accept("h1-100", 20_000.4);
        assert!(figures.verdict("h1-100", 20_700.0).is_worse());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("figures.json");
        figures.write(&path).unwrap();
        let both = fs::read_to_string(path).unwrap();
        assert!(matches!(Figures::parse(&both, "x86_64").unwrap().verdict("h1-100", 10_000.0), Verdict::AsBefore(_)));
        assert!(matches!(Figures::parse(&both, "aarch64").unwrap().verdict("h1-100", 20_000.0), Verdict::AsBefore(_)));
    }
}
