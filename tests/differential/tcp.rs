//! TCP mode: rules about connections and contents, ends of both sides.

use crate::case::{Case, tcp, whole};

const TIMES: &str = "defaults\n mode tcp\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n";

pub fn cases() -> Vec<Case> {
    vec![
        tcp("bytes go both ways", "", "").hear(3).send("hello").hear(5).fin().ends(),
        tcp("tcp-request connection reject", "tcp-request connection reject if { src 127.0.0.1 }", "").ends(),
        tcp("tcp-request session reject", "tcp-request session reject if { src 127.0.0.1 }", "").ends(),
        tcp("tcp-request content reject", "tcp-request content reject if { src 127.0.0.1 }", "").ends(),
        tcp("contents are waited for", "tcp-request inspect-delay 10s\ntcp-request content accept if { req.payload(0,4) -m str good }\ntcp-request content reject if { req.len ge 4 }", "")
            .send("go").send("od").hear(7).fin().ends().anew().send("evil").ends(),
        tcp("contents that do not come", "tcp-request inspect-delay 200ms\ntcp-request content reject unless { req.len gt 0 }", "").ends(),
        tcp("WAIT_END", "tcp-request inspect-delay 200ms\ntcp-request content accept if WAIT_END", "").hear(3).fin().ends(),
        whole("use_backend by contents", &format!("{TIMES}frontend web\n bind <bind>\n tcp-request inspect-delay 10s\n tcp-request content accept if {{ req.len gt 2 }}\n use_backend two if {{ req.payload(0,3) -m bin 74776f }}\n default_backend one\nbackend one\n server s1 <s1>\nbackend two\n server s2 <s2>\n"))
            .echo("<name>:").send("two!").hear(7).fin().ends().anew().send("one!").hear(7).fin().ends(),
        whole("use_backend by a length", &format!("{TIMES}frontend web\n bind <bind>\n tcp-request inspect-delay 10s\n tcp-request content accept if {{ req.len ge 10 }}\n use_backend two if {{ req.len ge 10 }}\n default_backend one\nbackend one\n server s1 <s1>\nbackend two\n server s2 <s2>\n"))
            .echo("<name>:").send("GET / HTTP/1.0\r\n\r\n").hear(21).fin().ends(),
        tcp("tcp-response content reject", "", "tcp-response inspect-delay 10s\ntcp-response content reject if { res.payload(0,3) -m str s1: }").ends().chosen("a server whose answer nobody gets need not go on", &["s1#1 ends: RST"]),
        tcp("tcp-response content accept", "", "tcp-response inspect-delay 10s\ntcp-response content accept if { res.len ge 3 }\ntcp-response content reject").hear(3).fin().ends(),
        tcp("accept-proxy and send-proxy in TCP mode", "tcp-request connection accept", "default-server send-proxy").hear(3).send("x").fin().ends(),
        tcp("a silent client", "timeout client 200ms", "").hear(3).ends().chosen("what ends by force must not look complete", &["everything: , then RST", "s1#1 ends: RST"]),
        tcp("a silent server", "", "timeout server 200ms").hear(3).ends().chosen("what ends by force must not look complete", &["everything: , then RST", "s1#1 ends: RST"]),
        tcp("a client that resets", "", "").hear(3).reset(),
        tcp("a server that closes", "", "").echo("bye<fin>").ends(),
        tcp("a server that resets", "", "").echo("<rst>").ends().chosen("what ends by force must not look complete", &["everything: , then RST"]),
        tcp("a server that only listens", "", "").echo("<hold>").send("one").send("two").fin().ends(),
        whole("a server that refuses in TCP mode", &format!("{TIMES}listen web\n bind <bind>\n retries 0\n server s1 <refused>\n")).ends().chosen("what ends by force must not look complete", &["everything: , then RST"]),
        whole("redispatch in TCP mode", &format!("{TIMES}listen web\n bind <bind>\n option redispatch 1\n retries 1\n server s1 <refused>\n server s2 <s2>\n")).echo("<name>:").hear(3).fin().ends(),
        whole("no server in TCP mode", &format!("{TIMES}listen web\n bind <bind>\n server s1 <s1> disabled\n")).echo("").ends().chosen("what ends by force must not look complete", &["everything: , then RST"]),
        tcp("variables of connections", "tcp-request inspect-delay 10s\ntcp-request content set-var(sess.a) req.payload(0,3)\ntcp-request content reject if { var(sess.a) -m str bad }", "").send("bad").ends().anew().send("good").hear(7).fin().ends(),
        whole("HTTP after contents were looked at", "defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\nfrontend web\n bind <bind>\n tcp-request inspect-delay 10s\n tcp-request content reject if { path_beg /bad }\n tcp-request content accept if HTTP\n default_backend app\nbackend app\n server s1 <s1>\n").get("/good").ask("/bad").ends(),
        whole("frontend in HTTP mode before accept rules of sessions", "defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\nfrontend web\n bind <bind>\n tcp-request session set-var(sess.n) int(7)\n http-request set-header x-n %[var(sess.n)]\n default_backend app\nbackend app\n server s1 <s1>\n").get("/"),
    ]
}
