//! The server behind the proxy that is counted: `/N` is answered with N bytes, by the same bytes each time.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, OnceLock};

use anyhow::Result;

use crate::process::settle;

/// The id of the proxy's process, once it is known.
pub type Proxy = Arc<OnceLock<u32>>;

/// Serves for as long as this process lives, a thread per connection. An answer comes when the proxy waits for it and for nothing else: a
/// proxy that finds it there already saves instructions, and whether it does would depend on what else runs on this machine.
pub fn start(proxy: Proxy) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let proxy = Arc::clone(&proxy);
            // A proxy that goes away ends its threads.
            std::thread::spawn(move || answer(stream, &proxy));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, proxy: &Proxy) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut head, mut buffer) = (Vec::new(), [0_u8; 4096]);
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        head.extend_from_slice(&buffer[..count]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let size = size(&head);
        head.clear();
        // One write, so that the proxy reads the answer at once.
        let mut answer =
            format!("HTTP/1.1 200 OK\r\nServer: ratchet\r\nContent-Type: text/plain\r\nContent-Length: {size}\r\n\r\n");
        answer.extend(std::iter::repeat_n('x', size));
        if let Some(&proxy) = proxy.get() {
            settle(proxy);
        }
        stream.write_all(answer.as_bytes())?;
    }
}

/// The number in `GET /N HTTP/1.1`.
fn size(head: &[u8]) -> usize {
    let digits = head.iter().skip_while(|&&byte| byte != b'/').skip(1).take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |size, digit| size * 10 + usize::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_the_answer_is_the_path() {
        assert_eq!(size(b"GET /1024 HTTP/1.1\r\n\r\n"), 1024);
    }
}
