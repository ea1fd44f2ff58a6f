//! The founding document 002, trace by trace, with a peer on another host: what poll() shows after a connect, and what it means.
//!
//! Its words: `con` connect, `acc` accept, `snd` send three bytes, `shw` SHUT_WR, `lin` linger of zero, `clo` close, `pol` poll, `rcv` receive.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use plimsoll_net::{Address, ConnectOptions, Connecting, Early, Stream, ToServer, Verdict, connect};
use plimsoll_testkit::network::{BLACK_HOLE, SERVER, at};
use plimsoll_testkit::{Capture, Network, eventually};
use rustix::event::{PollFd, PollFlags, poll};

const SOON: Duration = Duration::from_secs(5);

const IN: u16 = 0x1;
const OUT: u16 = 0x4;
const ERR: u16 = 0x8;
const HUP: u16 = 0x10;
const RDHUP: u16 = 0x2000;

struct Scene {
    network: Network,
    wire: Capture,
    listener: TcpListener,
}

impl Scene {
    fn new() -> Self {
        let network = Network::new();
        let wire = Capture::start(&network.lb);
        let listener = network.server.enter(|| TcpListener::bind(at(SERVER, 80))).unwrap();
        Self { network, wire, listener }
    }

    /// `con`, on the balancer's host. The event loop looks at it for the first time when the verdict is asked for.
    fn con(&self, to: SocketAddr) -> Connecting {
        self.network.lb.enter(|| connect(&Address::Inet(to), &ConnectOptions::default())).unwrap()
    }

    fn acc(&self) -> TcpStream {
        self.listener.accept().unwrap().0
    }
}

fn socket(connecting: &Connecting) -> &Stream {
    connecting.stream().expect("a connect under way")
}

/// `pol`: asked for as in the document, IN, OUT and RDHUP; the others come unasked.
#[track_caller]
fn pol(stream: &Stream, expected: u16) {
    let mut seen = PollFlags::empty();
    let mut look = || {
        let mut fds = [PollFd::new(&stream, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP)];
        poll(&mut fds, Some(&Duration::ZERO.try_into().unwrap())).unwrap();
        seen = fds[0].revents();
        seen.bits() == expected
    };
    let found = plimsoll_testkit::wait_until(SOON, &mut look);
    assert!(found, "{seen:?} instead of {expected:#x}");
}

fn rcv(stream: &Stream) -> Result<usize, std::io::ErrorKind> {
    stream.try_read(&mut [0; 100]).map_err(|error| error.kind())
}

fn lin_clo(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

async fn connected(connecting: Connecting) -> (ToServer, Early) {
    match connecting.finish().await {
        Verdict::Connected { stream, early } => (stream, early),
        other => panic!("{other:?}"),
    }
}

/// "connect() to a closed port returns OUT and HUP". On one host connect() itself says ECONNREFUSED, and poll then shows OUT and HUP alone. From
/// another host the answer comes later, and the mask is that of a response followed by RST (the last trace): hence verdicts, not masks.
#[tokio::test]
async fn connect_to_a_closed_port() {
    let scene = Scene::new();
    let connecting = scene.con(at(SERVER, 81));
    pol(socket(&connecting), IN | OUT | ERR | HUP | RDHUP);
    match connecting.finish().await {
        Verdict::Failed(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused),
        other => panic!("{other:?}"),
    }
    scene.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: RST",
    );
}

/// `-s clo -c pol`: "connect() to a port that does close(accept()) does return IN and RDHUP". It is connected.
#[tokio::test]
async fn connect_to_a_port_that_accepts_and_closes() {
    let scene = Scene::new();
    let connecting = scene.con(at(SERVER, 80));
    drop(scene.acc());
    pol(socket(&connecting), IN | OUT | RDHUP);
    let (stream, early) = connected(connecting).await;
    assert_eq!((early, rcv(&stream)), (Early::Fin, Ok(0)));
}

/// `-s clo -c shw,pol`: "for a HUP to happen […], one would have to perform a shutw() on the client".
#[tokio::test]
async fn our_own_half_close_makes_a_hup_of_it() {
    let scene = Scene::new();
    let connecting = scene.con(at(SERVER, 80));
    drop(scene.acc());
    pol(socket(&connecting), IN | OUT | RDHUP);
    socket(&connecting).shutdown_write().unwrap();
    pol(socket(&connecting), IN | OUT | HUP | RDHUP);
    let (stream, early) = connected(connecting).await;
    assert_eq!((early, rcv(&stream)), (Early::Fin, Ok(0)));
}

