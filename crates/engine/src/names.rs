//! Names of servers that had no address when the file was read: tried again until they have one. A name that resolves is an edit of the
//! plan, followed by a normal swap.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::thread::Thread;
use std::time::Duration;

use plimsoll_clock::{Backoff, Tick};
use plimsoll_net::{Address, Family};

use crate::load::Surroundings;
use crate::plan::{Plan, ServerAddress};
use crate::process::Engine;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Starts the thread that looks after the names; it sleeps while every server has an address, until it is unparked.
pub(crate) fn look_after(engine: &Arc<Engine>) -> std::io::Result<Thread> {
    let engine = Arc::downgrade(engine);
    let handle = std::thread::Builder::new().name("names".into()).spawn(move || retry(&engine))?;
    Ok(handle.thread().clone())
}

fn retry(engine: &Weak<Engine>) {
    let mut backoff = Backoff::new(FIRST, LONGEST);
    loop {
        match engine.upgrade().map(|engine| engine.has_unresolved() && !engine.is_draining()) {
            None => return,
            Some(false) => {
                backoff.reset();
                std::thread::park();
            }
            Some(true) => {
                // Jitter keeps many processes that started together from asking together.
                std::thread::park_timeout(backoff.next(|below| Tick::now().as_micros() % below.max(1)));
                if let Some(engine) = engine.upgrade() {
                    let system = Surroundings::of_process().resolve;
                    engine.resolve_again(&|host, port, family| system(host, port, family).ok());
                }
            }
        }
    }
}

/// What finds a name's address.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str, u16, Option<Family>) -> Option<SocketAddr>;

impl Plan {
    /// Is there a server whose name has no address?
    pub(crate) fn has_unresolved(&self) -> bool {
        self.servers.iter().flatten().any(|server| server.known().is_none())
    }

    /// The plan with the addresses that can be found now; `None`: none can. Asks, so it may take time.
    pub(crate) fn resolved(&self, lookup: Lookup<'_>) -> Option<Self> {
        let mut plan = self.clone();
        let mut found = false;
        for (server, address) in plan.servers.iter_mut().flatten().zip(plan.addresses.iter_mut().flatten()) {
            if let ServerAddress::Unresolved { host, port, family } = server
                && let Some(known) = lookup(host, *port, *family)
            {
                *address = Address::Inet(known);
                *server = ServerAddress::Known(Address::Inet(known));
                found = true;
            }
        }
        found.then_some(plan)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::load::load_text_in;
    use crate::process::Loader;

    fn status(at: &str) -> String {
        let mut client = TcpStream::connect(at).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    #[test]
    fn a_server_whose_name_has_no_address_gets_nothing_until_it_has_one() {
        let origin = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = origin.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in origin.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 512];
                let _ = stream.read(&mut head);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        let yaml = "global: { threads: 1, log: [] }\ndefaults: { timeouts: { connect: 1s, client: 5s, server: 5s } }\n\
                    frontends: { f: { bind: \"127.0.0.1:0\", default-backend: b } }\n\
                    backends: { b: { servers: { s: \"origin.invalid:80\" } } }\n";
        let nobody = |_: &str, _: u16, _: Option<Family>| Err("nobody answers".to_owned());
        let surroundings = Surroundings { resolve: &nobody, ..Surroundings::of_process() };
        let plan = load_text_in("lb.yaml", yaml, &surroundings).0.expect("an unknown name is a warning");
        let engine = Engine::start(plan, Loader::none()).unwrap();
        let at = engine.addresses()[0].1.to_string();
        assert_eq!(status(&at), "503");
        engine.resolve_again(&|_, _, _| None);
        assert!(engine.has_unresolved());
        assert_eq!(status(&at), "503");
        engine.resolve_again(&|host, _, _| (host == "origin.invalid").then_some(address));
        assert!(!engine.has_unresolved());
        assert_eq!(status(&at), "200");
        engine.drain();
        engine.finish();
    }
}
