//! Rules of TCP mode: about the first bytes of a client, which may be waited for, and about those of a server.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use plimsoll_clock::{Tick, Timer};
use plimsoll_net::Stream;
use plimsoll_outcome::Outcome;
use plimsoll_rules::{Arena, Context, Download, End, Place, Rules, Upload, Wait};

use crate::buffer::{Buffer, SIZE};
use crate::client::Client;
use crate::rules::{Proxies, State, Verdict};
use crate::site::Route;
use crate::worker::Worker;
use crate::{OK, RULE_REJECT, TUNNEL_CLIENT_RESET};

/// A connection's rules: what they share, and who they are about.
pub(super) struct Judge {
    pub(super) state: State,
    pub(super) proxies: Proxies,
    /// Bytes of the client that were read for them.
    pub(super) buf: Buffer,
    /// No more of them will come.
    whole: bool,
}

impl Judge {
    /// `None`: neither has rules about content or the way.
    pub(super) fn of(route: &Rc<Route>, client: &mut Client) -> Option<Box<Self>> {
        let of_backend = route.site.as_ref().is_some_and(|site| site.backend.rules.is_some());
        if route.frontend.rules.is_none() && !of_backend {
            return None;
        }
        let (state, buf) = (State::of(client), client.take_early());
        Some(Box::new(Self { state, proxies: Proxies::of(route), buf, whole: false }))
    }

    /// The rules of the frontend, up to the choice of a backend.
    pub(super) async fn frontend(&mut self, client: &mut Client) -> Result<(), &'static Outcome> {
        let route = Rc::clone(&self.proxies.route);
        if let Some(rules) = &route.frontend.rules {
            self.content(&rules.content, Place::TcpContent, rules.inspect_delay, client).await?;
            if !rules.use_backend.is_empty()
                && self.content(&rules.use_backend, Place::TcpRoute, None, client).await.is_err()
                && let Some(Verdict::Backend(place)) = self.state.fate.verdict.take()
            {
                self.proxies.site = route.switched(place);
                return Ok(());
            }
        }
        self.proxies.site.clone_from(&route.site);
        Ok(())
    }

    /// The rules of the backend, up to the choice of a server.
    pub(super) async fn backend(&mut self, client: &mut Client) -> Result<Option<usize>, &'static Outcome> {
        let Some(site) = self.proxies.site.clone() else { return Ok(None) };
        let Some(rules) = &site.backend.rules else { return Ok(None) };
        self.content(&rules.content, Place::TcpContent, rules.inspect_delay, client).await?;
        if !rules.use_server.is_empty()
            && self.content(&rules.use_server, Place::TcpRoute, None, client).await.is_err()
            && let Some(Verdict::Server(place)) = self.state.fate.verdict.take()
        {
            return Ok(Some(place as usize));
        }
        Ok(None)
    }

    async fn content(
        &mut self,
        rules: &Rules,
        place: Place,
        delay: Option<Duration>,
        client: &mut Client,
    ) -> Result<(), &'static Outcome> {
        let (mut from, mut late) = (0, delay.is_none());
        if let Some(delay) = delay.filter(|_| !rules.is_empty()) {
            client.timer.arm(client.began().after(delay));
        }
        while !rules.is_empty() {
            let end = {
                let (arena, worker) = (Arena::new(), Rc::clone(&client.port().worker));
                let mut upload: Upload = self.buf.lend();
                let State { variables, fate } = &mut self.state;
                let mut cx = Context::new(place, &arena, &*worker, variables);
                if !late && !self.whole {
                    cx = cx.unfinished();
                }
                let cx = cx.with(client).with_shared(&self.proxies).with_shared(&upload).with(fate);
                let end = rules.run(from, &mut { cx });
                self.buf.take_back(&mut upload);
                end
            };
            match end {
                End::Passed | End::Stopped { .. } => break,
                End::Final { .. } => return Err(self.outcome(client)),
                End::Failed { .. } => return Err(&RULE_REJECT),
                End::Wait { rule, wait: Wait::Bytes } => {
                    from = rule;
                    late = !self.more(client).await?;
                }
                End::Wait { rule, wait: Wait::Pause(time) } => {
                    from = rule;
                    client.timer.arm(Tick::now().after(time));
                    client.timer.wait().await;
                    late |= delay.is_some();
                }
                End::Wait { rule, wait: Wait::Work(work) } => {
                    from = rule;
                    let _ = tokio::task::spawn_blocking(work).await;
                }
            }
        }
        client.timer.disarm();
        Ok(())
    }

    /// Reads more of what the client says. False: time is up.
    async fn more(&mut self, client: &Client) -> Result<bool, &'static Outcome> {
        let buf = &mut self.buf;
        let got = poll_fn(|cx| match buf.poll_fill(&client.stream, cx) {
            Poll::Ready(got) => Poll::Ready(Some(got)),
            Poll::Pending => client.timer.poll_expired(cx).map(|()| None),
        })
        .await;
        match got {
            None => return Ok(false),
            Some(Ok(0)) => self.whole = true,
            // No rule sees more than a buffer holds.
            Some(Ok(_)) => self.whole = self.buf.len() >= SIZE - 1,
            Some(Err(_)) => return Err(&TUNNEL_CLIENT_RESET),
        }
        Ok(true)
    }

    fn outcome(&self, client: &Client) -> &'static Outcome {
        match &self.state.fate.verdict {
            Some(Verdict::Drop) => {
                client.stream.forget();
                &RULE_REJECT
            }
            Some(Verdict::Reject(outcome)) => outcome,
            _ => &OK,
        }
    }
}

