//! `cpu-map`: which worker runs on which CPUs (HAProxy's manual, section 3.1, reduced to its one thread group).

use std::borrow::Cow;
use std::io;

use rustix::thread::CpuSet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// One line: `[auto:]1[/THREADS] CPUS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuMap {
    /// The first thread gets the first CPU, and so on.
    each: bool,
    /// Counted from 1.
    threads: Vec<usize>,
    /// Counted from 0, as Linux does.
    cpus: Vec<usize>,
}

/// More threads than a process may have; CPUs of the kernel's smallest set.
const THREADS: usize = 1024;
const CPUS: usize = CpuSet::MAX_CPU;

impl CpuMap {
    fn parse(text: &str) -> Result<Self, String> {
        let shape =
            || format!("`{text}` is no CPU map: `[auto:]1[/THREADS] CPUS` is expected, such as `auto:1/1-4 0-3`");
        let (each, rest) = text.trim().strip_prefix("auto:").map_or((false, text.trim()), |rest| (true, rest));
        let (target, cpus) = rest.split_once(char::is_whitespace).ok_or_else(shape)?;
        let (group, threads) = target.split_once('/').unwrap_or((target, "all"));
        if !matches!(group, "1" | "all") {
            return Err(format!(
                "`{group}` is no thread group here: there is one, so this is `1`, and threads follow `/`"
            ));
        }
        let threads = match threads {
            "all" => (1..=THREADS).collect(),
            "odd" => (1..=THREADS).step_by(2).collect(),
            "even" => (2..=THREADS).step_by(2).collect(),
            list => numbers(list, 1, THREADS).ok_or_else(shape)?,
        };
        let cpus: Option<Vec<Vec<usize>>> = cpus.split_whitespace().map(|list| numbers(list, 0, CPUS - 1)).collect();
        let cpus: Vec<usize> = cpus.ok_or_else(shape)?.concat();
        if cpus.is_empty() {
            return Err(shape());
        }
        let open = threads.len() >= THREADS / 2;
        if each && !open && threads.len() != cpus.len() {
            return Err(format!(
                "`auto:` pairs threads with CPUs, but `{text}` has {} and {}",
                threads.len(),
                cpus.len()
            ));
        }
        Ok(Self { each, threads, cpus })
    }

    /// The CPUs of a thread, counted from 1; `None`: this line does not speak of it.
    fn of(&self, thread: usize) -> Option<Vec<usize>> {
        let place = self.threads.iter().position(|known| *known == thread)?;
        if !self.each {
            return Some(self.cpus.clone());
        }
        self.cpus.get(place).map(|cpu| vec![*cpu])
    }
}

/// The CPUs of a worker, counted from 0; `None`: wherever the system wants it. Of several lines the last one counts.
#[must_use]
pub fn cpus_of(lines: &[CpuMap], worker: usize) -> Option<Vec<usize>> {
    lines.iter().rev().find_map(|line| line.of(worker + 1))
}

/// The calling thread runs on these from now on.
pub fn pin(cpus: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    cpus.iter().for_each(|cpu| set.set(*cpu));
    rustix::thread::sched_setaffinity(None, &set).map_err(|error| {
        let list: Vec<String> = cpus.iter().map(ToString::to_string).collect();
        io::Error::new(
            io::Error::from(error).kind(),
            format!("cpu-map: CPU {} cannot be used: {error}", list.join(", ")),
        )
    })
}

/// `1,3-5`
fn numbers(list: &str, least: usize, most: usize) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in list.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
        if from < least || to < from || to > most {
            return None;
        }
        all.extend(from..=to);
    }
    Some(all)
}

impl JsonSchema for CpuMap {
    fn schema_name() -> Cow<'static, str> {
        "CpuMap".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\s*(auto:)?(1|all)(/[-0-9a-z,]+)?(\s+[-0-9,]+)+\s*$|\$\{",
            "examples": ["auto:1/1-4 0-3", "1/all 0-3"],
        })
    }
}

impl<'de> Deserialize<'de> for CpuMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str], worker: usize) -> Option<Vec<usize>> {
        let lines: Vec<CpuMap> = lines.iter().map(|line| CpuMap::parse(line).unwrap()).collect();
        cpus_of(&lines, worker)
    }

    #[test]
    fn auto_pairs_threads_with_cpus_in_turn() {
        assert_eq!(of(&["auto:1/1-4 0-3"], 0), Some(vec![0]));
        assert_eq!(of(&["auto:1/1-4 0-1 4-5"], 2), Some(vec![4]));
        assert_eq!(of(&["auto:1/1-4 0-3"], 4), None);
        assert_eq!(of(&["auto:1 2-3"], 1), Some(vec![3]), "a group is all of its threads");
        assert_eq!(of(&["auto:1 2-3"], 2), None);
    }

    #[test]
    fn without_auto_a_set_of_threads_shares_a_set_of_cpus() {
        assert_eq!(of(&["1/1,3 0 2-3"], 2), Some(vec![0, 2, 3]));
        assert_eq!(of(&["1/1,3 0 2-3"], 1), None);
        assert_eq!(of(&["1/odd 0", "1/even 1"], 3), Some(vec![1]), "the fourth");
        assert_eq!(of(&["all/all 0", "1/2 5"], 1), Some(vec![5]), "the last line counts");
    }

    #[test]
    fn what_is_no_map_says_what_one_is() {
        for text in ["", "1", "1/", "1/0 0", "1/2-1 0", "1/1 x", "1/1 0,", "1/1 99999", "auto:1/1-4"] {
            assert!(CpuMap::parse(text).is_err(), "{text}");
        }
        assert!(CpuMap::parse("2/1 0").unwrap_err().contains("thread group"));
        assert!(CpuMap::parse("auto:1/1-4 0-2").unwrap_err().contains("4 and 3"));
    }

    #[test]
    fn a_thread_is_where_it_was_put() {
        let allowed = rustix::thread::sched_getaffinity(None).unwrap();
        let first = (0..CPUS).find(|cpu| allowed.is_set(*cpu)).unwrap();
        let there = std::thread::spawn(move || {
            pin(&[first]).unwrap();
            rustix::thread::sched_getaffinity(None).unwrap()
        });
        let there = there.join().unwrap();
        assert!(there.is_set(first) && there.count() == 1);
        assert!(pin(&[CPUS - 1]).unwrap_err().to_string().contains("cpu-map"));
    }
}
