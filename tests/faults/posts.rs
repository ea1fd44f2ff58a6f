//! Clients who POST, each time with a number that nobody used before, and servers that count the numbers: none may arrive twice.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use plimsoll_testkit::origin::{answer_to, expected, read_request};
use plimsoll_testkit::{Client, Origin, wait_until};

/// How often each number arrived.
pub type Counts = Arc<Mutex<HashMap<String, usize>>>;

/// A server that counts before it answers.
pub fn counting(listener: TcpListener, counts: &Counts) -> Origin {
    let counts = Arc::clone(counts);
    Origin::raw_on(listener, move |mut wire, _| {
        while let Ok(request) = read_request(&mut wire) {
            if request.method == "POST" {
                *counts.lock().expect("counts").entry(request.target.clone()).or_default() += 1;
            }
            if !wire.send(&answer_to(&request)) {
                return;
            }
        }
    })
}

/// One POST: when it began, its number, and what went wrong.
struct Post {
    at: Instant,
    target: String,
    wrong: Option<String>,
}

/// A steady stream of them.
pub struct Posts {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<Vec<Post>>>,
}

/// What became of all.
#[derive(Debug)]
pub struct Report {
    pub sent: usize,
    /// When those began that were not answered as they should.
    pub failures: Vec<(Instant, String)>,
    /// Numbers that arrived more than once.
    pub duplicates: usize,
    /// Answered well, although they arrived nowhere or twice.
    pub wrong: usize,
}

impl Posts {
    /// Four clients with connections that they keep; call it on the clients' host.
    pub fn start(to: SocketAddr, size: usize) -> Self {
        let (stop, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let post = move |client: &mut Client, target: &str| {
            let body = "p".repeat(size);
            client.send(format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n{body}"));
            match client.response() {
                Ok(response)
                    if response.status == 200 && response.text() == expected("POST", target, body.as_bytes()) =>
                {
                    None
                }
                Ok(response) => Some(response.status.to_string()),
                Err(end) => Some(end.to_string()),
            }
        };
        let threads = (0..4).map(|number| {
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            thread::spawn(move || {
                let mut client = Client::connect(to);
                let mut posts = Vec::new();
                while !wait_until(Duration::from_millis(15), || stop.load(Ordering::Relaxed)) {
                    let (at, target) = (Instant::now(), format!("/{number}-{}", posts.len()));
                    let wrong = post(&mut client, &target);
                    if wrong.is_some() {
                        client = Client::connect(to);
                    }
                    posts.push(Post { at, target, wrong });
                    done.fetch_add(1, Ordering::Relaxed);
                }
                posts
            })
        });
        let threads = threads.collect();
        Self { stop, done, threads }
    }

    /// How many were answered or failed.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Ends them and compares with what arrived.
    pub fn stop(self, counts: &Counts) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        let posts: Vec<Post> = self.threads.into_iter().flat_map(|thread| thread.join().expect("a client")).collect();
        let counts = counts.lock().expect("counts");
        Report {
            sent: posts.len(),
            duplicates: counts.values().filter(|count| **count > 1).count(),
            wrong: posts.iter().filter(|post| post.wrong.is_none() && counts.get(&post.target) != Some(&1)).count(),
            failures: posts.into_iter().filter_map(|post| Some((post.at, post.wrong?))).collect(),
        }
    }
}
