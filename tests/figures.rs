//! `show stat` beside HAProxy's: the same configuration and traffic, column by column, and the log's counts of connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use plimsoll_testkit::runtime_socket::ask;
use plimsoll_testkit::scripted::Misbehaviour;
use plimsoll_testkit::{Client, Lb, Origin, Then, client, eventually};

/// Not known to `lb`: connections by state, features it has not, and a backend's `fullconn`.
const UNKNOWN: &[&str] = &[
    "srv_icur",
    "idle_conn_cur",
    "safe_conn_cur",
    "used_conn_cur",
    "need_conn_est",
    "agg_server_status",
    "agg_server_check_status",
    "agg_check_status",
    "last_chk",
];
/// Differ by nature: sizes of heads that each writes its own way, limits, seconds and times of two processes.
const OWN: &[&str] = &[
    "bin",
    "bout",
    "slim",
    "lastchg",
    "downtime",
    "rate",
    "rate_max",
    "req_rate",
    "req_rate_max",
    "conn_rate",
    "conn_rate_max",
    "lastsess",
    "qtime",
    "qtime_max",
    "ctime",
    "rtime",
    "ttime",
    "ctime_max",
    "rtime_max",
    "ttime_max",
];

type Row = BTreeMap<String, String>;

/// What both run: keys of the backend in either language, and its servers.
struct Scene {
    mode: &'static str,
    lb: &'static str,
    haproxy: &'static str,
    servers: Vec<SocketAddr>,
    /// How often the traffic comes, each time when the last one is over.
    turns: usize,
}

impl Scene {
    fn http(servers: &[SocketAddr]) -> Self {
        Self {
            mode: "http",
            lb: "retries: 1, redispatch: false",
            haproxy: " retries 1\n",
            servers: servers.to_vec(),
            turns: 1,
        }
    }

    fn lb(&self, socket: &Path) -> Lb {
        let servers: Vec<_> = self.servers.iter().enumerate().map(|(at, to)| format!("s{at}: \"{to}\"")).collect();
        Lb::start(&format!(
            "global: {{ threads: 1, runtime-api: [ {{ bind: \"unix@{}\", level: admin }} ] }}\n\
             defaults: {{ mode: {}, timeouts: {{ connect: 300ms, client: 2s, server: 300ms }} }}\n\
             frontends:\n  web: {{ bind: [\"127.0.0.1:0\"], default-backend: app }}\n\
             backends:\n  app: {{ {}, servers: {{ {} }} }}\n",
            socket.display(),
            self.mode,
            self.lb,
            servers.join(", ")
        ))
    }

    fn haproxy(&self, socket: &Path) -> Lb {
        let mut text = format!(
            "global\n nbthread 1\n log stdout format raw daemon\n stats socket {} level admin\n\
             defaults\n mode {mode}\n log global\n option {mode}log\n timeout connect 300ms\n timeout client 2s\n timeout server 300ms\n\
             frontend web\n bind fd@0\n default_backend app\nbackend app\n{}",
            socket.display(),
            self.haproxy,
            mode = self.mode
        );
        for (at, to) in self.servers.iter().enumerate() {
            text += &format!(" server s{at} {to}\n");
        }
        Lb::haproxy("web", &text)
    }

    /// Both after this traffic, when nothing is under way any more: differences in what `show stat` says.
    #[track_caller]
    fn compare(&self, name: &str, traffic: impl Fn(SocketAddr)) {
        self.compare_but(&[], name, traffic);
    }

