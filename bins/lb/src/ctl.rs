//! `lb ctl`: says a command to a running process through its runtime socket, and prints the answer.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use plimsoll_config::{Diagnostics, Node, Sources, Value, tree};
use plimsoll_net::{Address, AddressSpec};

/// A reload of a large configuration takes a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the running process is to be found.
#[derive(Clone, Debug, clap::Args)]
pub struct Where {
    /// The runtime socket: /run/lb.sock, unix@/run/lb.sock, abns@name, 127.0.0.1:9999.
    #[arg(short, long, value_name = "ADDRESS")]
    socket: Option<String>,
    /// The configuration of the running process, to read `global.runtime-api` from: files, directories, a pipe, `-` for standard input.
    #[arg(short, long, value_name = "FILE")]
    file: Vec<PathBuf>,
}

/// The verb.
pub fn ctl(place: &Where, words: &[String]) -> ExitCode {
    if words == ["-"] {
        let twice = place.file.iter().any(|file| file == Path::new("-"));
        let commands = if twice {
            Err(io::Error::other("it cannot be both the configuration and the commands"))
        } else {
            commands()
        };
        return match commands {
            Ok(command) => say(place, &command),
            Err(error) => {
                eprintln!("lb: standard input: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let command = if words.is_empty() { "help".to_owned() } else { words.join(" ") };
    say(place, &command)
}

/// Commands from standard input, one a line; empty lines and those that begin with `#` are none.
fn commands() -> io::Result<String> {
    let text = io::read_to_string(io::stdin().take(tree::MAX_BYTES as u64))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.collect::<Vec<_>>().join("; "))
}

/// Says this and prints the answer. Fails if any answer is an error.
pub fn say(place: &Where, command: &str) -> ExitCode {
    let answered = find(place)
        .and_then(|address| ask(&address, command).map_err(|error| format!("cannot talk to {address}: {error}")));
    match answered {
        Ok(text) => print(&text),
        Err(error) => {
            eprintln!("lb: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `--socket`, then `LB_SOCKET`, then the configuration.
pub fn find(place: &Where) -> Result<Address, String> {
    if let Some(text) = &place.socket {
        return address(text);
    }
    if let Some(text) = std::env::var("LB_SOCKET").ok().filter(|text| !text.is_empty()) {
        return address(&text);
    }
    let mut found = Vec::new();
    for file in place.file.iter().flat_map(|path| parts(path)) {
        let text = text(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        found.extend(sockets(&file, &text));
    }
    match best(found) {
        Some(text) => address(&text),
        None if place.file.is_empty() => {
            Err("which process? Give --socket ADDRESS, set LB_SOCKET, or give -f FILE with its configuration".into())
        }
        None => Err("the configuration has no `runtime-api` in `global`: nothing listens for commands".into()),
    }
}

/// The files of a directory, as `lb run` reads them, or the file itself.
fn parts(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(yaml).collect();
    files.sort();
    files
}

/// What a file holds; `-` is standard input. A pipe or a device has no end that is known, and is read up to what a configuration may have.
fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let most = tree::MAX_BYTES as u64;
    if file == Path::new("-") {
        io::stdin().take(most).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)?.take(most).read_to_string(&mut text)?;
    }
    Ok(text)
}

fn address(text: &str) -> Result<Address, String> {
    match Address::parse(text) {
        Ok(AddressSpec::Known(address)) => Ok(address),
        Ok(AddressSpec::Name { .. }) => Err(format!("`{text}` is a name; an IP address or a UNIX socket is needed")),
        Err(error) => Err(error.to_string()),
    }
}

/// Address and level of every runtime socket in a file, which may be full of errors: it is about to be repaired.
fn sockets(file: &Path, text: &str) -> Vec<(String, String)> {
    let (mut sources, mut errors) = (Sources::new(), Diagnostics::new());
    let variables = |name: &str| std::env::var(name).ok();
    let tree = tree::parse(&mut sources, &file.display().to_string(), text, &variables, &mut errors);
    let one = |node: &Node| -> Option<(String, String)> {
        let bind = node.get("bind").unwrap_or(node).as_str()?;
        let level = node.get("level").and_then(Node::as_str).unwrap_or("operator");
        Some((bind.to_owned(), level.to_owned()))
    };
    match tree.as_ref().and_then(|tree| tree.get("global")?.get("runtime-api")) {
        None => Vec::new(),
        Some(node) => match &node.value {
            Value::List(items) => items.iter().filter_map(one).collect(),
            _ => one(node).into_iter().collect(),
        },
    }
}

/// The one that may do most.
fn best(sockets: Vec<(String, String)>) -> Option<String> {
    let rank = |level: &str| ["user", "operator", "admin"].iter().position(|known| *known == level);
    // The first of equals.
    sockets.into_iter().rev().max_by_key(|(_, level)| rank(level)).map(|(address, _)| address)
}

/// Everything that is answered, each message with its severity before it.
fn ask(address: &Address, command: &str) -> io::Result<String> {
    ask_within(address, command, PATIENCE)
}

/// The same, by somebody who cannot wait that long.
pub fn ask_within(address: &Address, command: &str, patience: Duration) -> io::Result<String> {
    let line = format!("set severity-output number; {command}\n");
    let mut answer = Vec::new();
    match address {
        Address::Inet(inet) => {
            let mut stream = TcpStream::connect(inet)?;
            stream.set_read_timeout(Some(patience))?;
            stream.write_all(line.as_bytes())?;
            stream.shutdown(Shutdown::Write)?;
            stream.read_to_end(&mut answer)?;
        }
        Address::Unix(_) | Address::Abstract(_) | Address::Inherited(_) => {
            let mut stream = match address {
                Address::Abstract(name) => UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)?,
                Address::Unix(path) => UnixStream::connect(path)?,
                Address::Inet(_) | Address::Inherited(_) => return Err(io::ErrorKind::Unsupported.into()),
            };
            stream.set_read_timeout(Some(patience))?;
            stream.write_all(line.as_bytes())?;
            stream.shutdown(Shutdown::Write)?;
            stream.read_to_end(&mut answer)?;
        }
    }
    if answer.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection without an answer"));
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Errors go to standard error, everything else to standard output.
fn print(text: &str) -> ExitCode {
    let answer = Answer::read(text);
    // A reader that has enough may close the pipe.
    let _ = io::stdout().write_all(answer.out.as_bytes());
    let _ = io::stderr().write_all(answer.errors.as_bytes());
    if answer.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    out: String,
    errors: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let mut answer = Self::default();
        // The first empty line answers the `set severity-output`, the last one ends the last answer.
        let text = text.strip_prefix('\n').unwrap_or(text);
        let text = text.strip_suffix('\n').unwrap_or(text);
        let (mut starts, mut error) = (true, false);
        for line in text.split_inclusive('\n') {
            let (severity, rest) = severity(line).filter(|_| starts).unzip();
            if let Some(severity) = severity {
                error = severity <= 3;
            } else if starts {
                error = false;
            }
            let to = if error { &mut answer.errors } else { &mut answer.out };
            to.push_str(rest.unwrap_or(line));
            starts = line == "\n";
        }
        // Between an error and what follows it stands an empty line that belongs to neither.
        if answer.errors.ends_with("\n\n") {
            answer.errors.pop();
        }
        answer
    }
}

/// `[3]: text`
fn severity(line: &str) -> Option<(u8, &str)> {
    let (number, text) = line.strip_prefix('[')?.split_once("]: ")?;
    Some((number.parse().ok().filter(|severity| *severity < 8)?, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, String) {
        let Answer { out, errors } = Answer::read(text);
        (out, errors)
    }

    #[test]
    fn a_message_loses_its_mark_and_an_error_goes_its_own_way() {
        assert_eq!(read("\n[6]: 0.1.0\n\n"), ("0.1.0\n".into(), String::new()));
        assert_eq!(read("\n[3]: No such server.\n\n"), (String::new(), "No such server.\n".into()));
        assert_eq!(read("\n\n"), (String::new(), String::new()));
    }

    #[test]
    fn a_list_is_told_apart() {
        let (out, errors) = read("\n[3]: No such server.\n\n# name\napp\n\n[6]: 0.1.0\n\n");
        assert_eq!((out.as_str(), errors.as_str()), ("# name\napp\n\n0.1.0\n", "No such server.\n"));
    }

    #[test]
    fn a_line_of_a_dump_is_no_message() {
        let dump = "\nname\n[3]: not this one\n\n";
        assert_eq!(read(dump), ("name\n[3]: not this one\n".into(), String::new()));
    }

    #[test]
    fn the_socket_that_may_do_most_is_found_even_in_a_broken_file() {
        let text = "global:\n  runtime-api:\n    - /run/a.sock\n    - { bind: unix@/run/b.sock, level: admin }\n\
            \x20   - { bind: \"127.0.0.1:9\", level: admin }\n  colour: red\nfrontends: 3\n";
        assert_eq!(best(sockets(Path::new("lb.yaml"), text)).as_deref(), Some("unix@/run/b.sock"));
        let short = "global: { runtime-api: /run/a.sock }\n";
        assert_eq!(best(sockets(Path::new("lb.yaml"), short)).as_deref(), Some("/run/a.sock"));
        assert_eq!(best(sockets(Path::new("lb.yaml"), "frontends: {}\n")), None);
    }
}
