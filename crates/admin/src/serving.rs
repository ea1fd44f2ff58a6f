//! The open sockets of this crate, and how they follow the configuration.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plimsoll_commands::{Live, Table};
use plimsoll_net::Address;
use plimsoll_observe::Panics;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::listen::Door;
use crate::options::{AdminOptions, FileMode, Options, RuntimeApi};
use crate::{COMMANDS, State, http, socket};

/// Sessions and HTTP connections at once, each kind on its own: operators, scrapers, open pages.
const MOST: usize = 64;
/// Pages that are told of changes; further ones show how it was when they were loaded.
const LIVE: usize = 8;

/// After an error or a fault, before the next one is accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Opens what is configured. To be called inside the control thread's runtime.
pub fn serve(options: &Options, state: Arc<dyn State>) -> io::Result<Serving> {
    let prepared = prepare(options, None)?;
    let mut serving = Serving::new(state);
    serving.follow(prepared);
    Ok(serving)
}

/// Opens what `options` wants and `serving` does not have. Nothing is changed or answered before [`Serving::follow`]; dropping it closes what was
/// opened. To be called inside the context of the control thread's runtime, by any thread.
pub fn prepare(options: &Options, serving: Option<&Serving>) -> io::Result<Prepared> {
    let mut roles: Vec<Role> = options.runtime_api.iter().cloned().map(Role::Runtime).collect();
    roles.extend(options.admin.iter().cloned().map(Role::Pages));
    let open = serving.map_or(&[][..], |serving| &serving.open);
    let mut found = known(&roles, open);
    for (role, found) in roles.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
        let (bind, mode) = role.bind();
        let door = Door::open(bind, mode).map_err(|error| {
            let error = plimsoll_net::owner::named(error, bind);
            io::Error::new(error.kind(), format!("cannot listen on {bind} ({}): {error}", role.word()))
        })?;
        *found = Some(Socket::New(Arc::new(door)));
    }
    Ok(Prepared(roles.into_iter().zip(found.into_iter().flatten()).collect()))
}

/// The sockets that stay: those of the same address, with whatever options, and if the kernel chose the port, for the same purpose.
fn known(roles: &[Role], open: &[Open]) -> Vec<Option<Socket>> {
    let mut found: Vec<Option<Socket>> = roles.iter().map(|_| None).collect();
    let mut left: Vec<(usize, Role)> = open.iter().map(Open::role).enumerate().collect();
    let same: [fn(&Role, &Role) -> bool; 3] = [
        |one, other| one == other,
        |one, other| one.word() == other.word() && one.bind().0 == other.bind().0,
        |one, other| one.bind().0 == other.bind().0 && !matches!(one.bind().0, Address::Inet(at) if at.port() == 0),
    ];
    for same in same {
        for (role, found) in roles.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
            if let Some(at) = left.iter().position(|(_, open)| same(open, role)) {
                *found = Some(Socket::Kept(left.remove(at).0));
            }
        }
    }
    found
}

/// A configuration whose sockets are open, not yet in force.
#[derive(Debug)]
pub struct Prepared(Vec<(Role, Socket)>);

#[derive(Debug)]
enum Socket {
    /// The one at this place of those that are open.
    Kept(usize),
    New(Arc<Door>),
}

/// What all connections share.
#[derive(Clone)]
struct Shared {
    table: Arc<Table>,
    live: Arc<Live>,
    state: Arc<dyn State>,
    sessions: Arc<Semaphore>,
    connections: Arc<Semaphore>,
    live_pages: Arc<Semaphore>,
    panics: Panics,
}

/// The open sockets. Dropping it closes them and removes their files; connections that are under way end by themselves.
pub struct Serving {
    shared: Shared,
    open: Vec<Open>,
}

struct Open {
    /// What it is for: each connection looks when it comes.
    role: Arc<Mutex<Role>>,
    door: Arc<Door>,
    accepting: AbortHandle,
}

#[derive(Clone, Debug, PartialEq)]
enum Role {
    Runtime(RuntimeApi),
    Pages(AdminOptions),
}

impl Role {
    fn word(&self) -> &'static str {
        match self {
            Self::Runtime(_) => "runtime-api",
            Self::Pages(_) => "admin",
        }
    }

    fn bind(&self) -> (&Address, FileMode) {
        match self {
            Self::Runtime(options) => (&options.bind, options.mode),
            Self::Pages(options) => (&options.bind, FileMode::default()),
        }
    }
}

