//! Rules on the way of a request and its response.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use plimsoll_clock::Tick;
use plimsoll_http::{Request, Response};
use plimsoll_net::Stream;
use plimsoll_observe::Level;
use plimsoll_outcome::Outcome;
use plimsoll_rules::{Arena, Context, End, Place, Rules, Wait};

use super::Next;
use super::write::{self, Patience};
use crate::buffer::Buffer;
use crate::client::Client;
use crate::rules::{Proxies, Reply, SetTimeouts, State, Verdict, name, number, own_or_page};
use crate::services::Stats;
use crate::site::{Route, Site};
use crate::snapshot::{Backend, Frontend};
use crate::{RULE_REJECT, RULE_RESPONSE_DENY, RULE_REWRITE};

/// A request's rules: what they share, and who they are about.
pub(super) struct Judge {
    pub(super) state: RefCell<State>,
    pub(super) proxies: Proxies,
}

/// Rules decided: how stands in the state.
#[derive(Debug)]
pub(super) struct Decided;

impl Judge {
    /// `None`: neither has rules.
    pub(super) fn of(route: &Rc<Route>, client: &mut Client) -> Option<Box<Self>> {
        let of_backends = |site: &Rc<Site>| site.backend.rules.is_some();
        let frontend = &route.frontend;
        if frontend.rules.is_none() && frontend.formats.is_none() && !route.site.as_ref().is_some_and(of_backends) {
            return None;
        }
        let mut proxies = Proxies::of(route);
        if frontend.formats.is_some() {
            proxies.number = number(&client.port().worker.process);
        }
        Some(Box::new(Self { state: RefCell::new(State::of(client)), proxies }))
    }

    /// The request is over: what stays with the connection goes back to it.
    pub(super) fn over(&mut self, client: &mut Client, next: Next) -> Next {
        self.state.get_mut().keep(client);
        next
    }

    /// Is it the monitor's path that is asked for?
    pub(super) fn is_monitor(&self, request: &Request) -> bool {
        let rules = self.proxies.route.frontend.rules.as_deref();
        let uri = rules.and_then(|rules| rules.monitor_uri.as_deref());
        uri.is_some_and(|uri| request.head.get(request.target) == uri)
    }

    /// Does one of the conditions hold on which the monitor's path is answered with an error?
    pub(super) async fn monitor_fails(&mut self, client: &mut Client, request: &mut Request) -> bool {
        let route = Rc::clone(&self.proxies.route);
        let Some(rules) = &route.frontend.rules else { return false };
        self.list(&rules.monitor_fail, Place::HttpRoute, client, request).await.is_err()
    }

    /// Gives the request its name, if its frontend names requests.
    pub(super) fn name(&mut self, client: &Client, request: &mut Request) {
        if self.proxies.route.frontend.formats.is_some() {
            name(&mut self.proxies, client, request, &mut self.state.get_mut().variables);
        }
    }

    /// Other time-outs than the configuration's.
    pub(super) fn timeouts(&self) -> SetTimeouts {
        self.state.borrow().fate.timeouts
    }

    /// The level of the request's line; `None`: there is none.
    pub(super) fn log_level(&self) -> Option<Level> {
        self.state.borrow().fate.log.0
    }

    /// An answer of our own, or the page that takes its place.
    pub(super) fn page(&self, client: &Client, request: &Request, status: u16, text: &str) -> Reply {
        let (arena, worker) = (Arena::new(), &client.port().worker);
        let mut state = self.state.borrow_mut();
        let cx = Context::new(Place::HttpRequest, &arena, &**worker, &mut state.variables);
        own_or_page(&cx.with_shared(client).with_shared(&self.proxies).with_shared(request), status, text)
    }

    /// How many attempts may follow the first, if rules say so.
    pub(super) fn retries(&self) -> Option<u32> {
        self.state.borrow().fate.retries
    }

    /// Only what failed before a byte was sent is tried again.
    pub(super) fn only_connects(&self) -> bool {
        self.state.borrow().fate.no_retry
    }

    /// Marks what goes to a server, if rules say so. True: the connection is for this request alone.
    pub(super) fn mark(&self, server: &Stream) -> bool {
        let state = self.state.borrow();
        let (mark, tos) = (state.fate.server_mark, state.fate.server_tos);
        // What the kernel refuses is left as it is.
        let _ = (mark.map(|mark| server.set_mark(mark)), tos.map(|tos| server.set_tos(tos)));
        mark.is_some() || tos.is_some()
    }

