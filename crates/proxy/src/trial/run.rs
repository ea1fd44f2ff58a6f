//! Goes through the lists of a frontend and its backend in the order in which a request does.

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_http::{Method, Progress, Request, Response, Tolerance};
use plimsoll_rules::{Arena, Context, End, Place, Rules, Upload, Wait};

use super::watch::{Notes, all, request_lines, response_lines};
use super::{Candidate, Decision, Report, Trial, Untried};
use crate::client::Client;
use crate::rules::{Proxies, Reply, State, Verdict, tell};
use crate::services::Stats;
use crate::site::Route;
use crate::snapshot::{Backend, Frontend, Mode};
use crate::{MONITOR, RULE_DENY, RULE_REWRITE};

/// One rule is asked again so many times at most.
const WAITS: usize = 64;

/// What is carried through all lists.
pub(super) struct Run {
    pub(super) frontend: Arc<Frontend>,
    pub(super) proxies: Proxies,
    state: State,
    pub(super) notes: Notes,
    /// In TCP mode: what the client sent.
    upload: Upload,
    pub(super) request: Option<Request>,
    pub(super) response: Option<Response>,
}

/// A list decided.
pub(super) struct Decided;

impl Run {
    pub(super) fn new(frontend: &Arc<Frontend>, client: &mut Client) -> Self {
        let mut notes = Notes::default();
        notes.report.frontend = frontend.name.to_string();
        Self {
            frontend: Arc::clone(frontend),
            proxies: Proxies::of(&Route::new(frontend)),
            state: State::of(client),
            notes,
            upload: Upload::default(),
            request: None,
            response: None,
        }
    }

    pub(super) fn of(mut self, trial: &Trial, client: &mut Client) -> Result<Report, Untried> {
        self.upload.bytes.clone_from(&trial.bytes);
        if self.frontend.mode == Mode::Http {
            let mut request = Request::default();
            match request.parse(&trial.bytes, &self.frontend.limits) {
                Ok(Progress::Complete(_)) => {}
                Ok(Progress::Incomplete) => return Err(Untried::Unfinished),
                Err(outcome) => return Err(Untried::Refused(outcome)),
            }
            self.notes.report.before = request_lines(&request);
            self.notes.begins(Some(&request), None);
            self.request = Some(request);
        }
        if let Some(report) = self.monitored(client) {
            return Ok(report);
        }
        let chosen = match self.through(client) {
            Ok(chosen) => chosen,
            Err(Decided) => return Ok(self.decided(client)),
        };
        if let Some(request) = &mut self.request
            && let Some(site) = &self.proxies.site
            && let Err(outcome) = tell(client, &self.proxies.route, site, request)
        {
            let (head, body, rule) = (Vec::new(), String::new(), "http-restrict-req-hdr-names".to_owned());
            let (status, outcome) = (outcome.status, outcome.slug);
            self.notes.report.decision = Decision::Reply { status, head, body, outcome, tarpit: false, rule };
            return Ok(self.finish());
        }
        self.routed(chosen, trial.response.is_some());
        self.answered(trial, client)
    }

    /// The answer to who asks for the monitor's path.
    fn monitored(&mut self, client: &mut Client) -> Option<Report> {
        let rules = self.frontend.rules.clone()?;
        let request = self.request.as_ref()?;
        let asked = rules.monitor_uri.as_deref().is_some_and(|uri| request.head.get(request.target) == uri);
        if !asked {
            return None;
        }
        let fails = self.list(&rules.monitor_fail, Place::HttpRoute, client).is_err();
        let rule = if fails { self.notes.decider() } else { "monitor-uri".to_owned() };
        let status = if fails { 503 } else { 200 };
        let (head, body, outcome) = (Vec::new(), String::new(), MONITOR.slug);
        self.notes.report.decision = Decision::Reply { status, head, body, outcome, tarpit: false, rule };
        Some(std::mem::take(&mut self.notes.report))
    }

