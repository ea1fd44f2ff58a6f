//! The same site in haproxy's words, for the keys that tests use: proves that a test's clients and origins are right.

use std::fmt::Write as _;

use crate::site::Site;

/// haproxy's line for a key of the frontend or backend; keys without a counterpart are left out.
fn line(key: &str) -> Option<String> {
    let (name, value) = key.split_once(": ")?;
    let option = |name: &str| Some(format!("option {name}"));
    match name {
        "http-reuse" | "balance" | "retries" | "maxconn" => Some(format!("{name} {value}")),
        "redispatch" | "http-server-close" | "httpclose" | "http-keep-alive" | "forwardfor" => option(name),
        "health-check" => {
            let of = |key: &str| {
                value.split([',', '{', '}']).find_map(|part| part.trim().strip_prefix(key)?.strip_prefix(": "))
            };
            let path = of("path").unwrap_or("/");
            let (interval, rise, fall) = (of("interval")?, of("rise")?, of("fall")?);
            let kind = if of("type") == Some("tcp") { String::new() } else { format!("option httpchk GET {path}\n ") };
            let timeout = of("timeout").map_or(String::new(), |timeout| format!("timeout check {timeout}\n "));
            Some(format!("{kind}{timeout}default-server check inter {interval} rise {rise} fall {fall}"))
        }
        _ => None,
    }
}

impl Site {
    /// `haproxy.cfg` with the same meaning; the frontend's socket is handed over as descriptor 0.
    pub fn haproxy_cfg(&self) -> String {
        let threads = if self.global.contains("threads: 2") { 2 } else { 1 };
        let mut text = format!("global\n nbthread {threads}\n log stdout format raw daemon\n");
        if let Some((_, maxconn)) = self.global.split_once("maxconn: ") {
            let _ = writeln!(text, " maxconn {maxconn}");
        }
        let (mode, times) = (self.mode, self.timeouts);
        let _ = writeln!(
            text,
            "defaults\n mode {mode}\n log global\n option {mode}log\n timeout connect 2s\n timeout tunnel {}ms",
            times.tunnel
        );
        let _ = writeln!(text, " timeout client {}ms\n timeout server {}ms", times.client, times.server);
        if mode == "http" {
            let (head, idle) = (times.http_request, times.keep_alive);
            let _ = writeln!(text, " timeout http-request {head}ms\n timeout http-keep-alive {idle}ms");
        }
        let bind = if self.bind.ends_with(":0") { "fd@0" } else { &self.bind };
        let _ = writeln!(text, "frontend web\n bind {bind}\n default_backend origins");
        self.frontend.iter().filter_map(|key| line(key)).for_each(|line| text += &format!(" {line}\n"));
        text += "backend origins\n";
        self.backend.iter().filter_map(|key| line(key)).for_each(|line| text += &format!(" {line}\n"));
        for (name, address, keys) in &self.servers {
            let backup = if keys.contains("backup: true") { "backup" } else { "" };
            let _ = writeln!(text, " server {name} {address} {backup}");
        }
        text
    }
}
