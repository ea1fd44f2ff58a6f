//! Reads a response and forwards it, up to the server's last byte; what is then still in hand is the tail.

use std::future::poll_fn;
use std::task::Poll;

use plimsoll_clock::Tick;
use plimsoll_http::encode::{self, Connection};
use plimsoll_http::{Body, Framing, Method, Progress, RESPONSE_INTERIM, RESPONSE_UPGRADE, Response, response_stop};
use plimsoll_net::{Peeked, SplicePump, SpliceSide, Stream};
use plimsoll_outcome::Outcome;

use super::job::{Failed, Job};
use super::record::{Blame, Record};
use super::write::{self, Patience, Pumped, Stopped};
use crate::buffer::{Buffer, SIZE};
use crate::step::fault::point;
use crate::timeouts::deadline;
use crate::{
    ABORTED_WAITING, CLIENT_GONE, CLIENT_STALLED, SERVER_BODY_CUT, SERVER_BODY_TIMEOUT, SERVER_CLOSED, SERVER_CUT,
    SERVER_TIMEOUT,
};

/// What is left to be written when the server has said everything.
pub(super) struct Tail {
    /// Encoded bytes; then `plain` bytes of `rest`.
    pub(super) out: Buffer,
    pub(super) rest: Buffer,
    pub(super) plain: usize,
    /// The server's connection can serve another request.
    pub(super) reusable: bool,
    /// The client's connection stays.
    pub(super) keep: bool,
    /// The response switches protocols.
    pub(super) switch: bool,
}

/// Reads the response and forwards all but its tail. `sent`: when the request was.
pub(super) async fn download(
    job: &Job<'_>,
    server: &Stream,
    response: &mut Response,
    record: &mut Record,
    sent: Tick,
    request: Option<&mut Buffer>,
) -> Result<Tail, Failed> {
    let mut input = Buffer::default();
    let mut out = Buffer::default();
    final_head(job, server, response, record, &mut input, &mut out, sent).await?;
    if let Some(request) = request {
        // It will not be sent again: a long response need not hold it.
        request.clear();
        request.release();
    }
    record.server_status = response.status;
    if let Some(judge) = job.judge {
        judge.proxies.progress.set(record.progress(job.client, Some(job.backend)));
        if judge.response(job.client, job.request, response).await.is_err() {
            return Err(Failed { outcome: judge.outcome(), heard: record.heard });
        }
    }
    point("answered");
    record.first = Tick::now();
    record.status = response.status;
    if response.status == 101 {
        return switch(job, response, input, out).ok_or_else(|| {
            record.blame = Blame::new(response.head.text(), None);
            Failed { outcome: &RESPONSE_UPGRADE, heard: record.heard }
        });
    }
    let old = job.request.minor == 0;
    let framing = match response.framing {
        Framing::Chunked | Framing::UntilClose if old => Framing::UntilClose,
        Framing::UntilClose => Framing::Chunked,
        same => same,
    };
    record.until_close = framing == Framing::UntilClose;
    let keep = !record.until_close
        && job.request.keep_alive
        && !job.frontend.close
        && job.request.upgrade.is_none()
        && job.sent()
        && !job.client.port().is_leaving();
    let connection = if !keep {
        Connection::Close
    } else if old {
        Connection::KeepAlive
    } else {
        Connection::Silent
    };
    encode::response(response, framing, connection, out.vec());
    let body = Body::new(response.framing, &job.backend.limits, response.head.fields().count());
    let mut flow = Flow { job, server, record, input, out, body, framing };
    let plain = flow.forward().await?;
    let Flow { input, out, .. } = flow;
    let clean =
        response.keep_alive && !response.sloppy && response.framing != Framing::UntilClose && input.len() == plain;
    Ok(Tail { out, rest: input, plain, reusable: clean, keep, switch: false })
}

/// Reads heads until one is final; interim ones are passed on to those who understand them.
async fn final_head(
    job: &Job<'_>,
    server: &Stream,
    response: &mut Response,
    record: &mut Record,
    input: &mut Buffer,
    out: &mut Buffer,
    mut sent: Tick,
) -> Result<(), Failed> {
    let mut interim = 0;
    loop {
        read_head(job, server, response, input, sent).await.map_err(|outcome| {
            record.blame = Blame::new(input.bytes(), Some(response_stop(input.bytes(), outcome)));
            Failed { outcome, heard: record.heard || *outcome == CLIENT_GONE }
        })?;
        if !response.is_interim() {
            return Ok(());
        }
        interim += 1;
        // It works on it: its patience begins anew.
        sent = Tick::now();
        if interim > job.backend.limits.interim_responses {
            return Err(Failed { outcome: &RESPONSE_INTERIM, heard: record.heard });
        }
        let wanted = response.status != 100 || job.request.expects_continue;
        if job.request.minor >= 1 && wanted {
            encode::response(response, Framing::Empty, Connection::Silent, out.vec());
            record.heard = true;
            job.held.set(false);
            let mut patience = Patience::new(&job.client.timer, job.of_client());
            record.bytes_out += write::all(&job.client.stream, out, &mut Buffer::default(), 0, &mut patience)
                .await
                .map_err(to_client_failed)?;
        }
    }
}

