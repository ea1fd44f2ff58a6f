//! Formats of the log: every alias is what HAProxy writes for the same traffic, where that is the same twice; where it is a time, it has its shape.

use std::time::Duration;

use plimsoll_testkit::{Client, Lb, Origin, eventually};

const SOON: Duration = Duration::from_secs(20);

/// Aliases whose values are the same for both, one a column.
const HTTP: &[&str] = &[
    "%f",
    "%ft",
    "%b",
    "%s",
    "%ci",
    "%fi",
    "%si",
    "%sp",
    "%bi",
    "%ST",
    "%ts",
    "%tsc",
    "%ac",
    "%fc",
    "%bc",
    "%sc",
    "%rc",
    "%sq",
    "%bq",
    "%HM",
    "%HP",
    "%HPO",
    "%HQ",
    "%HU",
    "%HV",
    "%r",
    "%{+Q}r",
    "%CC",
    "%CS",
    "%{+Q}CC",
    "(%hr)",
    "(%hrl)",
    "(%hs)",
    "(%hsl)",
    "%H",
    "%{+X}ci",
    "%{+X}fi",
    "%{+X}sp",
    "%[var(txn.v)]",
    "%{+Q}[var(txn.none)]",
    "%lc",
    "%Th",
    "%sslc",
    "%sslv",
    "%{+Q}sslv",
    "%{+Q}o%f",
    "%{-Q}s",
];

/// Those of a connection in TCP mode.
const TCP: &[&str] = &[
    "%f", "%ft", "%b", "%s", "%ci", "%fi", "%si", "%sp", "%bi", "%B", "%U", "%ts", "%ac", "%fc", "%bc", "%sc", "%rc",
    "%sq", "%bq", "%H", "%{+X}ci", "%lc", "%Th", "%ST", "%sslc", "%sslv",
];

/// Numbers and dates that differ each time: what is compared is their shape.
const SHAPES_OF_HTTP: &[&str] = &[
    "%t", "%tr", "%T", "%Tl", "%trg", "%trl", "%Ts", "%ms", "%Ta", "%Tc", "%Td", "%Ti", "%Tq", "%TR", "%Tr", "%Tt",
    "%Tu", "%Tw", "%pid", "%cp", "%bp", "%fp", "%rt", "%{+X}Ts", "%{+X}cp", "%{+X}bp", "%{+X}fp", "%{+X}pid",
    "%{+X}rt", "%{+X}ms", "%{+X}lc", "%B", "%U",
];

const SHAPES_OF_TCP: &[&str] = &[
    "%t", "%T", "%Tl", "%Ts", "%ms", "%Tc", "%Td", "%Tt", "%Tu", "%Tw", "%pid", "%cp", "%bp", "%fp", "%rt", "%{+X}cp",
];

fn columns(aliases: &[&str], shapes: &[&str]) -> String {
    let shapes = shapes.iter().map(|alias| format!("{{-Q}}o{alias}")).map(|text| format!("%{text}"));
    let all: Vec<String> = aliases.iter().map(|alias| (*alias).to_owned()).chain(shapes).collect();
    format!("line|{}|end", all.join("|"))
}

/// A run of digits becomes one 9, of hexadecimal letters and digits one F; a month stays.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for c in text.chars() {
        let c = match c {
            '0'..='9' => '9',
            c => c,
        };
        if !(c == '9' && shape.ends_with('9')) {
            shape.push(c);
        }
    }
    shape
}

fn hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

struct Both {
    lb: Lb,
    haproxy: Lb,
}

impl Both {
    /// The lines of this format that each has written.
    fn lines(lb: &Lb) -> Vec<Vec<String>> {
        let lines = lb.stdout();
        let ours = lines.lines().filter(|line| line.starts_with("line|") && line.ends_with("|end"));
        ours.map(|line| line.split('|').map(str::to_owned).collect()).collect()
    }

