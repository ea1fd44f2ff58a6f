//! The rules about a response, gone through with an answer that is given.

use plimsoll_http::{Method, Progress, Response, Tolerance};
use plimsoll_rules::Place;

use super::run::Run;
use super::watch::response_lines;
use super::{Report, Trial, Untried};
use crate::client::Client;
use crate::snapshot::Mode;

impl Run {
    /// What becomes of the server's answer: the rules of the backend, then of the frontend, then those that see every response.
    pub(super) fn answered(mut self, trial: &Trial, client: &mut Client) -> Result<Report, Untried> {
        let Some(head) =
            trial.response.as_ref().filter(|_| self.frontend.mode == Mode::Http && self.proxies.site.is_some())
        else {
            return Ok(self.finish());
        };
        let mut response = Response::default();
        let method = self.request.as_ref().map_or(Method::Other, |request| request.method);
        match response.parse(head, method, &self.frontend.limits, Tolerance::default()) {
            Ok(Progress::Complete(_)) => {}
            Ok(Progress::Incomplete) | Err(_) => return Err(Untried::NoResponse),
        }
        self.notes.report.response_before = response_lines(&response);
        self.notes.begins(self.request.as_ref(), Some(&response));
        let backend = self.proxies.site.as_ref().and_then(|site| site.backend.rules.clone());
        let frontend = self.frontend.rules.clone();
        if let Some(rules) = frontend.as_ref().filter(|rules| !rules.captures.is_empty()) {
            self.proxies.captured.borrow_mut().response(&rules.captures, &response.head);
        }
        self.response = Some(response);
        let lists = [
            backend.as_ref().map(|rules| (&rules.response_content, Place::TcpResponseOfHttp)),
            backend.as_ref().map(|rules| (&rules.http_response, Place::HttpResponse)),
            frontend.as_ref().map(|rules| (&rules.http_response, Place::HttpResponse)),
            backend.as_ref().map(|rules| (&rules.after_response, Place::AfterResponse)),
            frontend.as_ref().map(|rules| (&rules.after_response, Place::AfterResponse)),
        ];
        for (rules, place) in lists.into_iter().flatten() {
            if self.list(rules, place, client).is_err() {
                // A rule answers in the server's place.
                return Ok(self.decided(client));
            }
        }
        self.notes.report.response_after = self.response.as_ref().map(response_lines).unwrap_or_default();
        Ok(self.finish())
    }
}
