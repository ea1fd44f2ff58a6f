//! The pages by HTTP: what they answer, that Prometheus' own parser reads the metrics, that nothing can be injected.

mod house;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use house::{House, server};
use plimsoll_admin::{AdminOptions, Events, Look, Options, Serving, State, metrics, page, serve};
use plimsoll_net::Address;
use plimsoll_observe::keep_panics;
use plimsoll_server::CheckStatus;
use plimsoll_testkit::eventually;
use tokio::runtime::Runtime;

fn house() -> House {
    let odd = "a\"<b>&'\\";
    let servers = vec![server("a1", 10, false, false), server(odd, 1, true, false), server("a3", 5, false, true)];
    let house = House::new(&[("app", servers), ("<script>", Vec::new())]).checked();
    house.check(CheckStatus::L7Ok, "");
    house.serve(7);
    house
}

struct Served {
    address: SocketAddr,
    _serving: Serving,
    _runtime: Runtime,
}

fn served(state: &Arc<House>) -> Served {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().on_thread_start(keep_panics).build().unwrap();
    let bind = Address::Inet(([127, 0, 0, 1], 0).into());
    let options = Options { runtime_api: Vec::new(), admin: vec![AdminOptions { bind }] };
    let serving = runtime.block_on(async { serve(&options, Arc::clone(state) as Arc<dyn State>) }).unwrap();
    let Address::Inet(address) = serving.addresses()[0].1 else { panic!("an IP address") };
    Served { address, _serving: serving, _runtime: runtime }
}

fn send(address: SocketAddr, method: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    stream
}

fn ask(address: SocketAddr, method: &str, path: &str) -> String {
    let mut answer = String::new();
    send(address, method, path).read_to_string(&mut answer).unwrap();
    answer
}

fn scrape(state: &Arc<House>) -> String {
    let state = Arc::clone(state) as Arc<dyn State>;
    String::from_utf8(metrics(&state).flatten().collect()).unwrap()
}

#[test]
fn the_paths_answer_and_others_do_not() {
    let state = Arc::new(house());
    let served = served(&state);
    let page = ask(served.address, "GET", "/");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("content-security-policy: default-src 'none'"), "{page}");
    assert!(page.contains(">a1<"), "{page}");
    assert!(ask(served.address, "GET", "/metrics").contains("haproxy_frontend_http_requests_total{proxy=\"web\"} 7\n"));
    assert!(ask(served.address, "GET", "/stats.csv").contains("# pxname,svname,qcur"));
    assert!(ask(served.address, "GET", "/other").starts_with("HTTP/1.1 404"));
    assert!(ask(served.address, "POST", "/").starts_with("HTTP/1.1 405"));
    let head = ask(served.address, "HEAD", "/metrics");
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn a_panic_in_a_page_costs_its_connection_and_is_counted() {
    let state = Arc::new(house());
    let served = served(&state);
    for (number, path) in ["/", "/metrics"].into_iter().enumerate() {
        state.faulty.store(true, SeqCst);
        assert_eq!(ask(served.address, "GET", path), "", "{path}: the connection ends");
        eventually("it is counted", Duration::from_secs(20), || {
            state.snapshot.process.panics.count() == number as u64 + 1
        });
        assert!(ask(served.address, "GET", path).starts_with("HTTP/1.1 200"), "{path}: the next one is served");
    }
    let counted = "plimsoll_panics_total{worker=\"control\"} 2\n";
    assert!(scrape(&state).contains(counted), "{}", scrape(&state));
}

#[test]
fn an_open_page_is_told_everything_then_what_changed() {
    let state: Arc<House> = Arc::new(house());
    let shared = Arc::clone(&state) as Arc<dyn State>;
    let mut events = Events::default();
    let mut next = || -> serde_json::Value {
        let event = String::from_utf8(events.next(&shared)).unwrap();
        serde_json::from_str(event.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap()).unwrap()
    };
    let first = next();
    assert_eq!(first["rows"].as_object().unwrap().len(), 7);
    assert_eq!(first["failures"], serde_json::json!([]));
    // Rates are unknown at the first look and known from the second on.
    state.advance(Duration::from_secs(1));
    next();
    state.serve(20);
    state.fail(b"x");
    state.advance(Duration::from_secs(2));
    let changed = next();
    assert_eq!(changed["rows"]["r2-0"][6], "10");
    assert_eq!(changed["failures"][0][0], "server.connect.refused");
    state.advance(Duration::from_secs(180));
    next();
    state.advance(Duration::from_secs(1));
    let quiet = next();
    assert!(quiet["rows"].as_object().unwrap().is_empty() && quiet.get("failures").is_none(), "{quiet}");
}

