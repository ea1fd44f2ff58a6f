//! What a reload lets go of and what it leaves alone: tunnels hold no backend, a failure changes nothing, a retry sees the newest servers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Weak};
use std::time::Duration;

use plimsoll_engine::{Engine, Loader, Plan, StartError, load_text};
use plimsoll_net::Address;
use plimsoll_proxy::Snapshot;
use plimsoll_server::Server;
use plimsoll_testkit::{Client, Exchange, Origin, Then, eventually};

const PATIENCE: Duration = Duration::from_secs(20);

fn plan(text: &str) -> Plan {
    let (plan, findings) = load_text("lb.yaml", text);
    let mut plan = plan.unwrap_or_else(|| panic!("{}", findings.render(false)));
    plan.without_log();
    plan
}

fn start(text: &str) -> Arc<Engine> {
    Engine::start(plan(text), Loader::none()).unwrap()
}

/// `global` and a frontend `web` before these servers.
fn yaml(global: &str, mode: &str, servers: &str) -> String {
    format!(
        "global: {{ threads: 2, {global} }}\n\
         defaults: {{ mode: {mode}, timeouts: {{ connect: 5s, client: 60s, server: 60s }} }}\n\
         frontends: {{ web: {{ bind: \"127.0.0.1:0\", default-backend: app }} }}\n\
         backends: {{ app: {{ servers: {{ {servers} }} }} }}\n"
    )
}

fn inet(address: &Address) -> SocketAddr {
    match address {
        Address::Inet(address) => *address,
        other => panic!("{other} is no port"),
    }
}

fn web(engine: &Engine) -> SocketAddr {
    inet(&engine.addresses()[0].1)
}

fn server(snapshot: &Snapshot, number: usize) -> Arc<Server> {
    Arc::clone(&snapshot.backends[0].targets[number].server)
}

/// Sends back what it is sent, by TCP and behind an upgrade.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut bytes) {
                    let upgrade = bytes.starts_with(b"GET ");
                    let switch =
                        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
                    let _ = stream.write_all(if upgrade { switch } else { &bytes[..count] });
                }
            });
        }
    });
    address
}

fn echoes(tunnel: &mut TcpStream, word: &[u8]) {
    tunnel.write_all(word).unwrap();
    let mut back = vec![0; word.len()];
    tunnel.read_exact(&mut back).unwrap();
    assert_eq!(back, word);
}

/// Through the engine to [`echo`], by whatever the mode needs.
fn tunnel(at: SocketAddr, mode: &str) -> TcpStream {
    let mut tunnel = TcpStream::connect(at).unwrap();
    tunnel.set_read_timeout(Some(PATIENCE)).unwrap();
    if mode == "http" {
        tunnel.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            tunnel.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    }
    echoes(&mut tunnel, b"hello");
    tunnel
}

#[test]
fn a_tunnel_keeps_its_server_and_frees_the_other_9999_of_a_backend_that_is_gone() {
    let echo = echo();
    let many: String = (1..10_000)
        .map(|number| format!(", s{number}: {{ address: \"127.1.{}.{}:9\", weight: 0 }}", number / 250, number % 250))
        .collect();
    for mode in ["tcp", "http"] {
        let before = yaml("", mode, &format!("s0: \"{echo}\"{many}"));
        let after = yaml("", mode, &format!("other: \"{echo}\""));
        // The port stays or goes with its frontend.
        for after in [after.clone(), after.replace("web:", "next:").replace("127.0.0.1:0", "127.0.0.2:0")] {
            let engine = start(&before);
            let mut kept = tunnel(web(&engine), mode);
            let (backend, first, last): (Weak<_>, Weak<Server>, Weak<Server>) = {
                let snapshot = engine.snapshot();
                let weak = |number| Arc::downgrade(&server(&snapshot, number));
                (Arc::downgrade(&snapshot.backends[0]), weak(0), weak(9_999))
            };
            engine.reload(plan(&after)).unwrap();
            eventually("the old backend is freed", PATIENCE, || backend.upgrade().is_none());
            eventually("the servers that carry nothing are freed", PATIENCE, || last.upgrade().is_none());
            assert_eq!(first.upgrade().map(|server| server.served()), Some(1), "the tunnel counts on its server");
            assert_eq!(engine.connections(), 1);
            echoes(&mut kept, b"still here");
            drop(kept);
            eventually("the server goes with its tunnel", PATIENCE, || first.upgrade().is_none());
            eventually("and gives its place back", PATIENCE, || engine.connections() == 0);
            engine.drain();
            engine.finish();
        }
    }
}

#[test]
fn a_tunnel_is_closed_by_policy_though_it_holds_only_its_server() {
    let echo = echo();
    for mode in ["tcp", "http"] {
        let engine = start(&yaml("removed-servers: close", mode, &format!("one: \"{echo}\"")));
        let mut gone = tunnel(web(&engine), mode);
        engine.reload(plan(&yaml("removed-servers: close", mode, &format!("two: \"{echo}\"")))).unwrap();
        assert!(!matches!(gone.read(&mut [0]), Ok(1..)), "it is closed");
        let mut kept = tunnel(web(&engine), mode);
        engine.reload(plan(&yaml("removed-servers: close, maxconn: 50", mode, &format!("two: \"{echo}\"")))).unwrap();
        echoes(&mut kept, b"its server stays");
        engine.drain();
        drop(kept);
        engine.finish();
    }
}

