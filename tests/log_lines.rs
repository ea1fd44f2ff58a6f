//! Lines of the log beside HAProxy's: the same `haproxy.cfg`, the same conversations, and every way in which one of them can end.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use plimsoll_testkit::origin::read_request;
use plimsoll_testkit::{Lb, Origin, Program, Wire, eventually, wait_until};

const SOON: Duration = Duration::from_secs(20);

/// A conversation, and how many lines it leaves.
struct Case {
    name: &'static str,
    talk: fn(SocketAddr),
    lines: usize,
    /// Where ours is another on purpose: from the times to the end.
    ours: Option<&'static str>,
}

const fn case(name: &'static str, lines: usize, talk: fn(SocketAddr)) -> Case {
    Case { name, talk, lines, ours: None }
}

const fn other(name: &'static str, ours: &'static str, talk: fn(SocketAddr)) -> Case {
    Case { name, talk, lines: 1, ours: Some(ours) }
}

fn dial(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).expect("it listens");
    stream.set_read_timeout(Some(SOON)).expect("a time-out");
    stream
}

/// Sends, and reads to the end.
fn all(addr: SocketAddr, text: &str) {
    let mut stream = dial(addr);
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Asks for a path and reads until the connection ends.
fn get(addr: SocketAddr, path: &str) {
    all(addr, &format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
}

/// Asks, reads so much, and leaves with a FIN or a reset.
fn leave(addr: SocketAddr, text: &str, read: usize, reset: bool) {
    let mut stream = dial(addr);
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.read_exact(&mut vec![0; read]);
    if reset {
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("lingering");
    }
}

/// What the server does, by the first path segment.
fn serve(mut wire: Wire, _: usize) {
    wire.patience(SOON);
    while let Ok(request) = read_request(&mut wire) {
        let answer = |text: &str| text.replace('\n', "\r\n");
        match request.target.as_str() {
            "/ok" | "/ok2" => _ = wire.send(answer("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello").as_bytes()),
            "/404" => _ = wire.send(answer("HTTP/1.1 404 No\nContent-Length: 0\n\n").as_bytes()),
            "/500" => _ = wire.send(answer("HTTP/1.1 500 No\nContent-Length: 0\n\n").as_bytes()),
            "/close" => return,
            "/silent" => drop(wire.until_end()),
            "/garbage" => _ = wire.send(b"hello world\r\n\r\n"),
            "/head" => {
                wire.send(answer("HTTP/1.1 200 OK\nContent-").as_bytes());
                return;
            }
            "/part" => {
                wire.send(answer("HTTP/1.1 200 OK\nContent-Length: 50\n\nhello").as_bytes());
                return;
            }
            "/stall" => {
                wire.send(answer("HTTP/1.1 200 OK\nContent-Length: 50\n\nhello").as_bytes());
                drop(wire.until_end());
            }
            "/chunk" => {
                _ = wire.send(answer("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\nzz\n").as_bytes());
            }
            "/much" => {
                wire.send(answer("HTTP/1.1 200 OK\nContent-Length: 100000000\n\n").as_bytes());
                while wire.send(&[b'x'; 65536]) {}
                return;
            }
            _ => return,
        }
    }
}

const HTTP: &[Case] = &[
    case("fine", 1, |addr| get(addr, "/ok")),
    case("two in one connection", 2, |addr| {
        let two = "GET /ok HTTP/1.1\r\nHost: h\r\n\r\nGET /ok2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        all(addr, two);
    }),
    case("a 500", 1, |addr| get(addr, "/500")),
    case("a deny", 1, |addr| get(addr, "/deny")),
    case("a redirect", 1, |addr| get(addr, "/redirect")),
    case("a return", 1, |addr| get(addr, "/return")),
    case("a tarpit", 1, |addr| get(addr, "/tarpit")),
    case("silently dropped", 1, |addr| get(addr, "/drop")),
    // The head was read and is told.
    other("rejected by content", "-1/-1/-1/-1/t -1 b - - PR-- 1/1/0/0/0 0/0 \"GET /reject HTTP/1.1\"", |addr| {
        get(addr, "/reject");
    }),
    case("no backend", 1, |addr| get(addr, "/nobackend")),
    case("no server", 1, |addr| get(addr, "/empty")),
    case("connections are refused", 1, |addr| get(addr, "/dead")),
    case("connections are not accepted", 1, |addr| get(addr, "/full")),
    case("the client leaves while it connects", 1, |addr| {
        leave(addr, "GET /full HTTP/1.1\r\nHost: h\r\n\r\n", 0, true);
    }),
    case("the server closes", 1, |addr| get(addr, "/close")),
    case("the server is silent", 1, |addr| get(addr, "/silent")),
    case("the client leaves before the answer", 1, |addr| {
        leave(addr, "GET /silent HTTP/1.1\r\nHost: h\r\n\r\n", 0, false);
    }),
    // A reset is noticed without `abortonclose`: nobody is left to answer.
    other(
        "the client resets before the answer",
        "t/t/t/-1/t -1 b - - CD-- 1/1/0/0/0 0/0 \"GET /silent HTTP/1.1\"",
        |addr| {
            leave(addr, "GET /silent HTTP/1.1\r\nHost: h\r\n\r\n", 0, true);
        },
    ),
    case("the response is none", 1, |addr| get(addr, "/garbage")),
    case("the response's head is cut", 1, |addr| get(addr, "/head")),
    case("the response is cut", 1, |addr| get(addr, "/part")),
    case("the response stalls", 1, |addr| get(addr, "/stall")),
    // The head was good, what came behind it was not.
    other(
        "the response's chunks are wrong",
        "t/t/t/t/t 502 b - - PD-- 1/1/0/0/0 0/0 \"GET /chunk HTTP/1.1\"",
        |addr| get(addr, "/chunk"),
    ),
    case("the response is denied", 1, |addr| get(addr, "/ok?denied")),
    case("the client resets in the response", 1, |addr| {
        leave(addr, "GET /much HTTP/1.1\r\nHost: h\r\n\r\n", 100, true);
    }),
    case("the client does not read", 1, |addr| {
        let mut stream = dial(addr);
        let _ = stream.write_all(b"GET /much HTTP/1.1\r\nHost: h\r\n\r\n");
        // Until the proxy has given it up.
        let gone = || rustix::net::sockopt::socket_error(&stream).is_ok_and(|error| error.is_err());
        let _ = wait_until(Duration::from_secs(2), gone);
    }),
    case("the request is none", 1, |addr| all(addr, "hello world\r\n\r\n")),
    case("the request's head is cut", 1, |addr| leave(addr, "GET /ok HTT", 0, false)),
    case("the request's head is cut by a reset", 1, |addr| leave(addr, "GET /ok HTT", 0, true)),
    case("the request's head stalls", 1, |addr| all(addr, "GET /ok HTT")),
    // Whoever closed half of its connection hears what was wrong.
    other("the request's body is cut", "t/t/t/-1/t 400 b - - CD-- 1/1/0/0/0 0/0 \"POST /silent HTTP/1.1\"", |addr| {
        leave(addr, "POST /silent HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc", 0, false);
    }),
    // Who owes the rest of a body is waited for, not the server.
    other("the request's body stalls", "t/t/t/-1/t 408 b - - cD-- 1/1/0/0/0 0/0 \"POST /silent HTTP/1.1\"", |addr| {
        all(addr, "POST /silent HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    }),
    // The head is judged before the body is looked at.
    other(
        "the request's chunks are wrong",
        "t/t/-1/-1/t 400 b - - PR-- 1/1/0/0/0 0/0 \"POST /silent HTTP/1.1\"",
        |addr| {
            all(addr, "POST /silent HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
        },
    ),
    case("the client says nothing and goes", 1, |addr| drop(dial(addr))),
    case("the client says nothing", 1, |addr| all(addr, "")),
    case("the client resets with nothing said", 1, |addr| leave(addr, "", 0, true)),
];

/// What differs each time: ports, dates, and times that are there.
fn masked(line: &str) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    if let Some(client) = words.first_mut() {
        *client = client.split(':').next().unwrap_or_default().to_owned();
    }
    for word in &mut words {
        if word.starts_with('[') {
            *word = "[date]".into();
        }
    }
    if let Some(times) = words.get_mut(4) {
        let all: Vec<&str> = times.split('/').map(|time| if time == "-1" { "-1" } else { "t" }).collect();
        *times = all.join("/");
    }
    // Pages of our own are not as long as HAProxy's, and it counts what it keeps in memory, not what it sends.
    if let Some(bytes) = words.get_mut(6) {
        *bytes = "b".into();
    }
    words.join(" ")
}

fn lines(lb: &Lb) -> Vec<String> {
    lb.stdout().lines().filter(|line| line.starts_with("127.0.0.1:")).map(masked).collect()
}

/// The lines of each case.
fn play(program: Program, cfg: &str, cases: &[Case]) -> Vec<Vec<String>> {
    let lb = Lb::reads(program, cfg, &[], &[]);
    let mut told = Vec::new();
    for case in cases {
        let before = lines(&lb).len();
        (case.talk)(lb.addr("web"));
        let mut own = Vec::new();
        let came = wait_until(Duration::from_secs(4), || {
            own = lines(&lb).split_off(before);
            own.len() >= case.lines
        });
        if !came {
            own.push(String::from("(no more)"));
        }
        told.push(own);
    }
    told
}

#[test]
fn every_ending_is_logged_as_haproxy_logs_it() {
    let origin = Origin::raw(serve);
    let full = TcpListener::bind("127.0.0.1:0").expect("a port");
    rustix::net::listen(&full, 0).expect("a short queue");
    let full_addr = full.local_addr().expect("its address");
    // The queue takes one more than it says.
    let _waiting: Vec<_> = (0..2).map(|_| TcpStream::connect_timeout(&full_addr, Duration::from_millis(200))).collect();
    let cfg = format!(
        "global
 nbthread 1
 log stdout format raw daemon
defaults
 mode http
 log global
 option httplog
 timeout connect 400ms
 timeout client 600ms
 timeout server 900ms
 timeout http-request 300ms
 timeout tarpit 200ms
 retries 0
frontend web
 bind fd@0
 tcp-request inspect-delay 1s
 tcp-request content reject if {{ path /reject }}
 http-request deny if {{ path /deny }}
 http-request redirect location /x if {{ path /redirect }}
 http-request return status 200 if {{ path /return }}
 http-request tarpit if {{ path /tarpit }}
 http-request silent-drop if {{ path /drop }}
 http-response deny if {{ capture.req.uri -m sub denied }}
 use_backend dead if {{ path /dead }}
 use_backend full if {{ path /full }}
 use_backend empty if {{ path /empty }}
 use_backend app if ! {{ path /nobackend }}
backend app
 server a1 {}
backend dead
 server d1 127.0.0.1:1
backend full
 server f1 {full_addr}
backend empty
",
        origin.addr
    );
    let (ours, theirs) = std::thread::scope(|scope| {
        let ours = scope.spawn(|| play(Program::Lb, &cfg, HTTP));
        let theirs = play(Program::Haproxy, &cfg, HTTP);
        (ours.join().expect("ours"), theirs)
    });
    let mut wrong = String::new();
    for (case, (ours, theirs)) in HTTP.iter().zip(ours.iter().zip(&theirs)) {
        let same = match (case.ours, ours.as_slice()) {
            (Some(wanted), [line]) => line.ends_with(wanted) && ours != theirs,
            (Some(_), _) => false,
            (None, _) => ours == theirs,
        };
        if !same {
            wrong += &format!("{}:\n  haproxy {theirs:#?}\n  here    {ours:#?}\n", case.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Two frontends and a log of its own for one of them, and every shape that has a name.
#[test]
fn shapes_and_targets_are_those_of_haproxy() {
    let origin = Origin::raw(serve);
    let shapes = [
        ("mode http", "option httplog"),
        ("mode http", "option httplog clf"),
        ("mode http", "option tcplog"),
        ("mode http", ""),
        ("mode http", "no log"),
        ("mode http", "option httplog\n option dontlognull"),
        ("mode http", "option httplog\n option dontlog-normal"),
        ("mode http", "option httplog\n option log-separate-errors"),
        ("mode http", "option httplog\n no log\n log stdout format short sample 1,3:4 local1 info notice"),
        ("mode http", "option httplog\n log-tag own\n log-format \"%ci %ST\""),
        ("mode tcp", "option tcplog"),
        ("mode tcp", "option httplog"),
        ("mode tcp", ""),
        ("mode tcp", "option tcplog\n option dontlognull"),
        ("mode tcp", "option tcplog\n option dontlog-normal"),
    ];
    let mut wrong = String::new();
    for (mode, options) in shapes {
        let cfg = format!(
            "global\n nbthread 1\n log stdout format short daemon\ndefaults\n {mode}\n log global\n retries 0\n timeout connect 1s\n \
             timeout client 300ms\n timeout server 300ms\nfrontend web\n bind fd@0\n {options}\n default_backend app\nbackend app\n \
             server a1 {}\n",
            origin.addr
        );
        let told = [Program::Lb, Program::Haproxy].map(|program| {
            let mut lb = Lb::reads(program, &cfg, &[], &[]);
            let addr = lb.addr("web");
            // One after the other: each line is there before the next.
            for path in ["/ok", "/500", "/404", "/close"] {
                get(addr, path);
            }
            // One that sends nothing: once its end was heard it is done with.
            let mut silent = dial(addr);
            silent.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = silent.read_to_end(&mut Vec::new());
            // Answered, so everything before it is done with.
            get(addr, "/ok2");
            lb.signal(rustix::process::Signal::USR1);
            let _ = lb.wait_exit(SOON);
            lb.stdout()
                .lines()
                .filter(|line| line.contains("127.0.0.1") && !line.contains("held up"))
                .map(bare)
                .collect::<Vec<_>>()
        });
        let [ours, theirs] = told;
        if ours != theirs {
            wrong += &format!("{mode} {options}:\n  haproxy {theirs:#?}\n  here    {ours:#?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Numbers that differ each time are one 9; letters, dashes and statuses stay.
fn bare(line: &str) -> String {
    let mut shape = String::new();
    for word in line.split(' ') {
        let status = ["200", "400", "404", "500", "502"].contains(&word);
        for c in word.chars() {
            let c = if c.is_ascii_digit() && !status { '9' } else { c };
            if status || c != '9' || !shape.ends_with('9') {
                shape.push(c);
            }
        }
        shape.push(' ');
    }
    shape
}

#[test]
fn lines_go_to_the_targets_of_their_proxy() {
    let origin = Origin::raw(serve);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let yaml = format!(
        r#"
global: {{ threads: 1, log: "file:{all}" }}
defaults: {{ timeouts: {{ connect: 1s, client: 5s, server: 5s }} }}
named-defaults:
  own: {{ log: ["file:{own}"] }}
frontends:
  one: {{ bind: "127.0.0.1:0", default-backend: app }}
  two: {{ bind: "127.0.0.1:0", default-backend: app, from: own }}
  three: {{ bind: "127.0.0.1:0", default-backend: app, from: own, log: [defaults, global, {{ to: "file:{some}", sample: "2:3" }}] }}
  four: {{ bind: "127.0.0.1:0", default-backend: app, log: [] }}
backends:
  app: {{ log: "file:{events}", servers: {{ a1: "{addr}" }} }}
"#,
        all = file("all").display(),
        own = file("own").display(),
        some = file("some").display(),
        events = file("events").display(),
        addr = origin.addr
    );
    let mut lb = Lb::start(&yaml);
    for frontend in ["one", "two", "three", "four"] {
        for _ in 0..5 {
            get(lb.addr(frontend), "/ok");
        }
    }
    let count = |name: &str, word: &str| {
        let text = std::fs::read_to_string(file(name)).unwrap_or_default();
        text.lines().filter(|line| line.contains(word)).count()
    };
    let counts = || {
        let of = |name: &str| ["] one ", "] two ", "] three ", "] four "].map(|word| count(name, word));
        [of("all"), of("own"), of("some"), of("events")]
    };
    // Of five lines the second and the fifth.
    let wanted = [[5, 0, 5, 0], [0, 5, 5, 0], [0, 0, 2, 0], [0; 4]];
    eventually("the lines are written", SOON, || counts() == wanted);
    // What is not wanted would have come before the end.
    lb.signal(rustix::process::Signal::TERM);
    let _ = lb.wait_exit(SOON);
    assert_eq!(counts(), wanted);
}
