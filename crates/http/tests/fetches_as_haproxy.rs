//! Every fetch over a head gives what the installed HAProxy gives, for the same bytes.

mod haproxy;
#[path = "../../rules/tests/house/mod.rs"]
mod house;

use std::any::Any;
use std::sync::Arc;

use haproxy::{Haproxy, body, origin};
use house::{House, Still};
use plimsoll_http::{Limits, Method, PARTS, Progress, Request, Response, Tolerance, Userlist};
use plimsoll_rules::{Arena, Context, End, Name, Names, Place, Type, Variables};

/// Fetches of requests.
const REQUEST: &[&str] = &[
    "method",
    "path",
    "pathq",
    "query",
    "url",
    "req.ver",
    "req_ver",
    "req.proto_http",
    "req_proto_http",
    "base",
    "base32",
    "baseq",
    "url32",
    "url_ip",
    "url_port",
    "hdr(x-a)",
    "req.hdr(x-a)",
    "req.hdr(X-A,1)",
    "req.hdr(x-a,2)",
    "req.hdr(x-a,9)",
    "req.hdr(x-a,-2)",
    "req.hdr(x-a,-10)",
    "req.hdr(x-a,0)",
    "req.hdr(none)",
    "req.hdr(user-agent)",
    "req.hdr(host)",
    "hdr(x-empty)",
    "req.hdr(x-empty,1)",
    "req.fhdr(x-a)",
    "req.fhdr(x-a,1)",
    "req.fhdr(x-a,2)",
    "req.fhdr(x-a,-2)",
    "req.fhdr(x-empty)",
    "req.fhdr(none)",
    "hdr_cnt(x-a)",
    "req.hdr_cnt(x-a)",
    "req.hdr_cnt(x-empty)",
    "req.hdr_cnt(none)",
    "req.hdr_cnt",
    "req.fhdr_cnt(x-a)",
    "req.fhdr_cnt(none)",
    "req.fhdr_cnt",
    "hdr_ip(x-ip)",
    "req.hdr_ip(x-ip)",
    "req.hdr_ip(x-ip,1)",
    "req.hdr_ip(x-ip,2)",
    "req.hdr_ip(x-a)",
    "hdr_val(x-n)",
    "req.hdr_val(x-n)",
    "req.hdr_val(x-n,1)",
    "req.hdr_val(content-length)",
    "req.hdr_names",
    "req.hdr_names(:)",
    "req.hdrs",
    "req.hdrs_bin",
    "req.cook(a)",
    "req.cook(b)",
    "req.cook(none)",
    "req.cook",
    "cook(a)",
    "cookie(a)",
    "req.cook(A)",
    "req.cook(aa)",
    "req.cook(q)",
    "req.cook_cnt(a)",
    "req.cook_cnt",
    "req.cook_cnt(none)",
    "cook_cnt(a)",
    "req.cook_val(a)",
    "req.cook_val",
    "cook_val(b)",
    "url_param(a)",
    "urlp(b)",
    "urlp(a,;)",
    "urlp",
    "urlp(none)",
    "urlp_val(a)",
    "urlp_val(b)",
    "urlp(aa)",
    "urlp(a,/)",
    "http_auth_user",
    "http_auth_pass",
    "http_auth_type",
    "http_auth_bearer",
    "http_auth_bearer(x-bearer)",
];

