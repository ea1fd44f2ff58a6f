//! The process as the system sees it: whose rights it has, who opens what for it, its place in the background, its CPUs, its service manager.
//!
//! *Knows*: users, groups, capabilities, chroot; the keeper, a second process with the rights that this one gave up; the pid file; limits and
//! CPUs; what a service manager says and hears; the children of process 1. *Does not know*: any configuration file's shape, any connection.
//! *Start reading at*: [`Privileges::drop_to`], then [`keeper`].

mod account;
pub mod activation;
pub mod background;
pub mod children;
mod cpus;
mod directives;
pub mod keeper;
mod notify;
mod pidfile;
mod privileges;

use std::path::PathBuf;

pub use account::{AccountError, Ids, Who};
pub use cpus::{CpuMap, cpus_of, pin};
pub use directives::DIRECTIVES;
pub use notify::Notify;
pub use pidfile::PidFile;
pub use privileges::{Capability, PrivilegeError, Privileges};

/// This very program, to be started again.
fn program() -> PathBuf {
    // Its file may have been replaced meanwhile: then the kernel still has what we are made of.
    std::env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| "/proc/self/exe".into())
}
