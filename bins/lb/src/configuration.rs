//! Which files are the configuration, and what they are written in.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_engine::Language;

/// What verbs that read a configuration are told.
#[derive(Debug, Args)]
pub struct Configuration {
    /// A file in YAML, or in HAProxy's language if its name ends in `.cfg`, or a directory of them; repeat for several, which are read as one
    /// configuration.
    #[arg(short, long = "file", value_name = "PATH", required = true)]
    files: Vec<PathBuf>,
    /// What the files are written in, whatever their names are.
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<Written>,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Written {
    /// YAML.
    Yaml,
    /// HAProxy's, as in haproxy.cfg.
    Haproxy,
}

impl Configuration {
    /// The files; from now on this process reads them as what they are said to be.
    pub fn files(&self) -> &[PathBuf] {
        match self.language {
            None => {}
            Some(Written::Yaml) => plimsoll_engine::read_as(Language::Yaml),
            Some(Written::Haproxy) => plimsoll_engine::read_as(Language::Haproxy),
        }
        &self.files
    }
}

/// The arguments by which another process of ours reads the same.
pub fn again(files: &[PathBuf]) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let language = match plimsoll_engine::read_language() {
        Language::ByName => None,
        Language::Yaml => Some("yaml"),
        Language::Haproxy => Some("haproxy"),
    };
    if let Some(language) = language {
        arguments.extend(["--language".into(), language.into()]);
    }
    for file in files {
        arguments.extend(["-f".into(), file.into()]);
    }
    arguments
}
