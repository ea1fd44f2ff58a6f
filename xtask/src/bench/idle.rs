//! Memory of idle keep-alive connections: open many, one request each, and look at the slope.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::proxies::Running;
use super::work::FILES;
use crate::get;

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
    while open.len() < count {
        let place = || format!("connection {}", open.len() + 1);
        let mut stream = get::connect(address).with_context(place)?;
        get::again(&mut stream, path, size).with_context(place)?;
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