/// Requests, each with another corner.
const HEADS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "GET /a/b?a=1&b=2 HTTP/1.1\r\nHost: A.example:8080\r\nX-A: 1, 2 ,3\r\nUser-Agent: curl, or not\r\n\r\n",
    "GET /a;a=7?b=5;a=6&aa=x&a=8 HTTP/1.1\r\nHost: h\r\nX-A: one\r\nX-A: two,three\r\nx-a:\tfour\t\r\n\r\n",
    "GET /?x HTTP/1.1\r\nHost: h\r\nX-A: a,,b\r\nX-Empty:\r\n\r\n",
    "GET /? HTTP/1.1\r\nHost: h\r\nX-A: a,b,\r\nX-Empty: ,\r\n\r\n",
    "GET /??a=1 HTTP/1.1\r\nHost: h\r\nX-A: ,a\r\nX-Empty: , ,\r\n\r\n",
    "GET /a%20b?c=%41&b=&a HTTP/1.1\r\nHost: h\r\nX-A: \"q,u\", \"o\\\"t,e\" , x\"y,z\"w\r\n\r\n",
    "GET /?=&a==1&=b HTTP/1.1\r\nHost: h\r\nX-A: \"open, never closed\r\n\r\n",
    "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nX-N: 17\r\nX-Ip: 10.0.0.1\r\n\r\n",
    "PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nX-N: 5, -6\r\nX-Ip: 10.0.0.1:8080, ::1\r\n\r\n",
    "DELETE /p HTTP/1.1\r\nHost: h\r\nX-N: 0008\r\nX-Ip: 2001:db8::5, 10.0.0.300\r\n\r\n",
    "PATCH /p HTTP/1.1\r\nHost: h\r\nX-N: -0\r\nX-Ip: [2001:db8::5]\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: h\r\nX-N: 12\r\nX-Ip: 10.0.0.1:99999\r\n\r\n",
    "BREW /pot HTTP/1.1\r\nHost: h\r\nX-N:\r\nX-Ip: ::ffff:10.0.0.1\r\n\r\n",
    "get / HTTP/1.1\r\nHost: h\r\nX-Ip: 10.0.0.1:\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET /x HTTP/1.0\r\nHost: h\r\nX-Ip: 10.0.0.1 \r\n\r\n",
    "GET http://h/x?a=1 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET http://10.1.2.3/x HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n",
    "GET http://10.1.2.3:8080/x HTTP/1.1\r\nHost: 10.1.2.3:8080\r\n\r\n",
    "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; b=2; c=3\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1;a=2\r\nCookie: b = 4 ; q=\"x;y\"; aa=9\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1, b=2; a=3,b=5\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nCookie: a\r\nCookie: =1; b=\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=b=c; b=x y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nCookie:\r\nCookie: $Version=1; a=q; $Path=/\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: basic dTpwOnE=\r\nX-Bearer: Bearer tok\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dXNlcg==\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic !!!!\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic  OnA=\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a.b.c\r\nX-Bearer: tok\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: bearer  a b \r\nX-Bearer: Digest x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Digest username=x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nX-Odd_Name!: 1\r\nACCEPT: */*\r\nX-A: 1,2,3,4,5,6,7,8,9,10,11,12\r\n\r\n",
];

/// Fetches of responses.
const RESPONSE: &[&str] = &[
    "status",
    "res.ver",
    "resp_ver",
    "hdr(x-a)",
    "res.hdr(x-a)",
    "shdr(x-a)",
    "res.hdr(x-a,1)",
    "res.hdr(x-a,-2)",
    "res.fhdr(x-a)",
    "res.fhdr(x-a,1)",
    "res.hdr_cnt(x-a)",
    "shdr_cnt(x-a)",
    "res.hdr_cnt",
    "res.fhdr_cnt(x-a)",
    "res.fhdr_cnt",
    "res.hdr_ip(x-ip)",
    "shdr_ip(x-ip)",
    "res.hdr_val(x-n)",
    "shdr_val(x-n)",
    "res.hdr_names",
    "res.hdr_names(;)",
    "res.hdrs",
    "res.hdrs_bin",
    "res.cook(a)",
    "res.cook",
    "res.cook(none)",
    "res.cook(q)",
    "scook(b)",
    "cookie(a)",
    "res.cook_cnt(a)",
    "scook_cnt(b)",
    "res.cook_val(a)",
    "scook_val(b)",
];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: 1, 2\r\nX-A: 3\r\nX-Ip: 10.0.0.1\r\nX-N: 8\r\n\r\n",
    "HTTP/1.1 404 Not here\r\nContent-Length: 0\r\nX-A:\r\nX-Ip: 10.0.0.1, ::2\r\nX-N: 8, 9\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1; Path=/; b=7\r\nSet-Cookie: b=2\r\nSet-Cookie: a=3; b=1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1, b=2\r\nSet-Cookie: c\r\nSet-Cookie: q=\"x;y\"; Secure\r\n\r\n",
    "HTTP/1.0 503 No\r\nContent-Length: 0\r\n\r\n",
];

/// A line for each fetch: its text, a bar behind a value, and nothing if there is none. Bytes are hexadecimal.
fn questions(fetches: &[&str]) -> String {
    fetches.iter().map(|fetch| format!("%[{fetch},{}]\n", how(fetch))).collect()
}

fn how(fetch: &str) -> &'static str {
    if fetch.contains("hdrs") { "hex" } else { "concat(|)" }
}

