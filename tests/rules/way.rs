//! What rules and logs say of how a request fared: its times, its server's connection, its end.

use std::time::Duration;

use plimsoll_testkit::{Client, Lb, Origin, Then, eventually};

use crate::pair::{Pair, Scene, get};

const SOON: Duration = Duration::from_secs(20);

/// Each fetch, and the alias that says the same.
const SAME: &[(&str, &str)] = &[
    ("fc.timer.handshake", "%Th"),
    ("fc.timer.total", "%Tt"),
    ("req.timer.idle", "%Ti"),
    ("req.timer.hdr", "%TR"),
    ("req.timer.tq", "%Tq"),
    ("req.timer.queue", "%Tw"),
    ("bc.timer.connect", "%Tc"),
    ("res.timer.hdr", "%Tr"),
    ("res.timer.data", "%Td"),
    ("txn.timer.total", "%Ta"),
    ("txn.timer.user", "%Tu"),
    ("bc_src", "%bi"),
    ("bc_src_port", "%bp"),
    ("bc_dst", "%si"),
    ("bc_dst_port", "%sp"),
    ("txn.conn_retries", "%rc"),
    ("txn.sess_term_state", "%ts"),
    ("act_conn", "%ac"),
    ("bc_be_queue", "%bq"),
    ("bc_srv_queue", "%sq"),
    ("bytes_in", "%U"),
    ("req.bytes_in", "%U"),
    ("bytes_out", "%B"),
    ("res.bytes_out", "%B"),
    ("accept_date", "%Ts"),
    ("pid", "%pid"),
];

/// `lb` with this format of its log before this origin.
fn logging(format: &str, origin: &Origin, more: &str) -> Lb {
    Lb::start(&format!(
        "global: {{ threads: 1, log: stdout }}\ndefaults: {{ timeouts: {{ connect: 2s, client: 20s, server: 20s }} }}\nfrontends:\n  web:\n    \
         bind: '127.0.0.1:0'\n    default-backend: app\n    log-format: '{format}'\n{more}backends: {{ app: {{ servers: {{ s1: '{}' }} }} }}\n",
        origin.addr
    ))
}

fn lines(lb: &Lb, count: usize) -> Vec<Vec<String>> {
    let all = || lb.stdout().lines().filter(|line| line.starts_with("line|")).map(str::to_owned).collect::<Vec<_>>();
    eventually("the lines are written", SOON, || all().len() >= count);
    all().iter().map(|line| line.split('|').skip(1).map(str::to_owned).collect()).collect()
}

#[test]
fn timers_and_their_likes_are_those_of_the_log() {
    let origin = Origin::serving(|exchange| {
        std::thread::park_timeout(Duration::from_millis(30));
        exchange.answer();
        Then::Keep
    });
    let columns: String = SAME.iter().map(|(fetch, alias)| format!("|%[{fetch}]|{alias}")).collect();
    let lb = logging(
        &format!(
            "line{columns}|%[server_status]|%ST|%[bs.id]|%[fs.id]|%[bc_reused]|%[fs.aborted]|%[bs.aborted]|%[request_date]"
        ),
        &origin,
        "    http-response: set-status 299\n",
    );
    let mut client = Client::connect(lb.addr("web"));
    for path in ["/one", "/two"] {
        assert_eq!(client.get(path).expect("an answer").status, 299);
    }
    let lines = lines(&lb, 2);
    for (line, number) in lines.iter().zip(["1", "2"]) {
        for ((fetch, _), values) in SAME.iter().zip(line.chunks(2)) {
            assert_eq!(values[0], values[1], "{fetch}");
        }
        let of = |fetch: &str| -> i64 {
            let at = SAME.iter().position(|(known, _)| *known == fetch).expect("a column");
            line[2 * at].parse().expect("a number")
        };
        assert!(of("res.timer.hdr") >= 30 && of("txn.timer.total") >= of("res.timer.hdr"), "{line:?}");
        assert!(of("bytes_out") > of("bytes_in") / 100, "{line:?}");
        let reused = if number == "1" { "0" } else { "1" };
        assert_eq!(line[2 * SAME.len()..][..7], ["200", "299", number, number, reused, "0", "0"], "{line:?}");
        let began: i64 = line.last().expect("a column").parse().expect("seconds");
        assert!((0..=20).contains(&(began - of("accept_date"))), "{line:?}");
    }
}

#[test]
fn a_log_tells_who_broke_off() {
    let origin = Origin::serving(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegin");
        Then::Close
    });
    let lb = logging("line|%HP|%[fs.aborted]|%[bs.aborted]|%[txn.redispatched]", &origin, "");
    let mut client = Client::connect(lb.addr("web"));
    client.send(get("/server"));
    assert!(client.response().is_err(), "a response that is not whole");
    let mut leaving = Client::connect(lb.addr("web"));
    leaving.send("POST /client HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nbegin");
    drop(leaving);
    let mut ends = lines(&lb, 2);
    ends.sort();
    assert_eq!(ends, [["/client", "1", "0", "0"], ["/server", "0", "1", "0"]]);
}