    /// What rules tell the client before its answer.
    async fn tell_early(&mut self, client: &Client, request: &Request) {
        let hints = std::mem::take(&mut self.state.get_mut().fate.hints);
        if hints.is_empty() || request.minor == 0 {
            return;
        }
        let mut out = Buffer::default();
        out.vec().extend_from_slice(b"HTTP/1.1 103 Early Hints\r\n");
        out.vec().extend_from_slice(&hints);
        out.vec().extend_from_slice(b"\r\n");
        let mut patience = Patience::new(&client.timer, self.proxies.route.frontend.timeouts.of_http_client());
        // A client that is gone is noticed by who answers it.
        let _ = write::all(&client.stream, &mut out, &mut Buffer::default(), 0, &mut patience).await;
    }

    fn note(&self, rules: &Rules, rule: usize) {
        *self.proxies.last_rule.borrow_mut() = rules.get(rule).map(|rule| rule.origin.clone());
    }

    /// The rules of the frontend, up to the choice of a backend.
    pub(super) async fn frontend(&mut self, client: &mut Client, request: &mut Request) -> Result<(), Decided> {
        let route = Rc::clone(&self.proxies.route);
        self.proxies.site.clone_from(&route.site);
        let Some(rules) = &route.frontend.rules else { return Ok(()) };
        if !rules.captures.is_empty() {
            self.proxies.captured.get_mut().request(&rules.captures, &request.head);
        }
        // Until it is chosen, nobody sees a backend.
        self.proxies.site = None;
        self.list(&rules.content, Place::TcpContentOfHttp, client, request).await?;
        self.list(&rules.http_request, Place::HttpRequest, client, request).await?;
        self.stats(rules.stats.as_ref(), client, request).await?;
        self.proxies.site.clone_from(&route.site);
        if !rules.use_backend.is_empty()
            && self.list(&rules.use_backend, Place::HttpRoute, client, request).await.is_err()
            && let Some(Verdict::Backend(place)) = self.state.get_mut().fate.verdict.take()
        {
            self.proxies.site = route.switched(place);
        }
        Ok(())
    }

    /// The rules of the backend, up to the choice of a server.
    pub(super) async fn backend(
        &mut self,
        client: &mut Client,
        request: &mut Request,
    ) -> Result<Option<usize>, Decided> {
        let Some(site) = self.proxies.site.clone() else { return Ok(None) };
        let Some(rules) = &site.backend.rules else { return Ok(None) };
        self.list(&rules.content, Place::TcpContentOfHttp, client, request).await?;
        self.list(&rules.http_request, Place::HttpRequest, client, request).await?;
        self.stats(rules.stats.as_ref(), client, request).await?;
        if !rules.use_server.is_empty()
            && self.list(&rules.use_server, Place::HttpRoute, client, request).await.is_err()
            && let Some(Verdict::Server(place)) = self.state.get_mut().fate.verdict.take()
        {
            return Ok(Some(place as usize));
        }
        Ok(None)
    }

    /// Is it the proxy's page of figures that is asked for, and may it be seen?
    async fn stats(
        &mut self,
        stats: Option<&Arc<Stats>>,
        client: &mut Client,
        request: &mut Request,
    ) -> Result<(), Decided> {
        let Some(stats) = stats.filter(|stats| stats.is_for(request)) else { return Ok(()) };
        self.list(&stats.rules, Place::HttpRequest, client, request).await?;
        self.state.get_mut().fate.verdict = Some(Verdict::Service("stats", Some(Arc::clone(stats))));
        Err(Decided)
    }

    async fn list(
        &mut self,
        rules: &Rules,
        place: Place,
        client: &mut Client,
        request: &mut Request,
    ) -> Result<(), Decided> {
        let mut from = 0;
        while !rules.is_empty() {
            let end = {
                let (arena, worker) = (Arena::new(), Rc::clone(&client.port().worker));
                let State { variables, fate } = self.state.get_mut();
                let cx = Context::new(place, &arena, &*worker, variables);
                rules.run(from, &mut cx.with(client).with_shared(&self.proxies).with(request).with(fate))
            };
            if !self.state.get_mut().fate.hints.is_empty() {
                Box::pin(self.tell_early(client, request)).await;
            }
            let Some((rule, wait)) = self.course(rules, end)? else { break };
            from = rule;
            Box::pin(wait_for(client, wait)).await;
        }
        Ok(())
    }