    /// Both tell the same of the same conversation.
    fn compare(
        &self,
        aliases: &[&str],
        shapes: &[&str],
        count: usize,
        talk: &mut dyn FnMut(std::net::SocketAddr),
    ) -> String {
        let before = [Self::lines(&self.lb).len(), Self::lines(&self.haproxy).len()];
        for lb in [&self.lb, &self.haproxy] {
            talk(lb.addr("web"));
        }
        let mut all = Vec::new();
        for (lb, before) in [&self.lb, &self.haproxy].into_iter().zip(before) {
            let mut lines = Vec::new();
            eventually("the lines are written", SOON, || {
                lines = Self::lines(lb).split_off(before);
                lines.len() >= count
            });
            assert_eq!(lines.len(), count);
            all.push(lines);
        }
        let (ours, theirs) = (&all[0], &all[1]);
        let mut wrong = String::new();
        for (one, theirs) in ours.iter().zip(theirs) {
            let ours = one;
            assert_eq!(ours.len(), aliases.len() + shapes.len() + 2, "{ours:?}");
            for (at, alias) in aliases.iter().chain(shapes).enumerate() {
                let (ours, theirs) = (&ours[at + 1], &theirs[at + 1]);
                // Of a connection that failed HAProxy tells from where it was tried.
                let failed = alias.contains("b") && ours == "-" && one.iter().any(|word| word == "dead");
                let same = match at < aliases.len() {
                    _ if failed => true,
                    true => ours == theirs,
                    false if alias.contains("+X") => ours == theirs || hexadecimal(ours) && hexadecimal(theirs),
                    false => shape(ours) == shape(theirs),
                };
                if !same {
                    wrong += &format!("{alias}: haproxy {theirs}, here {ours}\n");
                }
            }
        }
        wrong
    }
}

fn http() -> (Both, Origin) {
    let origin = Origin::serving(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-B: y\r\n\r\nhello");
        plimsoll_testkit::Then::Keep
    });
    let format = columns(HTTP, SHAPES_OF_HTTP);
    let id = "%{+X}o%ci:%cp_%fi:%fp_%Ts_%rt";
    let lb = Lb::start(&format!(
        r#"
global: {{ threads: 1, log: stdout }}
defaults: {{ timeouts: {{ connect: 1s, client: 5s, server: 5s }}, log-format: '{format}' }}
frontends:
  web:
    bind: ["127.0.0.1:0"]
    unique-id-format: '{id}'
    unique-id-header: X-Id
    capture: [request header Host len 3, response header X-B len 8, cookie SID len 8]
    http-request:
      - set-var(txn.v) path
      - set-path /edited if {{ path /c }}
      - deny if {{ path /deny }}
    use-backend: ["dead if {{ path /dead }}", "empty if {{ path /empty }}"]
    default-backend: app
backends:
  app: {{ servers: {{ a1: "{0}" }} }}
  dead: {{ retries: 1, servers: {{ d1: "127.0.0.1:1", d2: "127.0.0.1:2" }} }}
  empty: {{ servers: {{}} }}
"#,
        origin.addr
    ));
    let quoted = format.replace('"', "\\\"");
    let haproxy = Lb::haproxy(
        "web",
        &format!(
            "global
 nbthread 1
 log stdout format raw daemon
defaults
 mode http
 log global
 log-format \"{quoted}\"
 option redispatch 1
 timeout connect 1s
 timeout client 5s
 timeout server 5s
frontend web
 bind fd@0
 unique-id-format {id}
 unique-id-header X-Id
 capture request header Host len 3
 capture response header X-B len 8
 capture cookie SID len 8
 http-request set-var(txn.v) path
 http-request set-path /edited if {{ path /c }}
 http-request deny if {{ path /deny }}
 use_backend dead if {{ path /dead }}
 use_backend empty if {{ path /empty }}
 default_backend app
backend app
 server a1 {0}
backend dead
 retries 1
 server d1 127.0.0.1:1
 server d2 127.0.0.1:2
backend empty
",
            origin.addr
        ),
    );
    (Both { lb, haproxy }, origin)
}

fn ask(client: &mut Client, request: &str, status: u16) {
    assert!(client.send(request));
    let method = request.split(' ').next().unwrap_or_default();
    assert_eq!(client.response_to(method).expect("an answer").status, status, "{request}");
}