async fn read_head(
    job: &Job<'_>,
    server: &Stream,
    response: &mut Response,
    input: &mut Buffer,
    sent: Tick,
) -> Result<(), &'static Outcome> {
    let timer = &job.client.timer;
    let mut armed = !job.uploading();
    let mut gone: Option<&'static Outcome> = None;
    if armed {
        timer.arm(deadline(sent, job.of_server()));
    }
    response.clear();
    loop {
        if !input.is_empty() {
            let parsed = response.parse(input.bytes(), job.request.method, &job.backend.limits, job.tolerance);
            if let Progress::Complete(used) = parsed? {
                input.consume(used);
                return Ok(());
            }
        }
        let got = poll_fn(|cx| match input.poll_fill(server, cx) {
            Poll::Ready(got) => Poll::Ready(Some(got)),
            // Its time begins when it has the whole request.
            Poll::Pending if job.uploading() => Poll::Pending,
            Poll::Pending => {
                if !std::mem::replace(&mut armed, true) {
                    timer.arm(deadline(Tick::now(), job.of_server()));
                }
                // Nobody is left to be answered. (Bytes are no reason to stop, FIN only if the backend says so.)
                if job.client.stream.poll_readable(cx).is_ready() {
                    gone = match job.client.stream.peek() {
                        Err(_) => Some(&CLIENT_GONE),
                        Ok(Peeked::Fin) if job.backend.abortonclose => Some(&ABORTED_WAITING),
                        Ok(_) => None,
                    };
                    if gone.is_some() {
                        return Poll::Ready(None);
                    }
                }
                timer.poll_expired(cx).map(|()| None)
            }
        })
        .await;
        match got {
            Some(Ok(1..)) => {}
            None => return Err(gone.unwrap_or(&SERVER_TIMEOUT)),
            Some(_) if input.is_empty() => return Err(&SERVER_CLOSED),
            Some(_) => return Err(&SERVER_CUT),
        }
    }
}

/// A 101 is right only if it switches to what the client asked for.
fn switch(job: &Job<'_>, response: &Response, input: Buffer, mut out: Buffer) -> Option<Tail> {
    let asked = job.request.head.get(job.request.upgrade?);
    let given = response.head.get(response.upgrade?);
    if !given.eq_ignore_ascii_case(asked) {
        return None;
    }
    encode::response(response, Framing::Empty, Connection::Upgrade, out.vec());
    Some(Tail { out, rest: input, plain: 0, reusable: false, keep: false, switch: true })
}

/// The body on its way.
struct Flow<'a, 'j> {
    job: &'a Job<'j>,
    server: &'a Stream,
    record: &'a mut Record,
    input: Buffer,
    out: Buffer,
    body: Body,
    /// How the client gets it.
    framing: Framing,
}

impl Flow<'_, '_> {
    /// Forwards until the server's last byte is in hand. Gives how many plain bytes of `input` are still to be written.
    async fn forward(&mut self) -> Result<usize, Failed> {
        loop {
            let plain = self.take_in()?;
            if self.body.is_done() {
                return Ok(plain);
            }
            self.record.lasted = true;
            self.write(plain).await?;
            if !self.input.is_empty() {
                continue;
            }
            if let Body::Length(left) = self.body
                && !self.job.uploading()
                && let Some(pump) = self.pump(left)
            {
                self.input.release();
                self.out.release();
                self.splice(pump).await?;
                return Ok(0);
            }
            self.input.release();
            self.out.release();
            if !self.read().await? {
                return Ok(0);
            }
        }
    }

