//! What would become of a request: the rules of a plan, gone through without opening a port.

mod asked;
mod test;

use std::net::SocketAddr;
use std::sync::Arc;

use plimsoll_clock::Tick;
use plimsoll_net::Address;
use plimsoll_observe::Sink;
use plimsoll_proxy::trial::{Report, Trial, Untried};
use plimsoll_proxy::{Frontend, Mode, Snapshot};

use crate::budget::Budget;
use crate::plan::Plan;
use crate::world::World;

pub(crate) use test::Test;

pub use asked::{Asking, WrongRequest};
pub use plimsoll_proxy::trial;

/// A plan whose rules can be tried: built as for serving, with every server up and nobody served.
#[derive(Debug)]
pub struct Rehearsal<'p> {
    plan: &'p Plan,
    snapshot: Snapshot,
}

/// Why a request cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum NoTrial {
    /// It is wrong in itself.
    #[error("{0}")]
    Request(#[from] WrongRequest),
    /// No frontend, or several, could be meant.
    #[error("{0}")]
    Frontend(String),
    /// It would be refused before any rule sees it.
    #[error("the request is refused before any rule sees it: {} ({})", .0.text, .0.slug)]
    Refused(&'static plimsoll_outcome::Outcome),
    /// The system gives no event loop.
    #[error("cannot try it here: {0}")]
    System(std::io::Error),
}

impl<'p> Rehearsal<'p> {
    /// Of a plan.
    pub fn new(plan: &'p Plan) -> Result<Self, NoTrial> {
        let system = |error: &dyn std::fmt::Display| NoTrial::System(std::io::Error::other(error.to_string()));
        let log = Sink::start(&[]).map_err(|error| system(&error))?;
        let budget = Budget { maxconn: 1024, maxpipes: 0, descriptors: 0 };
        let mut world = World::new(1, budget.maxconn, log.events());
        Ok(Self { plan, snapshot: plan.build(&mut world, budget, Tick::now()) })
    }

    /// Tries it.
    pub fn ask(&self, asking: &Asking) -> Result<Report, NoTrial> {
        // What is no request is told before anybody is looked for who may take it.
        let head = asking.request.as_ref().map(|_| asking.head()).transpose()?;
        let (frontend, place) = self.frontend(asking)?;
        let frontend: &Arc<Frontend> = &self.snapshot.frontends[frontend];
        let trial = Trial {
            from: asking.from,
            to: asking.to.unwrap_or(place),
            bytes: match frontend.mode {
                Mode::Http => head.unwrap_or_default(),
                Mode::Tcp => asking.first_bytes()?,
            },
            response: asking.answer()?,
        };
        trial.run(frontend, &self.snapshot.process).map_err(|error| match error {
            Untried::System(error) => NoTrial::System(error),
            Untried::Refused(outcome) => NoTrial::Refused(outcome),
            Untried::NoResponse => NoTrial::Request(WrongRequest::no_response()),
            Untried::Unfinished => NoTrial::Request(WrongRequest::unfinished()),
        })
    }

    /// Which frontend is meant, and where its client connected to: by its name; the only one of its mode; or by the port.
    fn frontend(&self, asking: &Asking) -> Result<(usize, SocketAddr), NoTrial> {
        let all = &self.snapshot.frontends;
        if let Some(name) = &asking.frontend {
            let Some(at) = all.iter().position(|frontend| *frontend.name == **name) else {
                let names: Vec<&str> = all.iter().map(|frontend| &*frontend.name).collect();
                let near = plimsoll_config::suggest(name, names.iter().copied());
                let hint = near.map_or_else(
                    || format!("there are {}", names.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(NoTrial::Frontend(format!("no frontend is called `{name}`: {hint}")));
            };
            if (all[at].mode == Mode::Http) != asking.request.is_some() {
                return Err(NoTrial::Frontend(match all[at].mode {
                    Mode::Http => {
                        format!("frontend `{name}` reads requests: name one, such as 'GET http://a.example/'")
                    }
                    Mode::Tcp => format!("frontend `{name}` is of TCP mode and reads no request: leave it out"),
                }));
            }
            return Ok((at, self.place(at, asking.port())));
        }
        let mode = if asking.request.is_some() { Mode::Http } else { Mode::Tcp };
        let fits: Vec<usize> = (0..all.len()).filter(|at| all[*at].mode == mode).collect();
        let by_place = |at: &usize| self.binds(*at).any(|bind| meets(bind, asking.to, asking.port()));
        let of_port: Vec<usize> = fits.iter().copied().filter(by_place).collect();
        match (&*fits, &*of_port) {
            (_, [one]) | ([one], []) if asking.to.is_none() || !of_port.is_empty() => {
                Ok((*one, self.place(*one, asking.port())))
            }
            ([], _) => {
                let what = if mode == Mode::Http {
                    "no frontend reads requests"
                } else {
                    "no frontend is of TCP mode, and no request was given"
                };
                Err(NoTrial::Frontend(what.into()))
            }
            (_, several) => {
                let shown = if several.is_empty() { &fits } else { &of_port };
                let names: Vec<&str> = shown.iter().map(|at| &*all[*at].name).collect();
                let why = match (several.is_empty(), asking.to) {
                    (true, Some(to)) => format!("no frontend listens at {to}"),
                    (true, None) => format!("no frontend listens at port {}", asking.port().unwrap_or(0)),
                    (false, _) => "several frontends listen there".to_owned(),
                };
                Err(NoTrial::Frontend(format!(
                    "{why}: choose one with --frontend or --to; there are {}",
                    names.join(", ")
                )))
            }
        }
    }

    /// The addresses that a frontend listens at.
    fn binds(&self, frontend: usize) -> impl Iterator<Item = SocketAddr> {
        let binds = self.plan.binds.iter().filter(move |bind| bind.frontend == frontend);
        binds.filter_map(|bind| match bind.place.address {
            Address::Inet(address) => Some(address),
            _ => None,
        })
    }

    /// Where a client of this frontend connected to, as far as the file says.
    fn place(&self, frontend: usize, port: Option<u16>) -> SocketAddr {
        let of_port = self.binds(frontend).find(|bind| port == Some(bind.port()));
        let mut place =
            of_port.or_else(|| self.binds(frontend).next()).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 80)));
        if place.ip().is_unspecified() {
            place.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        place
    }
}

fn meets(bind: SocketAddr, to: Option<SocketAddr>, port: Option<u16>) -> bool {
    match to {
        Some(to) => bind.port() == to.port() && (bind.ip().is_unspecified() || bind.ip() == to.ip()),
        None => port == Some(bind.port()),
    }
}
