//! Lines of Prometheus' text format.

use std::io::Write;

use plimsoll_counters::Distribution;

/// Upper bounds of the buckets, in microseconds: a tenth of a millisecond to half a minute.
const BOUNDS: [(u64, &str); 17] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
];

/// What announces a metric.
pub(crate) fn head(name: &str, kind: &str, help: &str, out: &mut Vec<u8>) {
    for part in ["# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// `name="value"`, escaped.
pub(crate) fn label(name: &str, value: &str) -> String {
    let mut label = format!("{name}=\"");
    for c in value.chars() {
        match c {
            '\\' => label.push_str("\\\\"),
            '"' => label.push_str("\\\""),
            '\n' => label.push_str("\\n"),
            c => label.push(c),
        }
    }
    label.push('"');
    label
}

/// Writes the values of one metric of one row.
pub(crate) struct Lines<'a> {
    name: &'a str,
    labels: &'a str,
    out: &'a mut Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(name: &'a str, labels: &'a str, out: &'a mut Vec<u8>) -> Self {
        Self { name, labels, out }
    }

    pub(crate) fn number(&mut self, value: u64) {
        self.begin("", "", "");
        self.end(value);
    }

    pub(crate) fn labelled(&mut self, label: &str, text: &str, value: u64) {
        self.begin("", label, text);
        self.end(value);
    }

    /// One line for each of the states: 1 for the present one.
    pub(crate) fn one_of(&mut self, states: &[&str], now: Option<&str>) {
        for state in states {
            self.labelled("state", state, u64::from(now == Some(state)));
        }
    }

    pub(crate) fn seconds(&mut self, micros: u64) {
        self.begin("", "", "");
        seconds(micros, self.out);
    }

    pub(crate) fn histogram(&mut self, distribution: &Distribution) {
        let counts = distribution.cumulative(&BOUNDS.map(|(bound, _)| bound));
        for ((_, bound), count) in BOUNDS.iter().zip(counts) {
            self.begin("_bucket", "le", bound);
            self.end(count);
        }
        self.begin("_bucket", "le", "+Inf");
        self.end(distribution.count());
        self.begin("_sum", "", "");
        seconds(distribution.sum_micros(), self.out);
        self.begin("_count", "", "");
        self.end(distribution.count());
    }

    fn begin(&mut self, suffix: &str, label: &str, text: &str) {
        let out = &mut *self.out;
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(suffix.as_bytes());
        if self.labels.is_empty() && label.is_empty() {
            out.push(b' ');
            return;
        }
        out.push(b'{');
        out.extend_from_slice(self.labels.as_bytes());
        if !label.is_empty() {
            if !self.labels.is_empty() {
                out.push(b',');
            }
            for part in [label, "=\"", text, "\""] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        out.extend_from_slice(b"} ");
    }

    fn end(&mut self, value: u64) {
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        self.out.push(b'\n');
    }
}

fn seconds(micros: u64, out: &mut Vec<u8>) {
    // Writing into a vector cannot fail.
    let _ = writeln!(out, "{}.{:06}", micros / 1_000_000, micros % 1_000_000);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        assert_eq!(label("proxy", "a\"b\\c\nd"), r#"proxy="a\"b\\c\nd""#);
    }

    #[test]
    fn a_line_has_the_labels_of_its_row_and_its_own() {
        let mut out = Vec::new();
        let mut lines = Lines::new("m", "proxy=\"a\"", &mut out);
        lines.number(1);
        lines.labelled("code", "2xx", 2);
        lines.seconds(1_500_000);
        Lines::new("m", "", &mut out).number(3);
        Lines::new("m", "", &mut out).labelled("x", "y", 4);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "m{proxy=\"a\"} 1\nm{proxy=\"a\",code=\"2xx\"} 2\nm{proxy=\"a\"} 1.500000\nm 3\nm{x=\"y\"} 4\n"
        );
    }
}
