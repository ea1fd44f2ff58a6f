//! Asks a runtime socket, that of `lb` or haproxy's, as an operator does.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::client::PATIENCE;

/// What it answers to a line, which may hold several commands.
#[track_caller]
pub fn ask(socket: &Path, line: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap_or_else(|error| panic!("{}: {error}", socket.display()));
    stream.set_read_timeout(Some(PATIENCE * 2)).expect("a socket");
    stream.write_all(format!("{line}\n").as_bytes()).expect("it listens");
    // It may have answered and closed already.
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{line}: {error}"));
    answer
}

/// A figure of `show info`.
#[track_caller]
pub fn figure(socket: &Path, name: &str) -> u64 {
    let text = ask(socket, "show info");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().expect("a number")
}