#[test]
fn events_come_by_http_until_the_page_is_closed() {
    let state = Arc::new(house());
    let served = served(&state);
    let mut stream = send(served.address, "GET", "/events");
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.contains("\n\ndata: ") && seen.matches("data: ").count() < 2 {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    assert!(seen.contains("text/event-stream"), "{seen}");
}

#[test]
fn only_so_many_pages_are_live() {
    let state = Arc::new(house());
    let served = served(&state);
    let mut line = [0; 12];
    let pages: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut page = send(served.address, "GET", "/events");
            page.read_exact(&mut line).unwrap();
            assert_eq!(&line, b"HTTP/1.1 200");
            page
        })
        .collect();
    assert!(ask(served.address, "GET", "/events").starts_with("HTTP/1.1 503"));
    assert!(ask(served.address, "GET", "/metrics").starts_with("HTTP/1.1 200"));
    drop(pages);
    eventually("a place is free again", Duration::from_secs(20), || {
        send(served.address, "GET", "/events").read_exact(&mut line).unwrap();
        &line == b"HTTP/1.1 200"
    });
}

#[test]
fn names_are_text_in_the_page() {
    let state = Arc::new(house()) as Arc<dyn State>;
    let html = String::from_utf8(page(&state, Look::live()).flatten().collect()).unwrap();
    assert!(html.contains("a&quot;&lt;b&gt;&amp;&#39;\\ (backup)"), "{html}");
    assert_eq!(html.matches("<script>").count(), 1);
    for outside in ["http://", "https://", "//cdn", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn a_metric_is_announced_once_and_all_its_lines_stand_together() {
    let text = scrape(&Arc::new(house()));
    let mut seen = std::collections::HashSet::new();
    let mut current = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            current = rest.split(' ').next().unwrap();
            assert!(seen.insert(current), "{current} twice");
        } else if !line.starts_with('#') {
            assert!(line.starts_with(current), "{line} under {current}");
        }
    }
    assert!(text.contains("haproxy_server_status{proxy=\"app\",server=\"a3\",state=\"MAINT\"} 1\n"), "{text}");
    assert!(text.contains("haproxy_backend_total_time_seconds_bucket{proxy=\"app\",le=\"+Inf\"} 7\n"), "{text}");
}

/// The parser comes from PyPI into the target folder at the first run; `PLIMSOLL_PYTHON` names a Python that has it already.
#[test]
fn prometheus_own_parser_reads_the_metrics() {
    let python = std::env::var("PLIMSOLL_PYTHON").unwrap_or_else(|_| venv());
    let script = "import sys\n\
        from prometheus_client.parser import text_string_to_metric_families as parse\n\
        families = {f.name: f for f in parse(sys.stdin.read())}\n\
        print(float(families['haproxy_frontend_http_requests'].samples[0].value))\n\
        print(sum(len(f.samples) for f in families.values()))\n\
        print(sorted({s.labels['server'] for s in families['haproxy_server_weight'].samples})[0])\n";
    let mut child =
        Command::new(&python).args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect(&python);
    let text = scrape(&Arc::new(house()));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{python} has no prometheus_client, or it refuses the metrics");
    let answer = String::from_utf8(output.stdout).unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(answer, format!("7.0\n{samples}\na\"<b>&'\\\n"));
}

/// Made once, in the target folder.
fn venv() -> String {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("prometheus");
    let python = folder.join("bin/python");
    let made = folder.join("made");
    if !made.exists() {
        let run = |command: &mut Command| assert!(command.status().expect("python3").success(), "{command:?}");
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "prometheus_client==0.23.1"]));
        std::fs::write(made, "").unwrap();
    }
    python.to_str().unwrap().to_owned()
}
