//! A request on paper: goes through the rules as a real one would, without a socket to anybody, and tells what each of them did.
//!
//! It is the same code that serves: facts, lists and actions are the real ones. Only the client is not there, and no server is asked.

mod look;
mod report;
mod response;
mod run;
mod watch;

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use plimsoll_clock::Tick;
use plimsoll_net::{Peer, Stream};

pub use report::{Alternative, Candidate, Decision, Look, Passage, Report, Seen, Tested};

use crate::accept::Port;
use crate::accept_proxy::Proxied;
use crate::buffer::Buffer;
use crate::client::{Client, Permit};
use crate::snapshot::{Frontend, Process};
use crate::step::Mark;
use crate::worker::Worker;

/// Who asks, and for what.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Where the client is.
    pub from: SocketAddr,
    /// Where it connected to.
    pub to: SocketAddr,
    /// The first bytes that it sends: the head of a request, or anything in TCP mode.
    pub bytes: Vec<u8>,
    /// The head of the server's answer, if it is to be looked at.
    pub response: Option<Vec<u8>>,
}

/// Why there is no report.
#[derive(Debug)]
pub enum Untried {
    /// No event loop, or no sockets.
    System(std::io::Error),
    /// The head would be refused before any rule sees it, with this outcome.
    Refused(&'static plimsoll_outcome::Outcome),
    /// The head has no end.
    Unfinished,
    /// The head of the answer is none.
    NoResponse,
}

impl From<std::io::Error> for Untried {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

impl Trial {
    /// What would become of it at this frontend.
    pub fn run(&self, frontend: &Arc<Frontend>, process: &Arc<Process>) -> Result<Report, Untried> {
        let system = tokio::runtime::LocalRuntime::new()?;
        system.block_on(async {
            let worker = Worker::start(0, Arc::clone(process), None, Mark::default(), Tick::now());
            let mut client = self.client(frontend, &worker)?;
            run::Run::new(frontend, &mut client).of(self, &mut client)
        })
    }

    /// A client of that frontend: one end of a pair that nobody holds the other end of.
    fn client(&self, frontend: &Arc<Frontend>, worker: &Rc<Worker>) -> Result<Client, Untried> {
        let (ours, _) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let port = Port::closed(worker, 0, frontend);
        let gates = port.gates();
        if !Permit::try_enter(&gates) {
            return Err(Untried::System(std::io::ErrorKind::ResourceBusy.into()));
        }
        let permit = Permit::entered(&port, gates);
        let mut client = Client::new(Stream::from_fd(ours.into())?, Peer::Inet(self.from), permit);
        let (at, early, tlvs) = (Tick::now(), Buffer::default(), Box::default());
        let proxied = Proxied { destination: Some(self.to), real: None, tlvs, at, early };
        client.proxied = Some(Box::new(proxied));
        Ok(client)
    }
}
