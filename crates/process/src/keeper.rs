//! The keeper: a second process with the rights that this one gave up, for what only they can open. It does nothing by itself.
//!
//! What it can be asked, and nothing else:
//!
//! 1. The configuration: the files that stood on the command line, and what they include. It reads them itself; the question names no file.
//! 2. A log file for appending, a UNIX socket's file to be made or removed, a name to be looked up: only what a configuration that it read
//!    names, word for word.
//!
//! So whoever takes this process over can ask for nothing that root did not write down, as long as only root can write it down: the keeper
//! refuses a configuration that the other user could change. It ends when its socket closes.

mod message;
mod serve;

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use plimsoll_net::{descriptors, outside};
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use message::{Ask, Reply};

pub use serve::{Rules, serve};

/// A name server may be slow; a keeper that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// The near end.
#[derive(Debug)]
pub struct Keeper {
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    socket: OwnedFd,
    /// Of the last question: an answer that came too late is not taken for the next one's.
    number: u32,
    /// `None`: somebody else looks after it.
    child: Option<Child>,
}

static KEEPER: OnceLock<Keeper> = OnceLock::new();

/// The keeper of this process, if it needs one.
pub fn current() -> Option<&'static Keeper> {
    KEEPER.get()
}

impl Keeper {
    /// Starts this very program again with these arguments, its standard input being the socket.
    pub fn spawn(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> io::Result<Self> {
        let (near, far) = descriptors::pair()?;
        // What it has to say it answers; and a terminal that it held would never hear the end of `daemon`.
        // A group of its own: Ctrl-C is for us, and we may need it until our end.
        let mut command = Command::new(crate::program());
        command
            .arg0("lb")
            .args(arguments)
            .stdin(Stdio::from(far))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let child = command.spawn()?;
        drop(command);
        Self::over(near, Some(child))
    }

    fn over(socket: OwnedFd, child: Option<Child>) -> io::Result<Self> {
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
        Ok(Self { line: Mutex::new(Line { socket, number: 0, child }) })
    }

    /// From now on it opens what this process asks for: log files, UNIX sockets.
    pub fn install(self) {
        if KEEPER.set(self).is_ok() {
            outside::install(Box::new(Sockets));
            plimsoll_observe::open_files_with(|path| match KEEPER.get() {
                Some(keeper) => keeper.append(path),
                None => Err(io::ErrorKind::NotConnected.into()),
            });
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).child.as_ref().map_or(0, Child::id)
    }

    /// Ends it; it is needed no more.
    pub fn end(self) {
        let Line { socket, child, .. } = self.line.into_inner().unwrap_or_else(PoisonError::into_inner);
        drop(socket);
        if let Some(mut child) = child {
            // As process 1 we may have reaped it elsewhere.
            let _ = child.wait();
        }
    }

    /// What the configuration's files hold now, in whatever form [`Rules::configuration`] gives.
    pub fn configuration(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = File::from(self.ask_descriptor(&Ask::Configuration)?);
        io::Seek::rewind(&mut file)?;
        io::Read::read_to_end(&mut file, &mut bytes)?;
        Ok(bytes)
    }

    /// A log file.
    pub fn append(&self, path: &Path) -> io::Result<File> {
        self.ask_descriptor(&Ask::Append(path.to_owned())).map(File::from)
    }

    /// The addresses of a name.
    pub fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let (text, _) = self.ask(&Ask::Resolve(host.to_owned(), port))?;
        Ok(text.split(' ').filter_map(|address| address.parse().ok()).collect())
    }

    fn ask_descriptor(&self, ask: &Ask) -> io::Result<OwnedFd> {
        let (_, mut descriptors) = self.ask(ask)?;
        descriptors.pop().ok_or_else(|| io::Error::other("the keeper sent nothing"))
    }

    fn ask(&self, ask: &Ask) -> io::Result<(String, Vec<OwnedFd>)> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.number = line.number.wrapping_add(1);
        let number = line.number;
        let gone = |error: io::Error| io::Error::new(error.kind(), format!("the keeper does not answer: {error}"));
        descriptors::send(&line.socket, &ask.encode(number), &[]).map_err(gone)?;
        let mut bytes = vec![0; message::LONGEST];
        loop {
            let (count, descriptors) = descriptors::receive(&line.socket, &mut bytes).map_err(gone)?;
            match Reply::decode(&bytes[..count]) {
                None => return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the keeper has ended")),
                Some((of, Reply::Done(text))) if of == number => return Ok((text, descriptors)),
                Some((of, Reply::Failed(error))) if of == number => return Err(error),
                Some(_) => {}
            }
        }
    }
}

/// What [`outside`] asks for.
#[derive(Debug)]
struct Sockets;

impl outside::Outside for Sockets {
    fn bind(&self, path: &Path, mode: Option<u32>) -> io::Result<OwnedFd> {
        KEEPER.get().ok_or(io::ErrorKind::NotConnected)?.ask_descriptor(&Ask::Bind(path.to_owned(), mode))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        KEEPER.get().ok_or(io::ErrorKind::NotConnected)?.ask(&Ask::Remove(path.to_owned())).map(drop)
    }
}

#[cfg(test)]
mod tests;
