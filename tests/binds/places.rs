//! Places to listen on that are more than one address and port.

use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::process::Command;

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::{Client, Lb, RecordingOrigin, client, origin};
use plimsoll_tests::Site;
use rustix::io::{FdFlags, fcntl_setfd};

/// The first of three ports in a row that nobody has.
fn three_ports() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if (1..3).all(|step| port.checked_add(step).is_some_and(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()))
        {
            return port;
        }
    }
}

#[test]
fn every_port_of_a_range_is_listened_on() {
    let origin = RecordingOrigin::start();
    let first = three_ports();
    let lb = Site::http().bind(&format!("127.0.0.1:{first}-{}", first + 2)).server("o", origin.addr()).start();
    for port in first..first + 3 {
        let answer = client::get(([127, 0, 0, 1], port).into(), "/x").unwrap();
        assert_eq!(answer.text(), origin::expected("GET", "/x", b""));
    }
    let said = lb.stderr();
    assert_eq!(said.matches("lb: listening on").count(), 3, "{said}");
}

#[test]
fn a_socket_that_was_inherited_is_served_by_all_workers() {
    let origin = RecordingOrigin::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    fcntl_setfd(&listener, FdFlags::empty()).unwrap();
    let yaml = Site::http().global("threads: 2").bind("fd@${LB_FD}").server("o", origin.addr()).yaml();
    let variables = vec![("LB_FD".to_owned(), listener.as_raw_fd().to_string())];
    let mut lb = Lb::start_with(&yaml, &Start { variables, ..Start::default() });
    for _ in 0..20 {
        assert_eq!(client::get(addr, "/x").unwrap().text(), origin::expected("GET", "/x", b""));
    }
    let inherited = format!("/proc/{}/fd/{}", lb.process().pid(), listener.as_raw_fd());
    let link = |path: &str| std::fs::read_link(path).unwrap();
    let ours = format!("/proc/self/fd/{}", listener.as_raw_fd());
    assert_eq!(link(&inherited), link(&ours), "the descriptor itself stays open");
}

#[test]
fn a_descriptor_that_is_not_there_is_an_error_at_start() {
    let origin = RecordingOrigin::start();
    let yaml = Site::http().bind("fd@4321").server("o", origin.addr()).yaml();
    let mut lb = Lb::spawn(&yaml, &Start::default());
    assert!(!lb.wait_exit(std::time::Duration::from_secs(15)).success());
    assert!(lb.stderr().contains("there is no descriptor 4321"), "{}", lb.stderr());
}

#[test]
fn an_abstract_socket_is_reached_by_its_name() {
    let origin = RecordingOrigin::start();
    let name = format!("plimsoll-binds-{}", std::process::id());
    let _lb = Site::http().global("threads: 2").bind(&format!("abns@{name}")).server("o", origin.addr()).start();
    let mut client = UnixStream::connect_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    use std::io::{Read, Write};
    client.write_all(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&origin::expected("GET", "/x", b"")), "{answer}");
}

/// A network namespace with a name, as long as the test lasts.
struct Named(String);

impl Named {
    fn new() -> Self {
        let name = format!("plimsoll-{}", std::process::id());
        run(&["ip", "netns", "add", &name]);
        run(&["ip", "-n", &name, "link", "set", "lo", "up"]);
        Self(name)
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

fn run(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output().expect(words[0]);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_bind_and_a_server_live_in_another_network_namespace() {
    assert!(rustix::process::geteuid().is_root(), "network namespaces need root");
    let (there, origin) = (Named::new(), RecordingOrigin::start());
    let ours = Site::http().server("o", origin.addr());
    let name = &there.0;
    // From the namespace to the origin out here, and from out here by way of the namespace.
    let yaml = ours
        .yaml()
        .replace("bind: [\"127.0.0.1:0\"]", &format!("bind: {{ address: \"127.0.0.1:8017\", namespace: {name} }}"))
        + &format!("  inside: {{ servers: {{ i: {{ address: \"127.0.0.1:8017\", namespace: {name} }} }} }}\n");
    let yaml =
        yaml.replace("backends:\n", "  outside: { bind: \"127.0.0.1:0\", default-backend: inside }\nbackends:\n");
    let lb = Lb::start(&yaml);
    let told = run(&["ip", "netns", "exec", name, "curl", "-s", "http://127.0.0.1:8017/x"]);
    assert_eq!(told, origin::expected("GET", "/x", b""));
    assert_eq!(client::get(lb.addr("outside"), "/y").unwrap().text(), origin::expected("GET", "/y", b""));
    let sockets = run(&["ss", "-Hltn", "sport = :8017"]);
    assert_eq!(sockets, "", "nothing listens there out here");
}

#[test]
fn a_reload_keeps_an_inherited_socket_and_changes_the_options_of_its_line() {
    let origin = RecordingOrigin::start();
    let yaml = Site::http().server("o", origin.addr()).yaml();
    let mut lb = Lb::start(&yaml);
    let addr = lb.addr("web");
    let before = run(&["ss", "-Hltn", &format!("sport = :{}", addr.port())]);
    assert!(before.contains("4096"), "{before}");
    let changed = yaml.replace("bind: [\"127.0.0.1:0\"]", "bind: { address: \"127.0.0.1:0\", backlog: 17 }");
    std::fs::write(lb.folder().join("lb.yaml"), changed).unwrap();
    lb.signal(rustix::process::Signal::HUP);
    plimsoll_testkit::eventually("the queue is as short as the file says", std::time::Duration::from_secs(15), || {
        run(&["ss", "-Hltn", &format!("sport = :{}", addr.port())]).split_whitespace().nth(2) == Some("17")
    });
    assert!(Client::connect(addr).get("/x").is_ok());
}
