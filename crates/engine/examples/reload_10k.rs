//! How long 10,000 backends take to check, start and reload, and how long a reload keeps a worker from its clients.
//!
//! `cargo run --release -p plimsoll-engine --example reload_10k [backends] [checks]` prints a line of JSON for each phase. A worker's
//! pause is bounded from both sides: by the CPU time it spends on a reload without traffic (`worker_cpu_us`, which a busy machine does not
//! change), and by the longest wait of a client that asks without pause (`longest_us`, which holds the machine's noise too: compare
//! it with the phase `quiet`).

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_engine::{Changes, Engine, Loader, Plan, load_text};
use plimsoll_net::Address;

const FRONTENDS: usize = 50;
/// How often each phase is repeated.
const ROUNDS: usize = 7;

/// Which of the two files.
#[derive(Clone, Copy, PartialEq)]
enum File {
    Same,
    /// 100 backends changed, 10 added, 10 removed.
    Edited,
}

fn yaml(backends: usize, checks: bool, file: File, origin: SocketAddr) -> String {
    let check = if checks { "  health-check: { type: tcp, interval: 1h }\n" } else { "" };
    let mut text = format!(
        "global: {{ threads: 1, maxconn: 1000 }}\ndefaults:\n  timeouts: {{ connect: 2s, client: 30s, server: 30s }}\n{check}frontends:\n"
    );
    for number in 0..FRONTENDS {
        let _ = writeln!(text, "  f{number}: {{ bind: \"127.0.0.1:0\", default-backend: b{number} }}");
    }
    text += "backends:\n";
    let edited = file == File::Edited;
    let removed = |number: usize| edited && number + 10 >= backends;
    for number in (0..backends).filter(|number| !removed(*number)) {
        let address = if number < FRONTENDS {
            origin.to_string()
        } else {
            format!("127.0.{}.{}:9", 1 + number / 250, 1 + number % 250)
        };
        let weight = if edited && (FRONTENDS..FRONTENDS + 100).contains(&number) { 7 } else { 1 };
        let _ = writeln!(
            text,
            "  b{number}:\n    balance: roundrobin\n    servers:\n      s: {{ address: \"{address}\", weight: {weight} }}"
        );
    }
    for number in (0..10).filter(|_| edited) {
        let _ = writeln!(
            text,
            "  new{number}:\n    balance: roundrobin\n    servers:\n      s: {{ address: \"127.0.100.1:9\", weight: 1 }}"
        );
    }
    text
}

fn load(text: &str) -> Plan {
    let (plan, findings) = load_text("lb.yaml", text);
    let mut plan = plan.unwrap_or_else(|| panic!("{}", findings.render(false)));
    plan.without_log();
    plan
}

/// Answers every request of every connection.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut lines =
                    BufReader::new(client.try_clone().expect("another handle")).lines().map_while(Result::ok);
                while lines.by_ref().any(|line| line.is_empty()) {
                    let mut client = &client;
                    if client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// Asks one request after the other until told to stop; the longest wait, and how many were answered.
fn ask(to: SocketAddr, stop: &AtomicBool) -> (Duration, usize) {
    let mut client = TcpStream::connect(to).expect("it listens");
    client.set_nodelay(true).expect("an option");
    let (mut longest, mut count, mut buffer) = (Duration::ZERO, 0, [0; 4096]);
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").expect("it takes a request");
        let read = client.read(&mut buffer).expect("it answers");
        assert!(buffer[..read].starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&buffer[..read]));
        // The first is the connection's.
        longest = if count == 0 { longest } else { longest.max(start.elapsed()) };
        count += 1;
    }
    (longest, count)
}

/// The CPU time of this thread so far: what the work takes where nobody else wants the processor.
fn own_cpu() -> Duration {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the thread's times");
    times.split(' ').next().and_then(|nanos| nanos.parse().ok()).map_or(Duration::ZERO, Duration::from_nanos)
}

/// The CPU time of the busiest worker so far.
fn worker_cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the threads").map_while(Result::ok);
    let of_worker = |task: std::fs::DirEntry| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let times = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanos = times.split(' ').next()?.parse().ok()?;
        name.starts_with("worker ").then(|| Duration::from_nanos(nanos))
    };
    tasks.filter_map(of_worker).max().unwrap_or_default()
}

