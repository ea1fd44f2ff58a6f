//! `lb health`: one line and an exit code, for a container's health check.

use std::process::ExitCode;
use std::time::Duration;

use crate::ctl::{self, Where};

/// Shorter than an orchestrator's own patience, so that it hears a reason.
const PATIENCE: Duration = Duration::from_secs(5);

/// The verb.
pub fn health(place: &Where, ready: bool) -> ExitCode {
    let asked = ctl::find(place).and_then(|address| {
        ctl::ask_within(&address, "show health", PATIENCE)
            .map_err(|error| format!("{address} does not answer: {error}"))
    });
    match asked.and_then(|answer| judge(&answer, ready)) {
        Ok(word) => {
            println!("lb: {word}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("lb: unhealthy: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The process says `ready`, `leaving` or `stopping`, after what the framing brings.
fn judge(answer: &str, ready: bool) -> Result<&'static str, String> {
    let line = answer.trim().rsplit('\n').next().unwrap_or_default();
    match line.rsplit(' ').next().unwrap_or_default() {
        "ready" => Ok("ready"),
        "leaving" if !ready => Ok("alive, leaving"),
        "leaving" => Err("it is alive, but about to stop".into()),
        "stopping" => Err("it is stopping".into()),
        _ => Err(format!("it answers `{line}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_leaves_is_alive_and_not_ready() {
        assert_eq!(judge("\n[6]: ready\n\n", true), Ok("ready"));
        assert_eq!(judge("\n[6]: leaving\n\n", false), Ok("alive, leaving"));
        assert!(judge("\n[6]: leaving\n\n", true).is_err());
        assert!(judge("\n[6]: stopping\n\n", false).is_err());
        assert_eq!(judge("\n[3]: Permission denied\n\n", false), Err("it answers `[3]: Permission denied`".into()));
        assert!(judge("", false).is_err());
    }
}
