//! The open sockets of this crate, and how they follow the configuration.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_commands::{Live, Table};
use plimsoll_net::Address;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::listen::{Listening, Stream};
use crate::options::{AdminOptions, FileMode, Options, RuntimeApi};
use crate::{COMMANDS, State, http, socket};

/// Sessions and HTTP connections at once, each kind on its own: operators, scrapers, open pages.
const MOST: usize = 64;
/// Pages that are told of changes; further ones show how it was when they were loaded.
const LIVE: usize = 8;

/// Opens what is configured. To be called inside the control thread's runtime.
pub fn serve(options: &Options, state: Arc<dyn State>) -> io::Result<Serving> {
    let shared = Shared {
        table: Arc::new(Table::new(&[COMMANDS])),
        live: Arc::new(Live::default().with(Arc::clone(&state))),
        state,
        sessions: Arc::new(Semaphore::new(MOST)),
        connections: Arc::new(Semaphore::new(MOST)),
        live_pages: Arc::new(Semaphore::new(LIVE)),
    };
    let mut serving = Serving { shared, open: Vec::new() };
    serving.apply(options)?;
    Ok(serving)
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
}

/// The open sockets. Dropping it closes them and removes their files; connections that are under way end by themselves.
pub struct Serving {
    shared: Shared,
    open: Vec<Open>,
}

struct Open {
    role: Role,
    address: Address,
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
    /// Follows a new configuration: what is configured as before keeps its socket. When one cannot be opened, none is closed.
    pub fn apply(&mut self, options: &Options) -> io::Result<()> {
        let mut roles: Vec<Role> = options.runtime_api.iter().cloned().map(Role::Runtime).collect();
        roles.extend(options.admin.iter().cloned().map(Role::Pages));
        // One whose options changed on the same address must go before its successor comes.
        let (kept, gone): (Vec<Open>, Vec<Open>) =
            std::mem::take(&mut self.open).into_iter().partition(|open| roles.contains(&open.role));
        self.open = kept;
        let (moved, gone): (Vec<Open>, Vec<Open>) =
            gone.into_iter().partition(|open| roles.iter().any(|role| role.bind().0 == open.role.bind().0));
        drop(moved);
        let mut opened = Vec::new();
        for role in roles {
            if self.open.iter().any(|open| open.role == role) {
                continue;
            }
            match self.open(role) {
                Ok(open) => opened.push(open),
                Err(error) => {
                    self.open.extend(gone);
                    return Err(error);
                }
            }
        }
        self.open.extend(opened);
        Ok(())
    }

    /// Where it listens, and for what: `runtime-api` or `admin`.
    #[must_use]
    pub fn addresses(&self) -> Vec<(&'static str, Address)> {
        self.open.iter().map(|open| (open.role.word(), open.address.clone())).collect()
    }

    fn open(&self, role: Role) -> io::Result<Open> {
        let (bind, mode) = role.bind();
        let (listening, address) = Listening::open(bind, mode).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on {bind} ({}): {error}", role.word()))
        })?;
        let (shared, kind) = (self.shared.clone(), role.clone());
        let accepting = tokio::spawn(accept(listening, shared, kind)).abort_handle();
        Ok(Open { role, address, accepting })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.accepting.abort();
        if let Address::Unix(path) = &self.address {
            // Somebody may have cleaned up before us.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.addresses()).finish()
    }
}

async fn accept(listening: Listening, shared: Shared, role: Role) {
    let places = match &role {
        Role::Runtime(_) => Arc::clone(&shared.sessions),
        Role::Pages(_) => Arc::clone(&shared.connections),
    };
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream: Box<dyn Stream> = match listening.accept().await {
            Ok(stream) => stream,
            // Out of descriptors, or the peer is gone already: the listener stays, and does not spin.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (shared, role) = (shared.clone(), role.clone());
        tokio::spawn(async move {
            match role {
                Role::Runtime(options) => {
                    socket::converse(stream, &options, &shared.table, &shared.live).await;
                }
                Role::Pages(_) => http::serve(stream, shared.state, shared.live_pages).await,
            }
            drop(place);
        });
    }
}