impl Serving {
    /// Nothing is open yet.
    #[must_use]
    pub fn new(state: Arc<dyn State>) -> Self {
        let panics = state.snapshot().process.panics.clone();
        let shared = Shared {
            panics,
            table: Arc::new(Table::new(&[COMMANDS])),
            live: Arc::new(Live::default().with(Arc::clone(&state))),
            state,
            sessions: Arc::new(Semaphore::new(MOST)),
            connections: Arc::new(Semaphore::new(MOST)),
            live_pages: Arc::new(Semaphore::new(LIVE)),
        };
        Self { shared, open: Vec::new() }
    }

    /// Follows a new configuration, which was prepared for these sockets as they are now: one at the same address stays the very socket. Gives the
    /// new ones. To be called inside the runtime's context.
    pub fn follow(&mut self, prepared: Prepared) -> Vec<(&'static str, Address)> {
        let mut before: Vec<Option<Open>> = std::mem::take(&mut self.open).into_iter().map(Some).collect();
        let mut new = Vec::new();
        for (role, socket) in prepared.0 {
            match socket {
                Socket::Kept(at) => {
                    if let Some(open) = before.get_mut(at).and_then(Option::take) {
                        open.become_role(role);
                        self.open.push(open);
                    }
                }
                Socket::New(door) => {
                    new.push((role.word(), door.address().clone()));
                    self.open.push(Open::start(door, role, self.shared.clone()));
                }
            }
        }
        new
    }

    /// Follows a new configuration; when one of its sockets cannot be opened, nothing changes.
    pub fn apply(&mut self, options: &Options) -> io::Result<()> {
        let prepared = prepare(options, Some(self))?;
        self.follow(prepared);
        Ok(())
    }

    /// Where it listens, and for what: `runtime-api` or `admin`.
    #[must_use]
    pub fn addresses(&self) -> Vec<(&'static str, Address)> {
        self.open.iter().map(|open| (open.role().word(), open.door.address().clone())).collect()
    }
}

impl Open {
    fn start(door: Arc<Door>, role: Role, shared: Shared) -> Self {
        let role = Arc::new(Mutex::new(role));
        let accepting = tokio::spawn(keep_accepting(Arc::clone(&door), shared, Arc::clone(&role))).abort_handle();
        Self { role, door, accepting }
    }

    fn role(&self) -> Role {
        current(&self.role)
    }

    fn become_role(&self, role: Role) {
        if self.role().bind().1 != role.bind().1
            && let Err(error) = self.door.allow(role.bind().1)
        {
            eprintln!("lb: {} keeps its rights: {error}", self.door.address());
        }
        *self.role.lock().unwrap_or_else(PoisonError::into_inner) = role;
    }
}

fn current(role: &Mutex<Role>) -> Role {
    role.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Drop for Open {
    fn drop(&mut self) {
        // At once, on this thread: the next reload may want the address again.
        self.door.close();
        self.accepting.abort();
    }
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.addresses()).finish()
    }
}

/// Begins anew after a panic, as long as the door is open.
async fn keep_accepting(door: Arc<Door>, shared: Shared, role: Arc<Mutex<Role>>) {
    let name = || format!("the listener on {}", door.address());
    let accepting = || accept(Arc::clone(&door), shared.clone(), Arc::clone(&role));
    while shared.panics.survived(name, accepting()).await.is_none() {
        tokio::time::sleep(PAUSE).await;
    }
}

async fn accept(door: Arc<Door>, shared: Shared, role: Arc<Mutex<Role>>) {
    loop {
        let places = match current(&role) {
            Role::Runtime(_) => Arc::clone(&shared.sessions),
            Role::Pages(_) => Arc::clone(&shared.connections),
        };
        let Ok(place) = places.acquire_owned().await else { return };
        let stream = match door.accept().await {
            Ok(Some(stream)) => stream,
            Ok(None) => return,
            // Out of descriptors, or the peer is gone already: the listener stays, and does not spin.
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (shared, role, address) = (shared.clone(), current(&role), door.address().clone());
        tokio::spawn(async move {
            let name = || format!("a connection to {address} ({})", role.word());
            let serving = async {
                match &role {
                    Role::Runtime(options) => {
                        socket::converse(stream, options, &shared.table, &shared.live).await;
                    }
                    Role::Pages(_) => http::serve(stream, shared.state, shared.live_pages).await,
                }
            };
            shared.panics.survived(name, serving).await;
            drop(place);
        });
    }
}
