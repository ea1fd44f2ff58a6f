//! The YAML of an import means what the `haproxy.cfg` means.

use plimsoll_config::Diagnostics;
use proptest::prelude::*;

use super::*;
use crate::model::File;

/// What a text becomes, before it is judged.
fn model(name: &str, text: &str) -> (Option<File>, String) {
    let surroundings = Surroundings::none();
    let mut reader = Reader::new(&surroundings);
    reader.text(name, text, None);
    reader.close();
    let Reader { sources, mut found, trees, .. } = reader;
    let tree = plimsoll_config::tree::merge(trees, &sources, &mut found);
    let file = tree.and_then(|tree| plimsoll_config::salvage_tree::<File>(&tree, &sources, &mut found));
    let mut errors = Diagnostics::new();
    errors.extend(found.into_iter().filter(|found| found.severity == Severity::Error));
    let told = errors.render_short(&sources);
    (file, told)
}

fn same(cfg: &str) -> Result<String, String> {
    let imported = import_text("lb.cfg", cfg, &Surroundings::none());
    let yaml = imported.yaml.ok_or_else(|| format!("nothing came of\n{cfg}"))?;
    let (theirs, told) = model("lb.cfg", cfg);
    if !told.is_empty() {
        return Err(format!("{told}\n{cfg}"));
    }
    let (ours, told) = model("lb.yaml", &yaml);
    if told.is_empty() && theirs == ours {
        Ok(yaml)
    } else {
        Err(format!("{told}\n{cfg}\n{yaml}\n{theirs:#?}\n{ours:#?}"))
    }
}

const GLOBAL: &[&str] = &[
    "maxconn 2000",
    "nbthread 2",
    "log /dev/log local0 info",
    "log 10.0.0.1:514 len 4096 format rfc5424 local1 notice warning",
    "user nobody",
    "uid 99",
    "group 1000",
    "daemon",
    "pidfile /run/lb.pid",
    "stats socket /run/lb.sock mode 660 level admin",
    "ulimit-n 10000",
    "nosplice",
    "tune.pipesize 64k",
    "hard-stop-after 30s",
    "cpu-map auto:1/1-2 0-1",
    "set-var proc.limit int(10)",
    "no strict-limits",
    "setcap cap_net_admin,cap_net_raw",
    "close-spread-time infinite",
];
const ANY: &[&str] = &[
    "mode http",
    "option httpclose",
    "option http-server-close",
    "no option nolinger",
    "option splice-auto",
    "option splice-response",
    "retries 0",
    "option redispatch",
    "timeout client 50000",
    "timeout server 1m",
    "timeout connect 0",
    "timeout http-request 10s",
    "timeout tunnel 1h",
    "balance leastconn",
    "http-reuse always",
    "option forwardfor",
    "option forwardfor except 127.0.0.0/8 header X-Client if-none",
    "option originalto",
    "errorfile 503 /etc/503.http",
    "errorloc 404 /missing",
    "option abortonclose",
    "maxconn 500",
    "option httpchk GET /health",
    "http-check expect status 200",
    "option clitcpka",
    "clitcpka-idle 60",
    "option tcpka",
    "source 10.0.0.1",
    "log-format \"%ci %[src] %{+Q}r\"",
    "unique-id-format %{+X}o\\ %ci:%cp",
    "rate-limit sessions 100",
    "default-server inter 3s fall 2",
    "option http-restrict-req-hdr-names delete",
    "default_backend app",
    "monitor-uri /alive",
    "stats enable",
    "stats uri /stats",
    "stats auth a:b",
    "stats refresh 10s",
    "http-error status 503 content-type text/plain string \"so sorry: later\"",
];
const FRONT: &[&str] = &[
    "bind :80",
    "bind 10.0.0.1:80,10.0.0.2:80 accept-proxy",
    "bind [::1]:8080 v6only maxconn 10 tcp-ut 5s",
    "bind unix@/run/web.sock",
    "acl api path_beg -i /api /v2",
    "acl api hdr(host) -m str \"a: b\"",
    "acl a.b src 10.0.0.0/8",
    "http-request deny if api !{ src 127.0.0.1 }",
    "http-request set-header X-Q \"it's a \\\"q\\\" # no\"",
    "http-request redirect scheme https code 301 unless a.b",
    "redirect prefix / if api",
    "use_backend app if api",
    "use_backend %[req.hdr(host),lower] if api",
    "tcp-request connection reject if { src 10.9.0.0/16 }",
    "tcp-request inspect-delay 5s",
    "capture request header Host len 32",
    "declare capture response len 8",
    "monitor fail if api",
    "http-response del-header Server",
    "http-after-response set-header A '%[str(\"{}\")]'",
    "timeout client-fin 1s",
];
const BACK: &[&str] = &[
    "server a 10.0.0.1:80",
    "server b web.example:80 check inter 2s rise 1 backup weight 3",
    "server c [::1]:80 send-proxy-v2 proxy-v2-options crc32c",
    "server-template t 3 10.0.0.9:80 check",
    "server d 10.0.0.4:80 disabled source 10.0.0.5:1000-2000 interface eth0 tfo",
    "use-server a if { path /a }",
    "option allbackups",
    "http-send-name-header X-Server",
    "acl b path /b",
    "http-request set-path /x%[path]",
    "tcp-response content accept",
];

