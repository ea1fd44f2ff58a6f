//! What is spliced, and with which pipes: the options of both sides, the number of pipes, their size.

use plimsoll_config::{Diagnostic, Diagnostics};
use plimsoll_proxy::Splicing;

use super::Plan;
use crate::load::Surroundings;
use crate::model::{Backend, File, Frontend};

/// What the system makes of less: a page.
const LEAST: u64 = 4 << 10;
/// The kernel's own limit is below 2 GiB.
const MOST: u64 = 1 << 30;

/// What a frontend says, or `defaults` for it.
pub(crate) fn of_frontend(file: &File, frontend: &Frontend) -> Splicing {
    let defaults = &file.defaults;
    Splicing {
        auto: frontend.splice_auto.or(defaults.splice_auto),
        request: frontend.splice_request.or(defaults.splice_request),
        response: frontend.splice_response.or(defaults.splice_response),
    }
}

/// The same of a backend.
pub(crate) fn of_backend(file: &File, backend: &Backend) -> Splicing {
    let defaults = &file.defaults;
    Splicing {
        auto: backend.splice_auto.or(defaults.splice_auto),
        request: backend.splice_request.or(defaults.splice_request),
        response: backend.splice_response.or(defaults.splice_response),
    }
}

/// Whether any connection may need a pipe.
pub(super) fn is_used(file: &File) -> bool {
    file.frontends.values().any(|frontend| {
        let backend = frontend.default_backend.as_ref().and_then(|name| file.backends.get(name.as_str()));
        backend.is_some_and(|backend| of_frontend(file, frontend).is_on(&of_backend(file, backend)))
    })
}

/// Sizes that no pipe has, or that this machine does not give.
pub(super) fn pipesize(file: &File, surroundings: &Surroundings<'_>, found: &mut Diagnostics) {
    let Some(size) = &file.global.tune.pipesize else { return };
    let bytes = size.bytes();
    if !(LEAST..=MOST).contains(&bytes) {
        let text = format!("a pipe of {} is not between 4KiB and 1GiB", **size);
        found.push(Diagnostic::error("config.bad-value", size.span(), text));
    } else if bytes > surroundings.pipe_room {
        let text = format!("pipes of {} are not given here: they will have {} bytes", **size, surroundings.pipe_room);
        let told = Diagnostic::warning("config.pipesize", size.span(), text);
        found.push(told.help("ask for less, or raise fs.pipe-max-size"));
    }
}

impl Plan {
    /// What `maxpipes` says; 0 where nothing is ever spliced.
    pub(crate) fn maxpipes(&self) -> Option<usize> {
        if !is_used(&self.file) {
            return Some(0);
        }
        self.file.global.maxpipes.as_deref().map(|most| *most as usize)
    }

    /// `tune.pipesize`, as far as this machine gives it.
    pub(crate) fn pipesize(&self) -> Option<usize> {
        let size = self.file.global.tune.pipesize.as_deref()?;
        Some(size.as_usize().min(plimsoll_net::most_room()))
    }
}
