//! The listeners of a configuration: which are new and opened, which stay, and the files that UNIX sockets leave behind.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_net::{Address, Listener};
use plimsoll_proxy::{Assignment, Snapshot};

use crate::plan::{Bind, Place, Plan};
use crate::process::StartError;
use crate::worker::{Command, Handle};
use crate::world::World;

/// The file of a UNIX socket that we made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// Those of a configuration that is in force.
    pub(crate) fn of(plan: &Plan) -> Vec<Self> {
        let unix = plan.binds.iter().filter_map(|bind| match &bind.place.address {
            Address::Unix(path) => Some(path),
            _ => None,
        });
        unix.filter_map(|path| Self::at(path)).collect()
    }

    fn at(path: &Path) -> Option<Self> {
        if plimsoll_net::outside::is_installed() {
            // Out of our sight, perhaps. Who made it knows which one it was.
            return Some(Self { path: path.to_owned(), device: 0, inode: 0 });
        }
        let file = std::fs::symlink_metadata(path).ok()?;
        Some(Self { path: path.to_owned(), device: file.dev(), inode: file.ino() })
    }

    /// By now it may be a successor's, or gone: then it stays.
    pub(crate) fn remove(&self) {
        if Self::at(&self.path).as_ref() == Some(self) {
            let _ = plimsoll_net::outside::remove(&self.path);
        }
    }
}

/// The files that were made for a configuration that may not come. Dropping them removes them.
struct NewFiles(Vec<SocketFile>);

impl Drop for NewFiles {
    fn drop(&mut self) {
        self.0.iter().for_each(SocketFile::remove);
    }
}

/// The listeners of a configuration: new ones are open, the others stay as they are. Dropped before it is settled it leaves nothing behind.
pub(crate) struct Opened {
    wanted: Vec<Place>,
    ports: Vec<u32>,
    /// For each bind that is new, its listeners, until the workers have them: at least one a worker, or one for all.
    groups: Vec<Option<Vec<Listener>>>,
    addresses: Vec<(String, Address)>,
    files: NewFiles,
}

impl Opened {
    pub(crate) fn open(plan: &Plan, world: &World, workers: usize) -> Result<Self, StartError> {
        let wanted: Vec<Place> = plan.binds.iter().map(|bind| bind.place.clone()).collect();
        let known = world.ports(&wanted);
        let mut opened = Self {
            ports: world.numbers(&known),
            groups: Vec::with_capacity(wanted.len()),
            addresses: Vec::with_capacity(wanted.len()),
            files: NewFiles(Vec::new()),
            wanted,
        };
        for (bind, known) in plan.binds.iter().zip(&known) {
            let group = if known.is_some() { None } else { Some(opened.bind(bind, workers)?) };
            let bound = group.iter().flatten().next().map_or(&bind.place.address, Listener::local_addr);
            opened.addresses.push((bind.name.clone(), bound.clone()));
            opened.groups.push(group);
        }
        Ok(opened)
    }

    fn bind(&mut self, bind: &Bind, workers: usize) -> Result<Vec<Listener>, StartError> {
        let group = Listener::bind_group(&bind.place.address, workers, &bind.options).map_err(|error| {
            let error = plimsoll_net::owner::named(error, &bind.place.address);
            StartError::Listen { frontend: bind.name.clone(), address: bind.place.address.clone(), error }
        })?;
        if let Address::Unix(path) = &bind.place.address {
            self.files.0.extend(SocketFile::at(path));
        }
        Ok(group)
    }

    /// A listener that stays is still at the port that the kernel chose.
    pub(crate) fn keep(&mut self, old: &Plan, before: &[(String, Address)]) {
        let kept = self.addresses.iter_mut().zip(&self.groups).filter(|(_, group)| group.is_none());
        let mut left: Vec<_> = old.binds.iter().map(|bind| &bind.place.address).zip(before).collect();
        for ((_, address), _) in kept {
            if let Some(was) = left.iter().position(|(known, _)| **known == *address) {
                *address = left.remove(was).1.1.clone();
            }
        }
    }

    /// The new ones, for each worker: its member of each group, with its number.
    pub(crate) fn deal(&mut self, workers: usize) -> Vec<Vec<(u32, Listener)>> {
        let mut shares: Vec<Vec<(u32, Listener)>> = (0..workers).map(|_| Vec::new()).collect();
        for (port, group) in self.ports.iter().zip(&mut self.groups) {
            // What a predecessor with more workers left goes round once more: each of these sockets has clients that wait in it. Of those that
            // one worker accepts from for all, each worker gets its part.
            for (at, listener) in group.take().into_iter().flatten().enumerate() {
                let first = if listener.is_shared() { 0 } else { *port as usize };
                shares[(first + at) % workers].push((*port, listener));
            }
        }
        shares
    }

    /// What each worker is told.
    pub(crate) fn assignments(&self, plan: &Plan, snapshot: &Snapshot, world: &mut World) -> Vec<Assignment> {
        let mut numbers = vec![0; snapshot.frontends.len()];
        let mut number = |frontend: usize| {
            numbers[frontend] += 1;
            numbers[frontend]
        };
        let mut assign = |(bind, port): (&Bind, &u32)| Assignment {
            port: *port,
            number: number(bind.frontend),
            name: bind.own_name.clone(),
            frontend: Arc::clone(&snapshot.frontends[bind.frontend]),
            accept_proxy: bind.accept_proxy,
            options: bind.options.clone(),
            gate: bind.maxconn.map(|most| world.bind_gate(*port, most)),
        };
        plan.binds.iter().zip(&self.ports).map(&mut assign).collect()
    }

    /// From now on these are the listeners. Gives where they listen, by frontend.
    pub(crate) fn settle(mut self, world: &mut World) -> Vec<(String, Address)> {
        self.files.0.clear();
        world.settle(std::mem::take(&mut self.wanted), std::mem::take(&mut self.ports));
        std::mem::take(&mut self.addresses)
    }
}

/// Hands the new listeners to the workers and waits until each has registered them. When one cannot, all let go of them.
pub(crate) fn prepare(opened: &mut Opened, handles: &[Handle]) -> io::Result<()> {
    if opened.groups.iter().all(Option::is_none) {
        return Ok(());
    }
    let (done, prepared) = std::sync::mpsc::channel();
    for (worker, share) in handles.iter().zip(opened.deal(handles.len())) {
        worker.tell(Command::Prepare(share, done.clone()));
    }
    drop(done);
    // All of them are heard, so that none prepares after it was told to forget.
    let failed = prepared.iter().filter_map(Result::err).last();
    match failed {
        None => Ok(()),
        Some(error) => {
            handles.iter().for_each(|worker| worker.tell(Command::Forget));
            Err(error)
        }
    }
}