/// A connection to a server whose first bytes are to be judged.
pub(super) struct Held<'h> {
    pub(super) worker: &'h Rc<Worker>,
    pub(super) client: &'h Stream,
    pub(super) server: &'h Stream,
    pub(super) timer: &'h Timer,
    pub(super) proxies: &'h Proxies,
    /// Bytes for the server, which go on meanwhile.
    pub(super) up: Buffer,
    /// Those of the server.
    pub(super) down: Buffer,
    /// So many went up.
    pub(super) moved: u64,
}

impl Held<'_> {
    /// Holds what the server says until its rules let it pass. What the client says goes on.
    pub(super) async fn pass(
        &mut self,
        rules: &Rules,
        delay: Option<Duration>,
        state: &mut State,
    ) -> Result<(), &'static Outcome> {
        let (mut from, mut whole) = (0, delay.is_none());
        if let Some(delay) = delay {
            self.timer.arm(Tick::now().after(delay));
        }
        loop {
            let end = {
                let arena = Arena::new();
                let mut download: Download = self.down.lend();
                let State { variables, fate } = &mut *state;
                let mut cx = Context::new(Place::TcpResponse, &arena, &**self.worker, variables);
                if !whole {
                    cx = cx.unfinished();
                }
                let end = rules.run(from, &mut cx.with_shared(self.proxies).with_shared(&download).with(fate));
                self.down.take_back(&mut download);
                end
            };
            match end {
                End::Passed | End::Stopped { .. } => break,
                End::Final { .. } | End::Failed { .. } => return Err(&RULE_REJECT),
                End::Wait { rule, wait: Wait::Bytes } => {
                    from = rule;
                    whole = self.more().await;
                }
                End::Wait { rule, wait: Wait::Pause(time) } => {
                    from = rule;
                    self.timer.arm(Tick::now().after(time));
                    self.timer.wait().await;
                }
                End::Wait { rule, wait: Wait::Work(work) } => {
                    from = rule;
                    let _ = tokio::task::spawn_blocking(work).await;
                }
            }
        }
        self.timer.disarm();
        Ok(())
    }

    /// Waits for the server, and passes on what the client says. True: there is nothing more to wait for.
    async fn more(&mut self) -> bool {
        let mut open = true;
        poll_fn(|cx| {
            while open {
                if !self.up.is_empty() {
                    match self.up.poll_flush(self.server, cx) {
                        Poll::Ready(Ok(wrote)) => self.moved += wrote as u64,
                        // The relay that follows finds out what it is.
                        Poll::Ready(Err(_)) => open = false,
                        Poll::Pending => break,
                    }
                } else if !matches!(self.up.poll_fill(self.client, cx), Poll::Ready(Ok(1..))) {
                    // FIN, an error, or nothing: the relay sees the first two again.
                    open = false;
                }
            }
            open = true;
            match self.down.poll_fill(self.server, cx) {
                Poll::Ready(Ok(1..)) => Poll::Ready(self.down.len() >= SIZE - 1),
                Poll::Ready(_) => Poll::Ready(true),
                Poll::Pending => self.timer.poll_expired(cx).map(|()| true),
            }
        })
        .await
    }
}
