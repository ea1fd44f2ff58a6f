//! The date of a log line, formatted once a second.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Remembers the text of the current second: `20/Nov/2026:08:04:09`.
#[derive(Debug)]
pub struct DateCache {
    second: u64,
    text: String,
    zone: TimeZone,
}

impl Default for DateCache {
    fn default() -> Self {
        Self::new(TimeZone::system())
    }
}

impl DateCache {
    /// Dates of that time zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { second: u64::MAX, text: String::new(), zone }
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
        let millis = since.subsec_millis();
        let digit = |value: u32| b'0' + (value % 10) as u8;
        out.extend_from_slice(&[b'.', digit(millis / 100), digit(millis / 10), digit(millis)]);
    }
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
}