/// `-c snd,shw -s clo -c pol,rcv,pol`: "a close on the server causes an RST to be emitted for the data in flight, hence the ERR"; "once POLL_ERR is
/// consumed by recv() it disappears".
#[tokio::test]
async fn a_request_that_the_server_did_not_read_is_answered_by_rst() {
    for judged in [false, true] {
        let scene = Scene::new();
        let connecting = scene.con(at(SERVER, 80));
        pol(socket(&connecting), OUT);
        socket(&connecting).try_write(b"abc").unwrap();
        socket(&connecting).shutdown_write().unwrap();
        scene.wire.has("server", "lb > server: FIN");
        drop(scene.acc());
        pol(socket(&connecting), IN | OUT | ERR | HUP | RDHUP);
        if judged {
            // Not a failed connect: the request may have had its effect.
            assert!(matches!(connecting.finish().await, Verdict::ResetAfterConnect));
        } else {
            assert_eq!(rcv(socket(&connecting)), Err(std::io::ErrorKind::ConnectionReset));
            pol(socket(&connecting), IN | OUT | HUP | RDHUP);
        }
    }
}

/// `-c snd,shw -s shw,clo -c pol,rcv,pol`: "sending a shutw() before closing here delivers an ACK in time that prevents the RST".
#[tokio::test]
async fn a_server_that_half_closes_first_is_connected() {
    let scene = Scene::new();
    let connecting = scene.con(at(SERVER, 80));
    pol(socket(&connecting), OUT);
    socket(&connecting).try_write(b"abc").unwrap();
    socket(&connecting).shutdown_write().unwrap();
    scene.wire.has("server", "lb > server: FIN");
    let server = scene.acc();
    server.shutdown(Shutdown::Write).unwrap();
    scene.wire.has("server", "server > lb: FIN");
    drop(server);
    pol(socket(&connecting), IN | OUT | HUP | RDHUP);
    let (stream, early) = connected(connecting).await;
    assert_eq!((early, rcv(&stream)), (Early::Fin, Ok(0)));
    pol(&stream, IN | OUT | HUP | RDHUP);
}

/// `-s snd,lin,clo -c pol,rcv,pol`: "it is possible to get HUP and ERR at the same time during the connect() phase, and recv() can still receive the
/// pending response".
#[tokio::test]
async fn a_response_before_a_reset_is_still_received() {
    let scene = Scene::new();
    let connecting = scene.con(at(SERVER, 80));
    let mut server = scene.acc();
    server.write_all(b"abc").unwrap();
    lin_clo(server);
    pol(socket(&connecting), IN | OUT | ERR | HUP | RDHUP);
    let (stream, early) = connected(connecting).await;
    assert_eq!((early, rcv(&stream)), (Early::Bytes, Ok(3)));
    pol(&stream, IN | OUT | ERR | HUP | RDHUP);
    assert_eq!(rcv(&stream), Err(std::io::ErrorKind::ConnectionReset));
}

/// A connect that leads nowhere is given up without a packet: there is nobody to reset.
#[tokio::test]
async fn a_black_hole_is_no_verdict() {
    let scene = Scene::new();
    let connecting = scene.con(at(BLACK_HOLE, 80));
    scene.wire.has("nobody", "lb > nobody: SYN");
    pol(socket(&connecting), 0);
    connecting.abort();
    scene.wire.shows("nobody", "lb > nobody: SYN");
}

/// Nobody answers the question who has this address (ARP): the kernel says so after three times 50 ms.
#[tokio::test]
async fn an_address_that_nobody_has_is_unreachable() {
    let scene = Scene::new();
    scene.network.lb.set("ipv4/neigh/back/retrans_time_ms", "50");
    let connecting = scene.con("192.0.2.77:80".parse().unwrap());
    match connecting.finish().await {
        Verdict::Failed(error) => assert_eq!(error.kind(), std::io::ErrorKind::HostUnreachable),
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.wire.count("nobody"), 0, "no SYN went anywhere");
}

/// Given up just before the answer came: the handshake is undone by RST.
#[tokio::test]
async fn a_connect_that_is_given_up_too_late_is_undone() {
    let scene = Scene::new();
    let connecting = scene.con(at(SERVER, 80));
    scene.wire.has("server", "server > lb: SYN ACK");
    pol(socket(&connecting), OUT);
    connecting.abort();
    scene.wire.shows(
        "server",
        "lb > server: SYN
         server > lb: SYN ACK
         lb > server: RST",
    );
    eventually("no TIME_WAIT", SOON, || scene.network.lb.time_wait(SERVER) == 0);
}
