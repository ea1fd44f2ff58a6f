//! Three small web servers for the demo, in one thread: each says its name and what it was asked; one goes away and comes back.

use std::convert::Infallible;
use std::fmt::Write;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, SERVER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// When an origin is there.
#[derive(Clone, Copy, Debug)]
pub enum Habit {
    /// Always.
    Steady,
    /// In turns: it answers for a while, then its port refuses for a while, as after a crash.
    Fickle {
        /// How long it answers.
        there: Duration,
        /// How long it refuses.
        gone: Duration,
    },
}

/// An origin that has a port already; it answers once it is [started](start).
#[derive(Debug)]
pub struct Origin {
    name: &'static str,
    habit: Habit,
    address: SocketAddr,
    /// Never listens: it keeps the port ours while the origin is gone.
    _reserved: TcpSocket,
}

impl Origin {
    /// Takes a port of 127.0.0.1 that the kernel chooses.
    pub fn reserve(name: &'static str, habit: Habit) -> io::Result<Self> {
        let reserved = TcpSocket::new_v4()?;
        reserved.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        // Only now, so that the kernel chose a port that nobody else holds; the listener will share it.
        reserved.set_reuseaddr(true)?;
        Ok(Self { name, habit, address: reserved.local_addr()?, _reserved: reserved })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn listen(&self) -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        socket.listen(BACKLOG)
    }

    async fn live(self) -> io::Result<()> {
        loop {
            let listener = self.listen()?;
            match self.habit {
                Habit::Steady => serve(&listener, self.name, std::future::pending()).await,
                Habit::Fickle { there, gone } => {
                    serve(&listener, self.name, tokio::time::sleep(there)).await;
                    drop(listener);
                    tokio::time::sleep(gone).await;
                }
            }
        }
    }
}

/// Starts them in a thread of their own, which ends with the process.
pub fn start(origins: impl IntoIterator<Item = Origin> + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    std::thread::Builder::new().name("origins".into()).spawn(move || {
        runtime.block_on(async {
            let mut all: JoinSet<_> = origins.into_iter().map(Origin::live).collect();
            while let Some(ended) = all.join_next().await {
                if let Ok(Err(error)) = ended {
                    eprintln!("lb: an origin of the demo ended: {error}");
                }
            }
        });
    })?;
    Ok(())
}

/// Answers until `end`, then drops every connection. Who has connected by then is still heard.
async fn serve(listener: &TcpListener, name: &'static str, end: impl Future<Output = ()>) {
    let mut end = pin!(end);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let answering = service_fn(move |request| answer(name, request));
                    connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answering));
                }
                // Out of descriptors, most likely: some will come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
            () = &mut end => return,
        }
    }
}

async fn answer(name: &'static str, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, mut body) = request.into_parts();
    let mut text = format!("{name} was asked: {} {}\n", head.method, head.uri);
    for (field, value) in &head.headers {
        let _ = writeln!(text, "  {field}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    let mut sent = 0;
    while let Some(Ok(frame)) = body.frame().await {
        sent += frame.data_ref().map_or(0, Bytes::len);
    }
    if sent > 0 {
        let _ = writeln!(text, "and was sent {sent} bytes");
    }
    let mut response = Response::new(Full::new(text.into()));
    response.headers_mut().insert(SERVER, HeaderValue::from_static(name));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Instant;

    use super::*;

    fn ask(address: SocketAddr) -> io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn an_origin_says_its_name_and_what_it_was_asked() {
        let origin = Origin::reserve("alpha", Habit::Steady).unwrap();
        let address = origin.address();
        start([origin]).unwrap();
        let text = until(|| ask(address).ok());
        for part in ["HTTP/1.1 200", "server: alpha", "alpha was asked: POST /a\n", "  host: x\n", "was sent 5 bytes\n"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_fickle_origin_refuses_and_comes_back_at_the_same_address() {
        let moment = Duration::from_millis(100);
        let origin = Origin::reserve("charlie", Habit::Fickle { there: moment, gone: moment }).unwrap();
        let address = origin.address();
        start([origin]).unwrap();
        for _ in 0..2 {
            until(|| ask(address).ok());
            until(|| {
                TcpStream::connect(address).err().filter(|error| error.kind() == io::ErrorKind::ConnectionRefused)
            });
        }
    }

    fn until<T>(mut there: impl FnMut() -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(is) = there() {
                return is;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "it never came");
            std::thread::yield_now();
        }
    }
}
