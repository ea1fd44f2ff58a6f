//! Configurations of this area, headers written by hand, and lines of the JSON log.

use std::net::SocketAddr;
use std::time::Duration;

use plimsoll_testkit::{Client, Lb, eventually};
use plimsoll_tests::Site;
use serde_json::Value;

pub const SOON: Duration = Duration::from_secs(10);

/// From 192.0.2.1:56324 to 198.51.100.7:443.
pub const V1: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";
/// The same.
pub const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x07\xdc\x04\x01\xbb";
/// The sender's own connection.
pub const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Its port demands headers, soon; its log is JSON.
pub fn accepting(site: &Site) -> String {
    let yaml = site.clone().global("threads: 1, log: { to: stdout, format: json }").yaml();
    let bind = "bind: [\"127.0.0.1:0\"]";
    assert!(yaml.contains(bind));
    let yaml = yaml.replace(bind, "bind: { address: \"127.0.0.1:0\", accept-proxy: true }");
    yaml.replace("timeouts: { connect", "timeouts: { client-handshake: 700ms, connect")
}

/// The lines of the access log.
pub fn lines(lb: &Lb) -> Vec<Value> {
    let objects = lb.stdout().lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Value>>();
    // What the process says of itself is in the same stream.
    objects.into_iter().filter(|line| line["type"] != "event" && line["frontend"] == "web").collect()
}

/// The line of that number, once it is written.
#[track_caller]
pub fn line(lb: &Lb, number: usize) -> Value {
    eventually(&format!("line {number} of the log"), SOON, || lines(lb).len() > number);
    lines(lb).swap_remove(number)
}

/// The client's address as the log has it.
pub fn client(line: &Value) -> String {
    format!("{}:{}", line["client"].as_str().unwrap_or("-"), line["client_port"])
}

/// A client's own address.
pub fn ours(client: &mut Client) -> SocketAddr {
    let name = rustix::net::getsockname(client.wire().socket()).expect("its name");
    name.try_into().expect("an IP address")
}
