//! What servers are told of who asks, in fields that options add; and which fields they may not get.

use std::rc::Rc;
use std::sync::Arc;

use plimsoll_http::{AddressOptions, EditError, FieldName, Forwarded, Request, RestrictNames, Seen, add_address};
use plimsoll_outcome::Outcome;
use plimsoll_rules::{Arena, Context, Place, Variables};

use crate::RULE_REWRITE;
use crate::client::Client;
use crate::rules::Proxies;
use crate::site::{Route, Site};

/// The options of a frontend or backend.
#[derive(Clone, Debug, Default)]
pub struct Tells {
    /// `forwardfor`
    pub forwardfor: Option<AddressOptions>,
    /// `originalto`
    pub originalto: Option<AddressOptions>,
    /// `http-restrict-req-hdr-names`
    pub restrict: RestrictNames,
    /// `forwarded`
    pub forwarded: Option<Arc<Forwarded>>,
    /// `http-send-name-header`
    pub send_name: Option<FieldName>,
}

impl Tells {
    /// Is there nothing to do?
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.forwardfor.is_none()
            && self.originalto.is_none()
            && matches!(self.restrict, RestrictNames::Preserve)
            && self.forwarded.is_none()
            && self.send_name.is_none()
    }
}

/// Obeys them, behind all rules. The error is what the request is refused with.
pub(crate) fn tell(
    client: &Client,
    route: &Rc<Route>,
    site: &Rc<Site>,
    request: &mut Request,
) -> Result<(), &'static Outcome> {
    let (frontend, backend) = (route.frontend.tells.as_deref(), site.backend.tells.as_deref());
    for tells in [frontend, backend].into_iter().flatten() {
        tells.restrict.apply(request)?;
    }
    if let Some(address) = client.address() {
        let (front, back) =
            (frontend.and_then(|of| of.forwardfor.as_ref()), backend.and_then(|of| of.forwardfor.as_ref()));
        add_address(request, front, back, b"X-Forwarded-For", address.ip()).map_err(failed)?;
    }
    let (front, back) = (frontend.and_then(|of| of.originalto.as_ref()), backend.and_then(|of| of.originalto.as_ref()));
    if (front.is_some() || back.is_some())
        && let Some(address) = client.destination()
    {
        add_address(request, front, back, b"X-Original-To", address.ip()).map_err(failed)?;
    }
    if let Some(forwarded) = backend.and_then(|tells| tells.forwarded.as_ref()) {
        let seen = Seen { secure: false, client: client.address(), local: client.destination() };
        let (arena, mut variables, worker) = (Arena::new(), Variables::default(), &client.port().worker);
        let proxies = Proxies { site: Some(Rc::clone(site)), ..Proxies::of(route) };
        let value: Box<[u8]> = {
            let cx = Context::new(Place::HttpRequest, &arena, &**worker, &mut variables);
            let cx = cx.with_shared(client).with_shared(&proxies).with_shared(request);
            forwarded.value(&cx, &seen).into()
        };
        request.add_field(b"Forwarded", &value).map_err(failed)?;
    }
    if let Some(name) = backend.and_then(|tells| tells.send_name.as_ref()) {
        let name = name.as_bytes();
        request.remove_fields(|have| have.eq_ignore_ascii_case(name));
    }
    Ok(())
}

fn failed(_: EditError) -> &'static Outcome {
    &RULE_REWRITE
}
