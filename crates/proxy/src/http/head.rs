//! Reads a request head.

use std::future::poll_fn;
use std::task::Poll;

use plimsoll_clock::Tick;
use plimsoll_http::{Progress, Request};
use plimsoll_outcome::Outcome;

use crate::buffer::Buffer;
use crate::client::Client;
use crate::snapshot::Frontend;
use crate::{REQUEST_ABORTED, REQUEST_TIMEOUT};

/// Why there is no request.
pub(super) enum NoRequest {
    /// Not a byte came, and there was nothing to come for.
    NotYet,
    /// Not a byte came: the client just went.
    Quiet,
    /// What came is no request, or stopped.
    Bad(&'static Outcome),
}

/// Reads until the head is complete. Gives the time of the first byte, if that was not now.
pub(super) async fn read(
    client: &Client,
    buf: &mut Buffer,
    request: &mut Request,
    frontend: &Frontend,
) -> Result<Option<Tick>, NoRequest> {
    let mut since = None;
    request.clear();
    loop {
        if !buf.is_empty() {
            match request.parse(buf.bytes(), &frontend.limits) {
                Ok(Progress::Complete(used)) => {
                    buf.consume(used);
                    return Ok(since);
                }
                Ok(Progress::Incomplete) => {
                    // The whole head has one deadline, however it drips.
                    if since.is_none() {
                        let now = Tick::now();
                        client.timer.arm(now.after(frontend.timeouts.head()));
                        since = Some(now);
                    }
                }
                Err(outcome) => return Err(NoRequest::Bad(outcome)),
            }
        }
        let empty = buf.is_empty();
        let got = poll_fn(|cx| match buf.poll_fill(&client.stream, cx) {
            Poll::Ready(got) => Poll::Ready(Some(got)),
            // Readiness told of nothing, as it does once for each request on a UNIX socket: still idle, and an idle connection holds nothing.
            Poll::Pending if empty => Poll::Ready(None),
            Poll::Pending => client.timer.poll_expired(cx).map(|()| None),
        })
        .await;
        match got {
            Some(Ok(1..)) => {}
            None if empty => return Err(NoRequest::NotYet),
            Some(_) if empty => return Err(NoRequest::Quiet),
            Some(_) => return Err(NoRequest::Bad(&REQUEST_ABORTED)),
            None => return Err(NoRequest::Bad(&REQUEST_TIMEOUT)),
        }
    }
}
