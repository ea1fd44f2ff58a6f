//! `use-backend` and `use-server`: a name, or a format that gives one.

use plimsoll_rules::{Act, Context, Format, Step};

use crate::rules::{Fate, Proxies, Verdict};

/// Which backend.
#[derive(Debug)]
pub enum UseBackend {
    /// This one.
    Known(u32),
    /// The one of that name; if there is none, the list ends without one, as in HAProxy.
    Named(Format),
}

impl Act for UseBackend {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        let place = match self {
            Self::Known(place) => Some(*place),
            Self::Named(format) => {
                let name = format.render(cx);
                let directory = cx.fact::<Proxies>().map(Proxies::directory);
                std::str::from_utf8(name).ok().and_then(|name| directory?.backend(name))
            }
        };
        let Some(place) = place else { return Step::Stop };
        if let Some(fate) = cx.fact_mut::<Fate>() {
            fate.verdict = Some(Verdict::Backend(place));
        }
        Step::Final
    }

    fn ends(&self) -> bool {
        true
    }
}

/// Which server of the backend.
#[derive(Debug)]
pub enum UseServer {
    /// This one.
    Known(u32),
    /// The one of that name; if there is none, the next rule is looked at.
    Named(Format),
}

impl Act for UseServer {
    fn act(&self, cx: &mut Context<'_>) -> Step {
        let backend = cx.fact::<Proxies>().and_then(|proxies| proxies.site.as_ref()).map(|site| &site.backend);
        let place = match (self, backend) {
            (Self::Known(place), _) => Some(*place as usize),
            (Self::Named(format), Some(backend)) => {
                let name = format.render(cx);
                backend.targets.iter().position(|target| target.server.name().as_bytes() == name)
            }
            (Self::Named(_), None) => None,
        };
        let usable = |place: &usize| {
            backend.is_some_and(|backend| backend.targets.get(*place).is_some_and(|target| target.server.usable()))
        };
        let Some(place) = place.filter(usable) else { return Step::Next };
        if let Some(fate) = cx.fact_mut::<Fate>() {
            fate.verdict = Some(Verdict::Server(place as u32));
        }
        Step::Final
    }
}
