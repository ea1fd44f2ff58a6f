//! Rules that edit make of a head what the installed HAProxy makes of it.

mod haproxy;
#[path = "../../rules/tests/house/mod.rs"]
mod house;

use haproxy::{Haproxy, body, origin};
use house::{House, Still};
use plimsoll_http::encode::{self, Connection};
use plimsoll_http::{Limits, Method, PARTS, Progress, Request, Response, Tolerance};
use plimsoll_rules::{Arena, Context, End, Place, Variables};

/// Rules for requests, each list in a frontend of its own.
const REQUEST: &[&[&str]] = &[
    &["set-header X-New one"],
    &["set-header x-a %[path]"],
    &["set-header X-A 1", "set-header X-A 2", "add-header x-a 3", "add-header X-A %[req.hdr(x-a,1)]"],
    &["add-header X-B a,b", "add-header X-Count %[req.hdr_cnt(x-b)]:%[req.fhdr_cnt]"],
    &["del-header x-a", "set-header X-Gone %[req.hdr_cnt(x-a)]"],
    &["del-header X- -m beg"],
    &["del-header -A -m end"],
    &["del-header ser-ag -m sub"],
    &["del-header ^x-.$ -m reg"],
    &["del-header X-A -m str"],
    &["del-header none"],
    &["set-header Host other.example", "set-header X-Host %[req.hdr(host)]"],
    &["set-header X-Empty %[req.hdr(none)]"],
    &["set-header X-Long \"a b  c\""],
    &["replace-header X-A ^(.)(.*)$ \\2<\\1>"],
    &["replace-header X-A two none"],
    &["replace-header X-A o \\0-\\0\\9\\x2b"],
    &["replace-header User-Agent curl/([0-9]+) %[method]-\\1"],
    &["replace-header None .* x"],
    &["replace-value X-A ^t(.*)$ T\\1"],
    &["replace-value X-A ^$ empty"],
    &["replace-value X-A . \\0\\0"],
    &["replace-value User-Agent curl x"],
    &["set-method PATCH", "set-header X-Method %[method]"],
    &["set-method %[req.hdr(x-method)]"],
    &["set-path /new", "set-header X-Url %[url]"],
    &["set-path /p%[path]"],
    &["set-pathq /new", "set-header X-Url %[url]"],
    &["set-pathq /new?q=1", "set-header X-Query %[query]"],
    &["set-query x=1"],
    &["set-query %[req.hdr(none)]"],
    &["set-query %[query]&z=1"],
    &["set-uri /u?v=1", "set-header X-Path %[path]"],
    &["set-uri /%[req.hdr(host)]%[url]"],
    &["replace-path /(.*) /pre/\\1"],
    &["replace-path ^/a(.*)$ /A\\1"],
    &["replace-pathq ([^?]*)(\\?(.*))? \\1/foo\\2"],
    &["replace-uri ([^/:]*://[^/]*)?(.*) \\1/foo\\2"],
    &["replace-uri nomatch /x"],
    &["normalize-uri path-merge-slashes"],
    &["normalize-uri path-strip-dot"],
    &["normalize-uri path-strip-dotdot"],
    &["normalize-uri path-strip-dotdot full"],
    &["normalize-uri percent-decode-unreserved"],
    &["normalize-uri percent-decode-unreserved strict"],
    &["normalize-uri percent-to-uppercase"],
    &["normalize-uri percent-to-uppercase strict"],
    &["normalize-uri query-sort-by-name"],
    &["normalize-uri fragment-strip", "normalize-uri fragment-encode"],
    &["strict-mode off", "set-header X-Still 1", "strict-mode on", "set-header X-Strict 1"],
];

/// Requests with their targets, for all of the rules.
const HEADS: &[&str] = &[
    "GET /a HTTP/1.1\r\nHost: h\r\nX-A: one\r\nUser-Agent: curl/8, or not\r\nX-A: two,three , two\r\nX-Method: BREW\r\nX-B: 1\r\n\r\n",
    "POST /a/b?a=1&b=2 HTTP/1.1\r\nX-A:\r\nHost: h:80\r\nContent-Length: 0\r\nX-Method: PUT\r\n\r\n",
    "GET //a//./b/../c/.?c=3&a=1&b=2&a=0 HTTP/1.1\r\nHost: h\r\nx-a: \"two,three\",four\r\nX-Method: DELETE\r\n\r\n",
    "GET /../../a/b/.. HTTP/1.1\r\nHost: h\r\nX-Method: OPTIONS\r\n\r\n",
    "GET /a/../../b/./../.. HTTP/1.1\r\nHost: h\r\nX-Method: OPTIONS\r\n\r\n",
    "GET /./%61%7e%2f%3f%c3/%7Ax?%61=%c3&aaa=3&a=1&aa=2&a HTTP/1.1\r\nHost: h\r\nX-Method: TRACE\r\n\r\n",
    "GET /? HTTP/1.1\r\nHost: h\r\nX-Method: GET\r\n\r\n",
    "GET /foo//../x/...//. HTTP/1.1\r\nHost: h\r\nX-Method: GET\r\n\r\n",
];

