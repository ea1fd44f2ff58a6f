//! Reload in one process: what the file says changes as a whole, what the world did stays, nothing is dropped.

mod sockets;
mod steady;
mod wrk;

use std::time::Duration;

use plimsoll_testkit::client::answers;
use plimsoll_testkit::{Client, Lb, Socket, eventually, wait_until};
use plimsoll_tests::{Site, Timeouts, named};
use rustix::process::Signal;

const SOON: Duration = Duration::from_secs(10);

fn site() -> Site {
    // Tunnels are silent for as long as a thousand reloads take.
    Site::http().timeouts(Timeouts { server: 30_000, client: 30_000, tunnel: 600_000, ..Timeouts::default() })
}

/// Writes the file again, sends SIGHUP and waits for the verdict; everything that was said about it.
#[track_caller]
fn reload(lb: &mut Lb, yaml: &str) -> String {
    let before = lb.stderr_len();
    write(lb, yaml);
    lb.signal(Signal::HUP);
    eventually("the reload has a verdict", SOON, || lb.stderr_from(before).lines().any(is_verdict));
    lb.stderr_from(before)
}

/// Writes the file again, as those do who never let a half of it be read.
fn write(lb: &Lb, yaml: &str) {
    let (new, file) = (lb.folder().join("lb.new.yaml"), lb.folder().join("lb.yaml"));
    std::fs::write(&new, yaml).unwrap();
    std::fs::rename(new, file).unwrap();
}

fn is_verdict(line: &str) -> bool {
    line.ends_with(" kept") && line.contains(" added, ") || line.contains("not reloaded")
}

fn served_by(client: &mut Client, count: usize) -> Vec<String> {
    (0..count).map(|_| client.get("/").unwrap().text()).collect()
}

#[test]
fn an_added_server_serves_and_a_removed_one_does_not_while_the_client_keeps_its_connection() {
    let (one, two, three) = (named("one"), named("two"), named("three"));
    let before = site().server("one", one.addr).server("two", two.addr);
    let mut lb = before.start();
    let mut client = Client::connect(lb.addr("web"));
    assert!(served_by(&mut client, 4).iter().any(|name| name == "two"));
    let verdict = reload(&mut lb, &site().server("one", one.addr).server("three", three.addr).yaml());
    assert!(verdict.contains("+ server origins/three") && verdict.contains("- server origins/two"), "{verdict}");
    let names = served_by(&mut client, 6);
    assert!(names.iter().any(|name| name == "three") && names.iter().all(|name| name != "two"), "{names:?}");
}

#[test]
fn a_bad_file_changes_nothing_and_says_why() {
    let one = named("one");
    let good = site().server("one", one.addr);
    let mut lb = good.start();
    let verdict = reload(&mut lb, &good.yaml().replace("servers", "sarvers"));
    assert!(verdict.contains("sarvers") && verdict.contains("not reloaded"), "{verdict}");
    assert!(answers(lb.addr("web"), "/", 200, SOON));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let verdict = reload(&mut lb, &good.clone().bind(&taken.local_addr().unwrap().to_string()).yaml());
    assert!(verdict.contains("cannot listen on") && verdict.contains("not reloaded"), "{verdict}");
    assert!(answers(lb.addr("web"), "/", 200, SOON));
}

#[test]
fn a_tunnel_outlives_the_server_that_a_reload_removes() {
    let (one, two) = (named("one"), named("two"));
    let mut lb = site().server("one", one.addr).start();
    let mut kept = Client::tunnel(lb.addr("web"));
    kept.echoes("before");
    reload(&mut lb, &site().server("two", two.addr).yaml());
    kept.echoes("after");
    let mut client = Client::connect(lb.addr("web"));
    assert_eq!(served_by(&mut client, 2), ["two", "two"]);
}

