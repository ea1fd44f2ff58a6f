//! A new process takes the place of a running one (`lb run --take-over`): every socket is passed on, and not one client notices.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use plimsoll_testkit::client::answers;
use plimsoll_testkit::lb::Start;
use plimsoll_testkit::{Client, Lb, Origin, Visitors, eventually, lb};
use plimsoll_tests::{Download, LONG, Load, Rounds, Site, Timeouts, assert_unnoticed, listeners, named, volume};

const SOON: Duration = Duration::from_secs(30);
/// With two workers each, more than fit into one message.
const BINDS: usize = 200;
const RATE: u32 = 2400;
/// Visits between one upgrade and the next.
const WINDOW: usize = 250;

fn site(origin: &Origin, socket: &Path, threads: usize, binds: &[String]) -> String {
    let global = format!("threads: {threads}, runtime-api: [{{ bind: \"unix@{}\", level: admin }}]", socket.display());
    Site::http()
        .timeouts(Timeouts { server: 60_000, client: 60_000, tunnel: 600_000, ..Timeouts::default() })
        .global(&global)
        .bind(&binds.join("\", \""))
        .server("one", origin.addr)
        .yaml()
}

/// The place of the process at this socket is taken.
#[track_caller]
fn successor(yaml: &str, socket: &Path) -> Lb {
    Lb::start_with(yaml, &taking_over(socket))
}

fn taking_over(socket: &Path) -> Start {
    Start { arguments: vec!["--take-over".to_owned(), socket.display().to_string()], ..Start::default() }
}

fn pid_of(socket: &Path) -> u32 {
    let output = Command::new(lb::binary()).arg("ctl").arg("--socket").arg(socket).args(["show", "info"]).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("Pid: ")).and_then(|pid| pid.parse().ok()).unwrap_or_default()
}

#[test]
fn nobody_notices_upgrades_of_200_listeners_whatever_the_number_of_workers() {
    let (one, folder) = (named("one"), tempfile::tempdir().unwrap());
    let socket = folder.path().join("lb.sock");
    let binds = vec!["127.0.0.1:0".to_owned(); BINDS];
    let mut running = vec![Lb::start(&site(&one, &socket, 2, &binds))];
    let all = listeners(&running[0]);
    assert_eq!(all.len(), BINDS);

    let mut download = Download::start(all[0]);
    let steady = Load::paced(all[0], 4, Duration::from_millis(5));
    let start = Instant::now();
    let visitors = Visitors::start(&all[1..], RATE, 8, &["one"]);
    let come = |count: usize| {
        let until = visitors.done() + count;
        eventually("they come and go", SOON, || visitors.done() >= until);
    };
    come(WINDOW);
    let upgrades = volume(4, 20);
    let (mut tunnels, mut rounds) = (Vec::new(), Rounds::default());
    for number in 0..upgrades {
        let begin = Instant::now();
        come(WINDOW);
        let at = Instant::now();
        tunnels.push(Client::tunnel(all[number % BINDS]));
        let threads = [3, 1, 2][number % 3];
        let mut next = successor(&site(&one, &socket, threads, &binds), &socket);
        assert_eq!(listeners(&next), all, "the same ports, in the order of the file");
        let mut before = std::mem::take(&mut running);
        eventually("the runtime socket is the successor's", SOON, || pid_of(&socket) == next.process().pid());
        before.retain_mut(|old| old.process().ended().is_none());
        running = before;
        running.push(next);
        come(WINDOW);
        rounds.add(begin, at);
        download.take(LONG / 2 / upgrades);
        for (at, tunnel) in tunnels.iter_mut().enumerate() {
            tunnel.echoes(&format!("upgrade {number} tunnel {at}"));
        }
    }
    let connections = visitors.done();
    let rate = connections as f64 / start.elapsed().as_secs_f64();
    let (requests, failed, (visits, refused)) = (steady.done(), steady.stop(), visitors.stop());
    download.finish();
    let waits = rounds.waits(&visits);
    eprintln!(
        "{{\"upgrades\":{upgrades},\"listeners\":{BINDS},\"connections\":{connections},\"a_second\":{rate:.0},\"kept_requests\":{requests},\
         \"failures\":{},{}}}",
        failed.len() + refused.len(),
        waits.json(),
    );
    assert_unnoticed(requests, &failed, &refused);
    // 20 is the goal. Of four the median is nearly the worst, and a process that starts takes its time from the others where processors are few.
    waits.assert_short(volume(100, 20));
    drop(tunnels);
    let last = running.len() - 1;
    for old in &mut running[..last] {
        assert!(old.wait_exit(SOON).success(), "one whose tunnels have ended goes");
    }
}