fn shown(house: &mut House, fetch: &str, cx: &Context<'_>) -> String {
    let expr = house.expr(fetch).unwrap_or_else(|told| panic!("{fetch}:\n{told}"));
    let Some(value) = expr.eval(cx) else { return String::new() };
    let hex = how(fetch) == "hex";
    let bytes = value.cast(if hex { Type::Bin } else { Type::Str }, cx.arena()).and_then(|value| value.bytes());
    let bytes = bytes.expect("every value is text or bytes");
    if hex { bytes.iter().map(|byte| format!("{byte:02X}")).collect() } else { format!("{}|", bytes.escape_ascii()) }
}

/// Compares line by line; a fetch that differs on purpose is named in `differs`.
fn compare(
    fetches: &[&str],
    head: &str,
    theirs: &[u8],
    mut ours: impl FnMut(&str) -> String,
    wrong: &mut String,
) -> usize {
    let text: Vec<String> = theirs.split(|&byte| byte == b'\n').map(|line| line.escape_ascii().to_string()).collect();
    assert_eq!(text.len(), fetches.len() + 1, "{head:?} gives {}", theirs.escape_ascii());
    for (fetch, theirs) in fetches.iter().zip(&text) {
        let ours = ours(fetch);
        // There is no token where there is no field, not an empty one.
        if ours != *theirs && !(fetch.contains("bearer(") && ours.is_empty() && theirs == "|") {
            *wrong += &format!("{fetch} of {head:?}\n  haproxy {theirs}\n  here    {ours}\n");
        }
    }
    fetches.len()
}

