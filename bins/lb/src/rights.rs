//! `user`, `group`, `chroot`: the rights of root are given up, and a keeper stays behind where they are needed again.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use plimsoll_engine::Plan;
use plimsoll_process::Ids;
use plimsoll_process::keeper::Keeper;
use rustix::fs::Access;

use crate::configuration;
use crate::say::say;

use crate::run::Signals;

/// Becomes who the configuration says. To be called before the first thread. What fails is text for people.
pub fn give_up(plan: &Plan, files: &[PathBuf]) -> Result<(), String> {
    let privileges = plan.privileges();
    // Its files are out of sight afterwards.
    plimsoll_observe::zone();
    let ids = privileges.ids().map_err(|error| error.to_string())?;
    let root = rustix::process::geteuid().is_root();
    let keeper = match root && !privileges.is_nothing() {
        true => Some(keeper(files, ids)?),
        false => None,
    };
    privileges.drop_to(ids).map_err(|error| error.to_string())?;
    if let Some((keeper, first)) = keeper {
        match need(plan, files, privileges.chroot.is_some()) {
            None => keeper.end(),
            Some(why) => {
                first.map_err(|error| format!("{why}, and the keeper that would do it refuses: {error}"))?;
                say(&format!("lb: a keeper (process {}) has the rights of root: {why}", keeper.pid()));
                keeper.install();
            }
        }
    }
    Ok(())
}

/// It reads the configuration at once: what that names is what it will open.
fn keeper(files: &[PathBuf], ids: Ids) -> Result<(Keeper, std::io::Result<Vec<u8>>), String> {
    let mut arguments: Vec<OsString> =
        ["keeper", "--user", &ids.user.to_string(), "--group", &ids.group.to_string()].map(OsString::from).to_vec();
    arguments.extend(configuration::again(files));
    let keeper = Keeper::spawn(arguments).map_err(|error| format!("cannot start the keeper: {error}"))?;
    let first = keeper.configuration();
    Ok((keeper, first))
}

/// Why this process cannot do without root; it has given it up already, so it just tries.
fn need(plan: &Plan, files: &[PathBuf], chroot: bool) -> Option<String> {
    if chroot {
        return Some("its files are outside of the chroot".into());
    }
    if let Some(file) = files.iter().find(|file| File::open(file).is_err()) {
        return Some(format!("it may not read {}", file.display()));
    }
    let closed = |path: &PathBuf| {
        let place = if path.is_file() { path.as_path() } else { path.parent().unwrap_or(Path::new("/")) };
        rustix::fs::access(place, Access::WRITE_OK).is_err()
    };
    plan.opens().into_iter().find(closed).map(|path| format!("it may not open {}", path.display()))
}

/// The hidden verb: is that keeper, until the other process is gone.
pub fn keep(files: &[PathBuf], user: u32, group: u32) -> ExitCode {
    // Whoever stops a service tells all of its processes; this one ends when nobody can need it any more.
    let _signals = Signals::catch();
    match plimsoll_engine::keep(std::io::stdin(), files, Ids { user, group }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lb: keeper: {error}");
            ExitCode::FAILURE
        }
    }
}
