//! A panic injected at every stage costs one connection, and is counted (scorecard, row 20).

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plimsoll_clock::Tick;
use plimsoll_http::{Limits, Tolerance};
use plimsoll_lb::{Balance, Balancer};
use plimsoll_net::{Address, ConnectOptions, ListenOptions, Listener};
use plimsoll_observe::Sink;
use plimsoll_server::{HealthOptions, ServerOptions, Set, Settings};
use plimsoll_upstream::Reuse;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Mark, fault};
use crate::{Assignment, Backend, BackendLive, Frontend, FrontendLive, Mode, Process, Splicing, Timeouts, Worker};

const PATIENCE: Duration = Duration::from_secs(20);

/// A worker on a thread of its own, in front of an origin.
struct House {
    address: SocketAddr,
    process: Arc<Process>,
    frontend: Arc<Frontend>,
    backend: Arc<Backend>,
    arm: Option<UnboundedSender<(&'static str, std::sync::mpsc::Sender<()>)>>,
    worker: Option<JoinHandle<()>>,
}

impl House {
    fn new(mode: Mode) -> Self {
        let log = Sink::start(&[]).expect("a log without targets");
        let process = Arc::new(Process::new(1, 100, log.events()));
        let backend = Arc::new(backend(mode, origin()));
        let frontend = Arc::new(frontend(mode, &backend));
        let (listener, address) = listener();
        let (arm, mut armed) = unbounded_channel::<(&'static str, std::sync::mpsc::Sender<()>)>();
        let (of, to) = (Arc::clone(&process), Arc::clone(&frontend));
        let worker = std::thread::spawn(move || {
            let mark = Mark::default();
            let woke = mark.clone();
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().on_thread_unpark(move || woke.woke()).build_local(Default::default());
            runtime.expect("an event loop").block_on(async {
                let worker = Worker::start(0, of, None, mark, Tick::now());
                worker.prepare(vec![(0, listener)]).expect("a listener");
                worker.adopt(vec![Assignment {
                    number: 1,
                    name: None,
                    port: 0,
                    frontend: to,
                    accept_proxy: false,
                    options: ListenOptions::default(),
                    gate: None,
                }]);
                while let Some((stage, done)) = armed.recv().await {
                    fault::arm(stage);
                    done.send(()).expect("a test that waits");
                }
            });
        });
        Self { address, process, frontend, backend, arm: Some(arm), worker: Some(worker) }
    }

    fn arm(&self, stage: &'static str) {
        let (done, armed) = std::sync::mpsc::channel();
        self.arm.as_ref().expect("alive").send((stage, done)).expect("a worker");
        armed.recv().expect("a worker that goes on");
    }

    fn connect(&self) -> BufReader<TcpStream> {
        let stream = TcpStream::connect(self.address).expect("a listener");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        BufReader::new(stream)
    }

    fn panics(&self) -> u64 {
        self.process.loops.sum(|shard| shard.panics.get())
    }

    fn settled(&self, clients: usize) -> bool {
        self.process.gate.used() == clients
            && self.frontend.live.gate.used() == clients
            && self.backend.targets[0].server.served() == 0
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.arm.take());
        if self.worker.take().is_some_and(|worker| worker.join().is_err()) && !std::thread::panicking() {
            panic!("the worker itself has panicked");
        }
    }
}

fn listener() -> (Listener, SocketAddr) {
    let address: Address = "127.0.0.1:0".parse().expect("an address");
    let mut group = Listener::bind_group(&address, 1, &Default::default()).expect("a port");
    let listener = group.pop().expect("one");
    let &Address::Inet(at) = listener.local_addr() else { panic!("no port") };
    (listener, at)
}

fn backend(mode: Mode, origin: SocketAddr) -> Backend {
    let settings =
        [Settings { name: "a".into(), id: None, options: ServerOptions::default(), health: HealthOptions::default() }];
    let set = Set::new("app", &settings, 1, Tick::now());
    let targets: Vec<_> = set
        .servers()
        .iter()
        .map(|server| crate::Target {
            server: Arc::clone(server),
            address: Address::Inet(origin),
            connect: ConnectOptions::default(),
            send_proxy: None,
            tolerance: Tolerance::default(),
            host: "a".into(),
            checked: false,
        })
        .collect();
    Backend {
        name: "app".into(),
        mode,
        timeouts: Timeouts::default(),
        balancer: Balancer::new(&Balance::default(), false, set),
        by_slot: Backend::by_slot(&targets),
        targets,
        retries: 0,
        redispatch: false,
        reuse: Reuse::default(),
        server_close: false,
        tells: None,
        splicing: Splicing { auto: Some(false), ..Splicing::default() },
        abortonclose: false,
        limits: Limits::DEFAULT,
        rules: None,
        live: Arc::new(BackendLive::new(1)),
    }
}

fn frontend(mode: Mode, backend: &Arc<Backend>) -> Frontend {
    Frontend {
        name: "web".into(),
        mode,
        timeouts: Timeouts::default(),
        default_backend: Some(Arc::clone(backend)),
        tells: None,
        splicing: Splicing::default(),
        close: false,
        server_close: false,
        limits: Limits::DEFAULT,
        log: crate::Logging::NOTHING,
        rules: None,
        formats: None,
        directory: Arc::default(),
        live: Arc::new(FrontendLive::new("web", 50, 1)),
    }
}

/// Answers requests, takes bodies, and echoes after an upgrade. Its threads end with their connections.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            std::thread::spawn(move || converse(stream));
        }
    });
    address
}

