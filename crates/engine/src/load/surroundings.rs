//! What a configuration is read against: environment, names, the machine's limits. Tests and fuzzers bring their own.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use plimsoll_net::Family;
use plimsoll_process::keeper;
use plimsoll_rules::PatternFiles;

use super::files::{Ask, Disk, Files};
use super::wishes::{self, Wishes};

/// Looks a name up; the error says why there is no address.
pub type Resolve<'s> = &'s dyn Fn(&str, u16, Option<Family>) -> Result<SocketAddr, String>;

/// What a file is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// HAProxy's if its name ends in `.cfg`, otherwise YAML.
    #[default]
    ByName,
    /// YAML.
    Yaml,
    /// HAProxy's.
    Haproxy,
}

impl Language {
    pub(super) fn is_haproxy(self, name: &str) -> bool {
        match self {
            Self::ByName => name.ends_with(".cfg"),
            Self::Yaml => false,
            Self::Haproxy => true,
        }
    }
}

/// What the files of this process are written in: it was started with files of one kind, and reads them again in whichever thread.
static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// From now on files are read as that, in this process. The first call counts.
pub fn read_as(language: Language) {
    let _ = LANGUAGE.set(language);
}

/// What files of this process are read as.
#[must_use]
pub fn read_language() -> Language {
    LANGUAGE.get().copied().unwrap_or_default()
}

/// What the loader asks of the world around the file.
pub struct Surroundings<'s> {
    /// Answers for `${VAR}`.
    pub env: &'s dyn Fn(&str) -> Option<String>,
    /// What the files are written in.
    pub language: Language,
    /// Answers for names of servers.
    pub resolve: Resolve<'s>,
    /// Answers for files.
    pub files: &'s dyn Files,
    /// File descriptors that the process may have: `maxconn` is compared with them.
    pub descriptors: u64,
    /// Source ports for connections to one server address.
    pub source_ports: u64,
    /// Bytes that a pipe may have room for.
    pub pipe_room: u64,
    /// Workers where the file says `auto`.
    pub cpus: usize,
    /// The lists of patterns that are in force.
    pub patterns: PatternFiles,
    /// What the command line wants.
    pub wishes: &'s Wishes,
}

/// The lists of patterns of this process: they outlive configurations, and are found before there is an engine.
static PATTERNS: LazyLock<PatternFiles> = LazyLock::new(PatternFiles::default);

impl Surroundings<'_> {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            env: &variable,
            language: read_language(),
            resolve: &system,
            files: &Disk,
            descriptors: plimsoll_net::limits::descriptors().hard,
            source_ports: source_ports(),
            pipe_room: plimsoll_net::most_room() as u64,
            cpus: plimsoll_net::limits::cpus(),
            patterns: PATTERNS.clone(),
            wishes: wishes::of_process(),
        }
    }

    /// A world without files, names and limits: what is found depends on the text alone.
    #[must_use]
    pub fn none() -> Self {
        Self {
            env: &|_| None,
            language: Language::ByName,
            resolve: &|_, _, _| Err("names are not looked up here".into()),
            files: &Nothing,
            descriptors: u64::MAX,
            source_ports: u64::MAX,
            pipe_room: u64::MAX,
            cpus: 1,
            patterns: PatternFiles::default(),
            wishes: &wishes::NONE,
        }
    }
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("descriptors", &self.descriptors).field("cpus", &self.cpus).finish()
    }
}

/// A variable of this process, or one that HAProxy sets by itself.
fn variable(name: &str) -> Option<String> {
    let local_peer = (name == "HAPROXY_LOCALPEER").then(|| wishes::of_process().local_peer.clone());
    local_peer.flatten().or_else(|| std::env::var(name).ok())
}

/// No files at all.
struct Nothing;

impl Files for Nothing {
    fn ask(&self, _: Ask, _: &Path) -> io::Result<Vec<Vec<u8>>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn system(host: &str, port: u16, family: Option<Family>) -> Result<SocketAddr, String> {
    let fits = |address: &SocketAddr| match family {
        None => true,
        Some(Family::V4) => address.is_ipv4(),
        Some(Family::V6) => address.is_ipv6(),
    };
    // Behind a change of root there is no resolv.conf, nor anything else that the look-up needs.
    let found = match keeper::current() {
        Some(keeper) => keeper.resolve(host, port).map(Vec::into_iter),
        None => (host, port).to_socket_addrs(),
    };
    match found {
        Ok(mut all) => all.find(fits).ok_or_else(|| "it has no address of that family".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// `net.ipv4.ip_local_port_range`, or the kernel's default where it cannot be read.
fn source_ports() -> u64 {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut bounds = text.split_whitespace().filter_map(|bound| bound.parse::<u64>().ok());
    match (bounds.next(), bounds.next()) {
        (Some(first), Some(last)) if last >= first => last - first + 1,
        _ => 28_232,
    }
}
