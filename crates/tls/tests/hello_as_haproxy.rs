//! What stands in a ClientHello is what the installed HAProxy sees in it, at every byte of its arrival.

mod hellos;
#[path = "../../rules/tests/house/mod.rs"]
mod house;

use hellos::{Hello, seen};
use plimsoll_testkit::{Inspection, Seen};

const EXPRESSIONS: &[&str] = &[
    "req.ssl_sni",
    "req_ssl_sni",
    "req.ssl_hello_type",
    "req_ssl_hello_type",
    "req.ssl_ver",
    "req_ssl_ver",
    "req.ssl_alpn",
    "req.ssl_ec_ext",
    "req.ssl_st_ext",
];

/// Where they look at extensions.
fn of_extensions(expression: &str) -> bool {
    !expression.contains("_ver") && !expression.contains("hello_type")
}

/// What HAProxy 2.6 says where it is known to say something else, so that the rest is compared to the letter.
fn forgiven(expression: &str, left: usize, theirs: &Seen, ours: &Seen) -> bool {
    // It takes a hello for complete four bytes too early, and reads what an earlier connection left there.
    (of_extensions(expression) && (1..=4).contains(&left) && *ours == Seen::Waits)
        // Without the extension it has no value; 3.2 says false, as we do.
        || (expression == "req.ssl_ec_ext" && *theirs == Seen::Nothing && *ours == Seen::Value(String::from("0")))
}

#[test]
fn a_hello_is_seen_as_haproxy_sees_it_however_much_of_it_is_here() {
    let Some(mut haproxy) = Inspection::start(EXPRESSIONS) else { return };
    let name = |name: &str| Hello::new().server_name(name.as_bytes());
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/client_hello/");
    let real = |name: &str| std::fs::read(format!("{corpus}{name}")).expect("a hello of a real client");
    let mut bytes = vec![
        real("tls12"),
        real("small"),
        name("a.example").protocols(&["h2", "http/1.1"]).record(),
        Hello::new().protocols(&["acme-tls/1"]).extension(35, b"").record(),
        name("b").extension(10, &[0, 2, 0, 23]).extension(35, b"ticket").record(),
        name("").record(),
        Hello::new().extension(0, b"").record(),
        Hello::new().extension(16, &[0, 0]).record(),
        Hello { session: vec![0; 33], ..name("c") }.record(),
        Hello { ciphers: vec![], ..name("c") }.record(),
        Hello { ciphers: vec![1, 2, 3], ..name("c") }.record(),
        Hello { compressions: vec![], ..name("c") }.record(),
        Hello { version: 0x0304, ..name("c") }.record(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    // SSL 2, with a version of its own and of SSL 3.1.
    for version in [[0, 2], [3, 1]] {
        bytes.push([&[0x80, 0x2e, 1][..], &version, &[0, 0x15, 0, 0, 0, 0x10], &[7; 0x25]].concat());
    }
    // A message of another type.
    let mut other = name("c").record();
    other[5] = 2;
    bytes.push(other);
    let mut wrong = String::new();
    for bytes in bytes {
        for cut in 1..=bytes.len() {
            let theirs = haproxy.look_again(&bytes[..cut], |number, theirs| {
                let (expression, ours) = (EXPRESSIONS[number], seen(EXPRESSIONS[number], &bytes[..cut]));
                ours == *theirs || forgiven(expression, bytes.len() - cut, theirs, &ours)
            });
            for (expression, theirs) in EXPRESSIONS.iter().zip(theirs) {
                let ours = seen(expression, &bytes[..cut]);
                if ours != theirs && !forgiven(expression, bytes.len() - cut, &theirs, &ours) {
                    wrong +=
                        &format!("{expression} of {cut} bytes: {theirs:?}, here {ours:?}: {}\n", bytes.escape_ascii());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
