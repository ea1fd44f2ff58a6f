//! Captures, as rules show them again.

use crate::pair::{Pair, Scene, get};

#[test]
fn slots_hold_what_haproxys_hold() {
    let scene = Scene {
        more: [
            "capture: [request header Host len 5, request header X-None len 9, response header X-Origin len 9]\ndeclare-capture: [request len 4, response len 6]",
            "capture request header Host len 5\n capture request header X-None len 9\n capture response header X-Origin len 9\n declare capture request len 4\n declare capture response len 6",
        ],
        frontend: &[
            ("http-request", "capture path id 2"),
            ("http-request", "capture req.hdr(host),upper len 20"),
            ("http-request", "set-var(txn.kept) str(converted),capture-req(1) if { path /convert }"),
        ],
        backend: &[
            ("http-response", "capture status id 1"),
            ("http-response", "set-var(txn.back) str(answered),capture-res(1) if { capture.req.uri /convert }"),
            (
                "http-response",
                "set-header X-Kept \"%[capture.req.hdr(0)]|%[capture.req.hdr(1)]|%[capture.req.hdr(2)]|%[capture.req.hdr(3)]|%[capture.req.hdr(9)]|%[capture.res.hdr(0)]|%[capture.res.hdr(1)]|%[capture.req.method]|%[capture.req.uri]|%[capture.req.ver]|%[capture.res.ver]\"",
            ),
        ],
        ..Scene::default()
    };
    let pair = Pair::start(&scene);
    for (path, wanted) in [
        ("/a-long-path?x=1", "h.exa||/a-l|H.EXAMPLE||yes|200|GET|/a-long-path?x=1|HTTP/1.1|HTTP/1.1"),
        ("/convert", "h.exa|converted|/con|H.EXAMPLE||yes|answer|GET|/convert|HTTP/1.1|HTTP/1.1"),
    ] {
        let [ours, theirs] = pair.see("GET", &get(path));
        assert_eq!(ours.fields, theirs.fields, "{path}");
        assert!(ours.fields.contains(&format!("x-kept: {wanted}")), "{path}: {:?}", ours.fields);
    }
}
