//! One connection to the runtime socket: bytes between a stream and a [`Session`].

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_commands::{Live, Session, Step, Table};
use plimsoll_net::descriptors;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::listen::Stream;
use crate::options::RuntimeApi;

/// An answer is sent when it is this long, or complete.
const SEND: usize = 16 * 1024;

pub(crate) async fn converse(mut stream: Box<dyn Stream>, options: &RuntimeApi, table: &Arc<Table>, live: &Live) {
    let limit = options.timeout.as_std();
    let mut session = Session::new(Arc::clone(table), options.level);
    let mut input = vec![0; 4096];
    let mut out = Vec::new();
    loop {
        let step = session.step(live, &mut out);
        if let Some(descriptor) = session.take_descriptor() {
            let Some(carrier) = stream.carrier() else {
                // The command did nothing yet: what it began ends with the descriptor.
                out.clear();
                out.extend_from_slice(b"Descriptors can be passed over a UNIX socket only.\n\n");
                let _ = timeout(limit, stream.write_all(&out)).await;
                return;
            };
            // Nothing else was said on this connection, so a short line has room.
            if descriptors::send(carrier, &out, &[descriptor.as_fd()]).is_err() {
                return;
            }
            out.clear();
        }
        if !out.is_empty() && (step != Step::Output || out.len() >= SEND) {
            if !matches!(timeout(limit, stream.write_all(&out)).await, Ok(Ok(()))) {
                return;
            }
            out.clear();
        }
        match step {
            // A long answer must not keep health checks from their turn.
            Step::Output => tokio::task::yield_now().await,
            Step::Close => break,
            Step::Input => match timeout(limit, stream.read(&mut input)).await {
                Ok(Ok(0)) => session.end(),
                Ok(Ok(read)) => session.feed(&input[..read]),
                Ok(Err(_)) | Err(_) => return,
            },
        }
    }
    // What the client still sends must not turn the answer into a reset.
    if stream.shutdown().await.is_ok() {
        let _ = timeout(Duration::from_millis(500), async {
            while stream.read(&mut input).await.is_ok_and(|read| read > 0) {}
        })
        .await;
    }
}
