//! A whole engine in this process: listeners on ports that the kernel chooses, one request, a drain, starts that must fail.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use plimsoll_engine::{Engine, Loader, StartError, load_text};
use plimsoll_net::Address;
use plimsoll_testkit::eventually;

const PATIENCE: Duration = Duration::from_secs(20);

/// Starts what the text says, silently.
fn start(text: &str) -> Result<Arc<Engine>, StartError> {
    let (plan, findings) = load_text("lb.yaml", text);
    let mut plan = plan.unwrap_or_else(|| panic!("{}", findings.render(false)));
    plan.without_log();
    Engine::start(plan, Loader::none())
}

/// The address of the listener with that number.
fn inet(engine: &Engine, number: usize) -> SocketAddr {
    match &engine.addresses()[number].1 {
        Address::Inet(address) => *address,
        other => panic!("{other} is no port"),
    }
}

fn stop(engine: Arc<Engine>) {
    engine.drain();
    eventually("it is drained", PATIENCE, || engine.is_drained());
    engine.finish();
}

/// Answers one request after the other, each on a connection of its own, until it is asked for `/last`.
fn origin() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        loop {
            let mut client = listener.accept().unwrap().0;
            let head = head(&mut client);
            client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").unwrap();
            if head.starts_with("GET /last ") {
                return;
            }
        }
    });
    (address, thread)
}

/// Reads until an empty line.
fn head(peer: &mut TcpStream) -> String {
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        peer.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn ask(client: &mut TcpStream, path: &str) {
    client.write_all(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes()).unwrap();
}

/// Reads an answer of `origin`.
fn answer(client: &mut TcpStream) -> String {
    let head = head(client);
    let mut body = [0; 5];
    client.read_exact(&mut body).unwrap();
    assert_eq!(&body, b"hello");
    head
}

fn is_closed(client: &mut TcpStream) -> bool {
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    matches!(client.read(&mut [0]), Ok(0))
        || matches!(client.read(&mut [0]), Err(e) if e.kind() == ErrorKind::ConnectionReset)
}

#[test]
fn it_serves_on_the_ports_that_the_kernel_chose_and_says_which() {
    let (server, thread) = origin();
    let engine = start(&format!(
        r#"
global: {{ threads: 2, maxconn: 100 }}
frontends:
  one: {{ bind: "127.0.0.1:0", default-backend: app }}
  two: {{ bind: ["127.0.0.1:0", "[::1]:0"], default-backend: app }}
backends:
  app: {{ servers: {{ a: "{server}" }} }}
"#
    ))
    .unwrap();
    let names: Vec<String> = engine.addresses().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, ["one", "two", "two"]);
    for (number, path) in ["/", "/", "/last"].into_iter().enumerate() {
        let mut client = TcpStream::connect(inet(&engine, number)).unwrap();
        ask(&mut client, path);
        assert!(answer(&mut client).starts_with("HTTP/1.1 200 "));
    }
    thread.join().unwrap();
    eventually("every place is given back", PATIENCE, || engine.connections() == 0);
    stop(engine);
}

/// The server's side of one request.
fn serve(listener: &TcpListener) -> impl FnOnce() {
    let mut serving = listener.accept().unwrap().0;
    head(&mut serving);
    move || serving.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").unwrap()
}

#[test]
fn a_drain_ends_the_idle_lets_the_busy_finish_answers_who_just_came_and_refuses_the_new() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let engine = start(&format!(
        r#"
global: {{ threads: 2, maxconn: 100 }}
frontends:
  web: {{ bind: "127.0.0.1:0", default-backend: app }}
backends:
  app: {{ servers: {{ a: "{server}" }} }}
"#
    ))
    .unwrap();
    let address = inet(&engine, 0);
    let [mut idle, mut busy, mut fresh] = std::array::from_fn(|_| TcpStream::connect(address).unwrap());
    ask(&mut idle, "/");
    serve(&listener)();
    assert!(!answer(&mut idle).to_ascii_lowercase().contains("connection: close"));
    ask(&mut busy, "/slow");
    let finish = serve(&listener);
    eventually("all three are in", PATIENCE, || engine.connections() == 3);
    engine.drain();
    assert!(is_closed(&mut idle));
    eventually("nobody listens any more", PATIENCE, || TcpStream::connect(address).is_err());
    assert!(!engine.is_drained(), "two are still served");
    finish();
    assert!(answer(&mut busy).to_ascii_lowercase().contains("connection: close"));
    assert!(is_closed(&mut busy));
    ask(&mut fresh, "/first");
    serve(&listener)();
    assert!(answer(&mut fresh).to_ascii_lowercase().contains("connection: close"));
    drop((idle, busy, fresh));
    eventually("it is drained", PATIENCE, || engine.is_drained());
    engine.finish();
}

#[test]
fn a_port_that_somebody_has_is_named_with_its_frontend_and_the_others_are_free_again() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("first.sock");
    let text = format!(
        r#"
global: {{ threads: 2, maxconn: 100 }}
frontends:
  first: {{ bind: "unix@{}", default-backend: app }}
  second: {{ bind: "{address}", default-backend: app }}
backends:
  app: {{ servers: {{ a: "127.0.0.1:1" }} }}
"#,
        socket.display()
    );
    let error = start(&text).unwrap_err().to_string();
    assert!(error.contains(&address.to_string()) && error.contains("frontend second"), "{error}");
    assert!(!socket.exists(), "nothing is left behind");
    drop(taken);
    stop(start(&text).unwrap());
}

#[test]
fn two_engines_do_not_share_a_port() {
    let text = |port: u16| {
        format!(
            r#"
global: {{ threads: 2, maxconn: 100 }}
frontends:
  web: {{ bind: "127.0.0.1:{port}", default-backend: app }}
backends:
  app: {{ servers: {{ a: "127.0.0.1:1" }} }}
"#
        )
    };
    let engine = start(&text(0)).unwrap();
    let address = inet(&engine, 0);
    let error = start(&text(address.port())).unwrap_err().to_string();
    assert!(error.contains(&address.to_string()), "{error}");
    stop(engine);
    stop(start(&text(address.port())).unwrap());
}

#[test]
fn the_file_of_a_unix_socket_is_there_while_it_serves_and_gone_after_a_drain() {
    let (server, thread) = origin();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.sock");
    let engine = start(&format!(
        r#"
global: {{ threads: 2, maxconn: 100 }}
frontends:
  web: {{ bind: "unix@{}", default-backend: app }}
backends:
  app: {{ servers: {{ a: "{server}" }} }}
"#,
        path.display()
    ))
    .unwrap();
    let mut client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(b"GET /last HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello"), "{answer}");
    thread.join().unwrap();
    assert!(path.exists());
    stop(engine);
    assert!(!path.exists());
}

#[test]
fn a_maxconn_that_the_descriptor_limit_cannot_hold_is_refused_with_what_would_fit() {
    let error = start(
        r#"
global: { threads: 1, maxconn: 4000000000 }
frontends:
  web: { bind: "127.0.0.1:0", default-backend: app }
backends:
  app: { servers: { a: "127.0.0.1:1" } }
"#,
    )
    .unwrap_err();
    assert!(matches!(error, StartError::Budget(_)), "{error}");
    assert!(error.to_string().contains("global.maxconn to "), "{error}");
}
