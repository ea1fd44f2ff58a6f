//! An origin in this process: accepts, reads strictly, and lets a closure decide every byte that goes back.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::digest::digest;
use crate::request::{self, Request};
use crate::socket::{Socket, listen};
use crate::wire::{End, Wire};

/// How long an origin waits for the next request; longer than any test.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The next request may come.
    Keep,
    /// FIN.
    Close,
    /// RST.
    Reset,
}

/// One request and the way back to its sender.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The request.
    pub request: &'a Request,
    /// The connection it came on.
    pub wire: &'a mut Wire,
    /// How many requests came on this connection before.
    pub earlier: usize,
}

impl Exchange<'_> {
    /// Writes raw bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.wire.send(bytes.as_ref())
    }

    /// Answers properly with the digest of the request.
    pub fn answer(&mut self) -> Then {
        let bytes = answer_to(self.request);
        if self.wire.send(&bytes) { Then::Keep } else { Then::Close }
    }
}

/// The digest that an origin answers to a request.
pub fn expected(method: &str, target: &str, body: &[u8]) -> String {
    digest(&[method.as_bytes(), target.as_bytes(), body])
}

/// A whole 200 answer with the digest of the request as its body.
pub fn answer_to(request: &Request) -> Vec<u8> {
    let hash = expected(&request.method, &request.target, &request.body);
    let body = if request.method == "HEAD" { "" } else { &hash };
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Digest: {hash}\r\n\r\n{body}", hash.len()).into_bytes()
}

type Serve = dyn Fn(Wire, usize) + Send + Sync;

/// An origin of the test's own making.
pub struct Origin {
    /// Where it listens (unspecified when on a UNIX socket).
    pub addr: SocketAddr,
    /// The listener, to wake the accept loop wherever it is.
    listener: OwnedFd,
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Origin {
    /// Serves each connection, with its number, by a closure on a thread of its own.
    pub fn raw(serve: impl Fn(Wire, usize) + Send + Sync + 'static) -> Self {
        Self::raw_on(listen().expect("a loopback port"), serve)
    }

    /// As `raw`, on a listener that may be of another host ([`crate::Network`]).
    pub fn raw_on(listener: TcpListener, serve: impl Fn(Wire, usize) + Send + Sync + 'static) -> Self {
        let addr = listener.local_addr().expect("its address");
        let again = listener.try_clone().expect("a second handle").into();
        Self::run(addr, again, serve, move || listener.accept().map(|(stream, _)| stream.into()))
    }

    /// As `raw`, on a UNIX socket.
    pub fn raw_unix(path: &Path, serve: impl Fn(Wire, usize) + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(path).expect("a UNIX socket");
        let addr = SocketAddr::from(([0, 0, 0, 0], 0));
        let again = listener.try_clone().expect("a second handle").into();
        Self::run(addr, again, serve, move || listener.accept().map(|(stream, _)| stream.into()))
    }

    /// Serves each request by a closure.
    pub fn serving(handle: impl Fn(&mut Exchange<'_>) -> Then + Send + Sync + 'static) -> Self {
        Self::raw(move |wire, _| serve_requests(wire, &handle))
    }

    /// As `serving`, on a UNIX socket.
    pub fn serving_unix(path: &Path, handle: impl Fn(&mut Exchange<'_>) -> Then + Send + Sync + 'static) -> Self {
        Self::raw_unix(path, move |wire, _| serve_requests(wire, &handle))
    }

    /// Answers every request with its digest.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is bound to one lifetime")]
    pub fn answering() -> Self {
        Self::serving(|exchange| exchange.answer())
    }

    fn run(
        addr: SocketAddr,
        listener: OwnedFd,
        serve: impl Fn(Wire, usize) + Send + Sync + 'static,
        accept: impl Fn() -> std::io::Result<Socket> + Send + 'static,
    ) -> Self {
        let origin = Self { addr, listener, stop: Arc::default(), accepted: Arc::default(), open: Arc::default() };
        let (stop, accepted, open) = (origin.stop.clone(), origin.accepted.clone(), origin.open.clone());
        let serve: Arc<Serve> = Arc::new(serve);
        thread::spawn(move || {
            while let Ok(socket) = accept() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let number = accepted.fetch_add(1, Ordering::SeqCst);
                open.fetch_add(1, Ordering::SeqCst);
                let (serve, slot) = (serve.clone(), Slot(open.clone()));
                thread::spawn(move || {
                    let _slot = slot;
                    serve(Wire::new(socket, PATIENCE), number);
                });
            }
        });
        origin
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

/// Counts a connection out when its thread ends.
struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // An accept that waits ends with an error.
        let _ = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Read);
    }
}

/// Serves request after request until the connection ends or the handler ends it.
pub fn serve_requests(mut wire: Wire, handle: &dyn Fn(&mut Exchange<'_>) -> Then) {
    let mut earlier = 0;
    while let Ok(request) = read_request(&mut wire) {
        let then = handle(&mut Exchange { request: &request, wire: &mut wire, earlier });
        earlier += 1;
        match then {
            Then::Keep => {}
            Then::Close => return,
            Then::Reset => return wire.into_socket().reset(),
        }
    }
}

/// Reads a request, saying `100 Continue` where it is waited for.
pub fn read_request(wire: &mut Wire) -> Result<Request, End> {
    wire.begin();
    let head = request::Head::read(wire)?;
    let waits = head.request().fields.get("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    if waits && wire.rest().is_empty() {
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n");
    }
    head.read_body(wire)
}
