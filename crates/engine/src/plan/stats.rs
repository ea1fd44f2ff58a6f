//! `stats` of a proxy: its address, and the rules that say who may see it.

use std::sync::Arc;

use plimsoll_config::{Diagnostic, NamedMap, ShortForm, Spanned};
use plimsoll_http::{UserOptions, Userlist, UserlistOptions};
use plimsoll_proxy::Mode;
use plimsoll_proxy::services::{ShowNode, Stats, StatsOptions};
use plimsoll_rules::{Acls, Place, Rule, Rules, Text};

use super::rules::Bench;

impl Bench<'_> {
    /// The page of a proxy: its own, or the one of `defaults`.
    pub(super) fn stats(
        &mut self,
        name: &str,
        own: Option<&Spanned<ShortForm<StatsOptions>>>,
        mode: Mode,
        acls: &Acls,
    ) -> Option<Arc<Stats>> {
        let options = own.or(self.known.file.defaults.stats.as_ref()).filter(|_| mode == Mode::Http)?;
        let uri = options.uri();
        if uri.is_empty() || uri.bytes().any(|byte| byte <= b' ' || byte >= 0x7f) {
            let span = options.uri.as_ref().map_or(options.span(), Spanned::span);
            let text = format!("`{uri}` is no beginning of an address");
            self.found.push(Diagnostic::error("config.bad-value", span, text));
            return None;
        }
        let node = match &options.show_node {
            None | Some(ShowNode::Nothing) => None,
            Some(ShowNode::Own) => Some(plimsoll_observe::hostname().into()),
            Some(ShowNode::Named(name)) => Some(name.as_str().into()),
        };
        Some(Arc::new(Stats {
            uri: uri.into(),
            rules: Rules::new(self.who_may_see(options, acls)),
            refresh: options.refresh.map(|every| every.as_std().as_secs()),
            hide_version: options.hide_version,
            node,
            description: options.show_desc.as_deref().map(Into::into),
            scope: options.scope.iter().map(|shown| if shown == "." { name } else { shown }.into()).collect(),
        }))
    }

    fn who_may_see(&mut self, options: &Spanned<ShortForm<StatsOptions>>, acls: &Acls) -> Vec<Rule> {
        let given = [!options.auth.is_empty(), options.userlist.is_some(), !options.http_request.is_empty()];
        if given.into_iter().filter(|given| *given).count() > 1 {
            let text = "`auth`, `userlist` and `http-request` each say who may see the page: one of them is enough";
            self.found.push(Diagnostic::error("config.bad-value", options.span(), text));
        }
        let list = match &options.userlist {
            Some(name) if !self.known.userlists.contains_key(name.as_str()) => {
                let told =
                    Diagnostic::error("config.userlist", name.span(), format!("no userlist `{}`", name.as_str()));
                let names = self.known.userlists.keys().filter(|name| !name.starts_with('.'));
                self.found.push(told.suggest(name.as_str(), names.map(String::as_str)));
                return Vec::new();
            }
            Some(name) => name.as_str().to_owned(),
            None if !options.auth.is_empty() => self.implied(options),
            None => return self.rules(&options.http_request, Place::HttpRequest, acls),
        };
        let quoted = options.realm().replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("auth realm \"{quoted}\" unless {{ http_auth({list}) }}");
        let sources = self.sources;
        Rule::compile(Text::detached(&text), sources, &mut self.compiler(Some(Place::HttpRequest), acls))
            .into_iter()
            .collect()
    }

    /// A list of the users that are written here, under a name that nobody has.
    fn implied(&mut self, options: &StatsOptions) -> String {
        let mut users = NamedMap::default();
        for user in options.auth.iter() {
            match user.split_once(':') {
                Some((name, password)) if !name.is_empty() => {
                    let password = Some(Spanned::new(password.to_owned(), user.span()));
                    let secret = UserOptions { insecure_password: password, ..UserOptions::default() };
                    users.entry(Spanned::new(name.to_owned(), user.span())).or_insert(secret);
                }
                _ => {
                    let text = "a user is written `NAME:PASSWORD`";
                    self.found.push(Diagnostic::error("config.bad-value", user.span(), text));
                }
            }
        }
        let list = Userlist::build(&UserlistOptions { users, ..UserlistOptions::default() }, self.found);
        let free = |number: &usize| !self.known.userlists.contains_key(&format!(".stats-{number}"));
        let name = format!(".stats-{}", (0..).find(free).unwrap_or_default());
        self.known.userlists.insert(name.clone(), Arc::new(list));
        name
    }
}