    /// Decodes what is in hand: chunks into `out`, anything else stays where it is.
    fn take_in(&mut self) -> Result<usize, Failed> {
        if self.framing != Framing::Chunked && !matches!(self.body, Body::Chunked(_)) {
            let decoded = self.body.decode(self.input.bytes()).map_err(|error| Failed::heard(error.of_server()))?;
            return Ok(decoded.consumed);
        }
        loop {
            let room = (SIZE - 1024).saturating_sub(self.out.len());
            if self.input.is_empty() || self.body.is_done() || room == 0 {
                return Ok(0);
            }
            let bytes = &self.input.bytes()[..self.input.len().min(room)];
            let heard = self.record.heard;
            let decoded = match self.body.decode(bytes) {
                Ok(decoded) => decoded,
                Err(error) => {
                    self.record.blame = Blame::new(bytes, None);
                    return Err(Failed { outcome: error.of_server(), heard });
                }
            };
            let data = &bytes[decoded.data];
            if self.framing == Framing::Chunked {
                encode::chunk(data, self.out.vec());
            } else {
                self.out.vec().extend_from_slice(data);
            }
            self.input.consume(decoded.consumed);
            if decoded.done {
                self.end();
            }
        }
    }

    /// The body is complete.
    fn end(&mut self) {
        if self.framing == Framing::Chunked {
            encode::last_chunk(self.body.trailers(), self.out.vec());
        }
        self.body = Body::Done;
    }

    async fn write(&mut self, plain: usize) -> Result<(), Failed> {
        let mut patience = Patience::new(&self.job.client.timer, self.job.of_client());
        self.record.heard |= plain > 0 || !self.out.is_empty();
        let (stream, out, input) = (&self.job.client.stream, &mut self.out, &mut self.input);
        let wrote = if plain > 0 {
            write::all(stream, out, input, plain, &mut patience).await
        } else {
            write::all_leaving_little(stream, out, input, &mut patience).await
        };
        let wrote = wrote.map_err(to_client_failed)?;
        self.record.bytes_out += wrote;
        self.job.taken.set(self.job.taken.get() + wrote);
        Ok(())
    }

    /// Reads more. False: the end of a body that the server ends by closing.
    async fn read(&mut self) -> Result<bool, Failed> {
        let mut patience = Patience::new(&self.job.client.timer, self.job.of_server());
        let got = poll_fn(|cx| match self.input.poll_fill(self.server, cx) {
            Poll::Ready(got) => Poll::Ready(Some(got)),
            Poll::Pending if self.job.uploading() => Poll::Pending,
            Poll::Pending => patience.poll_spent(cx).map(|()| None),
        })
        .await;
        match got {
            Some(Ok(1..)) => Ok(true),
            Some(Ok(_)) if matches!(self.body, Body::UntilClose) => {
                self.end();
                Ok(false)
            }
            Some(_) => Err(Failed::heard(&SERVER_BODY_CUT)),
            None => Err(Failed::heard(&SERVER_BODY_TIMEOUT)),
        }
    }

    fn pump(&self, left: u64) -> Option<SplicePump> {
        let Job { worker, client, frontend, backend, .. } = self.job;
        let splice = frontend.splicing.down(&backend.splicing);
        write::pump(&worker.pipes, self.server, &client.stream, left, splice)
    }

    async fn splice(&mut self, pump: SplicePump) -> Result<(), Failed> {
        let client = &self.job.client;
        let from = (self.server, self.job.of_server().into());
        let (pumped, moved) = write::run(pump, &client.timer, from, (&client.stream, self.job.of_client())).await;
        self.record.bytes_out += moved;
        let outcome = match pumped {
            Pumped::Whole => {
                self.body = Body::Done;
                return Ok(());
            }
            Pumped::Cut | Pumped::Broken(SpliceSide::From) => &SERVER_BODY_CUT,
            Pumped::Stalled(SpliceSide::From) => &SERVER_BODY_TIMEOUT,
            Pumped::Stalled(SpliceSide::To) => &CLIENT_STALLED,
            Pumped::Broken(SpliceSide::To) => &CLIENT_GONE,
        };
        Err(Failed::heard(outcome))
    }
}

pub(super) fn to_client_failed(stopped: Stopped) -> Failed {
    Failed::heard(match stopped {
        Stopped::Gone => &CLIENT_GONE,
        Stopped::Stalled => &CLIENT_STALLED,
    })
}

/// Whether an attempt's request may be sent once more.
pub(super) fn may_repeat(failed: &Failed, method: Method, whole_in_hand: bool) -> bool {
    use plimsoll_outcome::Retry;
    !failed.heard
        && whole_in_hand
        && match failed.outcome.retry {
            Retry::Safe => true,
            Retry::IfIdempotent => method.is_idempotent(),
            Retry::Never => false,
        }
}
