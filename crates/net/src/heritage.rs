//! What a process leaves to the one that takes its place: its listening sockets, so that not one waiting client is lost.
//!
//! Knows every [`Listener`](crate::Listener) of this process while it is open, and those that a predecessor left. Does not know who asks, nor
//! when the change of places is. Closing one member of a group resets the clients that wait in it, so a successor takes all of them, however
//! many workers it has.
//!
//! Start reading at [`leave`] and [`take_over`], the two ends of one socket.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::descriptors::{self, MOST};

/// Says that no more sockets come.
const END: &[u8] = b"end\n";
/// What the successor says when it serves.
const SERVES: &[u8] = b"serves\n";
/// Room for the names of the sockets of one message: paths have at most 108 bytes, names of interfaces and namespaces 255.
const ROOM: usize = 256 << 10;

struct Own {
    group: u64,
    key: String,
    socket: Weak<OwnedFd>,
}

#[derive(Debug)]
struct Left {
    group: u64,
    key: String,
    socket: OwnedFd,
}

static OWN: Mutex<Vec<Own>> = Mutex::new(Vec::new());
static LEFT: Mutex<Vec<Left>> = Mutex::new(Vec::new());
/// The files of our UNIX sockets are another process's as well: a successor's, or a predecessor's that is not replaced yet.
static SHARED: AtomicBool = AtomicBool::new(false);
static GROUPS: AtomicU64 = AtomicU64::new(0);

fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// May files of UNIX sockets be removed? Not while another process uses the same ones.
pub(crate) fn is_shared() -> bool {
    SHARED.load(SeqCst)
}

/// These sockets listen at one place. They are known until they are closed.
pub(crate) fn register<'a>(key: &str, sockets: impl Iterator<Item = &'a Arc<OwnedFd>>) {
    let group = GROUPS.fetch_add(1, Relaxed);
    let mut own = lock(&OWN);
    own.retain(|known| known.socket.strong_count() > 0);
    own.extend(sockets.map(|socket| Own { group, key: key.to_owned(), socket: Arc::downgrade(socket) }));
}

/// The sockets that the predecessor had at this place; those of one bind, where it had several alike.
pub(crate) fn claim(key: &str) -> Vec<OwnedFd> {
    let mut left = lock(&LEFT);
    let Some(group) = left.iter().find(|socket| socket.key == key).map(|socket| socket.group) else {
        return Vec::new();
    };
    left.extract_if(.., |socket| socket.group == group).map(|left| left.socket).collect()
}

/// Sends every listening socket of this process. The other end says with [`Predecessor::replace`] that it has them and serves.
pub fn leave(socket: impl AsFd) -> io::Result<()> {
    let own: Vec<(u64, String, Arc<OwnedFd>)> =
        lock(&OWN).iter().filter_map(|own| Some((own.group, own.key.clone(), own.socket.upgrade()?))).collect();
    for part in own.chunks(MOST) {
        let text: String = part.iter().map(|(group, key, _)| format!("{group} {key}\n")).collect();
        let sockets: Vec<BorrowedFd<'_>> = part.iter().map(|(_, _, socket)| socket.as_fd()).collect();
        descriptors::send(&socket, text.as_bytes(), &sockets)?;
    }
    descriptors::send(&socket, END, &[])
}

/// Waits for the successor's word. False: it is gone, and we stay. True: files of UNIX sockets are its own from here on.
pub fn await_successor(socket: impl AsFd) -> io::Result<bool> {
    let mut word = [0; 64];
    let (count, _) = descriptors::receive(socket, &mut word)?;
    let replaced = &word[..count] == SERVES;
    if replaced {
        SHARED.store(true, SeqCst);
    }
    Ok(replaced)
}

/// A process whose sockets were taken over. It serves on until it is replaced; dropped before, it stays.
#[derive(Debug)]
pub struct Predecessor {
    socket: OwnedFd,
    /// How many sockets there were.
    pub sockets: usize,
}

/// Takes what the process at the other end leaves. Listeners that are bound from now on find it.
pub fn take_over(socket: OwnedFd) -> io::Result<Predecessor> {
    let mut text = vec![0; ROOM];
    let mut left = Vec::new();
    loop {
        let (count, sockets) = descriptors::receive(&socket, &mut text)?;
        if &text[..count] == END && sockets.is_empty() {
            break;
        }
        left.append(&mut name(&text[..count], sockets)?);
    }
    let sockets = left.len();
    *lock(&LEFT) = left;
    SHARED.store(true, SeqCst);
    Ok(Predecessor { socket, sockets })
}

fn name(text: &[u8], sockets: Vec<OwnedFd>) -> io::Result<Vec<Left>> {
    let junk =
        || io::Error::new(io::ErrorKind::InvalidData, "the other process does not hand its sockets over as expected");
    let lines: Vec<&str> = str::from_utf8(text).map_err(|_| junk())?.lines().collect();
    if lines.is_empty() || lines.len() != sockets.len() {
        return Err(junk());
    }
    let name = |(line, socket): (&str, OwnedFd)| {
        let (group, key) = line.split_once(' ').ok_or_else(junk)?;
        Ok(Left { group: group.parse().map_err(|_| junk())?, key: key.to_owned(), socket })
    };
    lines.into_iter().zip(sockets).map(name).collect()
}

impl Predecessor {
    /// We serve: it may go. What nobody claimed is closed here, and there too.
    pub fn replace(self) -> io::Result<()> {
        lock(&LEFT).clear();
        SHARED.store(false, SeqCst);
        descriptors::send(&self.socket, SERVES, &[])
    }
}

impl Drop for Predecessor {
    fn drop(&mut self) {
        lock(&LEFT).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_name_each_socket_is_refused() {
        let socket = || OwnedFd::from(std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        assert_eq!(name(b"7 127.0.0.1:80\n", vec![socket()]).unwrap()[0].group, 7);
        for (text, count) in
            [(&b"7 a\n8 b\n"[..], 1), (b"7 a\n", 2), (b"", 0), (b"", 1), (b"x a\n", 1), (b"7\n", 1), (b"\xff 1\n", 1)]
        {
            assert!(name(text, (0..count).map(|_| socket()).collect()).is_err(), "{text:?}");
        }
    }
}
