//! `http`: a request, and a head with an expected status in time. The body is not waited for.

use std::io;

use plimsoll_http::{Limits, Method, Progress, Response};
use plimsoll_net::Stream;
use plimsoll_server::{CheckReport, CheckStatus};
use tokio::time::Instant;

use super::{Outcome, Probe, Run, establish, in_time, report, words};
use crate::Plan;

pub(super) const ROW: Probe = Probe {
    name: "http",
    haproxy: "option httpchk",
    doc: "Sends a request and expects an answer with a certain status, 2xx or 3xx unless said otherwise.",
    run,
};

fn run(plan: &Plan) -> Run<'_> {
    Box::pin(async {
        let start = Instant::now();
        let until = start + plan.connect;
        let stream = match establish(plan, until).await {
            Ok(stream) => stream,
            Err((status, info)) => return Outcome { report: report(status, start, info), stream: None },
        };
        let (limit, until) = plan.answer.map_or((plan.connect, until), |answer| (answer, Instant::now() + answer));
        let mut head = Response::default();
        let found = in_time(limit, until, exchange(plan, &stream, &mut head)).await;
        Outcome { report: judge(plan, start, &head, found), stream: Some(stream) }
    })
}

/// What the exchange came to.
enum Found {
    /// A whole head, in the [`Response`].
    Head,
    /// Not HTTP, or not all of it.
    Junk,
    Broken(io::Error),
}

async fn exchange(plan: &Plan, stream: &Stream, head: &mut Response) -> Found {
    // A server may answer before it has read everything, and even reset behind its answer: look before complaining.
    let written = stream.write_all(&plan.request).await;
    let limits = Limits::DEFAULT;
    let mut buf = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk).await {
            Ok(0) => return Found::Junk,
            Ok(count) => buf.extend_from_slice(&chunk[..count]),
            Err(error) => return Found::Broken(written.err().unwrap_or(error)),
        }
        match head.parse(&buf, Method::Get, &limits, plan.tolerance) {
            Ok(Progress::Complete(_)) => return Found::Head,
            Ok(Progress::Incomplete) => {}
            Err(_) => return Found::Junk,
        }
    }
}

fn judge(plan: &Plan, start: Instant, head: &Response, found: Option<Found>) -> CheckReport {
    match found {
        None => report(CheckStatus::L7Tout, start, String::new()),
        Some(Found::Junk) => report(CheckStatus::L7Rsp, start, String::new()),
        Some(Found::Broken(error)) => report(CheckStatus::SockErr, start, words(&error)),
        Some(Found::Head) if plan.expect.passes(head.status) => {
            report(CheckStatus::L7Ok, start, String::new()).with_code(head.status)
        }
        Some(Found::Head) => {
            let reason = String::from_utf8_lossy(head.head.get(head.reason)).into_owned();
            report(CheckStatus::L7Sts, start, reason).with_code(head.status)
        }
    }
}
