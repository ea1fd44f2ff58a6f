//! Lines as HAProxy writes them: `[ALERT]    (pid) : …` on standard error, verdicts on standard output.

use std::cell::Cell;
use std::fmt::Write as _;

use plimsoll_config::Severity;
use plimsoll_engine::{Findings, PROGRAM};

use crate::say::{self, say};

/// Says what is to be said, unless `-q`.
pub(super) struct Told {
    quiet: bool,
    led: Cell<bool>,
}

impl Told {
    pub(super) fn new(quiet: bool) -> Self {
        say::as_haproxy(quiet);
        Self { quiet, led: Cell::new(false) }
    }

    pub(super) fn alert(&self, text: &str) {
        self.line("ALERT", text);
    }

    pub(super) fn notice(&self, text: &str) {
        self.line("NOTICE", text);
    }

    /// Which program speaks, once and before anything else.
    pub(super) fn lead_lines(&self) {
        if !self.led.replace(true) {
            let of_us = env!("CARGO_PKG_VERSION");
            say(&say::line("NOTICE", &format!("haproxy version is {}-plimsoll {of_us}", PROGRAM.version)));
        }
    }

    fn line(&self, level: &str, text: &str) {
        self.lead_lines();
        say(&say::line(level, text));
    }

    /// Each with its place; what helps stands below.
    pub(super) fn findings(&self, findings: &Findings) {
        for finding in findings.diagnostics().iter() {
            let level = if finding.severity == Severity::Error { "ALERT" } else { "WARNING" };
            let mut text = String::from("config : ");
            if let Some(place) = findings.sources().position(finding.primary.span) {
                let _ = write!(text, "parsing [{}:{}]: ", place.file, place.line);
            }
            text += &finding.message;
            if let Some(help) = &finding.help {
                let _ = write!(text, "\n   | {help}");
            }
            self.line(level, &text);
        }
    }

    /// On standard output.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            println!("{text}");
        }
    }

    /// The end of `-c`.
    pub(super) fn verdict(&self, warned: bool, verbose: bool) {
        if warned {
            self.say("Warnings were found.");
        }
        if verbose {
            self.say("Configuration file is valid");
        }
    }
}
