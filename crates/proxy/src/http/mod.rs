//! An HTTP client's connection: idle, a request, idle again, until it ends or becomes a tunnel.
//!
//! The idle part is small and holds no buffer; what a request needs lives in a box of its own while it lasts.

mod download;
mod exchange;
mod head;
mod job;
mod judge;
mod parts;
mod record;
mod replying;
mod serving;
mod tunnel;
mod upload;
mod write;

use std::future::poll_fn;
use std::task::Poll;

use crate::REQUEST_TIMEOUT;
use crate::client::{Client, Closing};
use crate::step::fault::point;

/// What comes after a request.
enum Next {
    /// The connection stays and nothing more was sent.
    Idle,
    /// It ends.
    Close(Closing),
    /// It carries another protocol now.
    Tunnel(Box<tunnel::Tunnel>),
}

/// Serves one client until its connection ends.
pub(crate) async fn serve(mut client: Client) {
    point("begin");
    client.since.set(client.began());
    let closing = loop {
        if !client.has_early() && !idle(&mut client).await {
            // Whoever has said nothing in time is told so, where that is logged.
            if client.requests == 0 && client.port().route().frontend.log.null {
                break Box::pin(replying::unasked(&client, &REQUEST_TIMEOUT)).await;
            }
            break Closing::Plain;
        }
        match Box::pin(exchange::exchange(&mut client)).await {
            Next::Idle => {}
            Next::Close(closing) => break closing,
            Next::Tunnel(tunnel) => return Box::pin(tunnel.run(client)).await,
        }
    };
    if let Some(lingering) = client.close(closing) {
        lingering.await;
    }
}

/// Waits for a request. False: none will come.
async fn idle(client: &mut Client) -> bool {
    let limit = {
        let route = client.port().route();
        let frontend = &route.frontend;
        if client.requests == 0 { frontend.timeouts.head() } else { frontend.timeouts.keep_alive() }
    };
    client.timer.arm(client.since.get().after(limit));
    poll_fn(|cx| {
        if client.stream.poll_readable(cx).is_ready() {
            return Poll::Ready(true);
        }
        if let Some(private) = &client.private
            && private.connection.stream().poll_read(cx, &mut [0]).is_ready()
        {
            // A server has nothing to say between requests: it closed, or it is broken.
            client.private = None;
        }
        // Who came before the drain is still owed one answer.
        if client.requests > 0 && client.port().is_leaving() && goes_now(client) {
            return Poll::Ready(false);
        }
        client.timer.poll_expired(cx).map(|()| false)
    })
    .await
}

/// Whether a drain or a reload closes an idle client at once. If not, its timer goes off at its moment, should that come before its time-out.
#[cold]
fn goes_now(client: &Client) -> bool {
    let Some(at) = client.port().worker.parting(std::ptr::from_ref(client).addr()) else { return true };
    if at < client.timer.deadline() {
        client.timer.arm(at);
    }
    false
}

#[cfg(test)]
mod tests {
    /// What an idle connection costs is this future, a socket's registration and a timer: keep what a request needs out of it.
    #[test]
    fn the_future_of_an_idle_connection_is_small() {
        let size = crate::client::future_size(super::serve);
        assert!(size <= 344, "{size} bytes");
    }
}
