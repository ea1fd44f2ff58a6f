//! What clients notice of something that is done to `lb` again and again: a download that lasts all the while, and waits with it beside waits
//! without it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plimsoll_testkit::{Exchange, Lb, Origin, Socket, Then, Visit, Wire};

/// Of the long download, more than all buffers on its way hold.
pub const LONG: usize = 64 << 20;
const PIECE: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// Where it listens, in the order of the file.
pub fn listeners(lb: &Lb) -> Vec<SocketAddr> {
    let of = |line: &str| line.strip_prefix("lb: listening on ")?.split(' ').next()?.parse().ok();
    lb.stderr().lines().filter_map(of).collect()
}

/// Answers with the body of a [`Download`].
pub fn answer_long(exchange: &mut Exchange<'_>) -> Then {
    exchange.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n"));
    let piece = vec![b'x'; PIECE];
    for _ in 0..LONG / PIECE {
        exchange.send(&piece);
    }
    Then::Keep
}

/// An origin that answers its name, makes a tunnel that echoes of a WebSocket upgrade, and answers `/long` at length.
pub fn named(name: &'static str) -> Origin {
    Origin::serving(move |exchange: &mut Exchange<'_>| {
        if exchange.request.fields.has("upgrade") {
            exchange.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            while exchange.wire.peek().is_ok() {
                let count = exchange.wire.rest().len();
                let bytes = exchange.wire.take(count).unwrap();
                exchange.send(bytes);
                // The origin's patience is for one message.
                exchange.wire.begin();
            }
            return Then::Close;
        }
        if exchange.request.target == "/long" {
            return answer_long(exchange);
        }
        exchange.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len()));
        Then::Keep
    })
}

/// The long download, read a little at a time: most of it waits in the origin all the while.
#[derive(Debug)]
pub struct Download {
    wire: Wire,
    read: usize,
}

impl Download {
    /// Asks for `/long`.
    #[track_caller]
    pub fn start(to: SocketAddr) -> Self {
        let mut wire = Wire::new(Socket::connect(to).unwrap(), PATIENCE).forgetful();
        assert!(wire.send(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(wire.line().unwrap(), b"HTTP/1.1 200 OK");
        while wire.line().unwrap() != b"" {}
        Self { wire, read: 0 }
    }

    /// Reads so many more bytes, which must be the right ones.
    #[track_caller]
    pub fn take(&mut self, bytes: usize) {
        let expected = vec![b'x'; PIECE];
        let until = self.read + bytes;
        while self.read < until {
            let piece = PIECE.min(until - self.read);
            self.wire.begin();
            assert!(self.wire.take(piece).unwrap() == expected[..piece], "a wrong byte after {}", self.read);
            self.read += piece;
        }
    }

    /// Reads the rest.
    #[track_caller]
    pub fn finish(mut self) {
        self.take(LONG - self.read);
    }
}

/// Nobody failed: not of the kept clients' requests, not of the visitors.
#[track_caller]
pub fn assert_unnoticed(requests: usize, failed: &[String], refused: &[String]) {
    let some = |all: &[String]| all[..all.len().min(5)].to_vec();
    assert!(refused.is_empty(), "{} visitors failed: {:?}", refused.len(), some(refused));
    assert!(failed.is_empty(), "{} of {requests} failed: {:?}", failed.len(), some(failed));
}

/// Rounds of two windows each: without what is done, and with it.
#[derive(Debug, Default)]
pub struct Rounds(Vec<[Instant; 3]>);

/// Waits in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// The 99th of a hundred, and the longest.
    pub without: [f64; 2],
    /// The same, with it.
    pub with: [f64; 2],
    /// What it adds to the longest wait of a window: the median over the rounds. What the machine does by itself is in both windows.
    pub added: f64,
}

impl Rounds {
    /// A round that began then, in which it was done at that time, is over.
    pub fn add(&mut self, begin: Instant, done: Instant) {
        self.0.push([begin, done, Instant::now()]);
    }

    /// What these visitors noticed.
    pub fn waits(&self, visits: &[Visit]) -> Waits {
        let [mut without, mut with] = [Vec::new(), Vec::new()];
        let mut added = Vec::new();
        for &[begin, done, end] in &self.0 {
            // Who came before a window's end is in it, however long it took.
            let took =
                |from, to| visits.iter().filter(move |visit| from <= visit.at && visit.at < to).map(|visit| visit.took);
            let [mut calm, mut busy]: [Vec<_>; 2] = [took(begin, done).collect(), took(done, end).collect()];
            added.push(longest(&mut busy)[1] - longest(&mut calm)[1]);
            without.append(&mut calm);
            with.append(&mut busy);
        }
        added.sort_by(f64::total_cmp);
        Waits { without: longest(&mut without), with: longest(&mut with), added: added[added.len() / 2] }
    }
}

impl Waits {
    /// Fails when more than these milliseconds are added. Where the machine makes somebody wait longer by itself, as much again is not too much.
    #[track_caller]
    pub fn assert_short(&self, most: usize) {
        let most = self.without[1].max(most as f64);
        assert!(self.added <= most, "it adds {:.1} ms to the longest wait, {most:.1} may be", self.added);
    }

    /// A part of a line of JSON.
    pub fn json(&self) -> String {
        let Self { without: [calm_p99, calm_max], with: [p99, max], added } = self;
        format!(
            "\"calm_p99_ms\":{calm_p99:.2},\"calm_max_ms\":{calm_max:.2},\"p99_ms\":{p99:.2},\"max_ms\":{max:.2},\"added_ms\":{added:.2}"
        )
    }
}

/// The 99th of a hundred waits and the longest.
fn longest(waits: &mut [Duration]) -> [f64; 2] {
    waits.sort_unstable();
    let last = waits.len() - 1;
    [waits[last * 99 / 100], waits[last]].map(|wait| wait.as_secs_f64() * 1e3)
}
