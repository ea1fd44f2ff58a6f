//! `lb completions` and `lb man`: what a shell and a reader of manuals need, made from the arguments' own words.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

/// The first verb.
pub fn completions(shell: Shell, mut command: Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "lb", &mut script);
    // A reader that has enough may close the pipe.
    let _ = io::stdout().write_all(&script);
    ExitCode::SUCCESS
}

/// The second: `lb.1` on standard output, or one page for each verb in a folder.
pub fn man(folder: Option<&Path>, command: Command) -> ExitCode {
    let written = match folder {
        Some(folder) => std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder)),
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).map(|()| {
                let _ = io::stdout().write_all(&page);
            })
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lb: cannot write the manual: {error}");
            ExitCode::FAILURE
        }
    }
}
