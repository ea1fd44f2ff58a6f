//! Giving up root: user, group, root folder and capabilities, in the order in which none of it can be undone.
//!
//! Measured on Linux 6.18, and why it is as it is:
//!
//! - System calls change one thread (libc's wrappers send signals to reach the others). So this comes before the first thread, and says
//!   so when it does not.
//! - A change of user clears the effective set and, without PR_SET_KEEPCAPS, the permitted one; the effective set has to be raised again.
//! - With CAP_NET_BIND_SERVICE in it, a reload binds :443 for ever after. It opens no file: that is what the keeper is for.
//! - After it the process is not dumpable; `/proc/self` belongs to root, and only our own look at it goes on working.

use std::io;
use std::path::PathBuf;

use rustix::fs::Gid;
use rustix::process::{DumpableBehavior, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::{AccountError, Ids, Who};

/// Who to be, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privileges {
    /// `user`
    pub user: Option<Who>,
    /// `group`
    pub group: Option<Who>,
    /// `chroot`
    pub chroot: Option<PathBuf>,
    /// `setcap`: kept beside the right to bind ports below 1024.
    pub keep: Vec<Capability>,
    /// `set-dumpable`
    pub dumpable: bool,
}

/// What may be kept over a change of user (HAProxy's `setcap`, its manual of 2.9, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Ports below 1024; always kept.
    CapNetBindService,
    /// Foreign addresses, marks, interfaces.
    CapNetAdmin,
    /// Foreign source addresses, interfaces.
    CapNetRaw,
    /// Network namespaces.
    CapSysAdmin,
}

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// A name that means nobody.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// It takes rights to give them up.
    #[error("`{0}` needs the rights of root, and this process has none: start it as root, or take the line out")]
    NotRoot(&'static str),
    /// One step failed.
    #[error("cannot give up the rights of root: {0}: {1}")]
    Step(&'static str, #[source] io::Error),
    /// Too late.
    #[error("cannot give up the rights of root: there are {0} threads already")]
    Threads(usize),
    /// The system said yes and did not do it.
    #[error("cannot give up the rights of root: they can be taken back")]
    Kept,
}

impl Privileges {
    /// Is anything asked for?
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.user.is_none() && self.group.is_none() && self.chroot.is_none()
    }

    /// Who this process will be.
    pub fn ids(&self) -> Result<Ids, AccountError> {
        let now = Ids { user: rustix::process::geteuid().as_raw(), group: rustix::process::getegid().as_raw() };
        Ids::find(self.user.as_ref(), self.group.as_ref(), now)
    }

    /// Becomes that. To be called before the first thread; what fails leaves a process that must not go on.
    pub fn drop_to(&self, ids: Ids) -> Result<(), PrivilegeError> {
        let step = |name| move |error: rustix::io::Errno| PrivilegeError::Step(name, error.into());
        let root = rustix::process::geteuid().is_root();
        if !self.is_nothing() {
            self.possible(ids, root)?;
        }
        if let Some(folder) = &self.chroot {
            rustix::process::chroot(folder).map_err(step("chroot"))?;
            rustix::process::chdir("/").map_err(step("chdir to the new root"))?;
        }
        if root && (self.user.is_some() || self.group.is_some()) {
            let kept = self.kept();
            let before = rustix::thread::capabilities(None).map_err(step("capget"))?;
            if ids.user != 0 {
                bound(kept);
                rustix::thread::set_keep_capabilities(true).map_err(step("PR_SET_KEEPCAPS"))?;
            }
            let (user, group) = (Uid::from_raw(ids.user), Gid::from_raw(ids.group));
            rustix::thread::set_thread_groups(&[]).map_err(step("setgroups"))?;
            rustix::thread::set_thread_res_gid(group, group, group).map_err(step("setresgid"))?;
            rustix::thread::set_thread_res_uid(user, user, user).map_err(step("setresuid"))?;
            if ids.user != 0 {
                // In a container not all of them may be there to be kept.
                let left = before.permitted & kept;
                let sets = CapabilitySets { effective: left, permitted: left, inheritable: CapabilitySet::empty() };
                rustix::thread::set_capabilities(None, sets).map_err(step("capset"))?;
                rustix::thread::set_keep_capabilities(false).map_err(step("PR_SET_KEEPCAPS"))?;
                let zero = Uid::ROOT;
                if rustix::thread::set_thread_res_uid(zero, zero, zero).is_ok() {
                    return Err(PrivilegeError::Kept);
                }
            }
        }
        rustix::thread::set_no_new_privs(true).map_err(step("PR_SET_NO_NEW_PRIVS"))?;
        if self.dumpable {
            rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable).map_err(step("PR_SET_DUMPABLE"))?;
        }
        Ok(())
    }

    fn possible(&self, ids: Ids, root: bool) -> Result<(), PrivilegeError> {
        let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
        if threads != 1 {
            return Err(PrivilegeError::Threads(threads));
        }
        let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        match () {
            () if root => Ok(()),
            () if self.chroot.is_some() => Err(PrivilegeError::NotRoot("chroot")),
            () if ids.user != user => Err(PrivilegeError::NotRoot("user")),
            () if ids.group != group => Err(PrivilegeError::NotRoot("group")),
            // Whoever starts it as that user already has what is asked for.
            () => Ok(()),
        }
    }

    fn kept(&self) -> CapabilitySet {
        let one = |capability: &Capability| match capability {
            Capability::CapNetBindService => CapabilitySet::NET_BIND_SERVICE,
            Capability::CapNetAdmin => CapabilitySet::NET_ADMIN,
            Capability::CapNetRaw => CapabilitySet::NET_RAW,
            Capability::CapSysAdmin => CapabilitySet::SYS_ADMIN,
        };
        self.keep.iter().map(one).fold(CapabilitySet::NET_BIND_SERVICE, |all, one| all | one)
    }
}

/// What no program that is started from here can ever have.
fn bound(kept: CapabilitySet) {
    for bit in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << bit);
        // Those that the kernel does not know are refused; without CAP_SETPCAP all are, and then no_new_privs has to do.
        if !kept.contains(one) && matches!(rustix::thread::capability_is_in_bounding_set(one), Ok(true)) {
            let _ = rustix::thread::remove_capability_from_bounding_set(one);
        }
    }
}

/// For the keeper: of root's rights, only what opening files takes.
pub(crate) fn keep_only_files() -> io::Result<()> {
    let files = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    bound(files);
    let before = rustix::thread::capabilities(None)?;
    let left = before.permitted & files;
    let sets = CapabilitySets { effective: left, permitted: left, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets)?;
    Ok(rustix::thread::set_no_new_privs(true)?)
}
