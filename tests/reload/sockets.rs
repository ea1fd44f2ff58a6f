//! Sockets over a reload, seen from outside: options of a listener that stays, TCP connections that stay, sockets of administration.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use plimsoll_testkit::client::answers;
use plimsoll_testkit::{Client, eventually, socket};
use plimsoll_tests::{Site, Timeouts, named};

use super::{SOON, reload, site};

/// What `ss` says of the sockets of this filter.
fn ss(options: &str, filter: &str) -> String {
    let output = Command::new("ss").args(["-H", "-n", options]).args(filter.split(' ')).output().expect("ss");
    String::from_utf8(output.stdout).unwrap()
}

/// The lengths of the queues of the sockets that listen there, and one number a socket that no other has.
fn listening(at: SocketAddr) -> Vec<(String, String)> {
    let text = ss("-ltpe", &format!("sport = :{}", at.port()));
    let inode = |line: &str| line.split(' ').find(|word| word.starts_with("ino:")).unwrap_or_default().to_owned();
    let queue = |line: &str| line.split_whitespace().nth(2).unwrap_or_default().to_owned();
    let mut sockets: Vec<_> = text.lines().map(|line| (inode(line), queue(line))).collect();
    sockets.sort();
    sockets
}

#[test]
fn a_listener_that_stays_takes_new_options_on_the_very_socket() {
    let one = named("one");
    let with = |bind: &str| site().global("threads: 2").server("one", one.addr).yaml().replace("\"127.0.0.1:0\"", bind);
    let mut lb = plimsoll_testkit::Lb::start(&with("{ address: \"127.0.0.1:0\", backlog: 100 }"));
    let at = lb.addr("web");
    let before = listening(at);
    assert_eq!(before.iter().map(|(_, queue)| &**queue).collect::<Vec<_>>(), ["100", "100"]);
    let mut old = Client::connect(at);
    old.get("/").unwrap();
    reload(&mut lb, &with("{ address: \"127.0.0.1:0\", backlog: 200, keepalive: true }"));
    let after = listening(at);
    assert_eq!(after.iter().map(|(_, queue)| &**queue).collect::<Vec<_>>(), ["200", "200"]);
    let inodes = |sockets: &[(String, String)]| sockets.iter().map(|(inode, _)| inode.clone()).collect::<Vec<_>>();
    assert_eq!(inodes(&before), inodes(&after));
    let mut new = Client::connect(at);
    new.get("/").unwrap();
    let probed = ss("-tno", &format!("state established sport = :{}", at.port()));
    assert_eq!(probed.lines().count(), 2, "{probed}");
    assert_eq!(probed.matches("timer:(keepalive,").count(), 1, "of those who come from now on: {probed}");
}

#[test]
fn another_number_of_threads_is_said_to_need_a_restart() {
    let one = named("one");
    let mut lb = site().server("one", one.addr).start();
    let verdict = reload(&mut lb, &site().global("threads: 2").server("one", one.addr).yaml());
    assert!(
        verdict.contains("! global.threads: 2 wanted, 1 run until the next start (reload.needs-restart)"),
        "{verdict}"
    );
    eventually("the log says so as well", SOON, || lb.stdout().contains("global.threads: 2 wanted"));
    assert!(answers(lb.addr("web"), "/", 200, SOON));
}

#[test]
fn a_page_whose_address_is_taken_fails_the_reload_before_anything_changes() {
    let (one, two) = (named("one"), named("two"));
    let mut lb = site().server("one", one.addr).start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let holder = TcpListener::bind(taken).unwrap();
    let wanted = site().global(&format!("threads: 1, admin: \"{taken}\"")).server("two", two.addr).yaml();
    let verdict = reload(&mut lb, &wanted);
    assert!(
        verdict.contains(&format!("cannot listen on {taken} (admin)")) && verdict.contains("not reloaded"),
        "{verdict}"
    );
    assert_eq!(Client::connect(lb.addr("web")).get("/").unwrap().text(), "one");
    drop(holder);
    let verdict = reload(&mut lb, &wanted);
    assert!(verdict.contains("+ server origins/two"), "{verdict}");
    assert_eq!(Client::connect(lb.addr("web")).get("/").unwrap().text(), "two");
    assert!(answers(taken, "/", 200, SOON));
}

fn tcp() -> Site {
    Site::tcp().timeouts(Timeouts { server: 30_000, client: 30_000, ..Timeouts::default() })
}

/// Says its name to everybody and waits until they go.
fn speaker(name: &'static str) -> SocketAddr {
    let listener = socket::listen().unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let _ = stream.write_all(name.as_bytes());
                let _ = stream.read(&mut [0]);
            });
        }
    });
    address
}

fn hear(at: SocketAddr) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut word = [0; 3];
    stream.read_exact(&mut word).unwrap();
    (stream, String::from_utf8_lossy(&word).into_owned())
}

#[test]
fn a_tcp_connection_is_logged_under_the_names_it_came_by() {
    let (one, two) = (speaker("one"), speaker("two"));
    let mut lb = tcp().server("one", one).server("two", two).start();
    let mut streams: Vec<_> = (0..2).map(|_| hear(lb.addr("web")).0).collect();
    // Of two servers one is left, and it is another one at the place of the first.
    reload(&mut lb, &tcp().server("new", one).yaml());
    streams.drain(..).for_each(drop);
    let (last, _) = hear(lb.addr("web"));
    drop(last);
    for name in ["origins/one ", "origins/two ", "origins/new "] {
        eventually(name, SOON, || lb.stdout().matches(name).count() == 1);
    }
    assert!(!lb.stderr().contains("panicked"), "{}", lb.stderr());
}

/// A port that lets connections hang: its queue is full.
fn full() -> (TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    // The queue that std asks for is short; that this ends is what is waited for.
    while let Ok(stream) = TcpStream::connect_timeout(&at, Duration::from_millis(200)) {
        queued.push(stream);
        assert!(queued.len() < 10_000, "its queue has no end");
    }
    (listener, queued)
}

#[test]
fn a_connect_that_fails_after_a_reload_goes_on_to_the_servers_of_the_new_file() {
    let (old, queued) = full();
    let at = old.local_addr().unwrap();
    let new = speaker("new");
    let mut lb = tcp().server("old", at).start();
    let mut client = TcpStream::connect(lb.addr("web")).unwrap();
    client.set_read_timeout(Some(SOON)).unwrap();
    let hangs = || !ss("-tn", &format!("state syn-sent dport = :{}", at.port())).is_empty();
    eventually("it hangs at the old server", SOON, hangs);
    reload(&mut lb, &tcp().server("new", new).yaml());
    // Its next SYN is refused, or its time is up.
    drop((old, queued));
    let mut word = [0; 3];
    client.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"new");
    drop(client);
    eventually("the line tells of the other server", SOON, || lb.stdout().contains("origins/new "));
}
