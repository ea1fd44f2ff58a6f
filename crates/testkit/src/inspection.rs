//! What the installed HAProxy sees in the first bytes of a connection: a value, nothing, or that it has to wait for more.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::eventually::eventually;

/// What an expression is for bytes that came so far, while more may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It has a value: bytes in hexadecimal, all else as text.
    Value(String),
    /// It has none, whatever may follow.
    Nothing,
    /// It waits.
    Waits,
}

/// A HAProxy with a frontend in TCP mode for each expression. Killed when dropped.
pub struct Inspection {
    child: Child,
    folder: tempfile::TempDir,
    logs: UdpSocket,
    frontends: Vec<SocketAddr>,
    passes: usize,
}

impl Drop for Inspection {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The rules count how often they are gone through with bytes in hand: a decision at the first time did not wait.
fn frontend(number: usize, port: u16, expression: &str) -> String {
    format!(
        "frontend f{number}
 bind 127.0.0.1:{port}
 tcp-request inspect-delay 60s
 tcp-request session set-var(sess.n) int(0)
 tcp-request content track-sc0 int(1) table t
 tcp-request content set-var(sess.n) var(sess.n),add(1) if {{ req.len gt 0 }}
 tcp-request content sc-inc-gpc0(0) if {{ req.len gt 0 }}
 tcp-request content set-var(sess.v) {expression}
 tcp-request content set-var(sess.found) int(1) if {{ {expression} -m found }}
 tcp-request content reject
 log-format \"{number} %[var(sess.n)] %[var(sess.found)] %[var(sess.v)]\"
"
    )
}

impl Inspection {
    /// Starts it, or says what is missing: `None` outside CI, a failure in CI. An expression that gives bytes ends with `,hex`.
    pub fn start(expressions: &[&str]) -> Option<Self> {
        Self::with(&std::env::var("PLIMSOLL_HAPROXY").unwrap_or_else(|_| "haproxy".into()), expressions)
    }

    fn with(program: &str, expressions: &[&str]) -> Option<Self> {
        if Command::new(program).arg("-v").output().is_err() {
            let missing = "haproxy is not installed: install the Debian package `haproxy` to compare with it";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
            eprintln!("NOT RUN: {missing}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let logs = UdpSocket::bind("127.0.0.1:0").expect("a socket for its log");
        logs.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        let mut config = format!(
            "global
 nbthread 1
 stats socket {}
 log {} format raw local0
defaults
 log global
 timeout client 60s
backend t
 stick-table type integer size 10 store gpc0
",
            path("cli"),
            logs.local_addr().expect("its address")
        );
        let mut frontends = Vec::new();
        for (number, expression) in expressions.iter().enumerate() {
            // The port is free again when the listener is gone, and nobody else gets it at once.
            let free = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = free.local_addr().expect("its address");
            config += &frontend(number, address.port(), expression);
            frontends.push(address);
        }
        let file = path("haproxy.cfg");
        std::fs::write(&file, config).expect("the configuration is written");
        let child =
            Command::new(program).args(["-db", "-f", &file]).stderr(Stdio::null()).spawn().expect("haproxy starts");
        let this = Self { child, folder, logs, frontends, passes: 0 };
        eventually("haproxy listens", Duration::from_secs(10), || {
            UnixStream::connect(this.folder.path().join("cli")).is_ok()
        });
        Some(this)
    }

    /// The same, looked at again where it is not what was expected: on a busy machine the end of a connection overtakes the first look at its
    /// bytes, and then what would have waited has nothing. What is so each time is so.
    pub fn look_again(&mut self, bytes: &[u8], expected: impl Fn(usize, &Seen) -> bool) -> Vec<Seen> {
        let mut seen = self.look(bytes);
        for _ in 0..4 {
            if seen.iter().enumerate().all(|(number, seen)| expected(number, seen)) {
                break;
            }
            seen = self.look(bytes);
        }
        seen
    }

    /// What each expression is for these bytes, which must be some.
    pub fn look(&mut self, bytes: &[u8]) -> Vec<Seen> {
        let mut clients = Vec::new();
        for address in &self.frontends {
            let mut client = TcpStream::connect(address).expect("haproxy listens");
            client.write_all(bytes).expect("bytes are sent");
            clients.push(client);
        }
        self.passes += clients.len();
        eventually("haproxy looks at the bytes", Duration::from_secs(10), || self.counted() >= self.passes);
        for client in &clients {
            // It is closed already if nothing was waited for.
            let _ = client.shutdown(Shutdown::Write);
        }
        let mut seen = vec![Seen::Nothing; clients.len()];
        for _ in &clients {
            let mut line = [0; 65_536];
            let length = self.logs.recv(&mut line).expect("a line of the log");
            let line = line[..length].strip_suffix(b"\n").unwrap_or(&line[..length]);
            let line = String::from_utf8_lossy(line);
            let mut words = line.splitn(4, ' ');
            let mut word = || words.next().expect("four words").to_owned();
            let (number, passes, found, value) = (word(), word(), word(), word());
            let passes: usize = passes.parse().expect("a count");
            seen[number.parse::<usize>().expect("a number")] = match (passes, found.as_str()) {
                (0 | 1, "1") => Seen::Value(value),
                (0 | 1, _) => Seen::Nothing,
                // What a second look counted would be taken for the next one's.
                _ => {
                    self.passes += passes - 1;
                    Seen::Waits
                }
            };
        }
        seen
    }

    fn counted(&self) -> usize {
        let mut socket = UnixStream::connect(self.folder.path().join("cli")).expect("its socket");
        socket.write_all(b"show table t\n").expect("the command is sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("it is answered");
        let count = answer.split("gpc0=").nth(1).map(|rest| rest.split_whitespace().next().unwrap_or("0"));
        count.map_or(0, |count| count.parse().expect("a count"))
    }
}
