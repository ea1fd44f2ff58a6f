//! What rules and formats make of the lines that go to syslog: their level, and their structured data.

use std::net::UdpSocket;
use std::time::Duration;

use plimsoll_testkit::{Client, Lb, Origin};

use crate::pair::get;

const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// One receiver of all lines, and one of the grave ones.
struct Syslog([UdpSocket; 2]);

impl Syslog {
    fn new() -> Self {
        Self([(); 2].map(|()| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
            socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
            socket
        }))
    }

    fn ports(&self) -> [u16; 2] {
        [0, 1].map(|which: usize| self.0[which].local_addr().expect("its address").port())
    }

    /// What comes up to the line that holds `last`; without dates, process numbers and what is not of requests.
    fn upto(&self, which: usize, last: &str) -> Vec<String> {
        let (mut lines, mut bytes) = (Vec::new(), [0; 4096]);
        loop {
            let length = self.0[which].recv(&mut bytes).expect("a line");
            let line = String::from_utf8_lossy(&bytes[..length]).trim_end().to_owned();
            let is_last = line.contains(last);
            if line.contains("line ") {
                let masked = |(at, word): (usize, &str)| if matches!(at, 1 | 4) { "*" } else { word }.to_owned();
                let masked: Vec<String> = line.split(' ').enumerate().map(masked).collect();
                lines.push(if which == 0 { masked.join(" ") } else { line });
            }
            if is_last {
                return lines;
            }
        }
    }
}

/// The lines of either program for the same requests.
fn lines(mode: &str, rules: [&str; 2], format: &str, data: &str, talk: impl Fn(&Lb)) -> [[Vec<String>; 2]; 2] {
    let origin = Origin::answering();
    let [ours, theirs] = [Syslog::new(), Syslog::new()];
    let [all, grave] = ours.ports();
    let lb = Lb::start(&format!(
        "global:\n  threads: 1\n  log:\n    - {{ to: 'udp:127.0.0.1:{all}', framing: rfc5424, hostname: h, tag: t }}\n    - {{ to: \
         'udp:127.0.0.1:{grave}', framing: priority, level: warning, min-level: err }}\n\
         defaults: {{ mode: {mode}, timeouts: {{ connect: 2s, client: 20s, server: 20s }} }}\n\
         frontends:\n  web:\n    bind: '127.0.0.1:0'\n    default-backend: app\n    log-format: '{format}'\n    log-format-sd: '{data}'\n{}\
         backends: {{ app: {{ servers: {{ s1: '{}' }} }} }}\n",
        rules[0], origin.addr
    ));
    let [all, grave] = theirs.ports();
    let haproxy = Lb::haproxy(
        "web",
        &format!(
            "global\n nbthread 1\n log 127.0.0.1:{all} format rfc5424 local0\n log 127.0.0.1:{grave} format priority local0 warning err\n \
             log-send-hostname h\n log-tag t\ndefaults\n mode {mode}\n log global\n timeout connect 2s\n timeout client 20s\n timeout server 20s\n\
             frontend web\n bind fd@0\n default_backend app\n log-format '{format}'\n log-format-sd '{data}'\n{}\
             backend app\n server s1 {}\n",
            rules[1], origin.addr
        ),
    );
    [(ours, lb), (theirs, haproxy)].map(|(syslog, program)| {
        talk(&program);
        [syslog.upto(0, "/last"), syslog.upto(1, "/last")]
    })
}

#[test]
fn a_rule_sets_the_level_of_a_line_as_in_haproxy_and_targets_take_what_is_grave_enough() {
    let rule = |level: &str| format!("set-log-level {level} if {{ path /{level} }}");
    let all: Vec<String> = LEVELS.iter().chain(&["silent"]).map(|level| rule(level)).collect();
    let last = "set-log-level err if { path /last } { status 200 }";
    let ours = all.iter().fold("    http-request:\n".to_owned(), |text, rule| text + "      - '" + rule + "'\n");
    let ours = ours + "    http-response: '" + last + "'\n";
    let theirs = all.iter().fold(String::new(), |text, rule| text + " http-request " + rule + "\n");
    let theirs = theirs + " http-response set-log-level err if { capture.req.uri /last } { status 200 }\n";
    let ours = ours.replace("{ path /last }", "{ capture.req.uri /last }");
    let [ours, theirs] = lines("http", [&ours, &theirs], "line %HP %ST", "[web@32473 path=\"%{+E}HP\"]", |program| {
        let mut client = Client::connect(program.addr("web"));
        for path in LEVELS.iter().chain(&["silent", "plain", "last"]) {
            client.send(get(&format!("/{path}")));
            assert_eq!(client.response().expect("an answer").status, 200, "{path}");
        }
    });
    assert_eq!(ours, theirs);
    let [all, grave] = ours;
    let mut wanted: Vec<String> = LEVELS
        .iter()
        .zip(128..)
        .map(|(level, priority)| format!("<{priority}>1 * h t * - [web@32473 path=\"/{level}\"] line /{level} 200"))
        .collect();
    wanted.push("<134>1 * h t * - [web@32473 path=\"/plain\"] line /plain 200".into());
    wanted.push("<131>1 * h t * - [web@32473 path=\"/last\"] line /last 200".into());
    assert_eq!(all, wanted);
    // What is graver than `err` is sent as `err`, and what is less than `warning` is not.
    let wanted = ["emerg", "alert", "crit", "err", "warning", "last"];
    let wanted: Vec<String> = wanted
        .iter()
        .map(|level| format!("<{}>line /{level} 200", if *level == "warning" { 132 } else { 131 }))
        .collect();
    assert_eq!(grave, wanted);
}

#[test]
fn a_connection_has_a_level_and_structured_data_too() {
    let rules = [
        "    tcp-request:\n      inspect-delay: 20s\n      content: 'set-log-level crit if { req.payload(0,5) -m bin 474554202f }'\n",
        " tcp-request inspect-delay 20s\n tcp-request content set-log-level crit if { req.payload(0,5) -m bin 474554202f }\n",
    ];
    let [ours, theirs] = lines("tcp", rules, "line %f %b/%s %ts /last", "[a@1 x=\"%f\"][b@1 y=\"%ST\"]", |program| {
        let mut client = Client::connect(program.addr("web"));
        client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assert_eq!(client.response().expect("an answer").status, 200);
    });
    assert_eq!(ours, theirs);
    assert_eq!(ours[0], ["<130>1 * h t * - [a@1 x=\"web\"][b@1 y=\"0\"] line web app/s1 -- /last"]);
    assert_eq!(ours[1], ["<131>line web app/s1 -- /last"]);
}

#[test]
fn a_rule_that_sees_every_response_sets_the_level_of_our_own_answers() {
    let syslog = Syslog::new();
    let lb = Lb::start(&format!(
        "global: {{ threads: 1, log: {{ to: 'udp:127.0.0.1:{}', framing: priority }} }}\nfrontends:\n  web:\n    bind: '127.0.0.1:0'\n    \
         log-format: 'line %HP %ST %OG'\n    http-request: deny\n    http-after-response:\n      - 'set-log-level alert if {{ status 403 }}'\n      \
         - 'set-log-level silent if {{ capture.req.uri /quiet }}'\n",
        syslog.ports()[1]
    ));
    for path in ["/quiet", "/last"] {
        assert_eq!(Client::connect(lb.addr("web")).get(path).expect("an answer").status, 403);
    }
    assert_eq!(syslog.upto(1, "/last"), ["<129>line /last 403 txn_close"]);
}
