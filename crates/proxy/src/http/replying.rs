//! Answers of our own: to what is no request, to requests that no server answered, and those that rules give.

use plimsoll_clock::Tick;
use plimsoll_http::encode::{self, Connection};
use plimsoll_http::{FIELD_NAME, Framing, Method, Progress, Request, Tolerance, answer};
use plimsoll_outcome::Outcome;
use plimsoll_rules::{Arena, Context, Place, Variables};

use super::Next;
use super::exchange::has_no_body;
use super::judge::{Decided, Judge, pause};
use super::parts::Both;
use super::record::{About, Record};
use super::serving::served;
use super::write::{self, Patience};
use crate::buffer::Buffer;
use crate::client::{Client, Closing};
use crate::rules::{Proxies, Reply, Verdict, own_or_page};
use crate::snapshot::{Backend, Frontend};
use crate::{MONITOR, RULE_DENY, RULE_REJECT, RULE_RESPONSE_DENY, RULE_REWRITE, RULE_TARPIT};

/// Answers what is no request, and ends the connection.
#[cold]
pub(super) async fn refuse(client: &Client, frontend: &Frontend, bytes: &[u8], outcome: &'static Outcome) -> Next {
    let now = Tick::now();
    let mut record = Record { started: now, bytes_in: bytes.len() as u64, ..Record::default() };
    let mut out = Buffer::default();
    record.status = outcome.status;
    let has_page = frontend.rules.as_ref().is_some_and(|rules| rules.pages.get(outcome.status).is_some());
    if has_page {
        let reply = page_without_request(client, outcome);
        if !reply.nothing {
            record.status = reply.status;
            reply.head(true, out.vec());
            out.vec().extend_from_slice(&reply.body);
        }
    } else {
        answer(outcome, true, false, out.vec());
    }
    write_out(client, frontend, &mut record, out).await;
    record.refused(client, frontend, bytes, outcome);
    Next::Close(Closing::Linger)
}

/// Of a client that sent nothing at all, where that is logged (no `dontlognull`): as a request that did not come.
#[cold]
pub(super) async fn unasked(client: &Client, outcome: &'static Outcome) -> Closing {
    let route = client.port().route();
    match refuse(client, &route.frontend, &[], outcome).await {
        Next::Close(closing) => closing,
        _ => Closing::Plain,
    }
}

/// The page for what is no request.
#[cold]
fn page_without_request(client: &Client, outcome: &'static Outcome) -> Reply {
    let (arena, mut variables, worker) = (Arena::new(), Variables::default(), &client.port().worker);
    let proxies = Proxies::of(&client.port().route());
    let cx = Context::new(Place::HttpRequest, &arena, &**worker, &mut variables);
    own_or_page(&cx.with_shared(client).with_shared(&proxies), outcome.status, outcome.text)
}

/// May the connection stay after an answer of our own? `whole`: nothing of the request is left unread.
fn stays(client: &Client, frontend: &Frontend, request: &Request, whole: bool) -> bool {
    let may = whole && request.keep_alive && request.minor >= 1 && request.upgrade.is_none();
    may && !frontend.close && !client.port().is_leaving()
}

/// Answers a request that no server answered. Its connection stays if the client may keep it and nothing of the request is left unread.
#[cold]
pub(super) async fn fail(
    client: &Client,
    frontend: &Frontend,
    backend: Option<&Backend>,
    both: &mut Both,
    record: &mut Record,
    outcome: &'static Outcome,
    whole: bool,
    judge: Option<&Judge>,
) -> Next {
    // Of requests that are wrong only that one is whole whose names alone are not wanted.
    let keep = stays(client, frontend, &both.request, whole) && (outcome.status >= 500 || *outcome == FIELD_NAME);
    let told = match judge {
        Some(judge) => {
            let reply = judge.page(client, &both.request, outcome.status, outcome.text);
            tell(client, frontend, both, record, &reply, !keep, judge).await
        }
        None => {
            let mut out = Buffer::default();
            answer(outcome, !keep, both.request.method == Method::Head, out.vec());
            record.status = outcome.status;
            write_out(client, frontend, record, out).await
        }
    };
    let about = About { judge, response: judge.map(|_| &both.response) };
    record.finish(client, frontend, backend, Some(&both.request), outcome, about);
    if keep && told { Next::Idle } else { Next::Close(Closing::Linger) }
}

/// Answers the monitor's path: no line, no server; it is only counted.
#[cold]
pub(super) async fn monitored(client: &mut Client, frontend: &Frontend, both: &mut Both, judge: &mut Judge) -> Next {
    let fails = judge.monitor_fails(client, &mut both.request).await;
    let status = if fails { 503 } else { 200 };
    let text = if fails { "Service not ready." } else { "Service ready." };
    let reply = judge.page(client, &both.request, status, text);
    let keep = stays(client, frontend, &both.request, has_no_body(&both.request));
    client.port().worker.count(&MONITOR);
    let told = tell(client, frontend, both, &mut Record::default(), &reply, !keep, judge).await;
    if keep && told { Next::Idle } else { Next::Close(Closing::Linger) }
}

