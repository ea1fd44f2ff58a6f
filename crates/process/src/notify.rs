//! What a service manager hears from us (sd_notify(3)): one datagram each, to the socket that $NOTIFY_SOCKET names.

use std::fmt::Display;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use plimsoll_clock::Tick;

/// The way to the service manager; silent without one.
#[derive(Debug, Default)]
pub struct Notify {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// As the environment says. It connects at once: behind a change of root the socket is out of sight.
    pub fn from_env() -> io::Result<Self> {
        let ours = std::env::var("WATCHDOG_PID").ok().is_none_or(|pid| pid == std::process::id().to_string());
        let watchdog = std::env::var("WATCHDOG_USEC").ok().and_then(|micros| micros.parse().ok());
        let watchdog = watchdog.filter(|micros| ours && *micros > 0).map(Duration::from_micros);
        match std::env::var("NOTIFY_SOCKET") {
            Ok(name) if !name.is_empty() => Self::to(&name, watchdog).map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("cannot talk to the service manager at NOTIFY_SOCKET={name}: {error}"),
                )
            }),
            _ => Ok(Self::default()),
        }
    }

    /// `/path`, or `@name` in the abstract namespace.
    pub fn to(name: &str, watchdog: Option<Duration>) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        match name.strip_prefix('@') {
            Some(name) => socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?,
            None => socket.connect(name)?,
        }
        // A manager that does not read must not hold us up.
        socket.set_nonblocking(true)?;
        Ok(Self { socket: Some(socket), watchdog })
    }

    /// How often the manager wants to hear that we live, if it does.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog.filter(|_| self.socket.is_some())
    }

    /// We serve. `main`: our number, where the process that was started is not us.
    pub fn ready(&self, main: Option<u32>, status: &str) {
        let main = main.map_or(String::new(), |pid| format!("MAINPID={pid}\n"));
        self.say(format_args!("READY=1\n{main}STATUS={status}"));
    }

    /// A reload begins; [`Notify::ready`] ends it. The time is what `Type=notify-reload` tells an old answer by.
    pub fn reloading(&self) {
        self.say(format_args!("RELOADING=1\nMONOTONIC_USEC={}", Tick::now().as_micros()));
    }

    /// The end begins.
    pub fn stopping(&self, status: &str) {
        self.say(format_args!("STOPPING=1\nSTATUS={status}"));
    }

    /// Still at it: the manager's patience starts anew, for so long.
    pub fn extend(&self, by: Duration, status: &str) {
        self.say(format_args!("EXTEND_TIMEOUT_USEC={}\nSTATUS={status}", by.as_micros()));
    }

    /// We live.
    pub fn alive(&self) {
        self.say("WATCHDOG=1");
    }

    fn say(&self, message: impl Display) {
        if let Some(socket) = &self.socket {
            // A manager that is gone, or does not read, changes nothing for those we serve.
            let _ = socket.send(message.to_string().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 512];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[test]
    fn a_manager_hears_whole_datagrams_at_a_path_and_at_an_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("plimsoll-notify-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        let managers = [
            (UnixDatagram::bind(&path).unwrap(), path.display().to_string()),
            (UnixDatagram::bind_addr(&abstract_name).unwrap(), format!("@{name}")),
        ];
        for (manager, name) in managers {
            let notify = Notify::to(&name, Some(Duration::from_secs(3))).unwrap();
            notify.ready(None, "serving");
            assert_eq!(heard(&manager), "READY=1\nSTATUS=serving");
            notify.ready(Some(7), "serving");
            assert_eq!(heard(&manager), "READY=1\nMAINPID=7\nSTATUS=serving");
            let before = Tick::now().as_micros();
            notify.reloading();
            let text = heard(&manager);
            let at: u64 = text.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().parse().unwrap();
            assert!((before..=Tick::now().as_micros()).contains(&at));
            notify.stopping("2 left");
            assert_eq!(heard(&manager), "STOPPING=1\nSTATUS=2 left");
            notify.extend(Duration::from_secs(5), "1 left");
            assert_eq!(heard(&manager), "EXTEND_TIMEOUT_USEC=5000000\nSTATUS=1 left");
            notify.alive();
            assert_eq!(heard(&manager), "WATCHDOG=1");
            assert_eq!(notify.watchdog(), Some(Duration::from_secs(3)));
        }
    }

    #[test]
    fn without_a_manager_nothing_is_said_and_nothing_is_watched() {
        let notify = Notify::default();
        notify.ready(None, "serving");
        assert_eq!(notify.watchdog(), None);
        assert!(Notify::to("/nobody/listens/here", None).is_err());
    }
}
