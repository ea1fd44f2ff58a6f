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

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `ulimit-n`
    pub limit: Option<u64>,
    /// `fd-hard-limit`
    pub most: Option<u64>,
    /// `strict-limits`: what cannot be had is an error.
    pub strict: bool,
}

/// Sets both limits on descriptors as asked. `Err`: what the system did not give, in words; not strict, it is as near as could be.
pub fn set_descriptors(wanted: &Wanted) -> Result<(), String> {
    let now = descriptors();
    let Some(limit) = wanted.limit.or(wanted.most.map(|most| now.hard.min(most))) else { return Ok(()) };
    let limit = wanted.most.map_or(limit, |most| limit.min(most));
    let set = |limit| setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum: Some(limit) });
    set(limit).map_err(|error| {
        if !wanted.strict {
            // The hard limit is always allowed.
            let _ = raise_descriptors();
        }
        format!("cannot set the limit on descriptors to {limit}: {error}; it is {}, and {} at most", now.soft, now.hard)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `(path, text)` pairs as the files of a machine.
    fn files<'a>(files: &'a [(&'a str, &'a str)]) -> impl Fn(&Path) -> Option<String> + 'a {
        |wanted| files.iter().find(|(path, _)| Path::new(path) == wanted).map(|(_, text)| (*text).to_owned())
    }

    #[test]
    fn version_2_quotas_are_rounded_up() {
        assert_eq!(parse_v2("max 100000\n"), None);
        assert_eq!(parse_v2("150000 100000\n"), Some(2));
        assert_eq!(parse_v2("200000 100000\n"), Some(2));
        assert_eq!(parse_v2("1000 100000\n"), Some(1));
        assert_eq!(parse_v2("nonsense"), None);
        assert_eq!(parse_v2("5 0"), None);
    }

    #[test]
    fn version_1_quotas_of_minus_one_are_none() {
        assert_eq!(parse_v1("-1\n", "100000\n"), None);
        assert_eq!(parse_v1("250000\n", "100000\n"), Some(3));
    }

    #[test]
    fn the_tightest_group_on_the_way_to_the_root_counts() {
        let machine = [("/sys/fs/cgroup/a/b/cpu.max", "400000 100000"), ("/sys/fs/cgroup/a/cpu.max", "200000 100000")];
        assert_eq!(quota("0::/a/b\n", files(&machine)), Some(2));
        assert_eq!(quota("0::/elsewhere\n", files(&machine)), None);
    }

    #[test]
    fn in_a_container_the_limit_is_at_the_root_of_the_mount() {
        let machine = [("/sys/fs/cgroup/cpu.max", "100000 100000")];
        assert_eq!(quota("0::/docker/0123\n", files(&machine)), Some(1));
    }

    #[test]
    fn version_1_looks_at_the_cpu_controller_only() {
        let machine = [
            ("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "300000"),
            ("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000"),
        ];
        assert_eq!(quota("5:memory:/x\n4:cpu,cpuacct:/x\n", files(&machine)), Some(3));
        assert_eq!(quota("5:memory:/x\n", files(&machine)), None);
    }

    #[test]
    fn this_machine_has_at_least_one_cpu_and_a_few_descriptors() {
        assert!(cpus() >= 1);
        let raised = raise_descriptors().unwrap();
        assert_eq!(raised.soft, raised.hard);
        assert_eq!(descriptors(), raised);
    }
}