fn converse(stream: TcpStream) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let head = head(&mut reader)?;
        if head.contains("upgrade: websocket") {
            writer
                .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                .ok()?;
            let mut byte = [0];
            while reader.read_exact(&mut byte).is_ok() {
                writer.write_all(&byte).ok()?;
            }
            return None;
        }
        if head.contains("content-length: 4") {
            reader.read_exact(&mut [0; 4]).ok()?;
        }
        writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ok()?;
    }
}

/// In small letters.
fn head(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head.to_ascii_lowercase())
}

fn send(client: &mut BufReader<TcpStream>, bytes: &str) {
    // The worker may have gone already.
    let _ = client.get_mut().write_all(bytes.as_bytes());
}

fn get(client: &mut BufReader<TcpStream>) -> bool {
    send(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    head(client).is_some_and(|head| head.starts_with("http/1.1 200")) && client.read_exact(&mut [0; 2]).is_ok()
}

/// Reads to the end. True: it came, by FIN or RST.
fn ends(client: &mut BufReader<TcpStream>) -> bool {
    match std::io::copy(client, &mut std::io::sink()) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

fn eventually(what: &str, mut look: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !look() {
        assert!(Instant::now() < until, "not within 20 s: {what}");
        std::thread::yield_now();
    }
}

const PLAIN: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

#[test]
fn a_panic_at_any_stage_of_a_request_costs_that_connection_and_nothing_else() {
    let stages = [
        ("begin", PLAIN),
        ("head", PLAIN),
        ("chosen", PLAIN),
        ("connected", PLAIN),
        ("upload", POST),
        ("answered", PLAIN),
        ("tail", PLAIN),
        ("logged", PLAIN),
        ("tunnel", UPGRADE),
    ];
    let house = House::new(Mode::Http);
    let mut neighbour = house.connect();
    assert!(get(&mut neighbour));
    for (number, (stage, request)) in stages.into_iter().enumerate() {
        house.arm(stage);
        let mut victim = house.connect();
        send(&mut victim, request);
        assert!(ends(&mut victim), "{stage}: the connection stays open");
        eventually("it is counted", || house.panics() == number as u64 + 1);
        assert!(get(&mut neighbour), "{stage}: another connection suffers");
        assert!(get(&mut house.connect()), "{stage}: a new connection suffers");
        eventually("places are given back", || house.settled(1));
    }
    let counted = house.process.tallies[0].snapshot();
    assert_eq!(counted, [("proxy.panic", stages.len() as u64)].into());
}

#[test]
fn a_panic_in_a_tcp_connection_costs_that_connection_and_nothing_else() {
    let house = House::new(Mode::Tcp);
    let mut neighbour = house.connect();
    assert!(get(&mut neighbour));
    for (number, stage) in ["begin", "chosen", "connected", "logged"].into_iter().enumerate() {
        house.arm(stage);
        let mut victim = house.connect();
        send(&mut victim, PLAIN);
        if stage == "logged" {
            victim.get_mut().shutdown(std::net::Shutdown::Write).expect("a connection");
        }
        assert!(ends(&mut victim), "{stage}: the connection stays open");
        eventually("it is counted", || house.panics() == number as u64 + 1);
        assert!(get(&mut neighbour), "{stage}: another connection suffers");
        eventually("only the neighbour is left", || house.process.gate.used() == 1);
        assert_eq!(house.backend.targets[0].server.served(), 1, "{stage}");
    }
}

#[test]
fn a_panic_in_the_tasks_of_the_worker_itself_begins_them_anew() {
    let house = House::new(Mode::Http);
    let mut neighbour = house.connect();
    assert!(get(&mut neighbour));
    house.arm("accepted");
    assert!(ends(&mut house.connect()));
    eventually("it is counted", || house.panics() == 1);
    assert!(get(&mut neighbour));
    assert!(get(&mut house.connect()), "nobody accepts any more");
    eventually("places are given back", || house.settled(1));
}

#[test]
fn a_step_that_keeps_the_others_waiting_is_counted() {
    let house = House::new(Mode::Http);
    // A busy machine may have held the worker up before.
    let long_steps = || house.process.loops.sum(|shard| shard.long_steps.get());
    assert!(get(&mut house.connect()));
    let before = long_steps();
    house.arm("slow");
    assert!(get(&mut house.connect()));
    eventually("it is counted", || long_steps() > before);
    assert_eq!(house.panics(), 0);
}