#[test]
fn a_policy_ends_the_tunnels_of_removed_servers() {
    let (one, two) = (named("one"), named("two"));
    for policy in ["close", "drain 100ms"] {
        let keys = format!("threads: 1, removed-servers: \"{policy}\"");
        let mut lb = site().global(&keys).server("one", one.addr).server("two", two.addr).start();
        let mut tunnels: Vec<Client> = (0..4).map(|_| Client::tunnel(lb.addr("web"))).collect();
        for tunnel in &mut tunnels {
            tunnel.echoes("hello");
        }
        reload(&mut lb, &site().global(&keys).server("two", two.addr).yaml());
        let mut alive = 0;
        for mut tunnel in tunnels {
            // Two of them are on the server that stays.
            tunnel = tunnel.patient(Duration::from_millis(600));
            if tunnel.closed().is_err() {
                alive += 1;
                tunnel.echoes("still here");
            }
        }
        assert_eq!(alive, 2, "{policy}");
    }
}

#[test]
fn listeners_come_and_go_and_the_one_that_stays_is_the_very_socket() {
    let one = named("one");
    let yaml = |binds: &str| site().server("one", one.addr).yaml().replace("\"127.0.0.1:0\"", binds);
    let mut lb = site().server("one", one.addr).start();
    let stays = lb.addr("web");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let verdict = reload(&mut lb, &yaml(&format!("\"127.0.0.1:0\", \"{free}\"")));
    assert!(verdict.contains(&format!("+ listener {free}")), "{verdict}");
    assert!(answers(free, "/", 200, SOON) && answers(stays, "/", 200, SOON));
    let mut idle = Client::connect(free);
    idle.get("/").unwrap();
    let verdict = reload(&mut lb, &yaml("\"127.0.0.1:0\""));
    assert!(verdict.contains(&format!("- listener {free}")), "{verdict}");
    eventually("the removed listener refuses", SOON, || Socket::connect(free).is_err());
    assert!(idle.closed().is_ok(), "its idle client is let go");
    assert!(answers(stays, "/", 200, SOON));
}

#[test]
fn health_survives_a_reload_and_a_moved_server_is_a_new_one() {
    let good = named("one");
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let check = "health-check: { type: tcp, interval: 50ms, rise: 2, fall: 1 }";
    let with = |address: std::net::SocketAddr| site().backend(check).server("one", good.addr).server("two", address);
    let mut lb = with(dead).start();
    eventually("two is down", SOON, || lb.stdout().contains("Server origins/two is DOWN"));
    reload(&mut lb, &with(dead).backend("retries: 2").yaml());
    let downs = lb.stdout().matches("Server origins/two is DOWN").count();
    let mut client = Client::connect(lb.addr("web"));
    assert!(served_by(&mut client, 6).iter().all(|name| name == "one"));
    assert_eq!(lb.stdout().matches("Server origins/two is DOWN").count(), downs, "it stayed down");
    let revived = named("two");
    reload(&mut lb, &with(revived.addr).yaml());
    let two_serves = || served_by(&mut Client::connect(lb.addr("web")), 2).iter().any(|name| name == "two");
    assert!(wait_until(SOON, two_serves));
}

#[test]
fn hard_stop_after_bounds_a_drain() {
    let one = named("one");
    let mut lb = site().global("threads: 1, hard-stop-after: 200ms").server("one", one.addr).start();
    let mut kept = Client::tunnel(lb.addr("web"));
    kept.echoes("here");
    lb.signal(Signal::TERM);
    assert!(lb.wait_exit(SOON).success());
    assert!(lb.stderr().contains("hard-stop-after"), "{}", lb.stderr());
}

#[test]
fn a_reload_opens_log_files_anew_so_that_they_can_be_rotated() {
    let one = named("one");
    let folder = tempfile::tempdir().unwrap();
    let (log, moved) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
    let yaml = site().global(&format!("threads: 1, log: {{ to: \"file:{}\" }}", log.display())).server("one", one.addr);
    let mut lb = yaml.start();
    assert!(answers(lb.addr("web"), "/before", 200, SOON));
    let holds = |path: &std::path::Path, word: &str| std::fs::read_to_string(path).unwrap_or_default().contains(word);
    eventually("the first line is written", SOON, || holds(&log, "/before"));
    std::fs::rename(&log, &moved).unwrap();
    reload(&mut lb, &yaml.yaml());
    assert!(answers(lb.addr("web"), "/after", 200, SOON));
    eventually("the next line is in a new file", SOON, || holds(&log, "/after"));
    assert!(holds(&moved, "/before") && !holds(&moved, "/after"));
}
