//! A site of 200 listeners that reloads again and again under every kind of client at once: not one of them notices.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use plimsoll_testkit::{Client, Exchange, Lb, Origin, Socket, Then, Visit, Visitors, Wire, eventually, lb};
use plimsoll_tests::{Load, Site, volume};

use crate::{SOON, named, reload, site, write};

const LISTENERS: usize = 200;
/// New connections in a second: more than the 2,000 that are wanted, so that a late thread does not spoil the figure.
const RATE: u32 = 2400;
/// Visits in a window with a reload, and in the one before without.
const WINDOW: usize = 250;
/// Of the long download, more than all buffers on its way hold.
const LONG: usize = 64 << 20;
const PIECE: usize = 1 << 20;
/// A reload may add so much to somebody's wait.
const ADDED: Duration = Duration::from_millis(20);

/// Where it listens, in the order of the file.
fn listeners(lb: &Lb) -> Vec<SocketAddr> {
    let of = |line: &str| line.strip_prefix("lb: listening on ")?.split(' ').next()?.parse().ok();
    lb.stderr().lines().filter_map(of).collect()
}

/// Answers everything with a long body.
fn long() -> Origin {
    Origin::serving(|exchange: &mut Exchange<'_>| {
        exchange.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n"));
        let piece = vec![b'x'; PIECE];
        for _ in 0..LONG / PIECE {
            exchange.send(&piece);
        }
        Then::Keep
    })
}

/// The long download, read a little at a time: most of it waits in the origin all the while.
struct Download {
    wire: Wire,
    read: usize,
}

