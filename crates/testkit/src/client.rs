//! A client that writes exactly the bytes it is told and says exactly what came back.

use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::eventually::wait_until;
use crate::response::{self, Response};
use crate::socket::Socket;
use crate::wire::{End, Wire};

/// How long a client waits for anything, unless told otherwise; no healthy answer takes that long.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// One client connection.
#[derive(Debug)]
pub struct Client {
    wire: Wire,
}

impl Client {
    /// Connects over TCP.
    #[track_caller]
    pub fn connect(to: SocketAddr) -> Self {
        Self::try_connect(to).unwrap_or_else(|error| panic!("connecting to {to}: {error}"))
    }

    /// As `connect`, where the peer may reset a connection as soon as it is there.
    pub fn try_connect(to: SocketAddr) -> std::io::Result<Self> {
        Ok(Self { wire: Wire::new(Socket::connect(to)?, PATIENCE) })
    }

    /// Connects to a UNIX socket.
    #[track_caller]
    pub fn connect_unix(path: &Path) -> Self {
        let stream =
            UnixStream::connect(path).unwrap_or_else(|error| panic!("connecting to {}: {error}", path.display()));
        Self { wire: Wire::new(stream.into(), PATIENCE) }
    }

    /// Connects to an abstract socket.
    #[track_caller]
    pub fn connect_abstract(name: &str) -> Self {
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name).expect("a name");
        let stream = UnixStream::connect_addr(&address).unwrap_or_else(|error| panic!("connecting to {name}: {error}"));
        Self { wire: Wire::new(stream.into(), PATIENCE) }
    }

    /// Connects, asks for a WebSocket and gets it.
    #[track_caller]
    pub fn tunnel(to: SocketAddr) -> Self {
        let mut client = Self::connect(to);
        client.send("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        assert_eq!(client.response().map(|response| response.status), Ok(101));
        client
    }

    /// What it says comes back, through a tunnel to a server that echoes.
    #[track_caller]
    pub fn echoes(&mut self, text: &str) {
        self.wire.begin();
        assert!(self.send(text));
        assert_eq!(self.wire.take(text.len()).expect("an echo"), text.as_bytes());
    }

    /// Changes how long it waits.
    pub fn patient(mut self, patience: Duration) -> Self {
        self.wire.patience(patience);
        self
    }

    /// Writes bytes; false when the peer no longer takes them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.wire.send(bytes.as_ref())
    }

    /// Writes bytes in pieces that end at the given offsets, each its own segment.
    pub fn send_split(&mut self, bytes: &[u8], ends: &[usize]) -> bool {
        let mut from = 0;
        for end in ends.iter().copied().chain([bytes.len()]) {
            let end = end.clamp(from, bytes.len());
            if end > from && !self.wire.send(&bytes[from..end]) {
                return false;
            }
            from = end;
        }
        true
    }

    /// Reads the next final response, as one to this method.
    pub fn response_to(&mut self, method: &str) -> Result<Response, End> {
        response::read(&mut self.wire, method)
    }

    /// Reads the next final response to a GET or POST.
    pub fn response(&mut self) -> Result<Response, End> {
        self.response_to("GET")
    }

    /// Sends a plain GET and reads its response.
    pub fn get(&mut self, target: &str) -> Result<Response, End> {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
        self.response()
    }

    /// Waits for the end of the connection without any byte before it.
    pub fn closed(&mut self) -> Result<End, String> {
        self.wire.begin();
        let (bytes, end) = self.wire.until_end();
        match end {
            _ if !bytes.is_empty() => Err(format!("{} bytes before the end: {}", bytes.len(), bytes.escape_ascii())),
            End::Fin { .. } | End::Reset => Ok(end),
            other => Err(other.to_string()),
        }
    }

    /// Everything until the connection ends or the patience does, and how it ended.
    pub fn everything(&mut self) -> (Vec<u8>, End) {
        self.wire.begin();
        self.wire.until_end()
    }

    /// Whether nothing at all comes, not even an end, for this long.
    pub fn silent_for(&mut self, window: Duration) -> bool {
        let before = self.wire.rest().len();
        self.wire.patience(window);
        let end = self.wire.fill();
        self.wire.patience(PATIENCE);
        before == 0 && end == Err(End::Silence)
    }

    /// Sends FIN; reading goes on.
    pub fn half_close(&self) {
        let _ = self.wire.socket().half_close();
    }

    /// Ends the connection with RST.
    pub fn reset(self) {
        self.wire.into_socket().reset();
    }

    /// The wire below, for byte-wise reading.
    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }
}

/// One GET on a connection of its own, which it asks to close.
pub fn get(to: SocketAddr, target: &str) -> Result<Response, End> {
    let mut client = Client::connect(to);
    client.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
    client.response()
}

/// Waits until a GET is answered with this status.
pub fn answers(to: SocketAddr, target: &str, status: u16, within: Duration) -> bool {
    wait_until(within, || {
        let Ok(socket) = Socket::connect(to) else { return false };
        let mut client = Client { wire: Wire::new(socket, PATIENCE) };
        client.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
        client.response().is_ok_and(|response| response.status == status)
    })
}
