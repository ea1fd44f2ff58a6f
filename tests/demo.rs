//! `lb demo`: one command, no file, something to look at; Ctrl-C ends it well.

use std::time::Duration;

use plimsoll_testkit::process::{Process, command};
use plimsoll_testkit::{client, eventually, lb};
use rustix::process::Signal;

const SOON: Duration = Duration::from_secs(15);

/// The first `http://127.0.0.1:PORT` in a text.
fn url(text: &str) -> Option<std::net::SocketAddr> {
    let after = text.split("http://").nth(1)?;
    let end = after.find(|letter: char| !letter.is_ascii_digit() && letter != '.' && letter != ':')?;
    after[..end].trim_end_matches(['.', ':']).parse().ok()
}

/// The address of the page: the URL at the end of the line that speaks of a browser.
fn page(text: &str) -> Option<std::net::SocketAddr> {
    url(text.lines().find(|line| line.contains("in a browser"))?)
}

fn demo() -> Process {
    let mut command = command(lb::binary());
    command.arg("demo");
    Process::spawn(command).unwrap()
}

#[test]
fn the_demo_says_where_it_is_answers_and_ends_by_ctrl_c() {
    let mut demo = demo();
    let said = |demo: &Process| demo.stdout.text() + &demo.stderr.text();
    eventually("it says its address", SOON, || url(&said(&demo)).is_some());
    let addr = url(&said(&demo)).unwrap();
    assert!(said(&demo).contains("curl"), "it says what to try: {}", said(&demo));
    for _ in 0..20 {
        // One of its origins fails on purpose; the demo shows that clients do not notice.
        eventually("an answer", SOON, || client::get(addr, "/").is_ok_and(|response| response.status == 200));
    }
    let at = page(&said(&demo)).expect("it says where its page is");
    let response = client::get(at, "/").unwrap();
    assert_eq!(response.status, 200);
    assert!(["alpha", "bravo", "charlie"].iter().all(|name| response.text().contains(name)), "{}", response.text());
    assert_eq!(client::get(at, "/metrics").unwrap().status, 200);
    demo.signal(Signal::INT);
    let status = demo.wait_exit(SOON).expect("it ends");
    assert!(status.success(), "{status}: {}", said(&demo));
}

#[test]
fn a_second_demo_takes_the_next_free_port() {
    let (one, two) = (demo(), demo());
    let at = |demo: &Process| url(&(demo.stdout.text() + &demo.stderr.text()));
    eventually("both say their addresses", SOON, || at(&one).is_some() && at(&two).is_some());
    assert_ne!(at(&one), at(&two));
    let pages = [&one, &two].map(|demo| page(&demo.stdout.text()).expect("it says where its page is"));
    assert_ne!(pages[0], pages[1]);
    assert!(pages.iter().all(|&page| client::get(page, "/").is_ok_and(|response| response.status == 200)));
}
