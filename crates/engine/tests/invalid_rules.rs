//! Rules and pages that are wrong: what is said, and at which words.

use plimsoll_engine::{Surroundings, load_text_in};

/// Keys of the frontend; code, message, and the words that are marked.
const FRONTEND: &[(&str, &str, &str, &str)] = &[
    ("http-request: deny status 99", "rule.argument", "`99` is not a status between 200 and 599", "99"),
    ("http-request: deny status", "rule.argument", "`deny` lacks a status", "deny"),
    ("http-request: return string x", "rule.argument", "a body needs its `content-type`", "return"),
    ("http-request: return colour red", "rule.syntax", "`colour` is not expected here", "colour"),
    ("http-request: return errorfiles none", "rule.argument", "no http-errors `none`", "none"),
    ("http-request: return hdr a:b c", "rule.argument", "`a:b` is not the name of a field", "a:b"),
    (
        "http-request: redirect code 302",
        "rule.argument",
        "`redirect` lacks where to: `location`, `prefix` or `scheme`",
        "redirect",
    ),
    (
        "http-request: redirect location /x code 300",
        "rule.argument",
        "`300` is no code of a redirection: 301, 302, 303, 307 or 308",
        "300",
    ),
    ("http-request: set-timeout servers 1s", "rule.argument", "no time-out is called `servers` here", "servers"),
    ("http-request: set-timeout server 5x", "rule.argument", "`5x` is not a time", "5x"),
    ("http-request: set-timeout server 0", "rule.argument", "a time-out of 0 would end everything at once", "0"),
    ("http-request: set-log-level loud", "rule.argument", "`loud` is no level", "loud"),
    ("http-request: set-nice 5000", "rule.argument", "`5000` is not a number between -1024 and 1024", "5000"),
    ("http-request: set-tos 256", "rule.argument", "256 is not between 0 and 255", "256"),
    (
        "http-request: set-src always_true",
        "rule.type",
        "`set-src` takes address, and this gives boolean",
        "always_true",
    ),
    ("http-request: use-service", "rule.argument", "`use-service` lacks the name of a service", "use-service"),
    (
        "http-request: use-service prometheus-exporte",
        "rule.argument",
        "no service `prometheus-exporte`; did you mean `prometheus-exporter`?",
        "prometheus-exporte",
    ),
    ("http-response: use-service stats", "rule.not-here", "`use-service` is no action of http-response", "use-service"),
    ("stats: { uri: /a b }", "config.bad-value", "`/a b` is no beginning of an address", "/a b"),
    ("stats: { uri: /a, auth: anna }", "config.bad-value", "a user is written `NAME:PASSWORD`", "anna"),
    ("stats: { userlist: none }", "config.userlist", "no userlist `none`", "none"),
    (
        "stats: { auth: \"a:b\", http-request: allow }",
        "config.bad-value",
        "`auth`, `userlist` and `http-request` each say who may see the page: one of them is enough",
        "{ auth: \"a:b\", http-request: allow }",
    ),
    ("stats: { http-request: [denied] }", "rule.unknown-action", "no action is called `denied`", "denied"),
    (
        "stats: { admin: true }",
        "config.not-yet",
        "`admin` is not supported yet: it would let the page change servers",
        "admin",
    ),
    ("http-request: pause", "rule.argument", "`pause` lacks a time", "pause"),
    ("http-request: early-hint a:b c", "rule.argument", "`a:b` is not the name of a field", "a:b"),
    ("http-request: capture src size 5", "rule.argument", "`size` is neither `len` nor `id`", "size"),
    ("http-request: capture src len 0", "rule.argument", "a slot has 1 to 65536 bytes", "0"),
    ("http-request: capture src len x", "rule.argument", "`x` is not a number", "x"),
    ("http-request: set-var(txn.a) srv_is_up(app/none)", "rule.argument", "no server `app/none`", "app/none"),
    ("http-request: set-var(txn.a) nbsrv(apps)", "rule.argument", "no backend `apps`; did you mean `app`?", "apps"),
    (
        "http-request: set-var(txn.a) fc_pp_tlv(300)",
        "rule.argument",
        "`300` is not the type of a value: 0 to 255, AUTHORITY or UNIQUE_ID",
        "fc_pp_tlv",
    ),
    (
        "http-request: set-var(txn.a) srv_name",
        "rule.not-here",
        "`srv_name` looks at the server's connection, which is not there in http-request",
        "srv_name",
    ),
    ("log-format: '%[src,when(errors)]'", "rule.argument", "`errors` is no condition; did you mean `error`?", "when"),
    ("log-format: '%[src,when(acl,none)]'", "rule.argument", "no ACL is called `none` here", "when"),
    (
        "http-request: set-var(txn.a) bc_src",
        "rule.not-here",
        "`bc_src` looks at the server's connection, which is not there in http-request",
        "bc_src",
    ),
    ("http-response: early-hint a b", "rule.not-here", "`early-hint` is no action of http-response", "early-hint"),
    ("capture: request header Host", "rule.syntax", "`request header Host` captures nothing", "request header Host"),
    ("declare-capture: request len 0", "rule.syntax", "`request len 0` captures nothing", "request len 0"),
    ("errorfiles: none", "config.bad-value", "no set of `http-errors` is called `none`", "none"),
    ("errorloc: { 99: /x }", "config.bad-value", "`99` is not a status between 200 and 599", "99"),
    (
        "http-error: content-type text/plain",
        "rule.syntax",
        "it begins with the `status` that it is for",
        "content-type text/plain",
    ),
];

/// The same of a backend.
const BACKEND: &[(&str, &str, &str, &str)] = &[(
    "http-request: capture src len 5",
    "rule.argument",
    "slots are made in frontends: here only `id` can be used",
    "len",
)];

#[test]
fn what_is_wrong_is_said_at_its_words() {
    let cases = FRONTEND.iter().map(|case| (case, true)).chain(BACKEND.iter().map(|case| (case, false)));
    for ((line, code, message, marked), frontend) in cases {
        let (own, behind) = if frontend { (*line, "") } else { ("maxconn: 5", *line) };
        let text = format!(
            "frontends:\n  web:\n    bind: \"127.0.0.1:80\"\n    default-backend: app\n    {own}\nbackends:\n  app:\n    \
             servers: {{ s: \"127.0.0.1:81\" }}\n    {behind}\n"
        );
        let (plan, findings) = load_text_in("lb.yaml", &text, &Surroundings::none());
        let found = findings.diagnostics().iter().find(|found| found.code == *code);
        let shown = findings.render(false);
        let found = found.unwrap_or_else(|| panic!("{line}: no {code} among\n{shown}"));
        assert_eq!(found.message, *message, "{line}");
        let span = found.primary.span;
        assert_eq!(text.get(span.start as usize..span.end as usize), Some(*marked), "{line}\n{shown}");
        assert!(plan.is_none(), "{line} runs");
    }
}

#[test]
fn defaults_hold_no_rules() {
    let text = "defaults:\n  http-request: deny\nfrontends: { web: { bind: \"127.0.0.1:80\" } }\n";
    let (plan, findings) = load_text_in("lb.yaml", text, &Surroundings::none());
    assert!(plan.is_none());
    let shown = findings.render(false);
    assert!(shown.contains("`defaults` hold no rules") && shown.contains("named-defaults"), "{shown}");
}
