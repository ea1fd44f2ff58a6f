//! What is served inside proxies: the same figures, piece by piece.

#[expect(dead_code, reason = "other tests use more of it")]
mod house;

use std::sync::Arc;

use house::{House, server};
use plimsoll_admin::{Look, SERVICES, State, page};
use plimsoll_http::{Limits, Request};
use plimsoll_proxy::services::{Asked, Given, Stats};

fn house(servers: usize) -> Arc<dyn State> {
    let many = (0..servers).map(|at| server(&format!("s{at}"), 1, false, at == 1)).collect();
    Arc::new(House::new(&[("app", many), ("other", vec![server("o", 1, false, false)])]).checked())
}

fn ask(state: &Arc<dyn State>, name: &str, target: &str, stats: Option<Stats>) -> Given {
    let mut request = Request::default();
    let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    request.parse(head.as_bytes(), &Limits::DEFAULT).expect("a request");
    let row = SERVICES.iter().find(|row| row.name == name).expect(name);
    (row.serve)(state, &Asked { request: &request, stats: stats.map(Arc::new).as_ref() })
}

fn text(given: Given) -> String {
    String::from_utf8(given.pieces.into_iter().flatten().flatten().collect()).expect("text")
}

/// First and second column.
fn rows(given: Given) -> Vec<String> {
    let text = text(given);
    text.lines().skip(1).map(|line| line.split(',').take(2).collect::<Vec<_>>().join("/")).collect()
}

#[test]
fn ten_thousand_servers_come_in_pieces_of_some_tens_of_kilobytes() {
    let state = house(10_000);
    for (name, target, least) in
        [("prometheus-exporter", "/m", 20), ("stats", "/s", 20), ("stats", "/s;csv", 20), ("stats", "/s;json", 100)]
    {
        let pieces: Vec<Vec<u8>> = ask(&state, name, target, None).pieces.expect("a body").collect();
        let longest = pieces.iter().map(Vec::len).max();
        assert!(pieces.len() >= least && longest < Some(160 << 10), "{target}: {} pieces, {longest:?}", pieces.len());
        let text = String::from_utf8(pieces.concat()).expect("text");
        assert!(text.contains("s9999") && text.ends_with('\n'), "{target}");
    }
}

#[test]
fn a_page_in_pieces_is_one_page() {
    let html = String::from_utf8(page(&house(300), Look::default()).flatten().collect()).expect("text");
    for (tag, count) in
        [("<html", 1), ("</html>", 1), ("<details", 2), ("</details>", 2), ("<table>", 3), ("</table>", 3)]
    {
        assert_eq!(html.matches(tag).count(), count, "{tag}");
    }
    assert_eq!(html.matches("<tr id=\"r3-").count(), 300);
    let last = html.find("<tr id=\"r3-300\"").expect("the last server");
    assert!(last < html.find("r4-0").expect("the next backend"));
}

#[test]
fn the_address_says_in_which_shape_and_what_is_left_out() {
    let state = house(2);
    assert_eq!(
        rows(ask(&state, "stats", "/s;csv", None)),
        ["web/FRONTEND", "app/s0", "app/s1", "app/BACKEND", "other/o", "other/BACKEND"]
    );
    assert_eq!(
        rows(ask(&state, "stats", "/s;csv;no-maint", None)),
        ["web/FRONTEND", "app/s0", "app/BACKEND", "other/o", "other/BACKEND"]
    );
    assert!(text(ask(&state, "stats", "/s;json", None)).starts_with("[[{\"objType\":\"Frontend\""));
    assert!(text(ask(&state, "stats", "/s;typed", None)).starts_with("F.2.0.0.pxname.1:KNS:str:web\n"));
    let within = |scope: &[&str]| Stats {
        uri: "/s".into(),
        scope: scope.iter().map(|name| (*name).into()).collect(),
        ..Stats::default()
    };
    assert_eq!(rows(ask(&state, "stats", "/s;csv", Some(within(&["other"])))), ["other/o", "other/BACKEND"]);
    assert_eq!(rows(ask(&state, "stats", "/s;csv", Some(within(&["web", "none"])))), ["web/FRONTEND"]);
    let html = text(ask(&state, "stats", "/s", Some(within(&["other"]))));
    assert!(html.contains(">other<") && !html.contains(">app<") && !html.contains(">web<"), "{html}");
    assert!(html.contains("<a href=\"/s;csv\">"));
}

#[test]
fn health_is_said_in_a_word() {
    let given = ask(&house(1), "health", "/", None);
    assert_eq!((given.status, text(given)), (200, "ready\n".to_owned()));
}
