//! Actions that set how one request is treated.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use plimsoll_testkit::lb::Start;
use plimsoll_testkit::{Client, Lb, Origin, Then, eventually};

use crate::pair::{Pair, Scene, get};

#[test]
fn addresses_that_rules_set_are_seen_by_later_rules_servers_and_the_log_and_by_no_later_request() {
    let rules = [
        ("http-request", "set-src req.hdr(x-from) if { req.hdr(x-from) -m found }"),
        ("http-request", "set-src-port int(4000) if { path /port }"),
        ("http-request", "set-dst ipv4(10.9.8.7) if { path /dst }"),
        ("http-request", "set-dst-port int(4001) if { path /dst }"),
        (
            "http-request",
            "return status 200 content-type text/plain lf-string \"%[src] %[fc_src] %[dst] %[fc_dst]\" if { path /src }",
        ),
        (
            "http-request",
            "return status 200 content-type text/plain lf-string \"%[src] %[src_port]\" if { path /port }",
        ),
        ("http-request", "return status 200 content-type text/plain lf-string \"%[dst] %[dst_port]\" if { path /dst }"),
    ];
    let pair = Pair::start(&Scene { frontend: &rules, ..Scene::default() });
    let from = |path: &str| get(path).replacen("\r\n\r\n", "\r\nX-From: 10.1.1.1\r\n\r\n", 1);
    let [ours, theirs] = pair.see("GET", &from("/src"));
    assert_eq!((&*ours.body, &*theirs.body), ("10.1.1.1 127.0.0.1 127.0.0.1 127.0.0.1", &*ours.body));
    let [ours, theirs] = pair.see("GET", &from("/port"));
    assert_eq!((&*ours.body, &*theirs.body), ("10.1.1.1 4000", "10.1.1.1 4000"));
    let [ours, theirs] = pair.see("GET", &get("/dst"));
    assert_eq!((&*ours.body, &*theirs.body), ("10.9.8.7 4001", "10.9.8.7 4001"));
    let mut client = Client::connect(pair.lb.addr("web"));
    client.send(from("/logged"));
    client.response().expect("an answer");
    assert!(client.get("/src").expect("an answer").text().starts_with("127.0.0.1 "), "the next request is its own");
    let said = || pair.lb.stdout().lines().any(|line| line.starts_with("10.1.1.1:") && line.contains("/logged"));
    eventually("the log has the address", Duration::from_secs(20), said);
}

/// `lb` with these rules before a server that says nothing for a while.
fn slow(rules: &[&str], more: &str) -> (Lb, Origin) {
    slow_under(rules, more, Start::default())
}

fn slow_under(rules: &[&str], more: &str, how: Start) -> (Lb, Origin) {
    let origin = Origin::serving(|exchange| {
        if exchange.request.target.starts_with("/slow") {
            std::thread::park_timeout(Duration::from_secs(20));
        }
        exchange.answer();
        Then::Keep
    });
    let mut yaml = String::from(
        "global: { threads: 1 }\ndefaults: { timeouts: { connect: 2s, client: 20s, server: 10s, tarpit: 9s } }\n\
         frontends:\n  web:\n    bind: '127.0.0.1:0'\n    default-backend: app\n    http-request:\n",
    );
    for rule in rules {
        let _ = writeln!(yaml, "      - '{}'", rule.replace('\'', "''"));
    }
    let _ = writeln!(yaml, "{more}backends: {{ app: {{ servers: {{ a: '{}' }} }} }}", origin.addr);
    (Lb::start_with(&yaml, &how), origin)
}