    /// The same, but for these columns, in which a difference is chosen.
    #[track_caller]
    fn compare_but(&self, chosen: &[&str], name: &str, traffic: impl Fn(SocketAddr)) {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (folder.path().join("lb"), folder.path().join("haproxy"));
        let (lb, haproxy) = (self.lb(&ours), self.haproxy(&theirs));
        let [ours, theirs] = [(&lb, &ours), (&haproxy, &theirs)].map(|(process, socket)| {
            for _ in 1..self.turns {
                traffic(process.addr("web"));
                settled(socket);
            }
            traffic(process.addr("web"));
            settled(socket)
        });
        let mut wrong = Vec::new();
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{name}: rows");
        for (row, ours) in &ours {
            for (column, our) in
                ours.iter().filter(|(column, _)| !column.starts_with("h1_") && !column.starts_with("h2_"))
            {
                let their = &theirs[row][column];
                let skipped =
                    our.is_empty() && UNKNOWN.contains(&column.as_str()) || column == "slim" || column.is_empty();
                let skipped = skipped || chosen.contains(&column.as_str());
                let same =
                    if OWN.contains(&column.as_str()) { our.is_empty() == their.is_empty() } else { our == their };
                if !skipped && !same {
                    wrong.push(format!("{row} {column}: {our:?}, haproxy {their:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    }
}

fn rows(socket: &Path) -> BTreeMap<String, Row> {
    let text = ask(socket, "show stat");
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let names: Vec<&str> = lines.next().unwrap().trim_start_matches("# ").split(',').collect();
    let row = |line: &str| -> (String, Row) {
        let values: Vec<&str> = line.split(',').collect();
        let row = names.iter().zip(&values).map(|(name, value)| ((*name).into(), (*value).into())).collect();
        (format!("{}/{}", values[0], values[1]), row)
    };
    lines.map(row).collect()
}

/// The rows once nothing is under way.
fn settled(socket: &Path) -> BTreeMap<String, Row> {
    eventually("nothing is under way", Duration::from_secs(20), || rows(socket).values().all(|row| row["scur"] == "0"));
    rows(socket)
}

/// A port where nobody listens.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn get(to: SocketAddr) {
    let _ = client::get(to, "/");
}

#[test]
fn requests_that_are_served_count_as_in_haproxy() {
    let (one, two) = (Origin::answering(), Origin::answering());
    Scene::http(&[one.addr, two.addr]).compare("served", |to| {
        // All three stay, so that how many there were at most does not depend on who sees a close first.
        let mut clients = [Client::connect(to), Client::connect(to), Client::connect(to)];
        for client in &mut clients {
            for _ in 0..4 {
                client.get("/").unwrap();
            }
        }
    });
}

#[test]
fn failures_of_servers_count_as_in_haproxy() {
    for way in [
        Misbehaviour::Junk,
        Misbehaviour::HalfHead,
        Misbehaviour::HalfBody,
        Misbehaviour::HalfBodyReset,
        Misbehaviour::Silent,
    ] {
        let origin = Origin::scripted(way);
        Scene { turns: 2, ..Scene::http(&[origin.addr]) }.compare(&format!("{way:?}"), get);
    }
    Scene::http(&[nobody()]).compare("refused", get);
    Scene::http(&[]).compare("no server", get);
}

#[test]
fn retries_and_redispatches_count_as_in_haproxy() {
    let origin = Origin::answering();
    let scene = Scene {
        lb: "retries: 1, redispatch: true",
        haproxy: " retries 1\n option redispatch\n",
        ..Scene::http(&[nobody(), origin.addr])
    };
    scene.compare("redispatch", |to| (0..4).for_each(|_| get(to)));
}

#[test]
fn what_clients_do_wrong_counts_as_in_haproxy() {
    let origin = Origin::answering();
    let bad = |bytes: &'static str| {
        move |to: SocketAddr| {
            let mut client = Client::connect(to);
            client.send(bytes);
            let _ = client.response();
        }
    };
    Scene::http(&[origin.addr]).compare("no request", bad("GET / HTTP/1.1\r\nHo st: a\r\n\r\n"));
    Scene::http(&[origin.addr]).compare("half a request", |to| {
        let mut client = Client::connect(to);
        client.send("GET / HTTP/1.1\r\nHost:");
        client.half_close();
        let _ = client.response();
    });
    Scene { mode: "tcp", ..Scene::http(&[origin.addr]) }.compare("tcp", get);
    Scene { mode: "tcp", ..Scene::http(&[nobody()]) }.compare("tcp refused", get);
}

#[test]
fn clients_that_leave_count_as_in_haproxy() {
    // More than all buffers on the way hold, so that nobody has it whole when the client goes.
    let answer = [&b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n"[..], &vec![b'x'; 50_000_000]].concat();
    let large = Origin::serving(move |exchange| {
        exchange.send(&answer);
        Then::Close
    });
    let answering = Origin::answering();
    for mode in ["http", "tcp"] {
        let scene = Scene { mode, ..Scene::http(&[large.addr]) };
        scene.compare(&format!("in the middle of an answer, {mode}"), |to| {
            let mut client = Client::connect(to);
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            client.wire().take(1000).unwrap();
            client.reset();
        });
    }
    // It counts as answered by 400 here, and as not answered there.
    let answers = ["hrsp_4xx", "hrsp_other"];
    let half_a_body = |to: SocketAddr| {
        let (mut client, before) = (Client::connect(to), answering.accepted());
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nfew");
        eventually("the server has it", Duration::from_secs(20), || answering.accepted() > before);
        client
    };
    Scene::http(&[answering.addr]).compare_but(&answers, "in the middle of a body", |to| {
        let mut client = half_a_body(to);
        client.half_close();
        let _ = client.response();
    });
    Scene::http(&[answering.addr])
        .compare_but(&answers, "in the middle of a body, by RST", |to| half_a_body(to).reset());
}

/// `%ac/%fc/%bc/%sc`: the first part behind the state letters.
fn levels(log: &str) -> Vec<String> {
    let of =
        |line: &str| line.split(' ').find(|word| word.matches('/').count() == 4 && !word.contains('+')).map(Into::into);
    let mut found: Vec<String> =
        log.lines().filter(|line| line.contains("/s0 ")).filter_map(of_times_removed(&of)).collect();
    found.sort();
    found
}

/// The times have as many slashes: what comes behind the status counts.
fn of_times_removed(of: &impl Fn(&str) -> Option<String>) -> impl Fn(&str) -> Option<String> {
    move |line| of(line.split_once("--")?.1)
}

#[test]
fn the_logs_levels_count_what_is_left_as_in_haproxy() {
    for mode in ["http", "tcp"] {
        let origin = Origin::answering();
        let scene = Scene { mode, ..Scene::http(&[origin.addr]) };
        let folder = tempfile::tempdir().unwrap();
        let processes = [scene.lb(&folder.path().join("a")), scene.haproxy(&folder.path().join("b"))];
        let logs = processes.each_ref().map(|process| {
            let to = process.addr("web");
            // In TCP mode the two are connections that stay; in HTTP mode they are idle, so only the process counts them.
            let mut idle: Vec<_> = (0..2).map(|_| Client::connect(to)).collect();
            for (at, client) in idle.iter_mut().enumerate() {
                client.get("/").unwrap();
                if mode == "http" {
                    eventually("it is logged", Duration::from_secs(20), || levels(&process.stdout()).len() == at + 1);
                }
            }
            let mut third = Client::connect(to);
            third.get("/").unwrap();
            drop(third);
            let wanted = if mode == "http" { 3 } else { 1 };
            eventually("it is logged", Duration::from_secs(20), || levels(&process.stdout()).len() == wanted);
            levels(&process.stdout())
        });
        assert_eq!(logs[0], logs[1], "{mode}");
        let expected = if mode == "http" { "3/3/0/0/0" } else { "3/3/2/2/0" };
        assert!(logs[0].iter().any(|line| line == expected), "{mode}: {logs:?}");
    }
}