#[test]
fn fetches_of_requests_give_what_haproxy_gives() {
    let rule = " http-request return status 200 content-type text/plain lf-file FOLDER/questions";
    let origin = origin(|_| Vec::new());
    let files = [("questions", &*questions(REQUEST))];
    let Some(haproxy) = Haproxy::start(&[rule.into()], origin, &files) else { return };
    let (mut wrong, mut pairs) = (String::new(), 0);
    for head in HEADS {
        let answer = haproxy.ask(0, head.as_bytes());
        let mut request = Request::default();
        let read = request.parse(head.as_bytes(), &Limits::DEFAULT);
        assert!(matches!(read, Ok(Progress::Complete(_))), "{head:?}");
        let (arena, mut variables) = (Arena::new(), Variables::default());
        let cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables).with(&mut request);
        let mut house = House::new(PARTS, Place::HttpRequest);
        pairs += compare(REQUEST, head, body(&answer), |fetch| shown(&mut house, fetch, &cx), &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(pairs >= 400, "{pairs} pairs");
}

/// Conditions that look at each value of several.
const CONDITIONS: &[&str] = &[
    "{ req.hdr(x-a) three }",
    "{ hdr(x-a) 2 }",
    "{ hdr(x-a) 3 four }",
    "{ req.hdr(x-a,1) one }",
    "{ req.hdr_cnt(x-a) gt 1 }",
    "{ req.fhdr(x-a) -m sub two,three }",
    "{ hdr_beg(x-a) t }",
    "{ hdr_dom(host) example }",
    "{ hdr_end(host) .example }",
    "{ hdr_sub(user-agent) -i CURL }",
    "{ hdr_len(x-a) 0 }",
    "{ req.hdr_ip(x-ip) 10.0.0.0/8 }",
    "{ hdr_ip(x-ip) ::1 }",
    "{ hdr_val(x-n) 5 }",
    "{ req.cook(a) 1 }",
    "{ cook_beg(b) x }",
    "{ req.cook(a) -m found }",
    "{ req.cook -m str 3 }",
    "{ urlp(a) 8 }",
    "{ urlp -m str x }",
    "{ urlp_val(a) 7:9 }",
    "{ url_param(a) -m found }",
    "{ path_beg /a }",
    "{ path_end b }",
    "{ path_dir a }",
    "{ path -m reg ^/a.b$ }",
    "{ url_dom h }",
    "{ base_sub h/a }",
    "{ method GET }",
    "{ method BREW PUT }",
    "{ query -m found }",
    "{ req.ver 1.0 }",
    "{ http_auth_user Aladdin }",
    "HTTP_1.0",
    "METH_POST",
    "METH_GET",
    "HTTP_URL_STAR",
    "HTTP_URL_ABS",
    "HTTP_URL_SLASH",
    "HTTP_CONTENT",
    "{ http_auth(L) }",
    "{ http_auth_group(L) g1 }",
    "{ http_auth_group(L) g2 g1 }",
    "!{ http_auth(L) }",
];

/// Users of the list `L`; the second line is HAProxy's.
const USERS: &str = "users:\n  Aladdin: { insecure-password: open sesame, groups: [g1] }\n  u: { insecure-password: p }\ngroups:\n  g1: []\n  g2: u\n";
const USERLIST: &str = "userlist L\n group g1\n group g2 users u\n user Aladdin insecure-password \"open sesame\" groups g1\n user u insecure-password p";

struct Lists(Arc<Userlist>);

impl Names for Lists {
    fn find(&self, kind: &str, name: &str) -> Option<Arc<dyn Any + Send + Sync>> {
        (kind == "userlist" && name == "L").then(|| Arc::clone(&self.0) as _)
    }

    fn all(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn read(&self, _: &str) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

#[test]
fn conditions_hold_when_they_hold_in_haproxy() {
    let rules: Vec<String> = CONDITIONS
        .iter()
        .enumerate()
        .map(|(at, condition)| format!("set-var(txn.c{at}) bool(true) if {condition}"))
        .collect();
    let theirs: String = rules.iter().map(|rule| format!(" http-request {rule}\n")).collect();
    let text =
        format!("{theirs} http-request return status 200 content-type text/plain lf-file FOLDER/questions\n{USERLIST}");
    let shown: String = (0..CONDITIONS.len()).map(|at| format!("%[var(txn.c{at})]\n")).collect();
    let Some(haproxy) = Haproxy::start(&[text], origin(|_| Vec::new()), &[("questions", &*shown)]) else { return };
    let mut found = plimsoll_config::Diagnostics::new();
    let mut sources = plimsoll_config::Sources::new();
    let (options, _) = plimsoll_config::load(&mut sources, "users", USERS, &|_| None);
    let list = Arc::new(Userlist::build(&options.expect("a list of users"), &mut found));
    let mut house = House::new(PARTS, Place::HttpRequest);
    house.names = Arc::new(Lists(list));
    let rules = house.rules(&rules.iter().map(String::as_str).collect::<Vec<_>>());
    let mut wrong = String::new();
    for head in HEADS {
        let answer = haproxy.ask(0, head.as_bytes());
        let mut request = Request::default();
        let read = request.parse(head.as_bytes(), &Limits::DEFAULT);
        assert!(matches!(read, Ok(Progress::Complete(_))), "{head:?}");
        let (arena, mut variables) = (Arena::new(), Variables::default());
        let mut cx = Context::new(Place::HttpRequest, &arena, &Still, &mut variables).with(&mut request);
        assert!(matches!(rules.run(0, &mut cx), End::Passed));
        let ours = |condition: &str| {
            let at = CONDITIONS.iter().position(|have| *have == condition).expect("one of them");
            let name = Name::parse(&format!("txn.c{at}")).expect("a name");
            String::from(if cx.variables(|variables| variables.has(name)) { "1" } else { "" })
        };
        compare(CONDITIONS, head, body(&answer), ours, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn fetches_of_responses_give_what_haproxy_gives() {
    // The response is gone when its replacement is written, so values are kept before.
    let keep = RESPONSE
        .iter()
        .enumerate()
        .map(|(at, fetch)| format!(" http-response set-var(txn.v{at}) {fetch},{}\n", how(fetch)));
    let rule =
        keep.collect::<String>() + " http-response return status 200 content-type text/plain lf-file FOLDER/questions";
    let kept: String = (0..RESPONSE.len()).map(|at| format!("%[var(txn.v{at})]\n")).collect();
    let origin = origin(|head| {
        let number: usize = std::str::from_utf8(&head[5..]).unwrap().split(' ').next().unwrap().parse().unwrap();
        RESPONSES[number].as_bytes().to_vec()
    });
    let Some(haproxy) = Haproxy::start(&[rule], origin, &[("questions", &*kept)]) else { return };
    let mut wrong = String::new();
    for (number, head) in RESPONSES.iter().enumerate() {
        let answer = haproxy.ask(0, format!("GET /{number} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        let (mut request, mut response) = (Request::default(), Response::default());
        let read = response.parse(head.as_bytes(), Method::Get, &Limits::DEFAULT, Tolerance::default());
        assert!(matches!(read, Ok(Progress::Complete(_))), "{head:?}");
        let (arena, mut variables) = (Arena::new(), Variables::default());
        let cx =
            Context::new(Place::HttpResponse, &arena, &Still, &mut variables).with(&mut request).with(&mut response);
        let mut house = House::new(PARTS, Place::HttpResponse);
        compare(RESPONSE, head, body(&answer), |fetch| shown(&mut house, fetch, &cx), &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}
