//! Where lines go: the targets of the process and of its proxies, each once.

use plimsoll_config::{Diagnostic, Diagnostics, OneOrMany, ShortForm, Span};
use plimsoll_observe::{Framing, LogTarget, ProxyLog, Targets, To, hostname};

use crate::model::File;

/// The list of a proxy, as the file has it.
type List = Option<OneOrMany<ShortForm<ProxyLog>>>;

/// All targets, and whose they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Logs {
    /// Every target of the process, once.
    pub(crate) all: Vec<LogTarget>,
    /// Those of `global.log`, for what the process itself has to say.
    pub(crate) global: Vec<LogTarget>,
    /// Of each frontend; `None`: those of `global.log`.
    pub(crate) frontends: Vec<Option<Vec<LogTarget>>>,
    /// Of each backend, likewise: for events about its servers.
    pub(crate) backends: Vec<Option<Vec<LogTarget>>>,
}

/// Where a proxy's list names `defaults`, what they give takes its place; a proxy without a list has theirs.
pub(super) fn inherit(own: &mut List, base: &List) {
    match own {
        None => own.clone_from(base),
        Some(list) => {
            let parts = std::mem::take(&mut list.0).into_iter();
            list.0 = parts
                .flat_map(|part| match (&part.0, base) {
                    (ProxyLog::Defaults, Some(base)) => base.0.clone(),
                    // Those of the file itself are still to come.
                    _ => vec![part],
                })
                .collect();
        }
    }
}

/// Collects the targets.
pub(super) fn logs(file: &File, wished_tag: Option<&String>, found: &mut Diagnostics) -> Logs {
    let complete = |target: &LogTarget, tag: Option<&String>| {
        let mut target = target.clone();
        target.tag = target.tag.or_else(|| tag.or(file.global.log_tag.as_ref()).or(wished_tag).cloned());
        if let (Some(name), true) = (&file.global.log_send_hostname, target.is_syslog()) {
            let name = if name == "system" { hostname() } else { name.clone() };
            target.hostname.get_or_insert(name);
            target.framing.get_or_insert(Framing::Rfc3164);
        }
        target
    };
    let global: Vec<LogTarget> = match &file.global.log {
        None => vec![LogTarget::new(To::Stdout)],
        Some(targets) => targets.iter().map(|target| target.0.clone()).collect(),
    };
    let of = |own: &List, tag: &Option<String>| {
        let (mut list, defaults) = (own.clone(), &file.defaults);
        inherit(&mut list, &defaults.log);
        let tag = tag.as_ref().or(defaults.log_tag.as_ref());
        if list.is_none() && tag.is_none() {
            return None;
        }
        let global = || global.iter().map(|target| complete(target, tag));
        let Some(list) = list else { return Some(global().collect()) };
        let mut targets: Vec<LogTarget> = Vec::new();
        for entry in list.iter() {
            let more: Vec<LogTarget> = match &entry.0 {
                ProxyLog::Global => global().collect(),
                ProxyLog::Defaults => Vec::new(),
                ProxyLog::Target(target) => vec![complete(target, tag)],
            };
            // Equal ones are one.
            for target in more {
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        }
        Some(targets)
    };
    let frontends: Vec<_> = file.frontends.values().map(|one| of(&one.log, &one.log_tag)).collect();
    let backends: Vec<_> = file.backends.values().map(|one| of(&one.log, &one.log_tag)).collect();
    let global: Vec<LogTarget> = global.iter().map(|target| complete(target, None)).collect();
    let mut all = global.clone();
    for target in frontends.iter().chain(&backends).flatten().flatten() {
        if !all.contains(target) {
            all.push(target.clone());
        }
    }
    if all.len() > Targets::MOST {
        let text = format!("{} different targets of the log: {} are possible", all.len(), Targets::MOST);
        found.push(Diagnostic::error("config.bad-value", Span::NONE, text).help("let proxies share targets"));
    }
    Logs { all, global, frontends, backends }
}
