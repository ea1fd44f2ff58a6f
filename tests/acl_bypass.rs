//! Scorecard, row 21: more than 200 ways to write a guarded path, host or field. Rules that compare what is canonical let none of them pass to a
//! server that would take it for the guarded one; rules that compare what came let many pass, and `lb check` says so.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, Mutex};

use plimsoll_testkit::{Client, Lb, Origin, Request, lb};

/// What must not be reached: `/admin`, the host `guarded.example`, whatever says `X-Role: admin`.
const CANONICAL: [&str; 3] = [
    "deny if { path_canonical -m beg /admin }",
    "deny if { host_canonical guarded.example }",
    "deny if { req.hdr(x-role) -m str -i admin }",
];
const RAW: [&str; 3] = [
    "deny if { path_beg /admin }",
    "deny if { hdr(host) guarded.example }",
    "deny if { req.fhdr(x-role) -m str admin }",
];

fn request(target: &str, host: &str, more: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n")
}

/// Every spelling of `/admin/x` that some server understands.
fn paths() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let letters = "admin";
    let escaped = |byte: u8, upper: bool| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
    // Each subset of the letters escaped, in both cases of hexadecimal.
    for set in 1..(1 << letters.len()) {
        for upper in [false, true] {
            let name: String = letters
                .bytes()
                .enumerate()
                .map(
                    |(at, byte)| if set & (1 << at) != 0 { escaped(byte, upper) } else { char::from(byte).to_string() },
                )
                .collect();
            all.insert(format!("/{name}/x"));
        }
    }
    // Escapes of escapes.
    all.extend(
        letters
            .bytes()
            .map(|byte| letters.replace(char::from(byte), &format!("%25{byte:02x}")))
            .map(|name| format!("/{name}/x")),
    );
    all.extend(["%2561%2564min", "%252561dmin", "%25%36%31dmin"].map(|name| format!("/{name}/x")));
    // What comes before it and goes away.
    let before = [
        "/",
        "//",
        "/./",
        "/././",
        "/x/../",
        "/x/y/../../",
        "/../",
        "/./../",
        "/%2e/",
        "/%2E/",
        "/x/%2e%2e/",
        "/x/%2E./",
        "/x/.%2e/",
        "/x//../",
        "/;/",
        "/;a=1/",
        "/./;a=1/",
        "/x;a=1/../",
        "/%2f",
        "/%2F",
        "/x/..%2f",
        "/x/..%2F",
        "/x%2f..%2f",
        "/\\",
        "/%5c",
        "/x\\..\\",
        "/x/..%5c",
        "/x/..;/",
        "/.;/",
        "/x/..;a=1/",
        "/%2e%2f",
        "/%252e/",
        "/x/%252e%252e/",
        "/%25%32%65/",
        "/%2f%2f",
        "///",
        "/.//",
        "//./",
        "/%3b/",
        "/x/%2e%2e%2f",
    ];
    all.extend(before.map(|before| format!("{before}admin/x")));
    // What comes behind it.
    let behind = [
        "",
        "/",
        "//x",
        ";a=1",
        ";/x",
        ";a=1/x",
        "%3ba/x",
        "%2fx",
        "%5cx",
        "\\x",
        "/.",
        "/./x",
        "/x/..",
        "?",
        "?/../x",
        "/x?a=/open",
        "/%2e",
        "#",
        "/%20",
    ];
    all.extend(behind.map(|behind| format!("/admin{behind}")));
    // An absolute target.
    all.extend(
        [
            "http://open.example/admin",
            "http://open.example//admin",
            "HTTP://OPEN.EXAMPLE/%61dmin",
            "http://open.example/x/../admin",
        ]
        .map(str::to_owned),
    );
    all
}

fn hosts() -> Vec<String> {
    let names = [
        "guarded.example",
        "GUARDED.EXAMPLE",
        "Guarded.Example",
        "guarded.EXAMPLE",
        "gUaRdEd.eXaMpLe",
        "guarded%2eexample",
        "%67uarded.example",
        "%47UARDED.example",
    ];
    let mut all: Vec<String> = Vec::new();
    for name in names {
        for behind in ["", ".", ":80", ".:80", ":8080", ":", ".:"] {
            all.push(request("/", &format!("{name}{behind}"), ""));
        }
    }
    all.push(request("/", "  guarded.example  ", ""));
    all.push(request("/", "\tguarded.example", ""));
    all.push(request("http://guarded.example/", "open.example", ""));
    all.push(request("http://GUARDED.example:80/", "open.example", ""));
    all.push(request("http://user@guarded.example/", "open.example", ""));
    all.push(request("/", "open.example", "Host: guarded.example\r\n"));
    all.push(request("/", "guarded.example", "Host: open.example\r\n"));
    all.push(request("/", "open.example,guarded.example", ""));
    all.push(request("/", "user@guarded.example", ""));
    all
}

