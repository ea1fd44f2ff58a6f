//! Accepts clients: a place is reserved first, and running out of descriptors is waited out.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use plimsoll_clock::{Tick, Timer};
use plimsoll_net::{AcceptError, Acceptor, Listener};

use crate::client::{Client, Permit};
use crate::snapshot::{Frontend, Mode, Process};
use crate::worker::Worker;
use crate::{http, tcp};

/// Clients accepted before other tasks run.
const BURST: usize = 64;
/// How long to wait when descriptors ran out and nothing tells of their return.
const PAUSE: Duration = Duration::from_millis(100);
/// One line about it in so long.
const QUIET: Duration = Duration::from_secs(10);

/// One listener of one worker, and what its clients need of the world.
pub(crate) struct Port {
    pub(crate) worker: Rc<Worker>,
    pub(crate) frontend: usize,
    pub(crate) gates: (Arc<Process>, Arc<Frontend>),
}

/// Registers the listener and starts accepting.
pub(crate) fn listen(worker: &Rc<Worker>, listener: Listener, frontend: usize) -> std::io::Result<()> {
    let acceptor = Acceptor::new(listener)?;
    let view = worker.view();
    let gates = (Arc::clone(&view.snapshot.process), Arc::clone(&view.snapshot.frontends[frontend]));
    let port = Rc::new(Port { worker: Rc::clone(worker), frontend, gates });
    tokio::task::spawn_local(accept(acceptor, port));
    Ok(())
}

async fn accept(acceptor: Acceptor, port: Rc<Port>) {
    let timer = port.worker.wheel.timer();
    let mut told = None;
    let mut burst = 0;
    loop {
        // Only a listener with somebody waiting asks for a place: an idle one keeps none from others.
        if !until_drain(&port, &timer, |cx| acceptor.poll_incoming(cx)).await {
            return;
        }
        if !until_drain(&port, &timer, |cx| port.gates.0.gate.poll_enter(cx)).await {
            return;
        }
        let global = Permit::global(&port);
        if !until_drain(&port, &timer, |cx| port.gates.1.gate.poll_enter(cx)).await {
            return;
        }
        let permit = global.complete();
        let accepted = poll_fn(|cx| Poll::Ready(acceptor.poll_accept(cx))).await;
        match accepted {
            Poll::Pending => drop(permit),
            Poll::Ready(Ok((stream, peer))) => {
                let client = Client::new(stream, peer, permit);
                match port.gates.1.mode {
                    Mode::Http => tokio::task::spawn_local(http::serve(client)),
                    Mode::Tcp => tokio::task::spawn_local(tcp::serve(client)),
                };
                burst += 1;
                if burst % BURST == 0 {
                    tokio::task::yield_now().await;
                }
            }
            Poll::Ready(Err(AcceptError::Aborted(_))) => {}
            Poll::Ready(Err(error)) => {
                drop(permit);
                tell(&mut told, &port, &error);
                timer.arm(Tick::now().after(PAUSE));
                timer.wait().await;
            }
        }
    }
}

/// Waits for something while the worker takes clients. False: it drains, and no more are to be accepted.
async fn until_drain<T>(
    port: &Port,
    timer: &Timer,
    mut poll: impl FnMut(&mut std::task::Context<'_>) -> Poll<T>,
) -> bool {
    poll_fn(|cx| {
        if port.worker.is_draining() {
            return Poll::Ready(false);
        }
        if poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        // Never armed here; it is what a drain nudges.
        let _ = timer.poll_expired(cx);
        Poll::Pending
    })
    .await
}

#[cold]
fn tell(told: &mut Option<Tick>, port: &Port, error: &AcceptError) {
    let now = Tick::now();
    if told.is_none_or(|last| now.since(last) >= QUIET) {
        eprintln!("lb: frontend {}: accepting pauses: {error}", port.gates.1.name);
        *told = Some(now);
    }
}
