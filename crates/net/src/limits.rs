//! What the machine allows this process: descriptors and CPUs.

use std::io;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Limits on open descriptors (RLIMIT_NOFILE); `u64::MAX` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// What holds now.
    pub soft: u64,
    /// What it can be raised to.
    pub hard: u64,
}

/// Reads RLIMIT_NOFILE.
#[must_use]
pub fn descriptors() -> Descriptors {
    let limit = getrlimit(Resource::Nofile);
    Descriptors { soft: limit.current.unwrap_or(u64::MAX), hard: limit.maximum.unwrap_or(u64::MAX) }
}

/// Raises the soft limit on descriptors to the hard one and returns what holds then.
pub fn raise_descriptors() -> io::Result<Descriptors> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    }
    Ok(descriptors())
}

/// How many CPUs this process may keep busy: the affinity mask, cut by the cgroup's quota rounded up; at least 1.
#[must_use]
pub fn cpus() -> usize {
    let affinity = rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count() as usize).max(1);
    let quota = std::fs::read_to_string("/proc/self/cgroup")
        .ok()
        .and_then(|groups| quota(&groups, |path| std::fs::read_to_string(path).ok()));
    quota.map_or(affinity, |quota| affinity.min(quota))
}

/// The smallest CPU quota on the way from the process's cgroups to the root, over the text of `/proc/self/cgroup`.
fn quota(groups: &str, read: impl Fn(&Path) -> Option<String>) -> Option<usize> {
    groups.lines().filter_map(|line| group_quota(line, &read)).min()
}

/// One line, `ID:CONTROLLERS:PATH`: version 2 has id 0 and no controllers, version 1 needs the controller `cpu`.
fn group_quota(line: &str, read: &impl Fn(&Path) -> Option<String>) -> Option<usize> {
    let mut fields = line.splitn(3, ':');
    let (id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let v2 = id == "0" && controllers.is_empty();
    let mounts: &[&str] = match v2 {
        true => &["/sys/fs/cgroup", "/sys/fs/cgroup/unified"],
        false if controllers.split(',').any(|name| name == "cpu") => {
            &["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"]
        }
        false => return None,
    };
    // Inside a container the path may name a place that is not mounted; its own limits are then at the mount's root.
    let places = mounts.iter().flat_map(|mount| {
        Path::new(path.trim_start_matches('/')).ancestors().map(move |place| Path::new(mount).join(place))
    });
    let limit = |place: std::path::PathBuf| {
        if v2 {
            read(&place.join("cpu.max")).and_then(|text| parse_v2(&text))
        } else {
            parse_v1(&read(&place.join("cpu.cfs_quota_us"))?, &read(&place.join("cpu.cfs_period_us"))?)
        }
    };
    places.filter_map(limit).min()
}

/// `max 100000` or `150000 100000`: quota and period in microseconds.
fn parse_v2(text: &str) -> Option<usize> {
    let (quota, period) = text.trim().split_once(' ')?;
    rounded_up(quota.parse().ok()?, period.parse().ok()?)
}

/// A quota of -1 is none.
fn parse_v1(quota: &str, period: &str) -> Option<usize> {
    rounded_up(quota.trim().parse().ok()?, period.trim().parse().ok()?)
}

fn rounded_up(quota: u64, period: u64) -> Option<usize> {
    if period == 0 {
        return None;
    }
    usize::try_from(quota.div_ceil(period)).ok().map(|cpus| cpus.max(1))
}
