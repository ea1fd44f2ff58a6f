//! The date of a log line, formatted once a second.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Remembers the text of the current second: `20/Nov/2026:08:04:09`, and `2026-11-20T08:04:09`.
#[derive(Debug)]
pub struct DateCache {
    second: u64,
    text: String,
    utc_second: u64,
    utc_text: String,
    zone: TimeZone,
}

impl Default for DateCache {
    fn default() -> Self {
        Self::new(zone())
    }
}

/// The system's time zone, read once: after a change of root its files are out of sight.
pub fn zone() -> TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(TimeZone::system).clone()
}

impl DateCache {
    /// Dates of that time zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { second: u64::MAX, text: String::new(), utc_second: u64::MAX, utc_text: String::new(), zone }
    }

    /// Writes the date with milliseconds: `20/Nov/2026:08:04:09.123`.
    pub fn write(&mut self, time: SystemTime, out: &mut Vec<u8>) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        if since.as_secs() != self.second {
            self.second = since.as_secs();
            let zoned = Timestamp::try_from(time).unwrap_or_default().to_zoned(self.zone.clone());
            self.text = zoned.strftime("%d/%b/%Y:%H:%M:%S").to_string();
        }
        out.extend_from_slice(self.text.as_bytes());
        millis(since.subsec_millis(), out);
    }

    /// Writes the date for machines, in UTC: `2026-11-20T08:04:09.123Z`.
    pub fn write_rfc3339(&mut self, time: SystemTime, out: &mut Vec<u8>) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        if since.as_secs() != self.utc_second {
            self.utc_second = since.as_secs();
            self.utc_text = Timestamp::try_from(time).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        }
        out.extend_from_slice(self.utc_text.as_bytes());
        millis(since.subsec_millis(), out);
        out.push(b'Z');
    }
}

/// Writes a date with its offset, `20/Nov/2026:08:04:09 +0000`: of UTC, or of the system's time zone.
pub fn stamp(time: SystemTime, utc: bool, out: &mut Vec<u8>) {
    let zone = if utc { TimeZone::UTC } else { zone() };
    let zoned = Timestamp::try_from(time).unwrap_or_default().to_zoned(zone);
    out.extend_from_slice(zoned.strftime("%d/%b/%Y:%H:%M:%S %z").to_string().as_bytes());
}

fn millis(millis: u32, out: &mut Vec<u8>) {
    let digit = |value: u32| b'0' + (value % 10) as u8;
    out.extend_from_slice(&[b'.', digit(millis / 100), digit(millis / 10), digit(millis)]);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_date_has_the_shape_of_haproxys() {
        let mut dates = DateCache::new(TimeZone::UTC);
        let mut out = Vec::new();
        dates.write(UNIX_EPOCH + Duration::from_millis(1_795_161_849_007), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "20/Nov/2026:08:04:09.007");
    }

    #[test]
    fn a_date_for_machines_is_in_utc_whatever_the_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let mut dates = DateCache::new(zone);
        let mut out = Vec::new();
        for second in [0, 1_000] {
            dates.write_rfc3339(UNIX_EPOCH + Duration::from_millis(1_795_161_849_007 + second), &mut out);
        }
        assert_eq!(String::from_utf8(out).unwrap(), "2026-11-20T08:04:09.007Z2026-11-20T08:04:10.007Z");
        let mut out = Vec::new();
        dates.write(UNIX_EPOCH + Duration::from_millis(1_795_161_849_007), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "20/Nov/2026:10:04:09.007");
    }
}