#[test]
fn a_successor_that_cannot_serve_changes_nothing() {
    let (one, folder) = (named("one"), tempfile::tempdir().unwrap());
    let socket = folder.path().join("lb.sock");
    let first = Lb::start(&site(&one, &socket, 2, &["127.0.0.1:0".to_owned()]));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().map(|addr| addr.to_string());
    let held = TcpListener::bind(taken.unwrap()).unwrap();
    let binds = ["127.0.0.1:0".to_owned(), held.local_addr().unwrap().to_string()];
    let mut next = Lb::spawn(&site(&one, &socket, 2, &binds), &taking_over(&socket));
    assert!(!next.wait_exit(SOON).success());
    assert!(next.stderr().contains("cannot listen on"), "{}", next.stderr());
    assert!(answers(first.addr("web"), "/", 200, SOON));
    eventually("it has noticed", SOON, || first.stderr().contains("nothing has changed"));
    assert_ne!(pid_of(&socket), 0, "the runtime socket still answers");
}

#[test]
fn listeners_that_the_successor_does_not_have_close_and_new_ones_open() {
    let (one, folder) = (named("one"), tempfile::tempdir().unwrap());
    let (socket, web) = (folder.path().join("lb.sock"), folder.path().join("web.sock"));
    let unix = format!("unix@{}", web.display());
    let mut first =
        Lb::start(&site(&one, &socket, 2, &["127.0.0.1:0".to_owned(), "127.0.0.2:0".to_owned(), unix.clone()]));
    let old = listeners(&first);
    let next = successor(&site(&one, &socket, 1, &["127.0.0.1:0".to_owned(), unix, "127.0.0.3:0".to_owned()]), &socket);
    assert!(first.wait_exit(SOON).success(), "{}", first.stderr());
    let new = listeners(&next);
    assert_eq!((new[0], new.len()), (old[0], 2));
    assert!(answers(new[0], "/", 200, SOON) && answers(new[1], "/", 200, SOON));
    assert!(std::net::TcpStream::connect(old[1]).is_err(), "nobody wants it any more");
    assert!(UnixStream::connect(&web).is_ok(), "the file of a socket stays for the successor");
}

#[test]
fn who_may_not_or_is_not_there_is_told_so() {
    let (one, folder) = (named("one"), tempfile::tempdir().unwrap());
    let socket = folder.path().join("lb.sock");
    let yaml = site(&one, &socket, 1, &["127.0.0.1:0".to_owned()]);
    let mut alone = Lb::spawn(&yaml, &taking_over(&socket));
    assert_eq!(alone.wait_exit(SOON).code(), Some(1));
    assert!(alone.stderr().contains("cannot take over from the process at"), "{}", alone.stderr());
    let first = Lb::start(&yaml.replace("level: admin", "level: operator"));
    let mut next = Lb::spawn(&yaml, &taking_over(&socket));
    assert_eq!(next.wait_exit(SOON).code(), Some(1));
    assert!(next.stderr().contains("Permission denied"), "{}", next.stderr());
    assert!(answers(first.addr("web"), "/", 200, SOON));
}