fn fields() -> Vec<String> {
    let names = ["X-Role", "x-role", "X-ROLE", "x-Role", "X-rOLE"];
    let values = [
        "admin",
        "Admin",
        "ADMIN",
        " admin ",
        "\tadmin\t",
        "admin,user",
        "user,admin",
        "user, admin",
        "user ,admin",
        ",admin",
        "admin,",
        ",,admin",
        "user,,admin , x",
        "aDmIn",
    ];
    let mut all: Vec<String> = names
        .iter()
        .flat_map(|name| values.map(|value| request("/", "open.example", &format!("{name}:{value}\r\n"))))
        .collect();
    let more = [
        "X-Role: user\r\nX-Role: admin\r\n",
        "X-Role: admin\r\nX-Role: user\r\n",
        "X-Role:\r\nx-role: Admin\r\n",
        "X-Role : admin\r\n",
        "X-Role: user\r\n admin\r\n",
        "X-Role: user\r\n\t,admin\r\n",
        " X-Role: admin\r\n",
        "X-Role\t: admin\r\n",
        "X-Role: user\nX-Role: admin\r\n",
        "X-Role: user\rX-Role: admin\r\n",
        "X-Role:\x0badmin\r\n",
    ];
    all.extend(more.map(|more| request("/", "open.example", more)));
    all
}

/// Would a generous server take it for something guarded? Written apart from the product, so that a mistake there cannot hide itself.
fn guarded(request: &Request) -> bool {
    let path = request.target.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let mut segments: Vec<String> = Vec::new();
    for segment in decoded(path).replace('\\', "/").split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name.to_owned()),
        }
    }
    let host = decoded(&request.fields.get("host").unwrap_or_default()).to_ascii_lowercase();
    let host = host.trim().split(':').next().unwrap_or_default().trim_end_matches('.').to_owned();
    let roles = request.fields.all("x-role").flat_map(|value| value.split(|byte| *byte == b','));
    let mut roles = roles.map(|role| String::from_utf8_lossy(role).trim().to_ascii_lowercase());
    segments.first().is_some_and(|first| first == "admin")
        || host == "guarded.example"
        || roles.any(|role| role == "admin")
}

/// Without escapes, however often they are escaped.
fn decoded(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..4 {
        let (mut out, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
            match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| bytes[at] == b'%') {
                Some(byte) => {
                    out.push(byte);
                    at += 3;
                }
                None => {
                    out.push(bytes[at]);
                    at += 1;
                }
            }
        }
        bytes = out;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn yaml(rules: [&str; 3], origin: std::net::SocketAddr) -> String {
    let rules: String = rules.iter().map(|rule| format!("      - '{rule}'\n")).collect();
    format!(
        "defaults: {{ timeouts: {{ connect: 2s, client: 5s, server: 5s }} }}\n\
         frontends:\n  web:\n    bind: \"127.0.0.1:0\"\n    default-backend: app\n    http-request:\n{rules}\
         backends:\n  app: {{ servers: {{ s: \"{origin}\" }} }}\n"
    )
}

/// The requests among these that reach the server and are guarded there.
fn passed(rules: [&str; 3], all: &[String]) -> Vec<String> {
    let reached = Arc::new(Mutex::new(Vec::new()));
    let origin = Origin::serving({
        let reached = Arc::clone(&reached);
        move |exchange| {
            if guarded(exchange.request) {
                reached.lock().unwrap().push(());
            }
            exchange.answer()
        }
    });
    let lb = Lb::start(&yaml(rules, origin.addr));
    let mut passed = Vec::new();
    for request in all {
        let before = reached.lock().unwrap().len();
        let mut client = Client::connect(lb.addr("web"));
        client.send(request);
        let _ = client.response_to("GET");
        if reached.lock().unwrap().len() > before {
            passed.push(request.clone());
        }
    }
    passed
}

fn all() -> Vec<String> {
    let paths = paths().into_iter().map(|path| request(&path, "open.example", ""));
    let all: Vec<String> = paths.chain(hosts()).chain(fields()).collect();
    assert!(all.len() >= 200, "{} spellings", all.len());
    all
}

#[test]
fn no_spelling_gets_around_a_rule_that_compares_what_is_canonical() {
    let all = all();
    let passed = passed(CANONICAL, &all);
    println!("canonical: {} of {} spellings pass", passed.len(), all.len());
    assert!(passed.is_empty(), "{} of {} pass:\n{}", passed.len(), all.len(), passed.join("\n"));
}

#[test]
fn many_get_around_a_rule_that_compares_what_came_and_the_check_says_so() {
    let all = all();
    let passed = passed(RAW, &all);
    println!("raw: {} of {} spellings pass", passed.len(), all.len());
    assert!(passed.len() >= 100, "{} of {}", passed.len(), all.len());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lb.yaml");
    std::fs::write(&file, yaml(RAW, std::net::SocketAddr::from(([127, 0, 0, 1], 1)))).unwrap();
    let output = Command::new(lb::binary()).args(["check", "--format", "short", "-f"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("warning[rule.raw-path]") && said.contains("warning[rule.host-case]"), "{said}");
}

#[test]
fn what_is_not_guarded_passes() {
    let open = ["/", "/administrator-is-beg-of-admin-no", "/x/admin", "/open/%61", "/adm"]
        .map(|path| request(path, "open.example", "X-Role: user\r\n"));
    let origin = Origin::answering();
    let lb = Lb::start(&yaml(CANONICAL, origin.addr));
    for (request, expected) in open.iter().zip([200, 403, 200, 200, 200]) {
        let mut client = Client::connect(lb.addr("web"));
        client.send(request);
        assert_eq!(client.response_to("GET").unwrap().status, expected, "{request}");
    }
}