/// The first line, and the fields in order with their names in lower case; what frames is left out.
fn told(head: &[u8]) -> Vec<String> {
    let text = head.escape_ascii().to_string();
    let mut lines = text.split("\\r\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    let fields = lines.filter(|line| !line.is_empty()).map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        format!("{}:{}", name.to_ascii_lowercase(), value.trim_start())
    });
    let framing = |line: &String| {
        ["content-length:", "connection:", "transfer-encoding:"].iter().any(|name| line.starts_with(name))
    };
    std::iter::once(first).chain(fields.filter(|line| !framing(line))).collect()
}

fn edited(rules: &[&str], head: &str) -> Option<Vec<u8>> {
    let mut request = Request::default();
    let read = request.parse(head.as_bytes(), &Limits::DEFAULT);
    assert!(matches!(read, Ok(Progress::Complete(_))), "{head:?}");
    let rules = House::new(PARTS, Place::HttpRequest).rules(rules);
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let mut cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables).with(&mut request);
    let End::Passed = rules.run(0, &mut cx) else { return None };
    let mut out = Vec::new();
    encode::request(&request, false, "", &mut out);
    Some(out)
}

#[test]
fn requests_are_edited_as_haproxy_edits_them() {
    let texts: Vec<String> = REQUEST
        .iter()
        .map(|rules| rules.iter().map(|rule| format!(" http-request {}\n", rule.replace('\\', "\\\\"))).collect())
        .collect();
    let echo =
        origin(|head| [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", head.len()).as_bytes(), head].concat());
    let Some(haproxy) = Haproxy::start(&texts, echo, &[]) else { return };
    let mut wrong = String::new();
    for (number, rules) in REQUEST.iter().enumerate() {
        for head in HEADS {
            let answer = haproxy.ask(number, head.as_bytes());
            let theirs =
                if answer.starts_with(b"HTTP/1.1 200") { told(body(&answer)) } else { vec![String::from("an error")] };
            let ours = edited(rules, head).map_or_else(|| vec![String::from("an error")], |head| told(&head));
            if ours != theirs {
                wrong += &format!("{rules:?} of {head:?}\n  haproxy {theirs:?}\n  here    {ours:?}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Rules for responses.
const RESPONSE: &[&[&str]] = &[
    &["set-header X-New %[status]"],
    &["add-header X-A 9", "set-header X-Last %[res.hdr(x-a)]"],
    &["del-header x-a"],
    &["del-header X- -m beg"],
    &["replace-header X-A (.*) <\\1>"],
    &["replace-value X-A ^2$ two"],
    &["set-status 404"],
    &["set-status 503 reason \"Slow Down\""],
    &["set-status 200"],
    &["strict-mode off", "set-header X-On 1"],
];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1, 2\r\nX-B: b\r\nX-A: 2\r\n\r\nhi",
    "HTTP/1.1 404 Not Here\r\nContent-Length: 0\r\nx-a: \r\n\r\n",
    "HTTP/1.1 204 No Content\r\nX-C: 2\r\n\r\n",
];

fn edited_response(rules: &[&str], place: Place, head: &str) -> Vec<u8> {
    let mut response = Response::default();
    let read = response.parse(head.as_bytes(), Method::Get, &Limits::DEFAULT, Tolerance::default());
    assert!(matches!(read, Ok(Progress::Complete(_))), "{head:?}");
    let rules = House::new(PARTS, place).rules(rules);
    let (arena, mut variables) = (Arena::new(), Variables::default());
    let mut cx = Context::new(place, &arena, &Still, &mut variables).with(&mut response);
    assert!(matches!(rules.run(0, &mut cx), End::Passed));
    let mut out = Vec::new();
    encode::response(&response, response.framing, Connection::Silent, &mut out);
    out
}

#[test]
fn responses_are_edited_as_haproxy_edits_them() {
    let keywords = [("http-response", Place::HttpResponse), ("http-after-response", Place::AfterResponse)];
    let texts = |keyword: &str| -> Vec<String> {
        let lines =
            |rules: &&[&str]| rules.iter().map(|rule| format!(" {keyword} {}\n", rule.replace('\\', "\\\\"))).collect();
        RESPONSE.iter().map(lines).collect()
    };
    let all: Vec<String> = keywords.iter().flat_map(|(keyword, _)| texts(keyword)).collect();
    let origin = origin(|head| {
        let number: usize = std::str::from_utf8(&head[5..]).unwrap().split(' ').next().unwrap().parse().unwrap();
        RESPONSES[number].as_bytes().to_vec()
    });
    let Some(haproxy) = Haproxy::start(&all, origin, &[]) else { return };
    let mut wrong = String::new();
    for (at, rules) in all.iter().enumerate() {
        let (place, ours) = (keywords[at / RESPONSE.len()].1, RESPONSE[at % RESPONSE.len()]);
        for (number, head) in RESPONSES.iter().enumerate() {
            let answer = haproxy.ask(at, format!("GET /{number} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
            let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
            let theirs = told(&answer[..end]);
            let ours = told(&edited_response(ours, place, head));
            if ours != theirs {
                wrong += &format!("{rules} of {head:?}\n  haproxy {theirs:?}\n  here    {ours:?}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
