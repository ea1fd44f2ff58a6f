//! The installed HAProxy as the oracle: many backends over a few tiny origins that answer with their number.
#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plimsoll_testkit::eventually;

/// A running HAProxy. Killed when dropped.
pub struct Haproxy {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One backend: the options after `server NAME ADDRESS` of each server.
pub struct Backend {
    /// In `tcp`, a request ends when its client leaves.
    pub mode: &'static str,
    pub balance: &'static str,
    pub servers: Vec<String>,
}

impl Haproxy {
    /// Starts it, or says what is missing: `None` outside CI, a failure in CI.
    pub fn start(backends: &[Backend]) -> Option<Self> {
        if Command::new("haproxy").arg("-v").output().is_err() {
            let missing = "haproxy is not installed: install the Debian package `haproxy` to compare with it";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
            eprintln!("NOT RUN: {missing}");
            return None;
        }
        let most = backends.iter().map(|backend| backend.servers.len()).max().unwrap_or(0);
        let origins: Vec<SocketAddr> = (0..most).map(origin).collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut config = format!(
            "global\n nbthread 1\n stats socket {} level admin\ndefaults\n mode http\n http-reuse always\n timeout \
             connect 5s\n timeout client 60s\n timeout server 60s\n",
            path("cli")
        );
        for (number, Backend { mode, balance, servers }) in backends.iter().enumerate() {
            let bind = path(&number.to_string());
            config += &format!("frontend f{number}\n mode {mode}\n bind {bind}\n default_backend b{number}\n");
            config += &format!("backend b{number}\n mode {mode}\n balance {balance}\n");
            for (server, options) in servers.iter().enumerate() {
                config += &format!(" server s{server} {} {options}\n", origins[server]);
            }
        }
        let file = path("haproxy.cfg");
        std::fs::write(&file, config).expect("the configuration is written");
        let child =
            Command::new("haproxy").args(["-db", "-f", &file]).stderr(Stdio::null()).spawn().expect("haproxy starts");
        Some(Self { child, folder })
    }

    fn socket(&self, name: &str) -> UnixStream {
        connect(&self.folder.path().join(name))
    }

    /// A keep-alive connection to backend `number`.
    pub fn client(&self, number: usize) -> Client {
        Client(BufReader::new(self.socket(&number.to_string())))
    }

    /// How many requests each server of backend `number` serves now.
    pub fn serving(&self, number: usize) -> Vec<usize> {
        let mut socket = self.socket("cli");
        writeln!(socket, "show stat b{number} 4 -1").expect("the command is sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("it is answered");
        let mut rows = answer.lines().filter(|line| !line.is_empty()).map(|line| line.split(',').collect::<Vec<_>>());
        let names = rows.next().expect("a row of names");
        let column = names.iter().position(|name| *name == "scur").expect("current sessions");
        rows.map(|row| row[column].parse().expect("a count")).collect()
    }

    /// Gives a command that answers nothing when it worked.
    pub fn command(&self, command: &str) {
        let mut socket = self.socket("cli");
        writeln!(socket, "{command}").expect("the command is sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("it is answered");
        assert!(answer.trim().is_empty(), "{command}: {answer}");
    }
}

/// The socket appears when HAProxy is ready.
fn connect(path: &Path) -> UnixStream {
    let mut stream = None;
    eventually("haproxy listens", Duration::from_secs(10), || {
        stream = UnixStream::connect(path).ok();
        stream.is_some()
    });
    stream.expect("it just connected")
}

/// A client's connection.
pub struct Client(BufReader<UnixStream>);

impl Client {
    /// One request; the number of the server that answered, `None` if HAProxy did.
    pub fn pick(&mut self) -> Option<usize> {
        self.0.get_mut().write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").expect("the request is sent");
        self.answer()
    }

    /// One request that stays in progress until the client is dropped.
    pub fn hold(&mut self) -> Option<usize> {
        self.0.get_mut().write_all(b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n").expect("the request is sent");
        self.head().0
    }

    fn answer(&mut self) -> Option<usize> {
        let (server, body) = self.head();
        self.0.read_exact(&mut vec![0; body]).expect("the body");
        server
    }

    /// Who answered, and the length of the body that follows.
    fn head(&mut self) -> (Option<usize>, usize) {
        let (mut status, mut server, mut body) = (String::new(), None, 0);
        self.0.read_line(&mut status).expect("an answer");
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("a header");
            match line.trim().to_lowercase().split_once(": ") {
                Some(("origin", number)) => server = number.parse().ok(),
                Some(("content-length", length)) => body = length.parse().expect("a length"),
                Some(_) => {}
                None => break,
            }
        }
        assert!(server.is_some() || status.contains(" 503 "), "unexpected answer {status:?}");
        (server, body)
    }
}

/// An origin that answers its number on every connection, for as long as the process lives.
fn origin(number: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream, number));
        }
    });
    address
}

fn serve(stream: TcpStream, number: usize) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut held = false;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            held |= line.starts_with("GET /hold ");
            if line == "\r\n" {
                break;
            }
        }
        // One write: the pieces that `write!` makes would each wait for an acknowledgement.
        let body = usize::from(held);
        let answer = format!("HTTP/1.1 200 OK\r\nOrigin: {number}\r\nContent-Length: {body}\r\n\r\n");
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}
