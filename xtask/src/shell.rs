//! Runs a command so that its output is seen at once and its closing lines are kept.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// The command as one would type it.
fn typed(command: &Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    // We start cargo by its full path; nobody types that.
    let program = if program.ends_with("/cargo") { "cargo".to_owned() } else { program };
    let settings = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        Some(if value.contains(' ') {
            format!("{}='{value}'", name.display())
        } else {
            format!("{}={value}", name.display())
        })
    });
    let quoted = |arg: &str| if arg.contains([' ', '|', '(']) { format!("'{arg}'") } else { arg.to_owned() };
    let args = command.get_args().map(|arg| quoted(&arg.to_string_lossy()));
    settings.chain([program]).chain(args).collect::<Vec<_>>().join(" ")
}

/// Runs it, output straight through.
pub fn run(mut command: Command) -> Result<()> {
    let typed = typed(&command);
    eprintln!("+ {typed}");
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).status().with_context(|| typed.clone())?;
    if status.success() {
        return Ok(());
    }
    bail!("`{typed}` ended with {status} after {} s", started.elapsed().as_secs())
}

/// Runs it, output line by line, and gives back the lines that test runners close with.
pub fn run_tests(mut command: Command) -> Result<Vec<String>> {
    let typed = typed(&command);
    eprintln!("+ {typed}");
    let started = Instant::now();
    let (reader, writer) = std::io::pipe()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| typed.clone())?;
    drop(command); // it holds our copies of the writing end
    let mut closing = Vec::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        if closes(&line) {
            closing.push(line.trim().to_owned());
        }
    }
    let status = child.wait()?;
    if status.success() {
        return Ok(closing);
    }
    let closing: String = closing.iter().map(|line| format!("\n{line}")).collect();
    bail!("`{typed}` ended with {status} after {} s{closing}", started.elapsed().as_secs())
}

/// nextest's summary, or cargo test's result of a binary that ran something.
fn closes(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("Summary [") || line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_those_of_both_runners_without_the_empty_ones() {
        assert!(closes("     Summary [   1.204s] 214 tests run: 214 passed, 0 skipped"));
        assert!(closes("test result: ok. 11 passed; 0 failed; 0 ignored; finished in 0.00s"));
        assert!(!closes("test result: ok. 0 passed; 0 failed; 0 ignored; finished in 0.00s"));
        assert!(!closes("running 3 tests"));
    }

    #[test]
    fn a_failing_command_is_told_as_it_is_typed() {
        let mut command = Command::new("/bin/false");
        command.arg("now").env("VOLUME", "full");
        let told = run_tests(command).unwrap_err().to_string();
        assert!(told.starts_with("`VOLUME=full /bin/false now` ended with exit status: 1"), "{told}");
    }
}
