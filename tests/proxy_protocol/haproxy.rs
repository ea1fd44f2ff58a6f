//! The installed haproxy on either side: what it sends is believed here, what is sent here it believes and logs.

use plimsoll_testkit::{Client, Lb, RecordingOrigin, eventually};
use plimsoll_tests::Site;

use super::site::{SOON, accepting, client, line, ours};

const DEFAULTS: &str = "global\n nbthread 1\n log stdout format raw daemon\ndefaults\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n";

#[test]
fn what_haproxy_sends_is_believed() {
    for keys in [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 proxy-v2-options crc32c",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority",
        "send-proxy-v2-ssl",
    ] {
        for mode in ["http", "tcp"] {
            let origin = RecordingOrigin::start();
            let lb = Lb::start(&accepting(&Site::http().server("o", origin.addr())));
            let cfg = format!(
                "{DEFAULTS} mode {mode}\nlisten front\n bind fd@0\n unique-id-format %ci:%cp\n server lb {} {keys}\n",
                lb.addr("web")
            );
            let haproxy = Lb::haproxy("front", &cfg);
            let mut peer = Client::connect(haproxy.addr("front"));
            assert_eq!(peer.get("/").unwrap().status, 200, "{keys}, {mode}");
            let from = ours(&mut peer);
            let line = line(&lb, 0);
            assert_eq!((client(&line), &line["outcome"]), (from.to_string(), &"ok".into()), "{keys}, {mode}");
        }
    }
}

#[test]
fn checks_of_haproxy_are_answered_and_are_no_noise() {
    for (keys, logged) in [("send-proxy", 0), ("send-proxy-v2 proxy-v2-options crc32c", 0)] {
        let origin = RecordingOrigin::start();
        let lb = Lb::start(&accepting(&Site::http().server("o", origin.addr())));
        let (http, tcp) = (lb.addr("web"), lb.addr("web"));
        let cfg = format!(
            "{DEFAULTS} mode http\nlisten front\n bind fd@0\n option httpchk GET /alive\n server h {http} {keys} check inter 100ms rise 1\n\
             backend b\n server t {tcp} {keys} check inter 100ms rise 1\n"
        );
        let _haproxy = Lb::haproxy("front", &cfg);
        eventually("five checks by HTTP", SOON, || origin.count() >= 5);
        let lines = super::site::lines(&lb);
        let failed = lines.iter().filter(|line| line["outcome"] != "ok").count();
        assert_eq!(failed, logged, "{keys}: {lines:?}");
    }
}

#[test]
fn what_is_sent_here_haproxy_believes() {
    for mode in ["http", "tcp"] {
        for keys in ["send-proxy: true", "send-proxy-v2: true", "send-proxy-v2: true, proxy-v2-options: [crc32c]"] {
            let origin = RecordingOrigin::start();
            let cfg = format!(
                "{DEFAULTS} mode http\nlisten back\n log global\n option httplog\n bind fd@0 accept-proxy\n server o {}\n",
                origin.addr()
            );
            let haproxy = Lb::haproxy("back", &cfg);
            let site = if mode == "http" { Site::http() } else { Site::tcp() };
            let site = site.backend("health-check: { type: http, interval: 200ms, rise: 1 }");
            let lb = site.server_with("h", haproxy.addr("back"), keys).start();
            let mut peer = Client::connect(lb.addr("web"));
            assert_eq!(peer.get("/told").unwrap().status, 200, "{keys}, {mode}");
            let from = ours(&mut peer);
            let told =
                || haproxy.stdout().lines().any(|line| line.starts_with(&from.to_string()) && line.contains("/told"));
            eventually(&format!("haproxy logs {from} ({keys}, {mode})"), SOON, told);
            // Our checks are understood too.
            eventually("a check in haproxy's log", SOON, || haproxy.stdout().contains("\"GET / HTTP/1.0\""));
            assert!(!haproxy.stdout().contains("PROXY protocol"), "{}", haproxy.stdout());
        }
    }
}