    /// The rules of the frontend and of the backend. What comes of it: the rule that chose the backend, and the server that a rule chose.
    fn through(&mut self, client: &mut Client) -> Result<(Option<String>, Option<usize>), Decided> {
        let [content, route] = match self.frontend.mode {
            Mode::Http => [Place::TcpContentOfHttp, Place::HttpRoute],
            Mode::Tcp => [Place::TcpContent, Place::TcpRoute],
        };
        let all = Rc::clone(&self.proxies.route);
        let mut by = None;
        if let Some(rules) = all.frontend.rules.clone() {
            if let Some(request) = self.request.as_ref().filter(|_| !rules.captures.is_empty()) {
                self.proxies.captured.get_mut().request(&rules.captures, &request.head);
            }
            self.list(&rules.connection, Place::TcpConnection, client)?;
            self.list(&rules.session, Place::TcpSession, client)?;
            self.list(&rules.content, content, client)?;
            self.list(&rules.http_request, Place::HttpRequest, client)?;
            self.stats(rules.stats.as_ref(), client)?;
            self.proxies.site.clone_from(&all.site);
            if self.list(&rules.use_backend, route, client).is_err()
                && let Some(Verdict::Backend(place)) = self.state.fate.verdict.take()
            {
                self.proxies.site = all.switched(place);
                by = Some(self.notes.decider());
            }
        } else {
            self.proxies.site.clone_from(&all.site);
        }
        let Some(site) = self.proxies.site.clone() else { return Ok((by, None)) };
        let Some(rules) = &site.backend.rules else { return Ok((by, None)) };
        self.list(&rules.content, content, client)?;
        self.list(&rules.http_request, Place::HttpRequest, client)?;
        self.stats(rules.stats.as_ref(), client)?;
        if self.list(&rules.use_server, route, client).is_err()
            && let Some(Verdict::Server(place)) = self.state.fate.verdict.take()
        {
            return Ok((by, Some(place as usize)));
        }
        Ok((by, None))
    }

    fn stats(&mut self, stats: Option<&Arc<Stats>>, client: &mut Client) -> Result<(), Decided> {
        let asked = |stats: &&Arc<Stats>| self.request.as_ref().is_some_and(|request| stats.is_for(request));
        let Some(stats) = stats.filter(asked) else { return Ok(()) };
        self.list(&stats.rules, Place::HttpRequest, client)?;
        self.state.fate.verdict = Some(Verdict::Service("stats", Some(Arc::clone(stats))));
        Err(Decided)
    }

    pub(super) fn list(&mut self, rules: &Rules, place: Place, client: &mut Client) -> Result<(), Decided> {
        if rules.is_empty() {
            return Ok(());
        }
        let proxy = match &self.proxies.site {
            Some(site) if !self.of_frontend(rules) => format!("backend {}", site.backend.name),
            _ => format!("frontend {}", self.frontend.name),
        };
        self.notes.list(proxy, place);
        let (mut from, mut waits) = (0, 0);
        loop {
            match self.pass(rules, from, place, client) {
                End::Passed => return Ok(()),
                End::Stopped { rule } => {
                    self.notes.ended(rules.iter().count() - rule - 1);
                    return Ok(());
                }
                End::Final { rule } => {
                    self.notes.ended(rules.iter().count() - rule - 1);
                    return Err(Decided);
                }
                End::Failed { rule } => {
                    self.notes.ended(rules.iter().count() - rule - 1);
                    let reply = Reply::own(RULE_REWRITE.status, RULE_REWRITE.text);
                    self.state.fate.verdict = Some(Verdict::Reply(reply, &RULE_REWRITE));
                    return Err(Decided);
                }
                End::Wait { .. } if waits == WAITS => return Ok(()),
                End::Wait { rule, wait } => {
                    (from, waits) = (rule, waits + 1);
                    if let Wait::Work(work) = wait {
                        work();
                    }
                }
            }
        }
    }

    /// Is it a list of the frontend's?
    fn of_frontend(&self, rules: &Rules) -> bool {
        let Some(of) = &self.frontend.rules else { return false };
        let late = [&of.use_backend, &of.monitor_fail, &of.http_response, &of.after_response];
        late.into_iter().any(|have| std::ptr::eq(have, rules))
    }

    fn pass(&mut self, rules: &Rules, from: usize, place: Place, client: &mut Client) -> End {
        let (arena, worker) = (Arena::new(), Rc::clone(&client.port().worker));
        let State { variables, fate } = &mut self.state;
        let mut cx =
            Context::new(place, &arena, &*worker, variables).with(client).with_shared(&self.proxies).with(fate);
        let there = place.facts();
        if there.has(plimsoll_rules::Slot::Upload) && self.frontend.mode == Mode::Tcp {
            cx = cx.with_shared(&self.upload);
        }
        if let Some(request) = &mut self.request
            && there.has(plimsoll_rules::Slot::Request)
        {
            cx = cx.with(request);
        }
        if let Some(response) = &mut self.response
            && there.has(plimsoll_rules::Slot::Response)
        {
            cx = cx.with(response);
        }
        rules.run_watched(from, &mut cx, &mut self.notes)
    }