/// Aliases that a rule about a response may show too.
const IN_RESPONSES: &[&str] = &[
    "%ST", "%si", "%sp", "%bi", "%rc", "%s", "%b", "%f", "%ci", "%ts", "%tsc", "%Tw", "%Th", "%ac", "%fc", "%bc",
    "%sc", "%sq", "%bq",
];

/// Those of which the sign is compared: times.
const SIGNS: &[&str] = &["%Tc", "%Tr", "%TR", "%Ti", "%Tq", "%bp", "%Ts"];

#[test]
fn rules_about_responses_see_what_the_log_will_say_as_haproxys_do() {
    let shown: String = IN_RESPONSES.iter().chain(SIGNS).map(|alias| format!("{alias}|")).collect();
    let field = format!("set-header X-Way \"{shown}\"");
    let scene = Scene { backend: &[("http-response", &field)], ..Scene::default() };
    let pair = Pair::start(&scene);
    let [ours, theirs] = pair.see("GET", &get("/asked")).map(|seen| {
        let line = seen.fields.iter().find_map(|line| line.strip_prefix("x-way: ")).expect("the field").to_owned();
        line.split('|').map(str::to_owned).collect::<Vec<_>>()
    });
    for ((alias, ours), theirs) in IN_RESPONSES.iter().zip(&ours).zip(&theirs) {
        assert_eq!(ours, theirs, "{alias}");
    }
    for ((alias, ours), theirs) in SIGNS.iter().zip(&ours[IN_RESPONSES.len()..]).zip(&theirs[IN_RESPONSES.len()..]) {
        let [ours, theirs] = [ours, theirs].map(|value| value.parse::<i64>().map(|number| number >= 0));
        assert_eq!(ours, theirs, "{alias}");
        assert_eq!(ours, Ok(true), "{alias}");
    }
}

#[test]
fn rules_about_a_servers_first_bytes_see_its_connection_as_haproxys_do() {
    let origin = Origin::answering();
    let condition = format!("{{ bc_dst_port {} }} !{{ bc_http_major -m found }} {{ bc_err 0 }}", origin.addr.port());
    // 2.6 takes these two for numbers before it looks at them, and then no address matches.
    let addresses = "{ bc_dst 127.0.0.1 } { bc_src 127.0.0.1 } { bc.timer.connect lt 20000 }";
    let lb = Lb::start(&format!(
        "defaults: {{ mode: tcp, timeouts: {{ connect: 2s, client: 20s, server: 20s }} }}\nfrontends: {{ web: {{ bind: '127.0.0.1:0', \
         default-backend: app }} }}\nbackends:\n  app:\n    servers: {{ s1: '{}' }}\n    tcp-response: {{ content: 'reject if {condition} {addresses}' }}\n",
        origin.addr
    ));
    let haproxy = Lb::haproxy(
        "web",
        &format!(
            "defaults\n mode tcp\n timeout connect 2s\n timeout client 20s\n timeout server 20s\nfrontend web\n bind fd@0\n default_backend app\n\
             backend app\n server s1 {}\n tcp-response content reject if {condition}\n",
            origin.addr
        ),
    );
    for program in [&lb, &haproxy] {
        let mut client = Client::connect(program.addr("web"));
        client.send(get("/"));
        assert!(client.response().is_err(), "the rule saw the connection");
    }
}

#[test]
fn a_value_is_there_for_requests_of_a_kind_only() {
    let origin = Origin::serving(|exchange| {
        let status = if exchange.request.target.starts_with("/fails") { 502 } else { 200 };
        exchange.send(format!("HTTP/1.1 {status} Told\r\nContent-Length: 0\r\n\r\n"));
        Then::Keep
    });
    let conditions = ["error", "!error", "normal", "forwarded", "!processed", "stopping", "acl,named", "!acl,named"];
    let columns: String = conditions.iter().map(|one| format!("|%[str(x),when({one})]")).collect();
    let lb = logging(
        &format!("line|%HP{columns}"),
        &origin,
        "    acls: { named: 'path /fails' }\n    http-request: 'deny if { path /denied }'\n    http-response: 'set-header X-Kind \
         \"%[str(a),when(normal)]%[str(b),when(error)]%[str(c),when(forwarded)]%[str(d),when(acl,named)]\"'\n",
    );
    let mut client = Client::connect(lb.addr("web"));
    let kinds = ["/plain", "/fails"].map(|path| client.get(path).expect("an answer").get("x-kind"));
    assert_eq!(kinds.each_ref().map(Option::as_deref), [Some("ac"), Some("bcd")]);
    assert_eq!(client.get("/denied").expect("an answer").status, 403);
    let lines = lines(&lb, 3);
    assert_eq!(lines[0], ["/plain", "-", "x", "x", "x", "-", "-", "-", "x"]);
    assert_eq!(lines[1], ["/fails", "x", "-", "-", "x", "-", "-", "x", "-"]);
    assert_eq!(lines[2], ["/denied", "x", "-", "-", "-", "x", "-", "-", "x"]);
}
