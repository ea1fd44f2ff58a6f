//! `tests` in a file: what is expected of requests on paper, and what is told when something else comes.

use plimsoll_engine::{Surroundings, load_text_in};

const FILE: &str = r#"defaults: { timeouts: { connect: 1s, client: 1s, server: 1s } }
frontends:
  web:
    bind: "*:80"
    forwardfor: true
    stats: { uri: /figures, auth: "anna:secret" }
    http-request:
      - deny status 429 content-type text/plain string slow hdr Retry-After 5 if { hdr(x-slow) -m found }
      - use-service prometheus-exporter if { path -m str /metrics }
      - redirect location /there if { path -m str /here }
      - reject if { hdr(x-gone) -m found }
      - tarpit status 418 if { hdr(x-robot) -m found }
      - set-header X-Rule %[method] if { method GET }
      - set-var(txn.a) int(1)
    use-backend: "api if { path_beg /api }"
    default-backend: app
    http-response: ["set-header X-Seen %[status]", "deny status 418 hdr X-By rules if { status 404 }"]
  raw: { mode: tcp, bind: "*:81", tcp-request: { inspect-delay: 1s, content: "reject if { req.ssl_sni gone.example }" }, default-backend: bytes }
backends:
  app: { servers: { a: "10.0.0.1:80", b: "10.0.0.2:80" } }
  api: { servers: { a: "10.0.0.1:80", b: { address: "10.0.0.2:80", backup: true } } }
  bytes: { mode: tcp, servers: { a: "10.0.0.1:80" } }
tests:
"#;

/// The findings of these tests, each as `column message`.
fn told(tests: &str) -> Vec<String> {
    let (plan, findings) = load_text_in("f.yaml", &format!("{FILE}{tests}"), &Surroundings::none());
    let plan = plan.unwrap_or_else(|| panic!("{}", findings.render(false)));
    let sources = findings.sources();
    let told = plan.tried();
    told.iter()
        .map(|one| {
            assert_eq!(one.code, "rule.test-failed");
            format!("‹{}› {}", sources.slice(one.primary.span), one.message)
        })
        .collect()
}

#[test]
fn what_comes_as_expected_is_not_told() {
    let good = r#"
  default: { request: "GET http://a/x", expect: { backend: app, header: {}, request-header: { X-Rule: GET, X-Forwarded-For: 127.0.0.1 }, variables: { txn.a: "1", txn.b: "" } } }
  routed: { request: "POST http://a/api/x", from: "10.0.0.1:5", expect: { backend: api, server: a, rule: api if, request-header: { X-Rule: "" }, closed: false } }
  denied: { request: "GET http://a/", headers: { X-Slow: "1" }, frontend: web, expect: { status: 429, header: { Retry-After: "5", X-None: "" }, rule: deny } }
  moved: { request: "GET http://a/here", to: "10.0.0.1:80", expect: { status: 302, location: /there } }
  held: { request: "GET http://a/", headers: { X-Robot: "1" }, expect: { status: 418, rule: tarpit } }
  gone: { request: "GET http://a/", headers: { X-Gone: "1" }, expect: { closed: true } }
  figures: { request: "GET http://a/metrics", expect: { service: prometheus-exporter, rule: use-service } }
  page: { request: "GET http://a/figures;csv", headers: { Authorization: "Basic YW5uYTpzZWNyZXQ=" }, expect: { service: stats, rule: stats } }
  stranger: { request: "GET http://a/figures;csv", expect: { status: 401, header: { WWW-Authenticate: "Basic realm=\"Plimsoll statistics\"" } } }
  elsewhere: { request: "PUT http://a/figures;csv", expect: { backend: app } }
  answered: { request: "GET http://a/x", response: { headers: { X-A: [b, c] } }, expect: { backend: app, status: 200, response-header: { X-Seen: "200", X-A: b, X-None: "" } } }
  refused: { request: "GET http://a/x", response: { status: 404 }, expect: { status: 418, response-header: { X-By: rules, X-Seen: "" } } }
  named: { sni: gone.example, expect: { closed: true } }
  unnamed: { sni: other.example, expect: { backend: bytes } }
  bytes: { expect: { backend: bytes, server: a } }
"#;
    assert_eq!(told(good), Vec::<String>::new());
}

#[test]
fn what_comes_otherwise_is_told_at_its_place() {
    let wrong = r#"
  one: { request: "GET http://a/x", expect: { backend: api, status: 200, closed: true, rule: deny } }
  two: { request: "GET http://a/x", expect: { server: a, request-header: { X-Rule: PUT, X-None: x }, variables: { txn.a: "2" } } }
  seen: { request: "GET http://a/x", response: { status: 201 }, expect: { status: 200, response-header: { X-Seen: "200", X-None: x } } }
  three: { request: "GET http://a/here", expect: { location: /, header: { Location: "" }, backend: app } }
"#;
    let expected = [
        "‹api› test `one`: the backend is `app`",
        "‹deny› test `one`: the rule that decides is none, which leaves the default",
        "‹200› test `one`: the status is the backend `app`",
        "‹true› test `one`: what came is the backend `app`",
        "‹a› test `two`: the server is one of several, which the balancer chooses",
        "‹PUT› test `two`: the request's field `X-Rule` is `GET`",
        "‹x› test `two`: the request's field `X-None` is not there",
        "‹\"2\"› test `two`: the variable `txn.a` is `1`",
        "‹200› test `seen`: the status is 201",
        "‹\"200\"› test `seen`: the response's field `X-Seen` is `201`",
        "‹x› test `seen`: the response's field `X-None` is not there",
        "‹app› test `three`: the backend is an answer 302, by `redirect location /there if { path -m str /here }`",
        "‹/› test `three`: the location is `/there`",
        "‹\"\"› test `three`: the field `Location` is `/there`",
    ];
    assert_eq!(told(wrong), expected);
}

#[test]
fn a_test_that_cannot_be_tried_is_told() {
    let wrong = r#"
  nowhere: { request: "GET http://a/", frontend: gone }
  someone: { request: "GET http://a/", from: somebody }
  nothing: { request: "GET http://a/", headers: { "A b": c } }
"#;
    let told = told(wrong);
    assert!(told[0].starts_with("‹nowhere› test `nowhere` cannot be tried: no frontend is called `gone`"), "{told:?}");
    assert_eq!(told[1], "‹somebody› test `someone` cannot be tried: `somebody` is not an address");
    assert!(told[2].contains("refused before any rule sees it"), "{told:?}");
}
