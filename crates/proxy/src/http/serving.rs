//! Answers of services: a head that the rules of responses see, and a body that is made and written piece by piece.

use plimsoll_http::encode::{self, Connection};
use plimsoll_http::{Framing, Method, Progress, Tolerance, reason};
use plimsoll_outcome::Outcome;

use super::Next;
use super::download::to_client_failed;
use super::judge::{Decided, Judge};
use super::parts::Both;
use super::record::Record;
use super::write::{self, Patience};
use crate::buffer::Buffer;
use crate::client::{Client, Closing};
use crate::rules::Reply;
use crate::services::{Asked, Given, Pieces};
use crate::snapshot::Frontend;
use crate::{PANICKED, RULE_SERVICE};

/// Which service, and why it is asked.
pub(super) type Wanted = (&'static str, Option<std::sync::Arc<crate::services::Stats>>);

/// Lets a service answer. The error: a rule about the response decided otherwise.
#[cold]
pub(super) async fn served(
    client: &Client,
    frontend: &Frontend,
    both: &mut Both,
    record: &mut Record,
    judge: &Judge,
    (name, stats): Wanted,
    keep: bool,
) -> Result<(Next, &'static Outcome), Decided> {
    let Both { request, response, .. } = both;
    let services = client.port().worker.process.services.get();
    record.service = services.and_then(|services| services.logged(name));
    let asked = Asked { request, stats: stats.as_ref() };
    let (given, _busy) = match services.and_then(|services| services.serve(name, &asked)) {
        Some((given, busy)) => (given, Some(busy)),
        None => (Given::text(503, "too many are asking\n"), None),
    };
    let Given { status, fields, pieces } = given;
    let mut head = Reply { status, reason: reason(status).into(), ..Reply::default() };
    fields.iter().for_each(|(name, value)| head.add(name.as_bytes(), value.as_bytes()));
    let mut out = Buffer::default();
    head.head_of_pieces(out.vec());
    response.clear();
    let parsed = response.parse(out.bytes(), request.method, &frontend.limits, Tolerance::default());
    debug_assert!(matches!(parsed, Ok(Progress::Complete(_))), "the head of {name}: {parsed:?}");
    out.clear();
    // As in HAProxy, `http-response` sees what a rule has a service say, and not the page of `stats`.
    if stats.is_some() {
        judge.after(client, request, response).await?;
    } else {
        judge.response(client, request, response).await?;
    }
    let has_body = request.method != Method::Head && !matches!(response.status, 204 | 304);
    let chunked = request.minor >= 1;
    let framing = match (&pieces, chunked) {
        (None, _) if matches!(response.status, 204 | 304) => Framing::Empty,
        (None, _) => Framing::Length(0),
        (Some(_), true) if matches!(response.status, 204 | 304) => Framing::Empty,
        (Some(_), true) => Framing::Chunked,
        (Some(_), false) => Framing::UntilClose,
    };
    encode::response(response, framing, if keep { Connection::Silent } else { Connection::Close }, out.vec());
    record.status = response.status;
    record.heard = true;
    record.until_close = framing == Framing::UntilClose;
    record.lasted = true;
    let pieces = pieces.filter(|_| has_body);
    let outcome = write_pieces(client, frontend, record, out, pieces, chunked).await;
    let next = match *outcome == RULE_SERVICE {
        true if keep => Next::Idle,
        true => Next::Close(Closing::Linger),
        false => Next::Close(Closing::Reset),
    };
    Ok((next, outcome))
}

async fn write_pieces(
    client: &Client,
    frontend: &Frontend,
    record: &mut Record,
    mut out: Buffer,
    mut pieces: Option<Pieces>,
    chunked: bool,
) -> &'static Outcome {
    let mut patience = Patience::new(&client.timer, frontend.timeouts.of_http_client());
    let mut fault = false;
    loop {
        if let Some(rest) = pieces.take() {
            match tokio::task::spawn_blocking(move || one(rest)).await {
                Ok((Some(piece), rest)) => {
                    pieces = Some(rest);
                    if chunked {
                        encode::chunk(&piece, out.vec());
                    } else {
                        out.vec().extend_from_slice(&piece);
                    }
                }
                Ok((None, _)) if chunked => out.vec().extend_from_slice(encode::LAST_CHUNK),
                Ok((None, _)) => {}
                // The pool has told of the panic; the client sees by the framing that the body is not whole.
                Err(_) => fault = true,
            }
        }
        match write::all(&client.stream, &mut out, &mut Buffer::default(), 0, &mut patience).await {
            Ok(wrote) => record.bytes_out += wrote,
            Err(stopped) => return to_client_failed(stopped).outcome,
        }
        if pieces.is_none() {
            return if fault { &PANICKED } else { &RULE_SERVICE };
        }
    }
}

fn one(mut pieces: Pieces) -> (Option<Vec<u8>>, Pieces) {
    (pieces.next(), pieces)
}
