//! `lb route`: a request on paper, and the exit codes.

use std::process::{Command, Output};

use plimsoll_testkit::lb;

const FILE: &str = r#"
defaults: { timeouts: { connect: 1s, client: 1s, server: 1s } }
frontends:
  web:
    bind: ["*:80", "*:443"]
    acls:
      first: int(7) 1:6 7
      never: always_false
    http-request:
      - deny if { always_true } !first
      - set-var(txn.who) str(me) if first
      - deny status 429 content-type text/plain string slow if never
    use-backend:
      - api if { var(txn.who) -m str me } !{ var(txn.gone) -m found }
    default-backend: app
  refusing:
    bind: "*:81"
    http-request:
      - return status 418 content-type text/plain string short hdr X-By rules
      - deny if { always_false }
  bytes: { mode: tcp, bind: "*:5432", default-backend: database }
  answered:
    bind: "*:82"
    capture: response header Server len 3
    http-response:
      - deny status 418 content-type text/plain string teapot if { status 404 }
      - set-header X-Rule %[capture.res.hdr(0)]
    http-after-response: set-header X-After %[status]
    default-backend: editing
  names:
    mode: tcp
    bind: "*:83"
    tcp-request: { inspect-delay: 5s }
    use-backend: "named if { req.ssl_sni -i a.example }"
    default-backend: database
backends:
  app: { servers: { a: "10.0.0.1:80" } }
  api: { servers: { a: "10.0.0.1:80", b: { address: "10.0.0.2:80", backup: true }, c: { address: "10.0.0.3:80", disabled: true } } }
  editing: { servers: { a: "10.0.0.1:80" }, http-response: "del-header X-Secret" }
  named: { mode: tcp, servers: { n: "10.0.0.5:443" } }
  database: { mode: tcp, servers: { d: "10.0.0.4:5432" } }
"#;

fn route(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("lb.yaml");
    std::fs::write(&file, FILE).expect("a file");
    Command::new(lb::binary()).arg("route").arg("-f").arg(&file).args(arguments).output().expect("lb")
}