#[test]
fn comments_stay_where_they_were_and_what_is_missing_is_said() {
    let cfg = "# the process\nglobal\n maxconn 100\n tune.bufsize 32768\n# all of it\ndefaults\n mode http\n timeout client 10s\n\
               # what comes in\nfrontend web\n # the port\n bind :80\n # only some\n http-request deny if { path /x }\n default_backend app\n\
               backend app\n fullconn 10\n server a 10.0.0.1:80\n";
    let yaml = same(cfg).unwrap();
    for expected in [
        "# the process\n# line 4, without effect: tune.bufsize 32768\nglobal:\n",
        "# all of it\ndefaults:\n",
        "  # what comes in\n  web:\n    # the port\n    bind: \"*:80\"\n    # only some\n    http-request: \"deny if { path /x }\"\n",
        "  # line 17, not supported yet: fullconn 10\n  app:\n",
        "  # HAProxy stays with the server unless `option redispatch` is set\n  redispatch: false\n",
    ] {
        assert!(yaml.contains(expected), "{expected}\n--- is not in\n{yaml}");
    }
}

#[test]
fn defaults_that_not_everybody_has_keep_their_names() {
    let cfg = "defaults\n mode http\nfrontend a\n bind :80\ndefaults tcp from none\ndefaults two\n mode tcp\nfrontend b\n bind :81\nbackend c from two\n";
    assert!(same(cfg).unwrap_err().contains("there are no defaults `none` before this"));
    let yaml = same(&cfg.replace(" from none", "")).unwrap();
    assert!(yaml.contains("named-defaults:\n  defaults-1:\n    mode: http\n"), "{yaml}");
    assert!(yaml.contains("    from: defaults-1\n") && yaml.contains("    from: two\n"), "{yaml}");
}

#[test]
fn every_line_alone_means_the_same_in_yaml() {
    let places = [
        ("global", GLOBAL),
        ("defaults", ANY),
        ("frontend web", FRONT),
        ("frontend web", ANY),
        ("backend app", BACK),
        ("listen both", BACK),
    ];
    for (title, lines) in places {
        for line in lines {
            let cfg = format!("{title}\n {line}\n");
            // What belongs to the other side is passed over.
            if let Err(wrong) = same(&cfg) {
                panic!("{wrong}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_file_means_the_same_in_yaml(
        global in prop::collection::vec(prop::sample::select(GLOBAL), 0..6),
        defaults in prop::collection::vec(prop::sample::select(ANY), 0..8),
        front in prop::collection::vec(prop::sample::select([ANY, FRONT].concat()), 0..8),
        back in prop::collection::vec(prop::sample::select([ANY, BACK].concat()), 0..5),
        more in 0..3_usize,
    ) {
        let mut cfg = String::from("global\n");
        let mut section = |title: &str, lines: &[&str]| {
            cfg.push_str(title);
            cfg.push('\n');
            let mut servers = HashSet::new();
            for line in lines {
                // Names of servers are not twice in a backend.
                if !line.starts_with("server") || servers.insert(*line) {
                    cfg.push_str(&format!("  {line}\n"));
                }
            }
        };
        section("", &global);
        section("defaults", &defaults);
        section("frontend web", &front);
        section("backend app", &back);
        for number in 0..more {
            section("defaults", &defaults[..defaults.len().min(number)]);
            section(&format!("listen l{number}"), &["bind 127.0.0.1:0"]);
        }
        if let Err(wrong) = same(&cfg) {
            return Err(TestCaseError::fail(wrong));
        }
    }
}
