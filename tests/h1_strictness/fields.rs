//! Rules 7, 9, 10: expectations, upgrades and the fields that belong to one hop (RFC 9110 sections 7.6, 7.8, 10.1.1).

use crate::case::{Case, arrives, arrives_as_one_of, clean, either, refuse, same};

const BAD: &[u16] = &[400];
const UNMET: &[u16] = &[417];
const TUNNEL: &[u16] = &[400, 405, 501];

fn get(fields: &str) -> String {
    format!("GET /o HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n")
}

fn expecting(value: &str) -> String {
    format!("POST /e HTTP/1.1\r\nHost: a\r\nExpect: {value}\r\nContent-Length: 3\r\n\r\nabc")
}

/// The rows.
pub fn table() -> Vec<Case> {
    let plain = "GET /o HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut table = vec![
        arrives("a named field is removed", "rule 10", get("Connection: x-a\r\nX-A: 1\r\nX-B: 2"), get("X-B: 2")),
        arrives("a field named later is removed", "rule 10", get("X-A: 1\r\nX-B: 2\r\nConnection: X-A"), get("X-B: 2")),
        arrives(
            "several named fields",
            "rule 10",
            get("Connection: x-a , X-B\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3"),
            get("X-C: 3"),
        ),
        arrives(
            "two Connection fields",
            "rule 10",
            get("Connection: x-a\r\nX-A: 1\r\nConnection: x-b\r\nX-B: 2"),
            plain,
        ),
        arrives("a named field that is not there", "rule 10", get("Connection: x-a"), plain),
        arrives("close", "RFC 9112 9.6", get("Connection: close"), plain).closes(),
        arrives("close in capitals, among others", "RFC 9112 9.6", get("Connection: x-a, CLOSE"), plain).closes(),
        arrives("close and keep-alive: close wins", "RFC 9112 9.3", get("Connection: keep-alive, close"), plain)
            .closes(),
        arrives("keep-alive", "RFC 9112 9.3", get("Connection: keep-alive"), plain),
        arrives("Keep-Alive is removed", "rule 10", get("Connection: keep-alive\r\nKeep-Alive: timeout=5"), plain),
        arrives("Keep-Alive is removed unnamed", "rule 10", get("Keep-Alive: timeout=5"), plain),
        arrives("Proxy-Connection is removed", "RFC 9112 C.2.2", get("Proxy-Connection: keep-alive"), plain),
        arrives(
            "HTTP/1.0 kept alive",
            "RFC 9112 9.3",
            "GET /o HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
            plain,
        ),
        arrives("HTTP/1.0 closes", "RFC 9112 9.3", "GET /o HTTP/1.0\r\nHost: a\r\n\r\n", plain).closes(),
        arrives("TE belongs to the hop", "RFC 9110 10.1.4", get("Connection: TE\r\nTE: trailers"), plain),
        arrives("empty members of Connection", "RFC 9110 5.6.1", get("Connection: , ,x-a,\r\nX-A: 1"), plain),
        either("a Connection option that is no token", "RFC 9110 7.6.1", BAD, get("Connection: x a"), plain),
        same(
            "Via and X-Forwarded-For of the client pass",
            "RFC 9110 7.6.3",
            get("Via: 1.1 other\r\nX-Forwarded-For: 192.0.2.7"),
        ),
        same("Authorization passes", "RFC 9110 11.6.2", get("Authorization: Basic eDp5")),
        same("expecting 100-continue", "rule 7", expecting("100-continue")),
        same("expecting 100-continue in capitals", "RFC 9110 10.1.1", expecting("100-CONTINUE")),
        clean("HTTP/1.0 cannot expect", "RFC 9110 10.1.1", expecting("100-continue").replace("1.1", "1.0")).closes(),
        refuse("expecting something else", "rule 7", UNMET, expecting("200-ok")).either_way(),
        refuse("expecting 100-continue and something else", "rule 7", UNMET, expecting("100-continue, x")).either_way(),
        refuse("expecting nearly 100-continue", "rule 7", UNMET, expecting("100-continued")).either_way(),
        arrives(
            "an upgrade to websocket",
            "rule 9",
            get("Connection: Upgrade\r\nUpgrade: websocket"),
            get("Connection: upgrade\r\nUpgrade: websocket"),
        )
        .either_way(),
        arrives_as_one_of(
            "an upgrade to h2c is served as HTTP/1.1",
            "rule 9",
            get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__"),
            &[plain],
        )
        .either_way(),
        arrives(
            "HTTP2-Settings unnamed",
            "rule 9",
            get("Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"),
            plain,
        )
        .either_way(),
        arrives("an upgrade to what nobody allowed", "rule 9", get("Connection: Upgrade\r\nUpgrade: foo/2"), plain)
            .either_way(),
        arrives(
            "only the allowed protocol survives",
            "rule 9",
            get("Connection: Upgrade\r\nUpgrade: h2c, websocket"),
            get("Connection: upgrade\r\nUpgrade: websocket"),
        )
        .either_way(),
        arrives("an Upgrade that Connection does not name", "RFC 9110 7.8", get("Upgrade: websocket"), plain)
            .either_way(),
        arrives(
            "an Upgrade in HTTP/1.0 is ignored",
            "RFC 9110 7.8",
            "GET /o HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            plain,
        )
        .either_way(),
        refuse("CONNECT", "rule 9: off", TUNNEL, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        refuse("CONNECT in origin-form", "RFC 9112 3.2.3", TUNNEL, "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"),
        refuse(
            "CONNECT with bytes behind it",
            "rule 9",
            TUNNEL,
            "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
    ];
    for (name, option) in [
        ("naming Host", "host"),
        ("naming Host in capitals among others", "x-a, HOST"),
        ("naming X-Forwarded-For", "x-forwarded-for"),
        ("naming Authorization", "Authorization"),
        ("naming Content-Length", "content-length"),
        ("naming Transfer-Encoding", "transfer-encoding"),
        ("naming Forwarded", "forwarded"),
        ("naming X-Forwarded-Proto", "X-Forwarded-Proto"),
    ] {
        table.push(refuse(name, "rule 10: the proxy relies on it", BAD, get(&format!("Connection: {option}"))));
    }
    table
}
