//! Runs the pick benchmark of `plimsoll-lb` and reads its lines, `pick ALGORITHM SERVERS NANOSECONDS`.

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Nanoseconds one pick takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    pub algorithm: String,
    pub servers: u64,
    pub ns: f64,
}

const COMMAND: [&str; 6] = ["run", "--release", "--package", "plimsoll-lb", "--example", "pick"];

pub fn run() -> Result<Vec<Pick>> {
    eprintln!("+ cargo {}", COMMAND.join(" "));
    let output = workspace::cargo(&COMMAND).stderr(std::process::Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo {} failed", COMMAND.join(" "));
    let picks = read(&String::from_utf8_lossy(&output.stdout))?;
    ensure!(!picks.is_empty(), "cargo {} printed no line `pick ALGORITHM SERVERS NS`", COMMAND.join(" "));
    Ok(picks)
}

fn read(text: &str) -> Result<Vec<Pick>> {
    let mut picks = Vec::new();
    for line in text.lines() {
        if let ["pick", algorithm, servers, ns] = line.split_whitespace().collect::<Vec<_>>()[..] {
            picks.push(Pick {
                algorithm: algorithm.to_owned(),
                servers: servers.parse().with_context(|| line.to_owned())?,
                ns: ns.parse().with_context(|| line.to_owned())?,
            });
        }
    }
    Ok(picks)
}

/// By algorithm: the slowest size over the fastest, the measure of "flat".
pub fn spread(picks: &[Pick]) -> Vec<(String, f64)> {
    let mut names: Vec<&str> = picks.iter().map(|pick| pick.algorithm.as_str()).collect();
    names.dedup();
    let ns = |name| picks.iter().filter(move |pick| pick.algorithm == name).map(|pick| pick.ns);
    names
        .into_iter()
        .map(|name| (name.to_owned(), ns(name).fold(0.0, f64::max) / ns(name).fold(f64::INFINITY, f64::min)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_picks_are_read_and_others_passed_over() {
        let picks = read("warming up\npick roundrobin 10 12.5\npick roundrobin 10000 20\n").unwrap();
        assert_eq!(picks[1], Pick { algorithm: "roundrobin".into(), servers: 10_000, ns: 20.0 });
        assert_eq!(spread(&picks), [("roundrobin".to_owned(), 1.6)]);
    }
}
