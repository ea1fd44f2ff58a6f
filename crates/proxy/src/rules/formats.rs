//! The formats of a frontend: of its log, and of its requests' names.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use plimsoll_http::Request;
use plimsoll_observe::Own;
use plimsoll_rules::{Arena, Context, Format, Place, Variables};

use crate::client::Client;
use crate::rules::Proxies;
use crate::snapshot::Process;

/// What a frontend writes in a shape of its own. A frontend that does not has none of this.
#[derive(Debug, Default)]
pub struct Formats {
    /// `log-format`
    pub line: Option<Format>,
    /// `log-format-sd`
    pub data: Option<Format>,
    /// `error-log-format`: of connections that ended before their protocol began.
    pub error: Option<Format>,
    /// `unique-id-format`
    pub id: Option<Format>,
    /// `unique-id-header`
    pub id_header: Option<Box<str>>,
}

impl Formats {
    /// Is there nothing in it?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.line.is_none()
            && self.data.is_none()
            && self.error.is_none()
            && self.id.is_none()
            && self.id_header.is_none()
    }
}

impl Formats {
    /// Has it a say in a line of the log?
    pub(crate) const fn shapes_lines(&self) -> bool {
        self.line.is_some() || self.data.is_some()
    }

    /// What it makes of a line.
    pub(crate) fn render<'a>(&self, cx: &Context<'a>) -> Own<'a> {
        let render = |format: &Option<Format>| format.as_ref().map(|format| format.render(cx));
        Own { line: render(&self.line), data: render(&self.data) }
    }
}

/// The next number of this process.
pub(crate) fn number(process: &Process) -> u64 {
    process.numbers.fetch_add(1, Ordering::Relaxed)
}

/// Gives a request its name, and the header that carries it to the server.
pub(crate) fn name(proxies: &mut Proxies, client: &Client, request: &mut Request, variables: &mut Variables) {
    let route = Rc::clone(&proxies.route);
    let Some(formats) = &route.frontend.formats else { return };
    let Some(format) = &formats.id else { return };
    let (arena, worker) = (Arena::new(), Rc::clone(&client.port().worker));
    let cx = Context::new(Place::HttpRequest, &arena, &*worker, variables);
    let id: Box<[u8]> = format.render(&cx.with_shared(client).with_shared(&*proxies).with_shared(&*request)).into();
    if let Some(header) = &formats.id_header {
        request.head.add(header.as_bytes(), &id);
    }
    proxies.id = Some(id);
}