fn shown(arguments: &[&str]) -> String {
    let output = route(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn refused(arguments: &[&str]) -> String {
    let output = route(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn a_request_is_led_through_its_rules_to_the_servers_that_may_get_it() {
    let expected = r#"frontend web · http-request
  lb.yaml:10  · deny if { always_true } !first
                if     { always_true }  yes
                and    !first           no   int(7) is 7
  lb.yaml:11  ✓ set-var(txn.who) str(me) if first
                if     first  yes  int(7) is 7
                txn.who = "me"
  lb.yaml:12  · deny status 429 content-type text/plain string slow if never
                if     never  no   always_false is false

frontend web · use-backend
  lb.yaml:14  ■ api if { var(txn.who) -m str me } !{ var(txn.gone) -m found }
                if     { var(txn.who) -m str me }   yes  var(txn.who) is "me"
                and    !{ var(txn.gone) -m found }  yes  var(txn.gone) has no value

backend     api  by `api if { var(txn.who) -m str me } !{ var(txn.gone) -m found }`
servers     a  10.0.0.1:80  weight   1
            b  10.0.0.2:80  weight   1  backup
            c  10.0.0.3:80  weight   1  disabled
            in the order of a fresh `balance: roundrobin`
variables   txn.who = "me"
"#;
    assert_eq!(shown(&["GET http://a.example/x", "--from", "10.0.0.1"]), expected);
}

#[test]
fn an_answer_of_a_rule_is_shown_as_its_client_gets_it() {
    let text = shown(&["http://a.example:81/x"]);
    assert!(text.contains("  lb.yaml:19  ■ return status 418"), "{text}");
    assert!(text.contains("1 more rule is not looked at"), "{text}");
    assert!(text.contains("answer      418  rule.return, by `return status 418"), "{text}");
    assert!(text.contains("            X-By: rules\n"), "{text}");
    assert!(text.ends_with("            short\n"), "{text}");
}

#[test]
fn a_connection_of_tcp_mode_needs_no_request() {
    let text = shown(&["--from", "10.0.0.1", "--frontend", "bytes"]);
    assert!(text.starts_with("frontend bytes: no rule looks at it\nbackend     database  default-backend\n"), "{text}");
}

#[test]
fn json_says_the_same_to_programs() {
    let json = shown(&["GET http://a.example/", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json).expect("an object");
    assert_eq!(report["decision"]["kind"], "backend");
    assert_eq!(report["decision"]["name"], "api");
    assert_eq!(report["lists"][0]["rules"][1]["changes"][0], "txn.who = \"me\"");
}

#[test]
fn the_frontend_is_found_by_port_by_address_or_by_name() {
    assert!(shown(&["GET http://a.example/", "--to", "10.9.9.9:81"]).contains("418"));
    assert!(shown(&["GET /", "-H", "Host: a", "--frontend", "refusing"]).contains("418"));
    let told = refused(&["GET http://a.example:9/"]);
    assert!(
        told.contains("no frontend listens at port 9: choose one with --frontend or --to; there are web, refusing"),
        "{told}"
    );
    assert!(refused(&["GET /", "--frontend", "wep"]).contains("did you mean `web`?"));
    assert!(refused(&["--frontend", "web"]).contains("frontend `web` reads requests"));
}

#[test]
fn what_is_no_request_is_told_with_exit_code_2() {
    assert!(refused(&["GET  / x y z"]).contains("is not a request"));
    assert!(refused(&["GET http://a/", "-H", "nonsense"]).contains("is not a header field"));
    assert!(refused(&["GET http://a/", "-H", "A b: c"]).contains("refused before any rule sees it"));
    assert!(refused(&["GET http://a/", "--from", "somewhere"]).contains("an address is written"));
}

#[test]
fn a_file_with_errors_is_told_with_exit_code_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("lb.yaml");
    std::fs::write(&file, "frontends: { web: { bind: \"*:80\", default-backend: gone } }\n").expect("a file");
    let output =
        Command::new(lb::binary()).arg("route").arg("-f").arg(&file).arg("GET http://a/").output().expect("lb");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unknown backend `gone`"));
}

/// A frontend around keys of a frontend, or a whole file around `tests`.
fn whole(piece: &str) -> String {
    let indented: String = piece.lines().map(|line| format!("    {line}\n")).collect();
    let (own, tests) = if piece.starts_with("tests:") { ("", piece) } else { (&*indented, "") };
    let own = match own {
        "" => {
            "    forwardfor: true\n    http-request: deny if { path_canonical -m beg /cellar }\n    use-backend: api if { host_canonical api.example }\n"
        }
        own => own,
    };
    format!(
        "defaults: {{ timeouts: {{ connect: 1s, client: 1s, server: 1s }} }}\n\
         frontends:\n  web:\n    bind: \"127.0.0.1:8080\"\n    default-backend: app\n{own}\
         backends:\n  app: {{ servers: {{ a: \"10.0.0.1:80\" }} }}\n  api: {{ servers: {{ a: \"10.0.0.2:80\" }} }}\n  static: {{ servers: {{ a: \"10.0.0.3:80\" }} }}\n{tests}"
    )
}

#[test]
fn every_piece_of_the_guide_to_rules_passes_the_check() {
    let guide = std::fs::read_to_string(lb::root().join("docs/rules.md")).expect("the guide");
    let pieces: Vec<&str> = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(pieces.len() >= 10, "{}", pieces.len());
    for piece in pieces {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("lb.yaml");
        std::fs::write(&file, whole(piece)).expect("a file");
        let output = Command::new(lb::binary()).args(["check", "-f"]).arg(&file).output().expect("lb");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{piece}\n{said}");
        // What only stands there to show a key leads nowhere.
        let warnings = said.matches("warning[").count() - said.matches("warning[config.unused-backend]").count();
        assert_eq!(warnings, 0, "{piece}\n{said}");
    }
}

#[test]
fn an_answer_that_is_given_goes_through_the_rules_about_responses() {
    let expected = r#"backend editing · http-response
  lb.yaml:39  ✓ del-header X-Secret
                - X-Secret: s

frontend answered · http-response
  lb.yaml:26  · deny status 418 content-type text/plain string teapot if { status 404 }
                if     { status 404 }  no   status is 201
  lb.yaml:27  ✓ set-header X-Rule %[capture.res.hdr(0)]
                + X-Rule: ori

frontend answered · http-after-response
  lb.yaml:28  ✓ set-header X-After %[status]
                + X-After: 201

backend     editing  default-backend
servers     a  10.0.0.1:80  weight   1
response      HTTP/1.1 201 Created
              Server: origin
            + X-Rule: ori
            + X-After: 201
            - X-Secret: s
"#;
    let given =
        ["--response", "HTTP/1.1 201", "--response-header", "Server: origin", "--response-header", "X-Secret: s"];
    assert_eq!(shown(&[&["GET http://a:82/"][..], &given].concat()), expected);
    let denied = shown(&["GET http://a:82/", "--response", "404 Gone"]);
    assert!(denied.contains("answer      418  rule.response.deny, by `deny status 418"), "{denied}");
    assert!(denied.contains("X-After: 418") && denied.ends_with("teapot\n"), "{denied}");
    let unknown = shown(&["GET http://a:82/"]);
    assert!(unknown.contains("4 rules look at the server's answer, which is not known here"), "{unknown}");
    let json: serde_json::Value =
        serde_json::from_str(&shown(&["GET http://a:82/", "--format", "json", "--response", "200"])).expect("JSON");
    assert_eq!(json["response_after"][0], "HTTP/1.1 200 OK");
    assert!(refused(&["GET http://a:82/", "--response", "fine"]).contains("it is written 'HTTP/1.1 200'"));
    assert!(
        refused(&["GET http://a:82/", "--response-header", "Content-Length: x"]).contains("it would be answered 502")
    );
}

#[test]
fn a_client_of_tls_names_the_server_it_wants() {
    let backend = |name: &str| shown(&["--frontend", "names", "--sni", name]);
    assert!(backend("A.example").contains("backend     named  by `named if"), "{}", backend("A.example"));
    assert!(backend("b.example").contains("backend     database  default-backend"), "{}", backend("b.example"));
    assert!(!route(&["GET http://a/", "--sni", "a.example"]).status.success());
}
