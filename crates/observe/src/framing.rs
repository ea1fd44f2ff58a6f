//! What stands before a line: priority, date, host, tag and process, in the shapes that HAProxy's `log … format` names. The structured data of RFC 5424
//! differ from line to line, so they are part of the line.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::options::LogTarget;
use crate::{Facility, Framing, Level};

/// Makes headers; those of one second and level are made once.
#[derive(Debug)]
pub(crate) struct Header {
    framing: Framing,
    facility: Facility,
    /// What is graver is sent as this.
    gravest: Level,
    host: String,
    tag: String,
    process: u32,
    zone: TimeZone,
    second: u64,
    made: [Vec<u8>; Level::ALL.len()],
}

impl Header {
    pub(crate) fn new(target: &LogTarget, process: u32, zone: TimeZone) -> Self {
        let mut header = Self {
            framing: target.framing(),
            facility: target.facility,
            gravest: target.min_level.unwrap_or(Level::Emerg),
            host: target.hostname.clone().unwrap_or_else(system_name),
            tag: target.tag.clone().unwrap_or_else(|| "lb".into()),
            process,
            zone,
            second: u64::MAX,
            made: Default::default(),
        };
        header.set_time(UNIX_EPOCH);
        header
    }

    /// No header is longer: dates have one width.
    pub(crate) fn longest(&self) -> usize {
        self.made.iter().map(Vec::len).max().unwrap_or_default()
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.framing == Framing::Raw
    }

    /// Makes the headers of that moment.
    pub(crate) fn set_time(&mut self, now: SystemTime) {
        let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if second == self.second || self.is_nothing() {
            return;
        }
        self.second = second;
        let zoned = Timestamp::try_from(now).unwrap_or_default().to_zoned(self.zone.clone());
        let iso = zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let date = zoned.strftime("%b %e %H:%M:%S").to_string();
        let Self { framing, facility, gravest, host, tag, process, made, .. } = self;
        for (&level, out) in Level::ALL.iter().zip(made) {
            let level = level.max(*gravest);
            let priority = facility.priority(level);
            let severity = level as u8;
            out.clear();
            // Writing into a Vec does not fail.
            let _ = match framing {
                Framing::Local => write!(out, "<{priority}>{date} {tag}[{process}]: "),
                Framing::Rfc3164 => write!(out, "<{priority}>{date} {host} {tag}[{process}]: "),
                Framing::Rfc5424 => write!(out, "<{priority}>1 {iso} {host} {tag} {process} - "),
                Framing::Priority => write!(out, "<{priority}>"),
                Framing::Short => write!(out, "<{severity}>"),
                Framing::Timed => write!(out, "<{severity}>{iso} "),
                Framing::Iso => write!(out, "{iso} "),
                Framing::Raw => Ok(()),
            };
        }
    }

    /// What stands before a line of that level.
    pub(crate) fn of(&self, level: Level) -> &[u8] {
        &self.made[level as usize]
    }
}

/// The host's name up to its first dot would be wrong for RFC 5424, so it is taken as the system gives it.
/// The name of this host.
pub fn system_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) { "-".into() } else { name }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::To;

    fn header(framing: Framing, level: Level) -> String {
        let target = LogTarget { framing: Some(framing), hostname: Some("host".into()), ..LogTarget::new(To::Stdout) };
        let mut header = Header::new(&target, 71, TimeZone::UTC);
        header.set_time(UNIX_EPOCH + Duration::from_secs(1_793_952_249));
        assert!(header.of(level).len() <= header.longest());
        String::from_utf8(header.of(level).to_vec()).unwrap()
    }

    #[test]
    fn headers_are_those_of_haproxys_formats() {
        assert_eq!(header(Framing::Local, Level::Info), "<134>Nov  6 08:04:09 lb[71]: ");
        assert_eq!(header(Framing::Rfc3164, Level::Alert), "<129>Nov  6 08:04:09 host lb[71]: ");
        assert_eq!(header(Framing::Rfc5424, Level::Info), "<134>1 2026-11-06T08:04:09+00:00 host lb 71 - ");
        assert_eq!(header(Framing::Priority, Level::Info), "<134>");
        assert_eq!(header(Framing::Short, Level::Notice), "<5>");
        assert_eq!(header(Framing::Timed, Level::Info), "<6>2026-11-06T08:04:09+00:00 ");
        assert_eq!(header(Framing::Iso, Level::Info), "2026-11-06T08:04:09+00:00 ");
        assert_eq!(header(Framing::Raw, Level::Info), "");
    }

    #[test]
    fn nothing_is_graver_than_the_target_wants() {
        let target =
            LogTarget { framing: Some(Framing::Short), min_level: Some(Level::Err), ..LogTarget::new(To::Stdout) };
        let mut header = Header::new(&target, 1, TimeZone::UTC);
        header.set_time(UNIX_EPOCH);
        assert_eq!(header.of(Level::Emerg), b"<3>");
        assert_eq!(header.of(Level::Info), b"<6>");
    }
}
