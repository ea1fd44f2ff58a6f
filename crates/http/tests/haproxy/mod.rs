//! The installed HAProxy as the oracle: one process with a frontend for each case, and an origin that shows what it got.
#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
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

/// How a text stands in a configuration of HAProxy.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Haproxy {
    /// Starts it with a frontend for each of these texts, which may have several lines, over an origin. Or says what is missing: `None`
    /// outside CI, a failure in CI.
    pub fn start(texts: &[String], origin: SocketAddr, files: &[(&str, &str)]) -> Option<Self> {
        if Command::new("haproxy").arg("-v").output().is_err() {
            let missing = "haproxy is not installed: install the Debian package `haproxy` to compare with it";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
            eprintln!("NOT RUN: {missing}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        for (name, content) in files {
            std::fs::write(path(name), content).expect("a file for it");
        }
        let mut config = String::from(
            "global\n expose-experimental-directives\n tune.bufsize 65536\ndefaults\n mode http\n timeout client 10s\n \
             timeout server 10s\n timeout connect 10s\n",
        );
        for (number, text) in texts.iter().enumerate() {
            let text = text.replace("FOLDER", &folder.path().display().to_string());
            config +=
                &format!("frontend f{number}\n bind {}\n default_backend origin\n{text}\n", path(&number.to_string()));
        }
        config += &format!("backend origin\n server o {origin}\n");
        let file = path("haproxy.cfg");
        std::fs::write(&file, config).expect("the configuration is written");
        let child = Command::new("haproxy").args(["-db", "-f", &file]).stderr(Stdio::inherit()).spawn();
        Some(Self { child: child.expect("haproxy starts"), folder })
    }

    /// What it answers to a request to one of its frontends.
    pub fn ask(&self, number: usize, request: &[u8]) -> Vec<u8> {
        let mut stream = None;
        eventually("haproxy listens", Duration::from_secs(10), || {
            stream = UnixStream::connect(self.folder.path().join(number.to_string())).ok();
            stream.is_some()
        });
        let mut stream = stream.expect("it just connected");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        stream.write_all(request).expect("the request is sent");
        stream.shutdown(std::net::Shutdown::Write).expect("nothing follows");
        let mut answer = Vec::new();
        // An answer that is cut is for the caller to see.
        let _ = stream.read_to_end(&mut answer);
        answer
    }
}

/// An origin that answers each request with what `answer` makes of its head, and closes.
pub fn origin(answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            serve(&stream, &answer);
        }
    });
    address
}

fn serve(mut stream: &TcpStream, answer: impl Fn(&[u8]) -> Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let _ = stream.write_all(&answer(&head));
}

/// What stands behind the head of an answer.
pub fn body(answer: &[u8]) -> &[u8] {
    let at = answer.windows(4).position(|four| four == b"\r\n\r\n");
    at.map_or(&[][..], |at| &answer[at + 4..])
}
