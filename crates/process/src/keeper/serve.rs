//! The far end: answers questions until the socket closes.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::ToSocketAddrs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use plimsoll_net::{Address, ListenOptions, Listener, descriptors};
use rustix::fs::{MemfdFlags, OFlags};

use super::message::{Ask, LONGEST, Reply};
use crate::privileges;

/// What the keeper may do; it belongs to whoever knows the configuration's shape.
pub trait Rules {
    /// Reads the configuration's files anew, in a form that the asker understands. What they name is allowed from then on.
    fn configuration(&mut self) -> io::Result<Vec<u8>>;

    /// Does a configuration that was read name this log file?
    fn is_log(&self, path: &Path) -> bool;

    /// Does it name this UNIX socket, to listen on?
    fn is_socket(&self, path: &Path) -> bool;

    /// Does it name this host?
    fn is_host(&self, host: &str) -> bool;
}

/// Answers over this socket until it closes.
pub fn serve(socket: impl AsFd, rules: &mut dyn Rules) -> io::Result<()> {
    // Where even this is not allowed, opening files will not be either, and the questions say so.
    let _ = privileges::keep_only_files();
    let mut made = HashMap::new();
    let mut bytes = vec![0; LONGEST];
    loop {
        let (count, _) = descriptors::receive(&socket, &mut bytes)?;
        if count == 0 {
            return Ok(());
        }
        let Some((number, ask)) = Ask::decode(&bytes[..count]) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a question that this keeper does not know"));
        };
        let (reply, descriptor) = match answer(ask, rules, &mut made) {
            Ok((text, descriptor)) => (Reply::Done(text), descriptor),
            Err(error) => (Reply::Failed(error), None),
        };
        let descriptors: Vec<_> = descriptor.iter().map(AsFd::as_fd).collect();
        descriptors::send(&socket, &reply.encode(number), &descriptors)?;
    }
}

/// Sockets that were made: which file it was, so that no other is removed.
type Made = HashMap<PathBuf, (u64, u64)>;

fn answer(ask: Ask, rules: &mut dyn Rules, made: &mut Made) -> io::Result<(String, Option<OwnedFd>)> {
    let refused = |what: String| Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    match ask {
        Ask::Configuration => Ok((String::new(), Some(parcel(&rules.configuration()?)?))),
        Ask::Append(path) if rules.is_log(&path) => Ok((String::new(), Some(append(&path)?))),
        Ask::Bind(path, mode) if rules.is_socket(&path) => {
            let options = ListenOptions { mode, ..ListenOptions::default() };
            let socket = Listener::bind_only(&Address::Unix(path.clone()), &options)?;
            let file = std::fs::symlink_metadata(&path)?;
            made.insert(path, (file.dev(), file.ino()));
            Ok((String::new(), Some(socket)))
        }
        Ask::Remove(path) => {
            let known = made.remove(&path);
            let same = |known: (u64, u64)| {
                std::fs::symlink_metadata(&path).is_ok_and(|file| (file.dev(), file.ino()) == known)
            };
            if known.is_some_and(same) {
                std::fs::remove_file(&path)?;
            }
            Ok((String::new(), None))
        }
        Ask::Resolve(host, port) if rules.is_host(&host) => {
            let found: Vec<String> = (host.as_str(), port).to_socket_addrs()?.map(|one| one.to_string()).collect();
            Ok((found.join(" "), None))
        }
        Ask::Append(path) | Ask::Bind(path, _) => refused(format!("{}: no configuration names it", path.display())),
        Ask::Resolve(host, _) => refused(format!("{host}: no configuration names it")),
    }
}

/// Bytes of any length, as an open file.
fn parcel(bytes: &[u8]) -> io::Result<OwnedFd> {
    let file = rustix::fs::memfd_create("configuration", MemfdFlags::CLOEXEC)?;
    let mut file = std::fs::File::from(file);
    file.write_all(bytes)?;
    Ok(file.into())
}

/// Never by way of a link, nor anything but an ordinary file under one name: somebody else may own the folder.
fn append(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut how = OpenOptions::new();
    how.append(true).create(true).mode(0o640).custom_flags(flags.bits().cast_signed());
    let file = how.open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() || facts.nlink() != 1 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not an ordinary file with one name"));
    }
    rustix::io::ioctl_fionbio(&file, false)?;
    Ok(file.into())
}
