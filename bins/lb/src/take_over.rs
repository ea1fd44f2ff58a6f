//! `lb run --take-over`: asks the running process for its sockets.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use plimsoll_net::descriptors;
use plimsoll_net::heritage::{self, Predecessor};

/// How long the other process may think about it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Its listening sockets are ours as well from here on; it serves until [`Predecessor::replace`].
pub fn take_over(socket: &Path) -> Result<Predecessor, String> {
    ask(socket).map_err(|error| format!("cannot take over from the process at {}: {error}", socket.display()))
}

fn ask(socket: &Path) -> std::io::Result<Predecessor> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"take-over\n")?;
    let mut answer = [0; 4096];
    let (count, mut descriptors) = descriptors::receive(&stream, &mut answer)?;
    match (descriptors.pop(), descriptors.is_empty()) {
        (Some(far), true) => heritage::take_over(far),
        _ => {
            let said = String::from_utf8_lossy(&answer[..count]);
            let said = said.trim();
            let said = if said.is_empty() { "it said nothing" } else { said };
            Err(std::io::Error::other(said.lines().next().unwrap_or_default().to_owned()))
        }
    }
}
