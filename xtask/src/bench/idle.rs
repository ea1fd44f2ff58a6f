//! Memory of idle keep-alive connections: open many, one request each, and look at the slope.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::proxies::Running;
use super::work::FILES;

const FEW: usize = 1_000;
const MANY: usize = 8_000;

/// KiB a connection, between [`FEW`] and [`MANY`] of them. The kernel's socket buffers are not in it, for anybody.
pub fn slope(proxy: &mut Running) -> Result<f64> {
    let mut open = Vec::with_capacity(MANY);
    fill(&mut open, FEW, proxy.address)?;
    let few = settled(proxy)?;
    fill(&mut open, MANY, proxy.address)?;
    let many = settled(proxy)?;
    proxy.process.must_live()?;
    let lost = open.iter().filter(|stream| ended(stream)).count();
    ensure!(lost == 0, "{lost} of {MANY} idle connections were closed by the proxy");
    Ok((many - few) / (MANY - FEW) as f64)
}

/// Requests go one by one, so that a single server connection carries them and only client connections pile up.
fn fill(open: &mut Vec<TcpStream>, count: usize, address: SocketAddr) -> Result<()> {
    let (path, size) = FILES[0];
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
    let mut answer = [0_u8; 4096];
    while open.len() < count {
        let mut stream = TcpStream::connect(address).with_context(|| format!("connection {}", open.len() + 1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(request.as_bytes())?;
        let mut got = 0;
        loop {
            let count = stream.read(&mut answer[got..]).with_context(|| format!("connection {}", open.len() + 1))?;
            ensure!(count > 0, "the proxy closed connection {}", open.len() + 1);
            got += count;
            let head = answer[..got].windows(4).position(|four| four == b"\r\n\r\n");
            if head.is_some_and(|end| got >= end + 4 + size) {
                break;
            }
        }
        open.push(stream);
    }
    Ok(())
}

/// Waits a moment for what the proxy frees late.
fn settled(proxy: &Running) -> Result<f64> {
    std::thread::sleep(Duration::from_millis(1500));
    Ok(proxy.process.memory_kib()? as f64)
}

fn ended(stream: &TcpStream) -> bool {
    let _ = stream.set_nonblocking(true);
    matches!(stream.peek(&mut [0]), Ok(0))
}
