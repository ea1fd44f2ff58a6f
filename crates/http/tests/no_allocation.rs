//! Rules that do not match allocate nothing: every engine of patterns, every kind of fetch, conditions with several terms.

#[path = "../../rules/tests/house/mod.rs"]
mod house;

use std::alloc::System;

use house::{House, Still};
use plimsoll_http::{Limits, PARTS, Progress, Request};
use plimsoll_rules::{Arena, Context, End, Place, Rules, Variables};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const HEAD: &[u8] = b"GET /shop/cart?item=5&q=a%20b HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: Mozilla/5.0\r\n\
    Cookie: a=1; session=0123456789\r\nX-Forwarded-For: 10.1.2.3, 192.168.1.1\r\nAccept: text/html, */*\r\n\r\n";

#[test]
fn rules_that_do_not_match_allocate_nothing() {
    let mut house = House::new(PARTS, Place::HttpRequest);
    let many: Vec<String> = (0..500).map(|n| format!("/other{n}")).collect();
    house.acl("many", &format!("path -m str {}", many.join(" "))).unwrap();
    house.acl("many_beg", &format!("path_beg {}", many.join(" "))).unwrap();
    house.acl("many_sub", &format!("path_sub {}", many.join(" "))).unwrap();
    let rules = house.rules(
        &[
            "deny_nothing if { path_beg /admin /internal }",
            "deny_nothing if { path_end .php .asp .cgi .jsp .exe }",
            "deny_nothing if { path_reg ^/v[0-9]+/secret }",
            "deny_nothing if { hdr(host) -i bad.example.com worse.example.com }",
            "deny_nothing if { hdr_sub(user-agent) -i curl wget badbot scanner }",
            "deny_nothing if { req.hdr_ip(x-forwarded-for) 172.16.0.0/12 }",
            "deny_nothing if { req.hdr_cnt(accept) gt 5 } or { method TRACE CONNECT }",
            "deny_nothing if { url_param(item) -m int 6:10 } !{ path_dir shop }",
            "deny_nothing if { req.cook(session) -m len 200:4096 }",
            "deny_nothing if { path,lower -m beg /wp- }",
            "deny_nothing if { url_param(q),url_dec -m sub union }",
            "deny_nothing if { req.hdr(x-forwarded-for,-1),ipmask(24) 10.0.0.0/8 }",
            "deny_nothing if many or many_beg or many_sub",
            "deny_nothing unless { path_beg / }",
        ]
        .map(|text| Box::leak(text.replace("deny_nothing", "set-header X-Matched yes").into_boxed_str()) as &str),
    );
    let (mut request, mut variables) = (Request::default(), Variables::default());
    assert!(matches!(request.parse(HEAD, &Limits::DEFAULT), Ok(Progress::Complete(_))));
    // The first time the memory of the evaluation is made.
    run(&rules, &mut request, &mut variables);
    let region = Region::new(COUNTED);
    for _ in 0..100 {
        run(&rules, &mut request, &mut variables);
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
    assert!(request.head.value("x-matched").is_none());
}

fn run(rules: &Rules, request: &mut Request, variables: &mut Variables) {
    let arena = Arena::new();
    let mut cx = Context::new(Place::HttpRequest, &arena, &Still, variables).with(request);
    assert!(matches!(rules.run(0, &mut cx), End::Passed));
}
