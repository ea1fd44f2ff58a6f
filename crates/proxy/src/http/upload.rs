//! Forwards what is left of a request body while the response is already awaited.

use std::future::poll_fn;
use std::task::{Poll, ready};

use plimsoll_http::{Body, ChunkError, Framing, encode};
use plimsoll_net::{SpliceSide, Stream};
use plimsoll_outcome::Outcome;

use super::job::Job;
use super::write::{self, Patience, Pumped, Stopped};
use crate::buffer::{Buffer, SIZE};
use crate::step::fault::point;
use crate::{BODY_ABORTED, BODY_TIMEOUT, SERVER_STALLED, SERVER_TIMEOUT};

/// How forwarding a request body ended early.
pub(super) enum UploadEnd {
    /// The client's fault, or the server's patience: the exchange ends.
    Failed(&'static Outcome),
    /// The server takes no more; it may have answered.
    ServerGone,
}

/// Moves what is in hand into `out`, framed for the server; leaves `out` room for the frame of what it holds.
pub(super) fn absorb(buf: &mut Buffer, body: &mut Body, framing: Framing, out: &mut Buffer) -> Result<(), ChunkError> {
    loop {
        let room = (SIZE - 1024).saturating_sub(out.len());
        if buf.is_empty() || body.is_done() || room == 0 {
            return Ok(());
        }
        let input = &buf.bytes()[..buf.len().min(room)];
        let decoded = body.decode(input)?;
        let data = &input[decoded.data];
        if framing == Framing::Chunked {
            encode::chunk(data, out.vec());
        } else {
            out.vec().extend_from_slice(data);
        }
        buf.consume(decoded.consumed);
        if decoded.done {
            if framing == Framing::Chunked {
                encode::last_chunk(body.trailers(), out.vec());
            }
            *body = Body::Done;
        }
    }
}

/// Writes `out`, then the rest of the body as it comes.
pub(super) async fn upload(
    job: &Job<'_>,
    server: &Stream,
    buf: &mut Buffer,
    body: &mut Body,
    out: &mut Buffer,
) -> Result<u64, UploadEnd> {
    point("upload");
    // Its own: the client's belongs to the response, which may be on its way already.
    let timer = &job.worker.wheel.timer();
    let mut to_server = Patience::new(timer, job.of_server());
    let mut from_client = Patience::new(timer, job.of_client());
    let mut to_continue = Patience::new(timer, job.of_server());
    let mut read = 0;
    loop {
        write::all_leaving_little(server, out, buf, &mut to_server).await.map_err(to_server_failed)?;
        out.release();
        if body.is_done() {
            // The response may take long to be read.
            buf.release();
            return Ok(read);
        }
        if buf.is_empty()
            && !job.held.get()
            && let Body::Length(left) = *body
            && let splice = job.frontend.splicing.up(&job.backend.splicing)
            && let Some(pump) = write::pump(&job.worker.pipes, &job.client.stream, server, left, splice)
        {
            buf.release();
            let from = (&job.client.stream, job.of_client());
            let (pumped, moved) = write::run(pump, timer, from, (server, job.of_server().into())).await;
            read += moved;
            body.skip(moved);
            if matches!(pumped, Pumped::Stalled(SpliceSide::From)) && from_client.alive(job.taken.get()) {
                continue;
            }
            return match pumped {
                Pumped::Whole => {
                    *body = Body::Done;
                    Ok(read)
                }
                Pumped::Cut | Pumped::Broken(SpliceSide::From) => Err(UploadEnd::Failed(&BODY_ABORTED)),
                Pumped::Stalled(SpliceSide::From) => Err(UploadEnd::Failed(&BODY_TIMEOUT)),
                Pumped::Stalled(SpliceSide::To) => Err(UploadEnd::Failed(&SERVER_STALLED)),
                Pumped::Broken(SpliceSide::To) => Err(UploadEnd::ServerGone),
            };
        }
        if buf.is_empty() {
            buf.release();
            read += fill(job, buf, &mut from_client, &mut to_continue).await? as u64;
        }
        absorb(buf, body, job.request.framing, out).map_err(|error| UploadEnd::Failed(error.of_client()))?;
    }
}

async fn fill(
    job: &Job<'_>,
    buf: &mut Buffer,
    patience: &mut Patience<'_>,
    to_continue: &mut Patience<'_>,
) -> Result<usize, UploadEnd> {
    let mut silent = &BODY_TIMEOUT;
    let got = poll_fn(|cx| match buf.poll_fill(&job.client.stream, cx) {
        Poll::Ready(got) => Poll::Ready(Some(got)),
        Poll::Pending if job.held.get() => {
            silent = &SERVER_TIMEOUT;
            to_continue.poll_spent(cx).map(|()| None)
        }
        Poll::Pending => loop {
            silent = &BODY_TIMEOUT;
            ready!(patience.poll_spent(cx));
            if !patience.alive(job.taken.get()) {
                return Poll::Ready(None);
            }
        },
    })
    .await;
    job.held.set(false);
    match got {
        Some(Ok(count @ 1..)) => {
            patience.progress(count as u64);
            Ok(count)
        }
        Some(_) => Err(UploadEnd::Failed(&BODY_ABORTED)),
        None => Err(UploadEnd::Failed(silent)),
    }
}

fn to_server_failed(stopped: Stopped) -> UploadEnd {
    match stopped {
        Stopped::Gone => UploadEnd::ServerGone,
        Stopped::Stalled => UploadEnd::Failed(&SERVER_STALLED),
    }
}
