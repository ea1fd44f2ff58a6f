//! Fetches that haproxy 2.6 does not have, with the values that they must have.

use std::time::Duration;

use plimsoll_testkit::{Client, Lb, Origin, Then, eventually};

#[test]
fn statuses_bytes_and_acls_are_values() {
    let origin = Origin::serving(|exchange| {
        exchange.send("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
        Then::Keep
    });
    let lb = Lb::start(&format!(
        "global: {{ threads: 1, log: stdout }}\n\
         defaults: {{ timeouts: {{ connect: 1s, client: 5s, server: 5s }} }}\n\
         frontends:\n  web:\n    bind: \"127.0.0.1:0\"\n    acls: {{ api: path_beg /api, local: src 127.0.0.0/8 }}\n    \
         log-format: 'line %[bytes_in] %U %[bytes_out] %B'\n    \
         http-response:\n      - set-status 202\n      - set-header X-Seen '%[status] %[txn.status] %[acl(api,local)] %[acl(!api,!!local)]'\n    \
         default-backend: app\n\
         backends: {{ app: {{ servers: {{ a: \"{}\" }} }} }}\n",
        origin.addr
    ));
    let mut client = Client::connect(lb.addr("web"));
    for (path, seen) in [("/api/x", "202 202 1 0"), ("/", "202 202 0 1")] {
        let answer = client.get(path).expect("an answer");
        assert_eq!((answer.status, answer.fields.get("x-seen").as_deref()), (202, Some(seen)), "{path}");
    }
    let mut lines = Vec::new();
    eventually("both lines are written", Duration::from_secs(10), || {
        lines = lb.stdout().lines().filter_map(|line| Some(line.strip_prefix("line ")?.to_owned())).collect();
        lines.len() == 2
    });
    for line in lines {
        let figures: Vec<u32> = line.split(' ').map(|word| word.parse().expect("a number")).collect();
        assert_eq!((figures[0], figures[2]), (figures[1], figures[3]), "{line}");
        assert!(figures[0] > 20 && figures[2] > 40, "{line}");
    }
}
