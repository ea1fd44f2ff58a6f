//! `tcp`: a connection is enough. On the wire: SYN, SYN-ACK, RST; the server's application never sees it.

use plimsoll_server::CheckStatus;
use tokio::time::Instant;

use super::{Outcome, Probe, Run, establish, report};
use crate::Plan;

pub(super) const ROW: Probe =
    Probe { name: "tcp", haproxy: "check", doc: "Connects, and resets the connection at once.", run };

fn run(plan: &Plan) -> Run<'_> {
    Box::pin(async {
        let start = Instant::now();
        let report = match establish(plan, start + plan.connect).await {
            Ok(stream) => {
                stream.reset();
                report(CheckStatus::L4Ok, start, String::new())
            }
            Err((status, info)) => report(status, start, info),
        };
        Outcome { report, stream: None }
    })
}