#[test]
fn time_outs_that_rules_set_are_in_force() {
    let rules = [
        "set-timeout server 50ms if { path /slow }",
        "set-timeout server str(70),add(10) if { path /slow/expr }",
        "set-timeout tarpit 30ms if { path /pit }",
        "tarpit if { path /pit }",
        "set-timeout client 3s",
        "set-timeout connect 4s",
        "set-timeout tunnel 5s",
        "set-timeout queue 6s",
        "return status 200 content-type text/plain lf-string \"%[cur_client_timeout] %[cur_tarpit_timeout]\" if { path /told }",
    ];
    let (lb, _origin) = slow(
        &rules,
        "    http-response: 'set-header X-Cur \"%[cur_server_timeout] %[cur_connect_timeout] %[cur_tunnel_timeout]\"'\n",
    );
    let began = Instant::now();
    for (path, status) in [("/slow", 504), ("/slow/expr", 504), ("/pit", 500)] {
        let answer = Client::connect(lb.addr("web")).get(path).expect("an answer");
        assert_eq!(answer.status, status, "{path}");
    }
    assert!(began.elapsed() < Duration::from_secs(9), "none of the configuration's time-outs was waited for");
    assert_eq!(Client::connect(lb.addr("web")).get("/told").unwrap().text(), "3000 9000");
    assert_eq!(Client::connect(lb.addr("web")).get("/").unwrap().get("x-cur").as_deref(), Some("10000 4000 5000"));
}

#[test]
fn a_silent_request_has_no_line_and_a_pause_passes() {
    let rules = [
        "set-log-level silent if { path /quiet }",
        "set-log-level err if { path /loud }",
        "pause 80ms if { path /pause }",
        "pause int(60) if { path /pause }",
        "set-nice 5",
        "wait-for-handshake",
        "disable-l7-retry",
        "set-retries 0",
    ];
    let (lb, _origin) = slow(&rules, "");
    assert_eq!(Client::connect(lb.addr("web")).get("/quiet").unwrap().status, 200);
    let began = Instant::now();
    assert_eq!(Client::connect(lb.addr("web")).get("/pause").unwrap().status, 200);
    assert!(began.elapsed() >= Duration::from_millis(140), "{:?}", began.elapsed());
    eventually("the line after it", Duration::from_secs(20), || lb.stdout().contains("/pause"));
    assert!(!lb.stdout().contains("/quiet"), "{}", lb.stdout());
    assert!(lb.stderr().contains("`set-nice` has no effect here"), "{}", lb.stderr());
}

#[test]
fn the_type_of_service_is_set_on_both_sides() {
    let folder = tempfile::tempdir().expect("a folder");
    let calls = folder.path().join("calls");
    let file = calls.to_str().expect("text");
    let under = ["strace", "-f", "-yy", "-qq", "-o", file, "-e", "trace=setsockopt"].map(String::from).into();
    let rules = [
        "set-fc-tos 0x10",
        "set-tos int(24)",
        "set-bc-tos 0x20",
        "set-fc-mark 5",
        "set-mark int(6)",
        "set-bc-mark 0x7",
    ];
    let (lb, origin) = slow_under(&rules, "", Start { under, ..Start::default() });
    let mut client = Client::connect(lb.addr("web"));
    assert_eq!(client.get("/").unwrap().status, 200);
    assert_eq!(client.get("/").unwrap().status, 200);
    // What the kernel took for which socket, in the order of the calls.
    let taken = |end: &str, option: &str| -> Vec<String> {
        let calls = std::fs::read_to_string(&calls).unwrap_or_default();
        let of = calls.lines().filter(|line| line.contains(end) && line.ends_with("= 0"));
        of.filter_map(|line| Some(line.split_once(&format!("{option}, ["))?.1.split_once(']')?.0.to_owned())).collect()
    };
    let (of_client, of_server) = (format!("<TCP:[{}->", lb.addr("web")), format!("->{}]>", origin.addr));
    for (end, option, wanted) in [
        (&of_client, "IP_TOS", ["16", "24", "16", "24"].as_slice()),
        (&of_client, "SO_MARK", &["5", "6", "5", "6"]),
        (&of_server, "IP_TOS", &["32", "32"]),
        (&of_server, "SO_MARK", &["7", "7"]),
    ] {
        eventually(option, Duration::from_secs(20), || taken(end, option).len() >= wanted.len());
        assert_eq!(taken(end, option), wanted, "{option} of {end}");
    }
}