/// Does what rules decided. `whole`: nothing of the request is left unread.
#[cold]
pub(super) async fn decided(
    client: &Client,
    frontend: &Frontend,
    backend: Option<&Backend>,
    both: &mut Both,
    record: &mut Record,
    judge: &mut Judge,
    whole: bool,
) -> Next {
    let mut verdict = judge.state.get_mut().fate.verdict.take();
    if let Some(Verdict::Service(name, stats)) = verdict {
        let keep = stays(client, frontend, &both.request, whole);
        match served(client, frontend, both, record, judge, (name, stats), keep).await {
            Ok((next, outcome)) => {
                let about = About::answered(Some(judge), both);
                record.finish(client, frontend, backend, Some(&both.request), outcome, about);
                return next;
            }
            // A rule about its answer decided.
            Err(Decided) => verdict = judge.state.get_mut().fate.verdict.take(),
        }
    }
    let (reply, outcome) = match verdict {
        Some(Verdict::Reply(reply, outcome)) => (reply, outcome),
        Some(Verdict::Tarpit(reply)) => {
            pause(client, judge.tarpit(frontend, backend)).await;
            (reply, &RULE_TARPIT)
        }
        Some(Verdict::Failed) => {
            (judge.page(client, &both.request, RULE_REWRITE.status, RULE_REWRITE.text), &RULE_REWRITE)
        }
        Some(Verdict::Drop) => {
            count(client, frontend, backend, &RULE_REJECT);
            record.finish(client, frontend, backend, Some(&both.request), &RULE_REJECT, About::unanswered(judge));
            client.stream.forget();
            return Next::Close(Closing::Plain);
        }
        Some(Verdict::Reject(outcome)) => {
            count(client, frontend, backend, outcome);
            record.finish(client, frontend, backend, Some(&both.request), outcome, About::unanswered(judge));
            return Next::Close(Closing::Linger);
        }
        // An edit found that it is no request (`normalize-uri … strict`).
        None if both.request.refused.is_some() => {
            let refusal = both.request.refused.unwrap_or(&RULE_DENY);
            (judge.page(client, &both.request, refusal.status, refusal.text), refusal)
        }
        // Not of this place: nothing is decided, so nothing goes through.
        Some(Verdict::Backend(_) | Verdict::Server(_) | Verdict::Service(..)) | None => {
            (Reply::own(500, ""), &RULE_DENY)
        }
    };
    count(client, frontend, backend, outcome);
    // What is no request leaves open what follows it.
    let keep = stays(client, frontend, &both.request, whole) && both.request.refused.is_none();
    let told = tell(client, frontend, both, record, &reply, !keep, judge).await;
    record.finish(client, frontend, backend, Some(&both.request), outcome, About::answered(Some(judge), both));
    if keep && told { Next::Idle } else { Next::Close(Closing::Linger) }
}

/// Writes an answer of our own, once the rules have seen it that see every response. False: the client did not take it.
async fn tell(
    client: &Client,
    frontend: &Frontend,
    both: &mut Both,
    record: &mut Record,
    reply: &Reply,
    close: bool,
    judge: &Judge,
) -> bool {
    if reply.nothing {
        record.status = reply.status;
        return false;
    }
    let mut out = Buffer::default();
    reply.head(close, out.vec());
    let Both { request, response, .. } = both;
    response.clear();
    let parsed = response.parse(out.bytes(), request.method, &frontend.limits, Tolerance::default());
    // A reply that is larger than any response may be goes out as it is.
    let backend = judge.proxies.site.as_ref().map(|site| &*site.backend);
    judge.proxies.progress.set(record.progress(client, backend));
    if matches!(parsed, Ok(Progress::Complete(_))) && judge.after(client, request, response).await.is_ok() {
        out.clear();
        let framing = if reply.status == 204 || reply.status == 304 {
            Framing::Empty
        } else {
            Framing::Length(reply.body.len() as u64)
        };
        encode::response(response, framing, if close { Connection::Close } else { Connection::Silent }, out.vec());
        record.status = response.status;
    } else {
        record.status = reply.status;
    }
    if request.method != Method::Head && reply.status != 204 && reply.status != 304 {
        out.vec().extend_from_slice(&reply.body);
    }
    write_out(client, frontend, record, out).await
}

/// As HAProxy counts: what was denied, not what was answered.
fn count(client: &Client, frontend: &Frontend, backend: Option<&Backend>, outcome: &'static Outcome) {
    if outcome.state[0] != b'P' {
        return;
    }
    let worker = client.port().worker.id;
    let of_frontend = frontend.live.counters.shard(worker);
    let of_backend = backend.map(|backend| backend.live.counters.shard(worker));
    if *outcome == RULE_RESPONSE_DENY {
        of_frontend.denied_responses.add(1);
        of_backend.inspect(|counters| counters.denied_responses.add(1));
    } else {
        of_frontend.denied_requests.add(1);
        of_backend.inspect(|counters| counters.denied_requests.add(1));
    }
}

async fn write_out(client: &Client, frontend: &Frontend, record: &mut Record, mut out: Buffer) -> bool {
    let mut patience = Patience::new(&client.timer, frontend.timeouts.of_http_client());
    let wrote = write::all(&client.stream, &mut out, &mut Buffer::default(), 0, &mut patience).await;
    record.bytes_out += wrote.as_ref().copied().unwrap_or(0);
    wrote.is_ok()
}