/// How long something took: by the clock, and of the processor.
#[derive(Default)]
struct Times(Vec<Duration>, Vec<Duration>);

impl Times {
    fn take<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (start, cpu) = (Instant::now(), own_cpu());
        let done = work();
        self.0.push(start.elapsed());
        self.1.push(own_cpu().saturating_sub(cpu));
        done
    }

    fn json(&mut self) -> String {
        let of = |time: &Duration| time.as_secs_f64() * 1e3;
        self.0.sort();
        self.1.sort();
        let (last, middle) = (self.0.len() - 1, self.0.len() / 2);
        format!(
            "\"min_ms\":{:.1},\"median_ms\":{:.1},\"max_ms\":{:.1},\"cpu_median_ms\":{:.1}",
            of(&self.0[0]),
            of(&self.0[middle]),
            of(&self.0[last]),
            of(&self.1[middle])
        )
    }
}

/// Alternates between two files; `busy`: with a client that asks all the while.
fn reloads(phase: &str, engine: &Engine, to: SocketAddr, texts: [&str; 2], busy: bool) {
    let stop = AtomicBool::new(false);
    let (mut times, mut cpu) = (Times::default(), Duration::ZERO);
    let mut last = Changes::default();
    let (longest, count) = thread::scope(|scope| {
        let client = busy.then(|| scope.spawn(|| ask(to, &stop)));
        for round in 0..ROUNDS {
            let plan = load(texts[(round + 1) % 2]);
            let before = worker_cpu();
            last = times.take(|| engine.reload(plan)).expect("it takes it over");
            cpu = cpu.max(worker_cpu().saturating_sub(before));
        }
        stop.store(true, Ordering::Relaxed);
        client.map_or((Duration::ZERO, 0), |client| client.join().expect("the client ends"))
    });
    let (added, changed, removed) = (last.added.len(), last.changed.len(), last.removed.len());
    let pause = if busy {
        format!("\"longest_us\":{},\"requests\":{count}", longest.as_micros())
    } else {
        format!("\"worker_cpu_us\":{}", cpu.as_micros())
    };
    println!(
        "{{\"phase\":\"{phase}\",{},{pause},\"added\":{added},\"changed\":{changed},\"removed\":{removed}}}",
        times.json()
    );
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let backends = words.iter().find_map(|word| word.parse().ok()).unwrap_or(10_000);
    let checks = words.iter().any(|word| word == "checks");
    let origin = origin();
    let [same, edited] = [File::Same, File::Edited].map(|file| yaml(backends, checks, file, origin));

    let mut times = Times::default();
    (0..ROUNDS).for_each(|_| drop(times.take(|| load(&same))));
    println!("{{\"phase\":\"check\",{},\"bytes\":{},\"backends\":{backends}}}", times.json(), same.len());

    let mut times = Times::default();
    let plan = load(&same);
    let engine: Arc<Engine> = times.take(|| Engine::start(plan, Loader::none())).expect("it starts");
    println!("{{\"phase\":\"start\",{}}}", times.json());
    let Address::Inet(to) = engine.addresses()[0].1 else { panic!("it is a port") };

    for (busy, kind) in [(false, ""), (true, "_busy")] {
        reloads(&format!("reload_same{kind}"), &engine, to, [&same, &same], busy);
        reloads(&format!("reload_edited{kind}"), &engine, to, [&same, &edited], busy);
    }

    // What the same client waits on this machine without a reload, while another thread reads files.
    let stop = AtomicBool::new(false);
    let (longest, count) = thread::scope(|scope| {
        let client = scope.spawn(|| ask(to, &stop));
        (0..ROUNDS).for_each(|_| drop(load(&same)));
        stop.store(true, Ordering::Relaxed);
        client.join().expect("the client ends")
    });
    println!("{{\"phase\":\"quiet\",\"longest_us\":{},\"requests\":{count}}}", longest.as_micros());
    engine.drain();
    while !engine.is_drained() {
        thread::yield_now();
    }
    engine.finish();
}