#[test]
fn a_reload_that_fails_leaves_every_object_as_it_was() {
    let echo = echo();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let before = yaml("", "http", "s: \"127.0.0.1:9\"");
    let moved = yaml("", "http", &format!("s: \"{echo}\""));
    let engine = start(&before);
    let was = engine.snapshot();
    let page = moved.replace("threads: 2,", &format!("threads: 2, admin: \"{taken}\""));
    let socket = moved.replace("threads: 2,", &format!("threads: 2, runtime-api: \"{taken}\""));
    let listener = moved.replace("bind: \"127.0.0.1:0\"", &format!("bind: [\"127.0.0.1:0\", \"{taken}\"]"));
    for (text, is_admin) in [(page, true), (socket, true), (listener, false)] {
        let error = engine.reload(plan(&text)).unwrap_err();
        assert!(error.to_string().contains(&taken.to_string()), "{error}");
        assert_eq!(matches!(error, StartError::Admin(_)), is_admin, "{error:?}");
        assert!(Arc::ptr_eq(&engine.snapshot(), &was), "the snapshot is the same");
        assert!(engine.changes(&plan(&before)).is_empty() && engine.admin_addresses().is_empty());
    }
    engine.reload(plan(&moved)).unwrap();
    let now = engine.snapshot();
    assert!(!Arc::ptr_eq(&server(&was, 0), &server(&now, 0)), "only now has it moved, and is a new one");
    engine.reload(plan(&moved)).unwrap();
    assert!(Arc::ptr_eq(&server(&now, 0), &server(&engine.snapshot(), 0)), "and it has moved once");
    engine.drain();
    engine.finish();
}

#[test]
fn a_page_that_goes_frees_its_address_before_the_reload_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let without = yaml("", "http", "s: \"127.0.0.1:9\"");
    let with = without.replace("threads: 2,", &format!("threads: 2, admin: \"{free}\""));
    let engine = start(&without);
    for _ in 0..20 {
        engine.reload(plan(&with)).unwrap();
        assert_eq!(engine.admin_addresses(), [("admin", Address::Inet(free))]);
        let mut page = TcpStream::connect(free).unwrap();
        page.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        page.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        engine.reload(plan(&without)).unwrap();
        assert!(TcpStream::connect(free).is_err());
    }
    engine.drain();
    engine.finish();
}

#[test]
fn a_request_that_is_tried_again_finds_the_servers_of_the_newest_file() {
    let (arrived, go) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let held = {
        let (arrived, go) = (Arc::clone(&arrived), Arc::clone(&go));
        Origin::serving(move |_: &mut Exchange<'_>| {
            arrived.wait();
            go.wait();
            Then::Close
        })
    };
    let new = Origin::serving(|exchange: &mut Exchange<'_>| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
        Then::Keep
    });
    let servers = |origin: SocketAddr, name: &str| yaml("", "http", &format!("{name}: \"{origin}\""));
    // The listener stays with its frontend, or another frontend has it by then and the frontend has another one.
    let same = servers(new.addr, "new");
    let elsewhere = same.replace("127.0.0.1:0", "127.0.0.2:0");
    for after in [same, elsewhere] {
        let engine = start(&servers(held.addr, "old"));
        let mut client = Client::connect(web(&engine));
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        arrived.wait();
        engine.reload(plan(&after)).unwrap();
        go.wait();
        let response = client.response().unwrap();
        assert_eq!((response.status, response.text().as_str()), (200, "new"));
        engine.drain();
        drop(client);
        engine.finish();
    }
}

#[test]
fn a_request_whose_head_was_half_read_finds_the_servers_of_the_newest_file() {
    let new = Origin::serving(|exchange: &mut Exchange<'_>| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
        Then::Keep
    });
    let one = |servers: &str| yaml("", "http", servers).replace("threads: 2", "threads: 1");
    let engine = start(&one("old: \"127.0.0.1:9\""));
    let mut client = Client::connect(web(&engine));
    client.send("GET / HTTP/1.1\r\nHo");
    // The one worker has read this when it has served another client.
    let mut other = Client::connect(web(&engine));
    assert_eq!(other.get("/").unwrap().status, 503);
    engine.reload(plan(&one(&format!("new: \"{}\"", new.addr)))).unwrap();
    client.send("st: a\r\n\r\n");
    assert_eq!(client.response().unwrap().text(), "new");
    engine.drain();
    drop((client, other));
    engine.finish();
}

#[test]
fn what_only_a_restart_changes_is_said_until_it_is_done() {
    let text = yaml("", "http", "s: \"127.0.0.1:9\"");
    let engine = start(&text);
    let more = plan(&text.replace("threads: 2", "threads: 3, cpu-map: \"1/1-3 0\", pidfile: /run/lb.pid"));
    for _ in 0..2 {
        let said = engine.changes(&more).to_string();
        assert!(
            said.contains("! global.threads: 3 wanted, 2 run until the next start (reload.needs-restart)\n"),
            "{said}"
        );
        for key in ["cpu-map", "pidfile"] {
            let line = format!("! global.{key}: counts from the next start (reload.needs-restart)\n");
            assert!(said.contains(&line), "{said}");
        }
        assert_eq!(engine.reload(more.clone()).unwrap().needs_restart.len(), 3);
    }
    assert!(engine.reload(plan(&text)).unwrap().needs_restart.is_empty());
    engine.drain();
    engine.finish();
}

#[test]
fn a_process_that_drains_takes_no_other_file() {
    let text = yaml("", "http", "s: \"127.0.0.1:9\"");
    let engine = start(&text);
    engine.drain();
    assert!(matches!(engine.reload(plan(&text)), Err(StartError::Ending)));
    engine.finish();
}
