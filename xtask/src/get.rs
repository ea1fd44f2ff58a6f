//! GET requests over plain sockets: one with a connection of its own, or one more over a connection that stays.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::Process;

/// A port that the kernel chose a moment ago.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A connection for [`last`] or [`again`].
pub fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

/// The last request of a connection: all bytes of the answer, until the other side closes.
pub fn last(stream: &mut TcpStream, path: &str) -> Result<Vec<u8>> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// A request over a connection that stays; reads its answer, of which `size` is the body's.
pub fn again(stream: &mut TcpStream, path: &str, size: usize) -> Result<()> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").as_bytes())?;
    let mut answer = [0_u8; 4096];
    let mut got = 0;
    loop {
        let count = stream.read(&mut answer[got..])?;
        ensure!(count > 0, "the connection was closed within an answer");
        got += count;
        let head = answer[..got].windows(4).position(|four| four == b"\r\n\r\n");
        if head.is_some_and(|end| got >= end + 4 + size) {
            return Ok(());
        }
    }
}

/// Waits until the process answers 200.
pub fn wait_ready(process: &mut Process, address: SocketAddr, path: &str, at_most: Duration) -> Result<()> {
    let started = Instant::now();
    loop {
        process.must_live()?;
        match connect(address).and_then(|mut stream| last(&mut stream, path)) {
            Ok(answer) if answer.starts_with(b"HTTP/1.1 200") => return Ok(()),
            Ok(answer) if started.elapsed() > at_most => {
                bail!("answers {:?}", String::from_utf8_lossy(&answer[..answer.len().min(200)]));
            }
            Err(error) if started.elapsed() > at_most => return Err(error).context("no answer"),
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