    /// Rules decided how it ends.
    pub(super) fn decided(mut self, client: &mut Client) -> Report {
        let rule = self.notes.decider();
        let (reply, outcome, tarpit) = match self.state.fate.verdict.take() {
            Some(Verdict::Reply(reply, outcome)) => (reply, outcome, false),
            Some(Verdict::Tarpit(reply)) => (reply, &RULE_DENY, true),
            Some(Verdict::Service(name, stats)) => {
                let rule = if stats.is_some() { "stats".to_owned() } else { rule };
                self.notes.report.decision = Decision::Service { name: name.to_owned(), rule };
                return self.finish();
            }
            Some(Verdict::Drop) => {
                self.notes.report.decision = Decision::Closed { silent: true, rule };
                return self.finish();
            }
            _ => {
                self.notes.report.decision = Decision::Closed { silent: false, rule };
                return self.finish();
            }
        };
        let (status, head) = self.told(&reply, client);
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        self.notes.report.decision = Decision::Reply { status, head, body, outcome: outcome.slug, tarpit, rule };
        self.finish()
    }

    /// The head of an answer of our own, behind the rules that see every response.
    fn told(&mut self, reply: &Reply, client: &mut Client) -> (u16, Vec<String>) {
        let mut out = Vec::new();
        reply.head(false, &mut out);
        let mut response = Response::default();
        let method = self.request.as_ref().map_or(Method::Other, |request| request.method);
        let parsed = response.parse(&out, method, &self.frontend.limits, Tolerance::default());
        if !matches!(parsed, Ok(Progress::Complete(_))) {
            return (reply.status, String::from_utf8_lossy(&out).lines().map(str::to_owned).collect());
        }
        self.notes.begins(None, Some(&response));
        self.response = Some(response);
        let backend = self.proxies.site.as_ref().and_then(|site| site.backend.rules.clone());
        let frontend = self.frontend.rules.clone();
        let of_backend = backend.as_ref().map(|rules| &rules.after_response);
        let of_frontend = frontend.as_ref().map(|rules| &rules.after_response);
        for rules in of_backend.into_iter().chain(of_frontend) {
            if self.list(rules, Place::AfterResponse, client).is_err() {
                break;
            }
        }
        match &self.response {
            Some(response) => (response.status, response_lines(response)),
            None => (reply.status, Vec::new()),
        }
    }

    /// A backend gets it, or nobody.
    fn routed(&mut self, (rule, server): (Option<String>, Option<usize>), answered: bool) {
        let Some(site) = self.proxies.site.clone() else { return };
        let backend = &*site.backend;
        let of_responses = |http: &Rules, after: &Rules| http.iter().count() + after.iter().count();
        let counts = [
            self.frontend.rules.as_ref().map(|rules| of_responses(&rules.http_response, &rules.after_response)),
            backend.rules.as_ref().map(|rules| of_responses(&rules.http_response, &rules.after_response)),
        ];
        match counts.into_iter().flatten().sum::<usize>() {
            _ if answered => {}
            0 => {}
            1 => self.notes.note("one rule looks at the server's answer, which is not known here".into()),
            count => self.notes.note(format!("{count} rules look at the server's answer, which is not known here")),
        }
        if backend.targets.iter().any(|target| target.checked) {
            self.notes.note("servers are taken for healthy: no check has run".into());
        }
        self.notes.report.decision = Decision::Backend {
            name: backend.name.to_string(),
            rule,
            server: server.map(|place| backend.targets[place].server.name().to_owned()),
            balance: backend.balancer.balance().to_string(),
            candidates: candidates(backend),
        };
    }

    pub(super) fn finish(mut self) -> Report {
        if let Some(request) = &self.request {
            self.notes.report.after = request_lines(request);
        }
        self.notes.report.variables = all(&self.state.variables).into_iter().collect();
        self.notes.report
    }
}

/// The servers, in the order in which a fresh process would choose them.
fn candidates(backend: &Backend) -> Vec<Candidate> {
    let mut order: Vec<usize> = Vec::new();
    let fixed = backend.balancer.balance().algorithm.name != "random";
    let picks = if fixed { backend.targets.len().min(256) * 8 } else { 0 };
    for _ in 0..picks {
        let slot = backend.balancer.pick(0, None, &mut || 0);
        let place = slot.and_then(|slot| backend.by_slot.get(slot)).map(|place| *place as usize);
        if let Some(place) = place.filter(|place| *place < backend.targets.len() && !order.contains(place)) {
            order.push(place);
        }
    }
    let left = (0..backend.targets.len()).filter(|place| !order.contains(place));
    let mut rest: Vec<usize> = left.collect();
    rest.sort_by_key(|place| {
        let server = &backend.targets[*place].server;
        (!server.usable(), server.is_backup())
    });
    let all = order.iter().chain(&rest).map(|place| &backend.targets[*place]);
    all.map(|target| Candidate {
        name: target.server.name().to_owned(),
        address: target.address.to_string(),
        weight: target.server.weight(),
        backup: target.server.is_backup(),
        usable: target.server.usable(),
    })
    .collect()
}
