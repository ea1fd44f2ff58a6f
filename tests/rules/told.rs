//! What servers are told by options, and who may come in: compared with haproxy.

use crate::pair::{Pair, Scene, get};

#[test]
fn servers_are_told_of_clients_as_haproxy_tells() {
    let scene = Scene {
        more: [
            "forwardfor: { header: X-Client }\noriginalto: true\nhttp-restrict-req-hdr-names: delete",
            "option forwardfor header X-Client\n option originalto\n option http-restrict-req-hdr-names delete",
        ],
        behind: ["http-send-name-header: X-Server", "http-send-name-header X-Server"],
        ..Scene::default()
    };
    let pair = Pair::start(&scene);
    let request = get("/").replacen("\r\n\r\n", "\r\nX-Client: 10.1.1.1\r\nA_b: c\r\nX-Server: forged\r\n\r\n", 1);
    let [ours, theirs] = pair.see("GET", &request);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_lowercase).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&ours.body), sorted(&theirs.body));
    for wanted in ["x-client: 127.0.0.1", "x-original-to: 127.0.0.1", "x-server: s1"] {
        assert!(sorted(&ours.body).iter().any(|line| line == wanted), "{wanted}: {}", ours.body);
    }
}

#[test]
fn users_come_in_with_their_passwords() {
    let rules = [
        ("http-request", "auth realm staff unless { http_auth(staff) }"),
        ("http-request", "deny unless { http_auth_group(staff) admins }"),
    ];
    let scene = Scene {
        frontend: &rules,
        sections: [
            "userlists: { staff: { users: { anna: { insecure-password: secret, groups: admins }, bert: { password: '$5$saltsalt$hcyDOxdIg0p3xyqtpHh/v8Ph.am06tQaovp1KpEklb7' } }, groups: { admins: [] } } }",
            "userlist staff\n group admins\n user anna insecure-password secret groups admins\n user bert password $5$saltsalt$hcyDOxdIg0p3xyqtpHh/v8Ph.am06tQaovp1KpEklb7",
        ],
        ..Scene::default()
    };
    let pair = Pair::start(&scene);
    // anna:secret, anna:wrong, nobody:secret
    for (credentials, status) in [("YW5uYTpzZWNyZXQ=", 200), ("YW5uYTp3cm9uZw==", 401), ("bm9ib2R5OnNlY3JldA==", 401)] {
        let request = get("/").replacen("\r\n\r\n", &format!("\r\nAuthorization: Basic {credentials}\r\n\r\n"), 1);
        let [ours, theirs] = pair.see("GET", &request);
        assert_eq!((ours.status, theirs.status), (status, status), "{credentials}");
    }
    assert_eq!(pair.same("/").status, 401);
}
