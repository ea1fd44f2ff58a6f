//! Standard output, standard error, and files.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use plimsoll_clock::wall;

use super::Output;
use crate::batch::Batch;
use crate::framing::Header;
use crate::{Level, To};

/// Opens a file for appending.
pub type Opener = fn(&Path) -> io::Result<File>;

static OPENER: OnceLock<Opener> = OnceLock::new();

/// From now on log files are opened by it, for the life of the process: after a change of root or of user, by one with more rights. The
/// first one stays.
pub fn open_files_with(opener: Opener) {
    let _ = OPENER.set(opener);
}

/// A descriptor that takes whole batches with one write.
#[derive(Debug)]
pub(super) struct Stream {
    file: File,
    /// Where to find it again.
    path: Option<PathBuf>,
    header: Header,
    level: Level,
    framed: Vec<u8>,
    /// A line was cut by an error: the next one begins a new line.
    torn: bool,
    /// What the last write that failed ended with.
    error: Option<io::Error>,
}

impl Stream {
    pub(super) fn open(to: &To, header: Header, level: Level) -> io::Result<Self> {
        let (file, path) = match to {
            // Past std's buffers and locks: batches are whole lines already.
            To::Stdout => (File::from(io::stdout().as_fd().try_clone_to_owned()?), None),
            To::Stderr => (File::from(io::stderr().as_fd().try_clone_to_owned()?), None),
            To::File(path) => (append(path)?, Some(path.clone())),
            To::Udp(..) | To::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Self { file, path, header, level, framed: Vec::new(), torn: false, error: None })
    }
}

/// As a daemon's log is: for its group to read, and nobody else.
fn append(path: &PathBuf) -> io::Result<File> {
    if let Some(open) = OPENER.get() {
        return open(path);
    }
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

impl Output for Stream {
    fn write(&mut self, lines: &Batch) -> u64 {
        let as_they_are = self.header.is_nothing() && lines.iter().all(|(_, level)| level <= self.level);
        if !as_they_are {
            self.header.set_time(wall());
            self.framed.clear();
            for (line, level) in lines.iter().filter(|(_, level)| *level <= self.level) {
                self.framed.extend_from_slice(self.header.of(level));
                self.framed.extend_from_slice(line);
            }
        }
        let bytes = if as_they_are { &lines.bytes } else { &self.framed };
        let lost = |rest: &[u8]| rest.iter().filter(|&&byte| byte == b'\n').count() as u64;
        if self.torn {
            if let Err(error) = self.file.write_all(b"\n") {
                self.error = Some(error);
                return lost(bytes);
            }
            self.torn = false;
        }
        let (written, error) = write(&mut self.file, bytes);
        let rest = &bytes[written..];
        self.torn = written > 0 && !rest.is_empty() && bytes[written - 1] != b'\n';
        self.error = error.or(self.error.take());
        lost(rest)
    }

    fn error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    fn reopen(&mut self) {
        let Some(path) = &self.path else { return };
        match append(path) {
            Ok(file) => {
                self.torn &= are_one(&self.file, &file);
                self.file = file;
            }
            // The old file goes on: lines under a name that has moved are better than none.
            Err(error) => eprintln!("lb: cannot reopen {}: {error}", path.display()),
        }
    }
}

/// Whether both are the same file, because it was not moved away.
fn are_one(one: &File, other: &File) -> bool {
    let place = |file: &File| file.metadata().map(|about| (about.dev(), about.ino())).ok();
    place(one).is_some_and(|one| place(other) == Some(one))
}

/// How much was written before an error. A closed stdout is the user's choice; lines into it are simply gone.
fn write(to: &mut impl Write, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut written = 0;
    while written < bytes.len() {
        match to.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Some(error)),
        }
    }
    (written, None)
}