    /// What comes after a list: nothing more of it, or from which rule it goes on, and what has to happen before.
    fn course(&self, rules: &Rules, end: End) -> Result<Option<(usize, Wait)>, Decided> {
        match end {
            End::Passed => Ok(None),
            End::Stopped { rule } => {
                self.note(rules, rule);
                Ok(None)
            }
            End::Final { rule } => {
                self.note(rules, rule);
                Err(Decided)
            }
            End::Failed { .. } => {
                self.state.borrow_mut().fate.verdict = Some(Verdict::Failed);
                Err(Decided)
            }
            End::Wait { rule, wait } => Ok(Some((rule, wait))),
        }
    }

    /// The rules about a response: the backend's first, then the frontend's; then those that see every response.
    pub(super) async fn response(
        &self,
        client: &Client,
        request: &Request,
        response: &mut Response,
    ) -> Result<(), Decided> {
        let (backend, frontend) = (self.backend_rules(), &self.proxies.route.frontend.rules);
        if let Some(rules) = frontend
            && !rules.captures.is_empty()
        {
            self.proxies.captured.borrow_mut().response(&rules.captures, &response.head);
        }
        if let Some(rules) = backend {
            self.about(&rules.response_content, Place::TcpResponseOfHttp, client, request, response).await?;
            self.about(&rules.http_response, Place::HttpResponse, client, request, response).await?;
        }
        if let Some(rules) = frontend {
            self.about(&rules.http_response, Place::HttpResponse, client, request, response).await?;
        }
        self.after(client, request, response).await
    }

    /// The rules that see every response, our own included.
    pub(super) async fn after(
        &self,
        client: &Client,
        request: &Request,
        response: &mut Response,
    ) -> Result<(), Decided> {
        if let Some(rules) = self.backend_rules() {
            self.about(&rules.after_response, Place::AfterResponse, client, request, response).await?;
        }
        if let Some(rules) = &self.proxies.route.frontend.rules {
            self.about(&rules.after_response, Place::AfterResponse, client, request, response).await?;
        }
        Ok(())
    }

    fn backend_rules(&self) -> Option<&crate::rules::BackendRules> {
        self.proxies.site.as_ref()?.backend.rules.as_deref()
    }

    async fn about(
        &self,
        rules: &Rules,
        place: Place,
        client: &Client,
        request: &Request,
        response: &mut Response,
    ) -> Result<(), Decided> {
        let mut from = 0;
        while !rules.is_empty() {
            let end = {
                let (arena, worker) = (Arena::new(), Rc::clone(&client.port().worker));
                let mut state = self.state.borrow_mut();
                let State { variables, fate } = &mut *state;
                let cx = Context::new(place, &arena, &*worker, variables);
                let cx = cx.with_shared(client).with_shared(&self.proxies).with_shared(request);
                rules.run(from, &mut cx.with(response).with(fate))
            };
            let Some((rule, wait)) = self.course(rules, end)? else { break };
            from = rule;
            Box::pin(wait_for(client, wait)).await;
        }
        Ok(())
    }

    /// What the response's rules decided, as the outcome of the attempt.
    pub(super) fn outcome(&self) -> &'static Outcome {
        match &self.state.borrow().fate.verdict {
            Some(Verdict::Reply(_, outcome)) => outcome,
            Some(Verdict::Reject(_) | Verdict::Drop) => &RULE_REJECT,
            Some(Verdict::Failed) => &RULE_REWRITE,
            _ => &RULE_RESPONSE_DENY,
        }
    }

    /// How long a denied request is held.
    pub(super) fn tarpit(&self, frontend: &Frontend, backend: Option<&Backend>) -> Duration {
        let own = self.state.borrow().fate.timeouts.tarpit;
        let limits = backend.map_or(&frontend.timeouts, |backend| &backend.timeouts);
        own.or(limits.tarpit).or(limits.connect).map(plimsoll_config::Duration::as_std).unwrap_or_default()
    }
}

/// Lets pass what rules wait for. Everything of a head is here, so they never wait for bytes.
async fn wait_for(client: &Client, wait: Wait) {
    match wait {
        Wait::Bytes => {}
        Wait::Pause(time) => pause(client, time).await,
        Wait::Work(work) => {
            // A panic in there is told by the blocking pool; the rule is asked again and decides without.
            let _ = tokio::task::spawn_blocking(work).await;
        }
    }
}

/// Holds the client for a while, or until its connection is broken.
pub(super) async fn pause(client: &Client, time: Duration) {
    client.timer.arm(Tick::now().after(time));
    let mut gone = std::pin::pin!(client.stream.broken());
    poll_fn(|cx| {
        if gone.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        client.timer.poll_expired(cx)
    })
    .await;
}