impl Download {
    fn start(to: SocketAddr) -> Self {
        let mut wire = Wire::new(Socket::connect(to).unwrap(), SOON).forgetful();
        assert!(wire.send(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(wire.line().unwrap(), b"HTTP/1.1 200 OK");
        while wire.line().unwrap() != b"" {}
        Self { wire, read: 0 }
    }

    #[track_caller]
    fn take(&mut self, bytes: usize) {
        let expected = vec![b'x'; PIECE];
        let until = self.read + bytes;
        while self.read < until {
            let piece = PIECE.min(until - self.read);
            self.wire.begin();
            assert!(self.wire.take(piece).unwrap() == expected[..piece], "a wrong byte after {}", self.read);
            self.read += piece;
        }
    }
}

/// The 99th of a hundred waits and the longest.
fn longest(waits: &mut [Duration]) -> [Duration; 2] {
    waits.sort_unstable();
    let last = waits.len() - 1;
    [waits[last * 99 / 100], waits[last]]
}

/// Two windows of one round: without a reload, and with one.
struct Round {
    begin: Instant,
    reload: Instant,
    end: Instant,
}

impl Round {
    fn waits(&self, visits: &[Visit]) -> [Vec<Duration>; 2] {
        [(self.begin, self.reload), (self.reload, self.end)].map(|(from, to)| {
            // Who came before a window's end is in it, however long it took.
            visits.iter().filter(|visit| from <= visit.at && visit.at < to).map(|visit| visit.took).collect()
        })
    }
}

fn ctl_reload(socket: &Path) -> Output {
    Command::new(lb::binary()).arg("reload").arg("--socket").arg(socket).output().unwrap()
}

#[test]
fn nobody_notices_reloads_of_200_listeners_and_files_that_are_wrong() {
    let (one, two, long) = (named("one"), named("two"), long());
    let sockets = tempfile::tempdir().unwrap();
    let socket = sockets.path().join("lb.sock");
    let binds = vec!["127.0.0.1:0"; LISTENERS].join("\", \"");
    let with = |site: Site| {
        let runtime = format!("threads: 2, runtime-api: [{{ bind: \"unix@{}\", level: admin }}]", socket.display());
        let yaml = site.global(&runtime).bind(&binds).yaml();
        let frontends = "frontends:\n  far:\n    bind: [\"127.0.0.1:0\"]\n    default-backend: far\n";
        yaml.replace("frontends:\n", frontends) + &format!("  far:\n    servers:\n      long: \"{}\"\n", long.addr)
    };
    let even = with(site().server("one", one.addr).server("two", two.addr));
    let odd = with(site().server("two", two.addr).backend("retries: 2"));
    let mut lb = Lb::start(&even);
    let all = listeners(&lb);
    assert_eq!(all.len(), LISTENERS + 1);

    let mut download = Download::start(lb.addr("far"));
    let mut tunnels: Vec<Client> = (0..10).map(|_| Client::tunnel(lb.addr("web"))).collect();
    let steady = Load::paced(lb.addr("web"), 4, Duration::from_millis(5));
    let start = Instant::now();
    let visitors = Visitors::start(&all[1..], RATE, 8, &["one", "two"]);
    let come = |count: usize| {
        let until = visitors.done() + count;
        eventually("they come and go", SOON * 3, || visitors.done() >= until);
    };
    come(WINDOW);
    let reloads = volume(20, 400);
    let mut rounds = Vec::new();
    let mut verdicts = Vec::new();
    for number in 0..reloads {
        let begin = Instant::now();
        come(WINDOW);
        let at = Instant::now();
        if number % 4 == 3 {
            write(&lb, &even.replace("servers", "sarvers"));
            let output = ctl_reload(&socket);
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("sarvers"), "{said}");
        } else {
            let verdict = reload(&mut lb, if number % 2 == 0 { &odd } else { &even });
            assert!(!verdict.contains("not reloaded"), "{verdict}");
        }
        verdicts.push(at.elapsed());
        come(WINDOW);
        rounds.push(Round { begin, reload: at, end: Instant::now() });
        for (at, tunnel) in tunnels.iter_mut().enumerate() {
            tunnel.echoes(&format!("round {number} tunnel {at}"));
        }
        download.take(LONG / 2 / reloads);
    }
    let connections = visitors.done();
    let rate = connections as f64 / start.elapsed().as_secs_f64();
    let (requests, failed, (visits, refused)) = (steady.done(), steady.stop(), visitors.stop());
    download.take(LONG - download.read);

    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let [mut calm, mut busy] = [Vec::new(), Vec::new()];
    let mut added: Vec<f64> = Vec::new();
    for round in &rounds {
        let [mut without, mut with] = round.waits(&visits);
        added.push(ms(longest(&mut with)[1]) - ms(longest(&mut without)[1]));
        calm.append(&mut without);
        busy.append(&mut with);
    }
    added.sort_by(f64::total_cmp);
    let added = added[added.len() / 2];
    let ([calm_p99, calm_max], [busy_p99, busy_max]) = (longest(&mut calm), longest(&mut busy));
    eprintln!(
        "{{\"reloads\":{reloads},\"listeners\":{},\"connections\":{connections},\"a_second\":{rate:.0},\"kept_requests\":{requests},\
         \"failures\":{},\"calm_p99_ms\":{:.2},\"calm_max_ms\":{:.2},\"reload_p99_ms\":{:.2},\"reload_max_ms\":{:.2},\
         \"added_ms\":{added:.2},\"longest_reload_ms\":{:.0}}}",
        LISTENERS + 1,
        failed.len() + refused.len(),
        ms(calm_p99),
        ms(calm_max),
        ms(busy_p99),
        ms(busy_max),
        ms(longest(&mut verdicts)[1]),
    );
    assert!(refused.is_empty(), "{} visitors failed: {:?}", refused.len(), &refused[..refused.len().min(5)]);
    assert!(failed.is_empty(), "{} of {requests} failed: {:?}", failed.len(), &failed[..failed.len().min(5)]);
    // The longest wait of each window against the one before it: what the machine does by itself is in both.
    assert!(added <= ms(ADDED), "a reload adds {added:.1} ms to the longest wait");
}