#[test]
fn retries_that_a_rule_forbids_are_not_made() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lb = Lb::start(&format!(
        "defaults: {{ timeouts: {{ connect: 9s, client: 20s, server: 20s }} }}\nfrontends:\n  web:\n    bind: '127.0.0.1:0'\n    default-backend: app\n    \
         http-request: set-retries 0\nbackends: {{ app: {{ retries: 3, redispatch: false, servers: {{ a: '{closed}' }} }} }}\n"
    ));
    assert_eq!(Client::connect(lb.addr("web")).get("/one").unwrap().status, 503);
    // `0` in the last place of the levels: no retry.
    eventually("its line", Duration::from_secs(20), || {
        lb.stdout().lines().any(|line| line.contains("/one") && line.contains("/0 0/0 "))
    });
}

#[test]
fn variables_live_as_long_as_their_scope_says() {
    let rules = [
        "set-var(txn.seen) str(yes) if { path /set }",
        "set-var(sess.seen) str(yes) if { path /set }",
        "set-var(proc.seen) str(yes) if { path /set }",
        "return status 200 content-type text/plain lf-string \"%[var(txn.seen)]|%[var(sess.seen)]|%[var(proc.seen)]|%[var(proc.start)]|%[var(proc.place)]\"",
    ];
    let (lb, _origin) = slow(&rules, "");
    let mut first = Client::connect(lb.addr("web"));
    assert_eq!(first.get("/").unwrap().text(), "||||");
    assert_eq!(first.get("/set").unwrap().text(), "yes|yes|yes||");
    assert_eq!(first.get("/").unwrap().text(), "|yes|yes||");
    assert_eq!(Client::connect(lb.addr("web")).get("/").unwrap().text(), "||yes||");
    let lb = Lb::start(
        "global: { set-var: { proc.start: 'int(3),add(4)' }, set-var-fmt: { proc.place: 'at %[str(home)]' } }\n\
         frontends:\n  web:\n    bind: '127.0.0.1:0'\n    http-request: 'return status 200 content-type text/plain lf-string \"%[var(proc.start)]|%[var(proc.place)]\"'\n",
    );
    assert_eq!(Client::connect(lb.addr("web")).get("/").unwrap().text(), "7|at home");
}

#[test]
fn a_variable_that_its_scope_has_no_room_for_is_not_set() {
    let lb = Lb::start(
        "global: { tune: { vars: { txn-max-size: 60B } } }\n\
         frontends:\n  web:\n    bind: '127.0.0.1:0'\n    http-request:\n      - set-var(txn.a) str(0123456789)\n      - set-var(txn.b) str(0)\n      \
         - 'return status 200 content-type text/plain lf-string \"%[var(txn.a)]|%[var(txn.b)]\"'\n",
    );
    assert_eq!(Client::connect(lb.addr("web")).get("/").unwrap().text(), "0123456789|");
}

#[test]
fn rules_of_named_defaults_come_before_the_proxys_own() {
    let lb = Lb::start(
        "named-defaults:\n  far: { http-request: set-var(txn.order) str(far) }\n  near:\n    from: far\n    acls: { named: always_true }\n    http-request: 'set-var(txn.order) var(txn.order),concat(-near) if named'\n\
         frontends:\n  web:\n    from: near\n    bind: '127.0.0.1:0'\n    http-request:\n      - set-var(txn.order) var(txn.order),concat(-own)\n      \
         - 'return status 200 content-type text/plain lf-string \"%[var(txn.order)]\"'\n",
    );
    assert_eq!(Client::connect(lb.addr("web")).get("/").unwrap().text(), "far-near-own");
}
