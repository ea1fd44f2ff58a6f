//! A steady load of GETs from several clients, and how many of them failed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use plimsoll_testkit::{Client, wait_until};

/// Clients that send requests, one after the other, until told to stop.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<String>>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts this many clients, each on a kept connection that it renews when told to close.
    pub fn start(to: SocketAddr, clients: usize) -> Self {
        Self::paced(to, clients, Duration::ZERO)
    }

    /// As `start`; each client waits so long before its next request.
    pub fn paced(to: SocketAddr, clients: usize, pause: Duration) -> Self {
        let mut load =
            Self { stop: Arc::default(), done: Arc::default(), failures: Arc::default(), clients: Vec::new() };
        for _ in 0..clients {
            let (stop, done, failures) = (load.stop.clone(), load.done.clone(), load.failures.clone());
            load.clients.push(thread::spawn(move || {
                let mut client = Client::connect(to);
                while !wait_until(pause, || stop.load(Ordering::Relaxed)) {
                    match client.get("/") {
                        Ok(response) if response.status == 200 => {
                            done.fetch_add(1, Ordering::Relaxed);
                            if response.closes() {
                                client = Client::connect(to);
                            }
                        }
                        other => {
                            let what = other.map_or_else(|end| end.to_string(), |response| response.status.to_string());
                            failures.lock().unwrap().push(what);
                            client = Client::connect(to);
                        }
                    }
                }
            }));
        }
        load
    }

    /// Requests answered so far.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Stops and returns the failures.
    pub fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().expect("a client of the load");
        }
        let failures = self.failures.lock().unwrap();
        failures.clone()
    }
}
