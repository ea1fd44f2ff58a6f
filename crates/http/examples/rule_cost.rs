//! What the rules of the bench cost without a proxy: twenty ACLs that do not match and three edits, over one head, so many times.
//!
//! `cargo build --profile ratchet -p plimsoll-http --example rule_cost`, then under callgrind with `--toggle-collect='rule_cost::pass'`.

#[path = "../../rules/tests/house/mod.rs"]
mod house;

use house::{House, Still};
use plimsoll_http::{Limits, PARTS, Request};
use plimsoll_rules::{Act, Action, Arena, Context, End, Parts, Place, Places, Rules, Step, Variables};

const ACLS: [&str; 20] = [
    "path_beg /admin /internal /private",
    "path_end .php .asp .cgi",
    "path_sub ../ ..%2f",
    "path_reg ^/v[0-9]+/secret",
    "hdr(host) -i bad.example.com worse.example.com",
    "hdr_beg(host) -i static. img. cdn.",
    "hdr_sub(user-agent) -i curl wget badbot scanner",
    "method TRACE CONNECT",
    "req.hdr_cnt(x-forwarded-for) gt 3",
    "url_param(debug) -m found",
    "req.cook(session) -m len 200:4096",
    "req.hdr(content-type) -m sub xml",
    "path,lower -m beg /wp-",
    "req.hdr_val(content-length) gt 1000000",
    "query -m sub union select",
    "req.hdr(referer) -m dom evil.example",
    "req.ver 0.9",
    "path -m len gt 1000",
    "path_dir admin setup backup",
    "req.hdr(authorization) -m found",
];
const EDITS: [&str; 3] =
    ["set-header X-Forwarded-Proto http", "add-header X-Request-Method %[method]", "del-header X-Debug"];

#[derive(Debug)]
struct Deny;

impl Act for Deny {
    fn act(&self, _: &mut Context<'_>) -> Step {
        Step::Final
    }
}

const DENY: Action =
    Action { name: "stop-here", places: Places::HTTP_REQUEST, usage: "", parse: |_, _| Some(Box::new(Deny)), doc: "" };

#[inline(never)]
fn pass(rules: &Rules, request: &mut Request, variables: &mut Variables) {
    let arena = Arena::new();
    let cx = Context::new(Place::HttpRequest, &arena, &Still, variables);
    assert!(matches!(rules.run(0, &mut cx.with(request)), End::Passed));
}

fn main() {
    let times: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1000);
    let parts: Vec<Parts> = PARTS.iter().copied().chain([Parts { actions: &[DENY], ..Parts::EMPTY }]).collect();
    let mut house = House::new(&parts, Place::HttpRequest);
    for (at, acl) in ACLS.iter().enumerate() {
        house.acl(&format!("a{at}"), acl).expect("an ACL");
    }
    let texts: Vec<String> = (0..ACLS.len())
        .map(|at| format!("stop-here if a{at}"))
        .chain(EDITS.iter().map(|edit| (*edit).to_owned()))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let rules = house.rules(&texts);
    let (mut request, mut variables) = (Request::default(), Variables::default());
    for _ in 0..times {
        request.parse(b"GET /100 HTTP/1.1\r\nHost: bench\r\n\r\n", &Limits::DEFAULT).expect("a head");
        pass(&rules, &mut request, &mut variables);
    }
}
