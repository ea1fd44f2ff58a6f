//! `lb schema`: the JSON Schema of a configuration, for editors.

use std::io::{self, Write};
use std::process::ExitCode;

/// The verb.
pub fn schema() -> ExitCode {
    // A reader that has enough may close the pipe.
    let _ = writeln!(io::stdout(), "{:#}", plimsoll_engine::schema());
    ExitCode::SUCCESS
}