#[test]
fn every_alias_of_a_request_is_what_haproxy_writes() {
    let (both, _origin) = http();
    let mut wrong = String::new();
    let mut one = |requests: &[(&str, u16)], count: usize| {
        wrong += &both.compare(HTTP, SHAPES_OF_HTTP, count, &mut |addr| {
            let mut client = Client::connect(addr);
            for (request, status) in requests {
                ask(&mut client, request, *status);
            }
        });
    };
    one(
        &[
            ("GET /a/b?x=1&y=%22 HTTP/1.1\r\nHost: host\r\nCookie: a=b; SID=0123456789\r\n\r\n", 200),
            ("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 200),
        ],
        2,
    );
    one(&[("GET /deny HTTP/1.1\r\nHost: h\r\n\r\n", 403)], 1);
    one(&[("GET /dead HTTP/1.1\r\nHost: h\r\n\r\n", 503)], 1);
    one(&[("GET /empty HTTP/1.1\r\nHost: h\r\n\r\n", 503)], 1);
    one(&[("HEAD / HTTP/1.0\r\n\r\n", 200)], 1);
    one(&[("GET / HTTP/1.1\r\nHost: h\r\nBad\x01: 1\r\n\r\n", 400)], 1);
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_alias_of_a_connection_is_what_haproxy_writes() {
    let origin = Origin::serving(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        plimsoll_testkit::Then::Close
    });
    let format = columns(TCP, SHAPES_OF_TCP);
    let lb = Lb::start(&format!(
        r#"
global: {{ threads: 1, log: stdout }}
defaults: {{ mode: tcp, timeouts: {{ connect: 1s, client: 5s, server: 5s }} }}
frontends:
  web: {{ bind: ["127.0.0.1:0"], log-format: '{format}', default-backend: app }}
backends:
  app: {{ servers: {{ a1: "{0}" }} }}
"#,
        origin.addr
    ));
    let haproxy = Lb::haproxy(
        "web",
        &format!(
            "global
 nbthread 1
 log stdout format raw daemon
defaults
 mode tcp
 log global
 timeout connect 1s
 timeout client 5s
 timeout server 5s
frontend web
 bind fd@0
 log-format \"{format}\"
 default_backend app
backend app
 server a1 {0}
",
            origin.addr
        ),
    );
    let both = Both { lb, haproxy };
    let wrong = both.compare(TCP, SHAPES_OF_TCP, 1, &mut |addr| {
        let mut client = Client::connect(addr);
        ask(&mut client, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200);
        let _ = client.closed();
    });
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_server_gets_the_name_that_the_log_shows() {
    let origin = Origin::serving(|exchange| {
        let id = exchange.request.fields.get("x-id");
        let id = id.unwrap_or_default();
        exchange.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{id}", id.len()));
        plimsoll_testkit::Then::Keep
    });
    let lb = Lb::start(&format!(
        r#"
global: {{ threads: 1, log: [stdout, {{ to: stderr, format: json }}] }}
defaults: {{ timeouts: {{ connect: 1s, client: 5s, server: 5s }} }}
frontends:
  web:
    bind: ["127.0.0.1:0"]
    unique-id-format: 'a  %[str(b)]-%rt-%ci'
    unique-id-header: X-Id
    log-format: '%{{+json}}o %(id)ID %(status)ST %(same)[unique-id] %(server)s %(x)[res.hdr(content-length)] %(up)U %(down)B'
    http-response: [ set-header X-Same %ID ]
    default-backend: app
backends:
  app: {{ servers: {{ a1: "{}" }} }}
"#,
        origin.addr
    ));
    let mut client = Client::connect(lb.addr("web"));
    for number in 0..2 {
        assert!(client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        let answer = client.response().expect("an answer");
        let id = format!("a b-{number}-127.0.0.1");
        assert_eq!(String::from_utf8_lossy(&answer.body), id);
        let down = format!("HTTP/1.1 200 OK\r\nContent-Length: {0}\r\nX-Same: {id}\r\n\r\n{id}", id.len()).len();
        let up = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".len();
        let line = format!(
            r#"{{"id": "{id}", "status": 200, "same": "{id}", "server": "a1", "x": "{}", "up": {up}, "down": {down}}}"#,
            id.len()
        );
        eventually("the line is written", SOON, || lb.stdout().lines().any(|have| have == line));
    }
    // Targets of JSON have their own shape.
    eventually("the object is written", SOON, || lb.stderr().lines().any(|line| line.contains("\"frontend\":\"web\"")));
}

#[test]
fn what_ends_before_its_protocol_begins_has_a_format_of_its_own() {
    let lb = Lb::start(
        r#"
global: { threads: 1, log: stdout }
defaults: { timeouts: { connect: 1s, client: 5s, server: 5s } }
frontends:
  web:
    bind: [ { address: "127.0.0.1:0", accept-proxy: true } ]
    log-format: 'line %ci'
    error-log-format: 'refused %ci %f %b %s %ts %U %{+Q}ID %OG %[fc_err] %[fc_err_str]'
    default-backend: app
backends:
  app: { servers: { a1: "127.0.0.1:1" } }
"#,
    );
    let mut client = Client::connect(lb.addr("web"));
    assert!(client.send("GET / HTTP/1.1\r\n\r\n"));
    let line = "refused 127.0.0.1 web web <NOSRV> PR 18 \"\" sess_error 15 Received something which does not look like a PROXY protocol header";
    eventually("the line is written", SOON, || lb.stdout().lines().any(|have| have == line));
    assert!(!lb.stdout().contains("line "), "{}", lb.stdout());
}
