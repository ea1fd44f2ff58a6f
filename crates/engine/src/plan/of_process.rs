//! What a configuration says about the process itself, for those who make it so before the engine starts.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_net::Address;
use plimsoll_net::limits::Wanted;
use plimsoll_observe::To;
use plimsoll_process::{Capability, Privileges, cpus_of};
use plimsoll_proxy::Spread;

use super::Plan;

impl Plan {
    /// Whose rights the process has.
    #[must_use]
    pub fn privileges(&self) -> Privileges {
        let global = &self.file.global;
        let asked = global.setcap.iter().flat_map(|all| all.iter()).copied();
        Privileges {
            user: global.user.clone(),
            group: global.group.clone(),
            chroot: global.chroot.clone(),
            keep: asked.chain(self.is_transparent().then_some(Capability::CapNetRaw)).collect(),
            dumpable: global.set_dumpable == Some(true),
        }
    }

    /// Whether servers are to see addresses that are not this machine's.
    pub(crate) fn is_transparent(&self) -> bool {
        let mut servers = self
            .file
            .backends
            .values()
            .flat_map(|backend| backend.servers.values().map(move |server| self.source(backend, server)));
        servers.any(|source| source.is_some_and(|source| source.usesrc.is_some()))
    }

    /// Log files and UNIX sockets: what it opens in the file system while it runs.
    #[must_use]
    pub fn opens(&self) -> Vec<PathBuf> {
        let logs = self.log.all.iter().filter_map(|target| match &target.to {
            To::File(path) => Some(path.clone()),
            _ => None,
        });
        let admin = self.admin();
        let addresses = admin.runtime_api.iter().map(|one| &one.bind).chain(admin.admin.iter().map(|one| &one.bind));
        let sockets =
            addresses.chain(self.binds.iter().map(|bind| &bind.place.address)).filter_map(|address| match address {
                Address::Unix(path) => Some(path.clone()),
                _ => None,
            });
        logs.chain(sockets).collect()
    }

    /// Where our number is written.
    #[must_use]
    pub fn pidfile(&self) -> Option<PathBuf> {
        self.file.global.pidfile.clone()
    }

    /// Whether it goes to the background.
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.file.global.daemon == Some(true)
    }

    /// The limit on descriptors.
    #[must_use]
    pub fn descriptors(&self) -> Wanted {
        let global = &self.file.global;
        Wanted {
            limit: global.ulimit_n.as_deref().map(|limit| u64::from(*limit)),
            most: global.fd_hard_limit.map(u64::from),
            strict: global.strict_limits != Some(false),
        }
    }

    /// The CPUs of a worker; `None`: any.
    pub(crate) fn cpus(&self, worker: usize) -> Option<Vec<usize>> {
        let lines: Vec<_> = self.file.global.cpu_map.iter().flat_map(|all| all.iter()).cloned().collect();
        cpus_of(&lines, worker)
    }

    /// How long it goes on as ever between the order to stop and the drain.
    pub(crate) fn grace(&self) -> Option<Duration> {
        self.file.global.grace.map(plimsoll_config::Duration::as_std)
    }

    /// How a drain closes idle clients; `None`: at once.
    pub(crate) fn spread(&self) -> Option<Spread> {
        self.file.global.close_spread_time
    }
}
